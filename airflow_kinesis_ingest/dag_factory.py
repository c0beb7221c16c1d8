"""Workflow files -> DAGs. Pure: no network, clock, environment or Airflow database; same files, same DAGs.

    from airflow_kinesis_ingest import load_workflows  # airflow dag

    load_workflows(globals(), "workflows")

Each file is judged alone. One that cannot be deployed becomes an import error under its own path and a placeholder
DAG of the same id, so that its history stays and a run that is triggered says why it cannot work.
"""

from __future__ import annotations

import gc
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from importlib.util import find_spec
from inspect import signature
from itertools import chain
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, get_parsing_context
from airflow.sdk.exceptions import AirflowException

from .deployment.claims import Claim, claim_of, head, stem_id
from .deployment.excerpts import excerpt
from .deployment.files import workflow_paths
from .deployment.names import Named, shared, sharing
from .deployment.record import Record, record_of, told
from .engine.workflow.document import Document, read
from .engine.workflow.loading import check
from .engine.workflow.masked import masked
from .engine.workflow.models import AirflowConfig, Workflow
from .engine.workflow.notifiers import KNOWN, strangers
from .engine.workflow.targets import Target, each_target, pool_of
from .errors import MAX_FAULTS, Fault, WorkflowError
from .hooks.notifiers import configured_notifiers
from .import_error import executor_objection, import_error, policy_objection
from .operators.kinesis import DeployFailedOperator, KinesisIngestionOperator
from .operators.on_failure import OnFailure
from .operators.probe import PROBE, ProbeOperator
from .timetable import EARLIEST, CronBetweenDates, OnDemand

TASK_ID = "ingest"
PROBE_ID = "kinesis_probe"
RERUN = "rerun_with_latest_version"
NEWEST: dict[str, Any] = {RERUN: True} if RERUN in signature(DAG).parameters else {}
"""From Airflow 3.3 on: a run that is cleared after a fix takes the fixed file, in a versioned bundle too."""

ESCAPE = re.compile(rb"\\[xuU\r\n]")
"""YAML's escapes that may write a part of a DAG id: letters by their number, and a name that goes on below."""

