"""The task that ingests, and the one that says why a pipeline cannot."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import NAMESPACE_URL, uuid5

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk import Asset, AssetAlias, BaseOperator
from airflow.sdk.exceptions import AirflowRuntimeError

from ..errors import FixFile, IngestError, Retry
from ..links import CatalogueLink, ConsoleLink
from ..metrics import counted
from ..openlineage import Touched, is_installed
from ..task_logs import logs_at
from .events import told
from .mapped import IN_XCOM, INDEX, Partial, checked, document_of, refuse_secrets
from .probe import PROBE, answered, asked, conf_of

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context

    from ..engine.model import Drift, Problem, ProblemGroup, RunReport
    from ..engine.workflow.document import Document
    from ..engine.workflow.models import Workflow
    from ..engine.workflow.request import Request

PROBLEMS = 10
DRIFT = AssetAlias("kinesis_drift")
"""What a DAG is scheduled on that wants to know of every stream that drifts."""

EVENTS, CHANGES = 100, 20
"""Streams of a run of which Airflow is told that they drifted, and changes of each: all of it is kept in its database.
"""
NOT_DEPLOYED = "This pipeline could not be deployed"
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed"})
"""States of a task that nothing but a person's clearing changes: its process is gone, or about to go."""

NOT_CLOSED = "Airflow does not say which runs have ended: those that were killed stay `running` in OpenMetadata"
NOT_TOLD = "OpenMetadata does not show that this pipeline could not be deployed"