MARKDOWN = re.compile(r"`[^`]+`|[\\`*_\[\]<>#|~]")
TARGETS_AT_ONCE = 16  # where the file does not say
LISTED = 10  # of the files that a placeholder stands for
NOTHING = Claim("")
DEBUG = Param(False, type="boolean", title="Debug log", description="Log every call of this run")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where workflow files are. path: as Airflow's paths are written, from the loader's folder where it is below it.

    pod_templates: the folder of those that files may name; None where they may name none.
    """

    loader: str
    root: str
    path: str
    pod_templates: str | None = field(default=None, kw_only=True)

    @classmethod
    def of(cls, loader: str, folder: str | Path, pod_templates: str | Path | None = None) -> Folder:
        loader = os.path.abspath(loader)
        base = os.path.dirname(loader)
        root = os.path.join(base, folder)
        path = os.path.relpath(root, base)
        shown = root if Path(path).parts[:1] == (os.pardir,) else path
        return cls(loader, root, shown, pod_templates=templates_folder(pod_templates))

    def files(self) -> list[str]:
        return workflow_paths(self.root, os.path.dirname(self.loader))

    def path_of(self, file: str) -> str:
        path = os.path.normpath(f"{self.path}/{file[len(self.root) :]}").replace(os.sep, "/")
        return path.encode("utf-8", "replace").decode()  # a name that is no UTF-8 could not be sent nor stored


def templates_folder(folder: str | Path | None) -> str | None:
    """The folder as it is given; Airflow's scheduler looks there. Raises ValueError for a relative one."""
    if folder is not None and not os.path.isabs(folder):
        raise ValueError(f"pod_templates={str(folder)!r}: give an absolute path, as the scheduler reads the templates")
    return None if folder is None else os.fspath(folder)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One file: the id of its DAG, and either the DAG or what is wrong. path: as `Folder.path_of` writes it.

    claimed: what one with an error still says of its pipeline. text: of its file, without secrets. broken: that file,
    where the fault is its own.
    """

    path: str
    dag_id: str
    dag: DAG | None = None
    error: WorkflowError | None = None
    claimed: Claim = NOTHING
    text: str = ""
    broken: Path | None = None


def load_workflows(
    namespace: MutableMapping[str, Any],
    folder: str | Path = "workflows",
    *,
    probe: bool | Sequence[str] = False,
    pod_templates: str | Path | None = None,
) -> None:
    """Put a DAG per workflow file below `folder` into `namespace`, a module's globals().

    Whatever the files are, it raises nothing. folder: absolute, or relative to the module. When Airflow starts a task,
    its own DAG only is built. `.airflowignore` leaves files out: one in `folder` or any folder below, or, where
    `folder` is below the module's own, from there on down. probe: make the DAG `kinesis_probe` too, which answers
    what is asked of a workflow before there is a file of it (`operators/probe.py`); names of queues: and one more for
    each of them, `kinesis_probe.QUEUE`, as Airflow lets no run choose the queue of its tasks.

    pod_templates: the folder, absolute and as the scheduler sees it, in which `airflowConfig.podTemplate: NAME` is
    NAME.yaml; nothing looks into it here. Raises ValueError for a relative one.
    """
    where = Folder.of(namespace["__file__"], folder, pod_templates)
    wanted = get_parsing_context().dag_id
    with _uncollected():
        found = {dag.dag_id: dag for dag in _dags(where, _deployments(where, wanted))}
        for dag in chain(_probes(where, probe, wanted, found), found.values()):
            namespace[f"dag {dag.dag_id}"] = dag  # with a blank: no DAG id may replace a name of the module


@contextmanager
def _uncollected() -> Iterator[None]:
    # Thousands of objects come to stay: looking through them for garbage again and again takes a quarter of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def build_dag(
    file: Path,
    name: str = "",
    precondition: Callable[[], None] | None = None,
    loader: str = "",
    document: Document | None = None,
    pod_templates: str | None = None,
) -> DAG:
    """The pipeline of one workflow file. Raises WorkflowError with all its faults.

    name: what faults call the file. precondition: as the operator takes it. loader: the module that the DAG will be of.
    document: the file, where it was read already. pod_templates: as `load_workflows` takes it.
    """
    document = document or read(file, name)
    workflow = check(document, file.stem)
    text, record = masked(document, b""), record_of(workflow, name or str(file))
    if faults := list(_without_amazon(document, workflow.airflow_config)):
        raise WorkflowError(faults)
    make = partial(dag_of, workflow, file, precondition, text, record, pod_templates)
    try:
        dag = make()
    except (AirflowException, TypeError, ValueError) as error:
        fault = Fault(name or str(file), 0, 0, "", f"Airflow refuses this DAG: {error}", "Change what it names")
        raise WorkflowError([fault]) from None
    if faults := list(_faults_here(document, workflow.airflow_config, pod_templates)):
        raise WorkflowError(faults)
    if reason := policy_objection(make, loader or str(file)):
        problem, remedy = f"Airflow's cluster policy refuses this DAG: {reason}", "Change the file as it says"
        raise WorkflowError([Fault(name or str(file), 0, 0, "", problem, remedy)])
    return dag


def _without_amazon(document: Document, config: AirflowConfig) -> Iterator[Fault]:
    """What reads a queue is the amazon provider's, which this package does not need otherwise."""
    if config.events and find_spec("airflow.providers.amazon") is None:
        problem = "the Airflow provider of Amazon is not installed here"
        remedy = "Let who runs Airflow install apache-airflow-providers-amazon, or remove this block"
        yield document.fault(("airflowConfig", "events"), problem, remedy)


def _faults_here(document: Document, config: AirflowConfig, pod_templates: str | None) -> Iterator[Fault]:
    """What a file names and this Airflow, or its loader, has not."""
    if reason := executor_objection(config.executor):
        remedy = "Write a name or an alias of `[core] executor`, or remove it"
        yield document.fault(("airflowConfig", "executor"), reason, remedy)
    if config.pod_template and pod_templates is None:
        problem = "the loader of this file names no folder of pod templates"
        remedy = "Let who keeps the loader add `pod_templates=FOLDER` to it, or remove this line"
        yield document.fault(("airflowConfig", "podTemplate"), problem, remedy)
    if any(notice.notifier not in KNOWN for notice in config.on_failure):  # Airflow alone knows what others there are
        yield from strangers(document, configured_notifiers(), "this is no notifier of this Airflow")


def _deployments(folder: Folder, dag_id: str | None) -> list[Deployment]:
    try:
        paths = folder.files()
    except OSError as error:
        problem = f"the folder of the workflows cannot be read: {error.strerror}"
        fault = Fault(folder.path, 0, 0, "", problem, "Make it, or correct its path in the loader")
        return [Deployment(folder.path, "", error=WorkflowError([fault]))]
    if dag_id is None:
        return _without_shared_names(_deployment(folder, path) for path in paths)
    named = _named(paths, dag_id)
    likely = _claiming(folder, named, dag_id)
    return likely if any(one.dag for one in likely) else _claiming(folder, _mentioning(paths, dag_id, named), dag_id)


def _named(paths: Iterable[str], dag_id: str) -> list[str]:
    return [path for path in paths if stem_id(path) == dag_id]


def _mentioning(paths: Iterable[str], dag_id: str, named: Sequence[str]) -> Iterator[str]:
    """The files that may claim a DAG id: `named` like it, or holding it, plainly or in YAML's escapes."""
    wanted = dag_id.encode()
    for path in paths:
        if path in named or wanted in (raw := head(path)) or ESCAPE.search(raw):
            yield path


def _claiming(folder: Folder, paths: Iterable[str], dag_id: str) -> list[Deployment]:
    return [one for one in _without_shared_names(_deployment(folder, path) for path in paths) if one.dag_id == dag_id]


def _deployment(folder: Folder, file: str) -> Deployment:
    path, document = folder.path_of(file), None
    try:
        document = read(Path(file), path)
        alone = partial(_ensure_sole_owner, folder, file)
        dag = build_dag(Path(file), path, alone, folder.loader, document, folder.pod_templates)
    except WorkflowError as error:
        return _failed(path, file, _unlisted(path, file) or error, document)
    except Exception as error:  # noqa: BLE001 - a border: no fault of ours in one file may take the others down
        # Its text stays out: nobody has seen to it that it holds no secret.
        problem = f"this file ran into a fault of ours ({type(error).__name__})"
        return _failed(path, file, WorkflowError([Fault(path, 0, 0, "", problem, "Please report it")]), document)
    return Deployment(path, dag.dag_id, dag)


def _failed(path: str, file: str, error: WorkflowError, document: Document | None) -> Deployment:
    claimed = claim_of(file, document.data if document else None)
    text = masked(document, head(file), error.faults)
    return Deployment(path, claimed.dag_id, error=error, claimed=claimed, text=text, broken=Path(file))


def _unlisted(path: str, folder: str) -> WorkflowError | None:
    """What is wrong with a folder that is among the files: its pipelines are not seen."""
    if not os.path.isdir(folder):
        return None
    try:
        os.scandir(folder).close()
        why = ""
    except OSError as error:
        why = f": {error.strerror}"
    return WorkflowError([Fault(path, 0, 0, "", f"this folder cannot be listed{why}", "Let Airflow's user read it")])


def _without_shared_names(deployments: Iterable[Deployment]) -> list[Deployment]:
    """None of several good files with one name is deployed."""
    deployments = list(deployments)
    owners = shared(Named(one.path, one.dag_id, good=bool(one.dag)) for one in deployments)
    return [_clash(one, owners[one.dag_id]) if one.dag and one.dag_id in owners else one for one in deployments]