class KinesisIngestionOperator(BaseOperator):
    """Runs one workflow and returns its RunReport as XCom: counts, and ten kinds of problems at most.

    A second XCom, `streams`, has a row for each stream (`engine/run/streams.py`).

    workflow: a workflow file, read when the task runs; a relative path is looked up from the root of the DAG's bundle,
    or else beside the DAG's own file. Or the same as a dict, checked at once (WorkflowError); a secret in it would be
    part of the DAG's code, so name `connections` there. `partial().expand(workflow=[...])` and `expand_kwargs` map over
    them: Airflow stores what they are given, so a secret in a dict there is refused (`mapped.py`).
    target: the key of the one to run, ACCOUNT_REGION, where the workflow has `targets`.
    precondition: called first when the task runs; an IngestError it raises fails the task.

    What no retry can mend (the file, a denied call, the deletion guard) fails the task at once; throttling and servers
    out of reach are left to Airflow's retries. A run that failed has its report as XCom too; one that could not begin
    has none. Delivery: at least once; writes are idempotent, so that a task that is retried or killed leaves the same
    catalogue. A run parameter `debug` logs the engine's every step. A run whose conf has `probe` asks instead of
    ingesting, and writes nothing (`probe.py`). A run that events of a queue started takes their streams alone, and is
    skipped where none is the workflow's (`events.py`).

    Of each stream that drifted, a hundred at most, it emits an event of the asset `kinesis://ACCOUNT/REGION/STREAM`,
    through the alias `kinesis_drift`; Airflow takes them from a task that succeeds alone.
    """

    template_fields = ("redacted_workflow",)
    template_fields_renderers = {"redacted_workflow": "yaml"}  # noqa: RUF012 - Airflow reads class attributes
    operator_extra_links = (CatalogueLink(), ConsoleLink())
    ui_color = "#cfe8d8"
    _touched: Touched | None = None

    def __init__(
        self,
        *,
        workflow: str | Path | Mapping[str, Any],
        target: str = "",
        precondition: Callable[[], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.outlets = _with_drift(self.outlets)
        self.workflow = workflow
        self.target = target
        self.precondition = precondition
        self.redacted_workflow = ""
        self.map_name = ""
        # Airflow's decorators ask in the same way whether an operator is one of a map that it makes to run it.
        self.from_map = bool(getattr(self, "_BaseOperator__from_mapped", False))
        if isinstance(workflow, Mapping) and not self.from_map:  # that was checked by `partial`, or is when it runs
            self._readable()

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """As Airflow's own; each task of the map is shown by the name of its service. Raises WorkflowError."""
        checked(kwargs.get("task_id", ""), [kwargs.get("workflow")])
        found = super().partial(**{"map_index_template": INDEX, **kwargs})
        found.kwargs["outlets"] = _with_drift(found.kwargs["outlets"])
        return Partial(found)

    def _do_render_template_fields(self, *_: Any, **__: Any) -> None:
        """Show the file as it is now. Its text is nobody's template: a `{{` in a regular expression stays one.

        Airflow calls this alone for a mapped task, and by `render_template_fields` for others.
        """
        from ..engine.workflow.disclosure import redacted

        try:
            workflow = self._readable()
            self.redacted_workflow, self.map_name = redacted(workflow), workflow.source.service_name
        except FixFile as error:
            self.redacted_workflow = str(error)

    def execute(self, context: Context) -> dict[str, Any]:
        if PROBE in conf_of(context):
            request = asked(context)
            self._skip_unless_asked(request)
            return answered(self, context, request, self._runnable, self._announced)
        with _failing_fast():
            workflow = self._runnable()
            debug = context["params"].get("debug")
            with logs_at("DEBUG" if debug else workflow.workflow_config.logger_level):
                report = self._ingested(workflow, context)
        if failure := _failure_of(report, workflow):
            _leave(context["ti"], workflow, report)
            raise failure
        self._emit(context, workflow.aws.aws_region, report)
        return _stored(context["ti"], workflow, report)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:  # noqa: ARG002
        """Called by the OpenLineage provider after a run, one that failed too, in the process of the task."""
        return self._touched.told() if self._touched else None

    def on_kill(self) -> None:
        """The run ends within 5 seconds, says `stopped` to OpenMetadata, and leaves a catalogue that is right."""
        # In a thread: Airflow calls this in a signal handler, and what that interrupts may hold the event's lock.
        threading.Thread(target=self._stop.set).start()

    @cached_property
    def _stop(self) -> threading.Event:
        return threading.Event()

    def _ingested(self, workflow: Workflow, context: Context) -> RunReport:
        from ..engine.run import pipeline
        from ..engine.run.report import table, tenths

        streams = told(context, workflow)
        self.console_url = _console(workflow)
        ti = context["ti"]
        status_id = _status_id(self.dag_id, context["run_id"], _instance(self.task_id, ti.map_index))
        over = partial(self._over, ti)
        status = pipeline.status_of(workflow, self.dag_id, status_id, over)
        progress = tenths(lambda done, kept: self.log.info("%d of %d streams", done, kept))
        self.log.info("%s", f"taking {len(streams.names)} streams" if streams else "listing the streams")
        leave = partial(_leave, ti, workflow)
        self._touched = Touched(workflow) if is_installed() else None
        touched = self._touched.add if self._touched else None
        report = pipeline.run(
            workflow,
            stop=self._stop,
            progress=progress,
            status=status,
            broken_off=leave,
            touched=touched,
            told=streams,
        )
        self.catalogue_url = report.catalogue if report.catalogue.startswith("http") else ""
        self.log.info("%s: %s\n%s", self._name, report.state, table(report))
        return report

    def _emit(self, context: Context, region: str, report: RunReport) -> None:
        """Events of the streams that drifted, if it is known whose they are."""
        if not (report.drift and report.account):
            return
        streams = drift_by_stream(report)
        for stream, event in list(streams.items())[:EVENTS]:
            asset = Asset(f"kinesis://{report.account}/{region}/{stream}")
            context["outlet_events"][DRIFT].add(asset, extra=event)
        if len(streams) > EVENTS:
            self.log.warning("%d streams drifted, and only %d have an asset event", len(streams), EVENTS)

    def _over(self, ti: Any) -> frozenset[str]:
        """The ids, in OpenMetadata, of the runs of which Airflow knows that this task, or one of its map, has ended."""
        try:
            runs = ti.get_task_states(dag_id=self.dag_id, task_ids=[self.task_id])
        except AirflowRuntimeError as error:
            self.log.warning("%s: %s", NOT_CLOSED, error)
            return frozenset()
        ended = [(run, one) for run, states in runs.items() for one, state in states.items() if state in ENDED]
        return frozenset(_status_id(self.dag_id, *each) for each in ended)

    def _skip_unless_asked(self, request: Request) -> None:
        """Of a file's targets one answers: the one that is asked, or the first. Unasked, all of them are announced."""
        if request.kind == "announce" and not request.target:
            return
        if self.target and self.target != (request.target or self._first_target()):
            raise AirflowSkipException("Another target of this workflow answers")

    def _first_target(self) -> str:
        from ..engine.workflow.loading import check
        from ..engine.workflow.targets import each_target

        try:
            return each_target(check(self._document(), self._stem))[0].key
        except FixFile:  # what is wrong with the file is an answer of each
            return self.target

    @property
    def _name(self) -> str:
        return f"{self.dag_id}, {self.target}" if self.target else self.dag_id

    def _announced(self) -> bool:
        from ..engine.run import pipeline

        workflow = self._runnable()
        try:
            pipeline.announce(workflow, self.dag_id)
        except IngestError as error:
            raise error.rewritten(workflow.origins.with_names) from None
        return workflow.destination.type == "metadata-rest"

    def _readable(self) -> Workflow:
        """The workflow with its placeholders as they stand."""
        from ..engine.workflow.loading import check, one_target

        return check(one_target(self._document(), self._stem, self.target), self._stem)

    def _runnable(self, changed: Callable[[Document], Document] = lambda document: document) -> Workflow:
        """The workflow with its placeholders and connections filled in."""
        from ..engine.workflow.loading import one_target
        from ..hooks.runtime import resolved

        if self.precondition:
            self.precondition()
        document = one_target(changed(self._document()), self._stem, self.target)
        return resolved(document, self._stem)

    @property
    def _stem(self) -> str:
        return self.task_id if isinstance(self.workflow, Mapping) else Path(self.workflow).stem

    def _document(self) -> Document:
        from ..engine.workflow.document import read
        from ..engine.workflow.loading import check

        if isinstance(self.workflow, Mapping):
            document = document_of(self.workflow, self.task_id)
            if self.from_map:
                refuse_secrets(document, check(document, self._stem), IN_XCOM)
            return document
        return read(self._path(self.workflow), str(self.workflow))

    def _path(self, workflow: str | Path) -> Path:
        places = self._places(workflow)
        found = next(filter(os.path.exists, places), None)
        if found is None and not Path(workflow).is_absolute():
            looked = f"looked for at {' and '.join(map(str, places))}"
            raise FixFile("there is no such file", where=str(workflow), why=looked, remedy="Check the path")
        return found or places[0]

    def _places(self, workflow: str | Path) -> list[Path]:
        """Where the file may be. Airflow knows the bundle's root as what the DAG's path has before its relative one."""
        dag = self.get_dag()
        if dag is None:
            return [Path(workflow).absolute()]
        root = dag.fileloc.removesuffix(dag.relative_fileloc or dag.fileloc)
        folders = [Path(root), Path(dag.fileloc).parent] if root else [Path(dag.fileloc).parent]
        return list(dict.fromkeys(folder / workflow for folder in folders))


class DeployFailedOperator(BaseOperator):
    """Fails with the reason why its pipeline could not be deployed, and has OpenMetadata show it.

    file: the broken workflow file, for what it still says of its server and service; None: nothing is told.
    """

    ui_color = "#f2c9c9"

    def __init__(self, *, reason: str, file: Path | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reason = reason
        self.file = file

    def execute(self, context: Context) -> dict[str, Any]:
        if PROBE in conf_of(context):
            told = partial(self._tell, _status_id(self.dag_id, context["run_id"], self.task_id))
            return answered(self, context, asked(context), self._refuse, told)
        self._try_to_tell(context)
        raise AirflowFailException(f"{NOT_DEPLOYED}:\n{self.reason}")

    def _refuse(self, _: Callable[[Document], Document]) -> NoReturn:
        raise FixFile(NOT_DEPLOYED, why=self.reason, remedy="Fix the file")

    def _try_to_tell(self, context: Context) -> None:
        try:
            self._tell(_status_id(self.dag_id, context["run_id"], self.task_id))
        except IngestError as error:
            self.log.warning("%s: %s", NOT_TOLD, error)
        except Exception as error:  # noqa: BLE001 - a border: the task fails of its file, not of what goes wrong here
            # Its text stays out: nobody has seen to it that it holds no secret.
            self.log.warning("%s: %s", NOT_TOLD, type(error).__name__)

    def _tell(self, status_id: str) -> bool:
        """Whether there is anything to tell, and anybody. Raises IngestError."""
        if self.file is None:
            return False
        from ..engine.run import pipeline
        from ..engine.workflow.document import read
        from ..engine.workflow.salvage import salvaged
        from ..hooks.runtime import resolved

        document = salvaged(read(self.file), self.file.stem)
        if document is None:
            self.log.info("%s: its file does not say rightly which service and which server", NOT_TOLD)
            return False
        workflow = resolved(document, self.file.stem)
        try:
            pipeline.tell_not_deployed(workflow, status_id, FixFile(NOT_DEPLOYED, why=self.reason))
        except IngestError as error:
            raise error.rewritten(workflow.origins.with_names) from None
        return True


def _with_drift(outlets: Any) -> list[Any]:
    """outlets: as Airflow takes them, one or several."""
    several = list(outlets) if isinstance(outlets, (list, tuple)) else [outlets]
    return several if DRIFT in several else [*several, DRIFT]


def _status_id(dag_id: str, run_id: str, instance: str) -> str:
    """The id of a task's run in OpenMetadata: retries share it."""
    return str(uuid5(NAMESPACE_URL, "/".join([dag_id, run_id, instance])))


def _instance(task_id: str, map_index: int | None) -> str:
    """A task, or one of its map, as `get_task_states` names it."""
    return task_id if map_index is None or map_index < 0 else f"{task_id}_{map_index}"


@contextmanager
def _failing_fast() -> Iterator[None]:
    """What goes wrong before the run needs a change by hand: no retry mends it."""
    try:
        yield
    except IngestError as error:
        raise AirflowFailException(str(error)) from None


def _failure_of(report: RunReport, workflow: Workflow) -> AirflowException | None:
    """What the task raises for a run that failed. A stopped one may be repeated: a worker may have been shut down."""
    from ..engine.model import grouped

    fatal = report.fatal
    if report.state == "stopped":
        return AirflowException(str(fatal))
    if report.state != "failed" or not workflow.workflow_config.raise_on_error:
        return None
    if fatal:
        return AirflowException(str(fatal)) if isinstance(fatal, Retry) else AirflowFailException(str(fatal))
    first = grouped(report.failures)[0]
    return AirflowException(f"{len(report.failures)} streams failed: see the table above. {first}")


def _leave(ti: Any, workflow: Workflow, report: RunReport) -> None:
    """Store the result of a task that raises: Airflow does it for one that returns."""
    ti.xcom_push(key="return_value", value=_stored(ti, workflow, report))


def _stored(ti: Any, workflow: Workflow, report: RunReport) -> dict[str, Any]:
    """Store the rows of the streams, and count them. Returns the result without them."""
    counted(report, {"dag_id": ti.dag_id, "task_id": ti.task_id, "service": workflow.source.service_name})
    ti.xcom_push(key="streams", value=_rows(workflow, report))
    return summary(report) | {"region": workflow.aws.aws_region, "service": workflow.source.service_name}


def _rows(workflow: Workflow, report: RunReport) -> dict[str, Any]:
    from ..engine.catalogue.openmetadata import topic_pages
    from ..engine.run.streams import packed

    return packed(report.streams, console_url=_console(workflow, "{name}"), topic_url=topic_pages(report.catalogue))


def _console(workflow: Workflow, name: str = "") -> str:
    """Where a stream is shown, or all of them; "" for what is not AWS's own, or has no published address."""
    from ..engine.aws.console import console_url

    return "" if workflow.aws.endpoint_url else console_url(workflow.aws.aws_region, name) or ""


def summary(report: RunReport) -> dict[str, Any]:
    """The report in a few KB: problems of one kind are one, and lists are cut to ten; `..._count` counts them all."""
    from ..engine.model import grouped

    whole = report.as_dict()
    lists = {key: value for key, value in whole.items() if isinstance(value, (list, tuple))}
    kinds = {key: grouped(getattr(report, key)) for key in ("warnings", "failures", "failed_deletions")}
    return (
        whole
        | {key: list(value[:PROBLEMS]) for key, value in lists.items()}
        | {key: [_plain(group) for group in groups[:PROBLEMS]] for key, groups in kinds.items()}
        | {"drift": [_plain(group) for group in grouped(_told(report))[:PROBLEMS]]}
        | {f"{key}_count": len(value) for key, value in lists.items()}
    )


def drift_by_stream(report: RunReport) -> dict[str, dict[str, Any]]:
    """What the event of each stream that drifted has as `extra`.

    {"stream", "compatible": whether no change is incompatible, "changes": 20 at most, the incompatible first,
    "changes_count": of all}
    """
    return {
        stream: {
            "stream": stream,
            "compatible": not any(drift.compatible is False for drift in drifts),
            "changes": [_change(drift) for drift in drifts[:CHANGES]],
            "changes_count": len(drifts),
        }
        for stream, drifts in report.drift_by_stream.items()
    }


def _change(drift: Drift) -> dict[str, Any]:
    found = asdict(drift)
    del found["stream"]
    return found


def _told(report: RunReport) -> list[Problem]:
    """Drift, the incompatible first, so that what is the same for many streams is told once."""
    from ..engine.model import Problem

    ordered = sorted(report.drift, key=lambda drift: drift.compatible is not False)
    return [Problem("drift", drift.stream, drift.text, "") for drift in ordered]


def _plain(group: ProblemGroup) -> dict[str, Any]:
    entities = list(group.entities[:PROBLEMS])
    numbers = {"entities": entities, "entities_count": len(group.entities)}
    return asdict(group) | numbers | {"actions": list(group.actions)}