def _clash(one: Deployment, owners: Sequence[str]) -> Deployment:
    fault = Fault(one.path, 1, 1, "name", *sharing(one.dag_id, one.path, owners))
    if one.dag is None:
        return replace(one, error=WorkflowError([fault]))
    text = _carrier(one.dag).doc_yaml or ""
    return replace(one, dag=None, error=WorkflowError([fault]), claimed=_claimed_by(one.dag), text=text)


def _carrier(dag: DAG) -> Any:
    """The task that carries what the file says: one does it for all."""
    return next(task for task in dag.tasks if task.doc_json)


def _claimed_by(dag: DAG) -> Claim:
    task = _carrier(dag)
    service = Record.model_validate_json(task.doc_json or "{}").service or ""
    name, tags = dag.dag_display_name, tuple(sorted(dag.tags))
    return Claim(dag.dag_id, display_name=name, owner=task.owner, service=service, tags=tags)


def deployed(folder: Folder, file: str) -> Deployment:
    """One file alone, judged as `load_workflows` judges it among the others of its folder."""
    one = _deployment(folder, file)
    if not one.dag:
        return one
    paths = folder.files()
    same = _claiming(folder, _mentioning(paths, one.dag_id, _named(paths, one.dag_id)), one.dag_id)
    return next((each for each in same if each.path == one.path), one)


def _ensure_sole_owner(folder: Folder, file: str) -> None:
    """Raises WorkflowError if another file has come to claim the same name since the DAG was read."""
    path = folder.path_of(file)
    dag_id = check(read(Path(file), path), Path(file).stem).name
    paths = folder.files()
    for one in _claiming(folder, _mentioning(paths, dag_id, _named(paths, dag_id)), dag_id):
        if one.path == path and one.error:
            raise one.error


def _dags(folder: Folder, deployments: Iterable[Deployment]) -> Iterator[DAG]:
    """The DAG of each good file; for the others an import error each, and a placeholder for each id left without."""
    deployments = list(deployments)
    failed: defaultdict[str, list[Deployment]] = defaultdict(list)
    good = Counter(one.dag_id for one in deployments if one.dag)
    for one in deployments:
        if one.dag:
            yield one.dag
        elif one.error:
            failed[one.dag_id].append(one)
            listed = import_error(one.path, one.error)
            yield from [listed] if listed else []
    for dag_id, ones in failed.items():
        if dag_id and not good[dag_id] and not policy_objection(partial(placeholder, dag_id, ones), folder.loader):
            yield placeholder(dag_id, ones)


def dag_of(
    workflow: Workflow,
    file: Path,
    precondition: Callable[[], None] | None,
    text: str,
    record: Record,
    pod_templates: str | None = None,
) -> DAG:
    """The pipeline of one workflow: a task for each of its targets, which runs the file as it is when the task starts.

    text: the file's, without its secrets. The first task carries it, and the record, for who shows them. A process that
    starts a task gets this task alone: the others of a file of 300 would take most of its start.
    """
    config, targets = workflow.airflow_config, each_target(workflow)
    given = "concurrency" in config.model_fields_set
    dag = DAG(
        workflow.name,
        dag_display_name=workflow.display_name or workflow.name,
        description=workflow.description,
        doc_md=f"{workflow.description or ''}\n\n{_fenced(text, 'yaml')}",
        schedule=_schedule(workflow.name, config),
        start_date=EARLIEST,
        catchup=config.pipeline_catchup,
        max_active_runs=config.max_active_runs,
        max_active_tasks=config.concurrency if given else min(len(targets), TARGETS_AT_ONCE),
        is_paused_upon_creation=config.pause_pipeline,
        tags={"kinesis", f"service:{workflow.source.service_name}"[:100], *workflow.tags},
        owner_links={workflow.owner: f"mailto:{config.email}"} if config.email else {},
        **NEWEST,
    )
    dag.params["debug"] = copy(DEBUG)  # not as an argument: Airflow would check its schema, anew for every DAG
    group = TaskGroup(TASK_ID, dag=dag) if workflow.targets else None
    carried = {"doc_yaml": text, "doc_json": record.carried()}
    for target in _started(targets):
        _add_task(dag, group, target, file, precondition, carried | _pod(config, pod_templates))
        carried = {}
    return dag


def _started(targets: Sequence[Target]) -> Sequence[Target]:
    """The one whose task this process starts; all of them where it starts none of these."""
    task_id = get_parsing_context().task_id
    return [one for one in targets if task_id == f"{TASK_ID}.{one.key}"] or targets


def _add_task(
    dag: DAG,
    group: TaskGroup | None,
    target: Target,
    file: Path,
    precondition: Callable[[], None] | None,
    more: Mapping[str, Any],
) -> None:
    workflow, config = target.workflow, target.workflow.airflow_config
    KinesisIngestionOperator(
        task_id=target.key or TASK_ID,
        task_group=group,
        workflow=file,
        target=target.key,
        precondition=precondition,
        owner=workflow.owner,
        retries=config.retries,
        retry_delay=timedelta(seconds=config.retry_delay),
        execution_timeout=timedelta(seconds=config.workflow_timeout) if config.workflow_timeout else None,
        dag=dag,
        **more,
        **_told_by(target),
        **_place(
            pool=pool_of(target),
            queue=config.queue,
            executor=config.executor,
            priority_weight=config.priority_weight,
        ),
    )


def _place(**given: str | int | None) -> dict[str, Any]:
    """Where a task waits and runs. What nobody says is not given: Airflow's own default stays."""
    return {key: value for key, value in given.items() if value is not None}


def _told_by(target: Target) -> dict[str, Any]:
    """Who is told when the task fails."""
    notices = tuple(target.workflow.airflow_config.on_failure)
    callback = OnFailure(notices, target.workflow.source.service_name, target.key)
    return {"on_failure_callback": callback} if notices else {}


def _pod(config: AirflowConfig, templates: str | None) -> dict[str, Any]:
    """The pod of a task on Kubernetes, where the file names its template."""
    if not (config.pod_template and templates):
        return {}
    return {"executor_config": {"pod_template_file": os.path.join(templates, f"{config.pod_template}.yaml")}}


def placeholder(dag_id: str, failed: Sequence[Deployment]) -> DAG:
    """A DAG that cannot work and says why. It keeps the id, and so the history, of the one it stands for.

    Of several files, the first that gives a display name or an owner has its say; the tags are those of all.
    """
    more = [f"and {len(failed) - LISTED} more files"] if len(failed) > LISTED else []
    reason = "\n".join([*(str(one.error) for one in failed[:LISTED]), *more])
    said = [one.claimed for one in failed]
    dag = DAG(
        dag_id,
        dag_display_name=next((one.display_name for one in said if one.display_name), dag_id),
        schedule=None,
        start_date=EARLIEST,
        description="This pipeline could not be deployed",
        doc_md="\n".join(["This pipeline could not be deployed:\n", *map(_faults_of, failed[:LISTED]), *more]),
        is_paused_upon_creation=any(one.paused for one in said),
        tags={"kinesis", "deploy-failed", *(tag for one in said for tag in one.tags)},
        **NEWEST,
    )
    dag.params["debug"] = copy(DEBUG)
    owner = next((one.owner for one in said if one.owner), Workflow.model_fields["owner"].default)
    sole = failed[0] if len(failed) == 1 else None  # of several, none can speak for the pipeline
    DeployFailedOperator(
        task_id=TASK_ID,
        reason=reason,
        file=sole.broken if sole else None,
        owner=owner,
        doc_yaml=sole.text if sole else "",
        doc_json=_record_of_failed(failed).carried(),
        dag=dag,
    )
    return dag


def _record_of_failed(failed: Sequence[Deployment]) -> Record:
    faults = [fault for one in failed[:LISTED] if one.error for fault in one.error.faults]
    return Record(
        file=failed[0].path if len(failed) == 1 else None,
        service=next((one.claimed.service for one in failed if one.claimed.service), None),
        faults=told(faults[:MAX_FAULTS]),
    )


def _probes(folder: Folder, probe: bool | Sequence[str], wanted: str | None, taken: Collection[str]) -> Iterator[DAG]:
    """A workflow that has the name of one comes first. One that a cluster policy refuses is an import error."""
    if probe is False:
        return
    for queue in (None, *(() if probe is True else probe)):
        dag_id = probe_id(queue)
        if dag_id in taken or wanted not in (None, dag_id):
            continue
        reason = policy_objection(partial(probe_dag, queue), folder.loader)
        if reason:
            problem = f"Airflow's cluster policy refuses the DAG {dag_id}: {reason}"
            remedy = "Change the policy, or leave `probe` out of the loader"
            listed = import_error(dag_id, WorkflowError([Fault(dag_id, 0, 0, "", problem, remedy)]))
            yield from [listed] if listed else []
        else:
            yield probe_dag(queue)


def probe_id(queue: str | None) -> str:
    return PROBE_ID if queue is None else re.sub(r"[^A-Za-z0-9_.-]", "_", f"{PROBE_ID}.{queue}")[:250]


def probe_dag(queue: str | None) -> DAG:
    """What answers probes of workflows that are not deployed. queue: None for Airflow's default.

    Airflow lists every DAG: this one has no schedule, is none of those with the tag `kinesis`, and says what it is.
    """
    dag = DAG(
        probe_id(queue),
        dag_display_name="Kinesis probe" if queue is None else f"Kinesis probe on {queue}",
        description="Tests, lists and samples for workflows that are not deployed yet; started by the page Kinesis",
        schedule=None,
        start_date=EARLIEST,
        is_paused_upon_creation=False,
        tags={"kinesis-probe"},
        **NEWEST,
    )
    ProbeOperator(task_id=PROBE, dag=dag, **_place(queue=queue))
    return dag


def _faults_of(one: Deployment) -> str:
    """One file's faults as a Markdown list, and the lines they are on."""
    faults = one.error.faults if one.error else ()
    listed = "".join(f"- {_plain(str(fault))}\n" for fault in faults)
    lines = excerpt(one.text, faults)
    return f"{listed}\n{_fenced(lines, 'text')}" if lines else listed


def _fenced(text: str, language: str) -> str:
    """A block of Markdown, whatever the text holds."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _plain(text: str) -> str:
    """For Markdown: nothing but `code` has a meaning, and a fault is one item of its list."""
    return MARKDOWN.sub(lambda found: found[0] if len(found[0]) > 1 else f"\\{found[0]}", " ".join(text.split()))


def _schedule(name: str, config: AirflowConfig) -> Any:
    timetable = _timetable(name, config)
    if config.events is None or get_parsing_context().task_id:  # no task needs to know what starts its DAG
        return timetable
    from .watching import scheduled

    return scheduled(timetable, config.events)


def _timetable(name: str, config: AirflowConfig) -> CronBetweenDates | OnDemand:
    cron = config.cron_of(name)
    if cron is None:
        return OnDemand()
    waits = config.first_run == "next"
    return _shared_timetable(cron, config.pipeline_timezone, config.start_date, config.end_date, waits)


@lru_cache(maxsize=1024)
def _shared_timetable(
    cron: str, zone: str, start: datetime | None, end: datetime | None, waits: bool
) -> CronBetweenDates:
    # Making one costs as much as making a DAG: it reads the cron line.
    return CronBetweenDates(cron, timezone=zone, start=start, end=end, waits=waits)
