"""A run that asks instead of ingesting: {"probe": "test" | "streams" | "sample" | "announce"} in its conf.

The conf of a run and the return value of its task both have the key `probe`: by either it is told from an ingestion.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, redact
from airflow.sdk import BaseOperator

from ..errors import FixFile, IngestError
from ..task_logs import logs_at

if TYPE_CHECKING:
    from airflow.sdk import Context

    from ..engine.model import Step
    from ..engine.workflow.document import Document
    from ..engine.workflow.models import Workflow
    from ..engine.workflow.request import Request

PROBE = "probe"
COUNTS = ("count", "kept", "cut", "complete")

Resolve = Callable[[Callable[["Document"], "Document"]], "Workflow"]
"""Makes the workflow, of a document that is changed first, ready for a run. Raises IngestError."""
Announce = Callable[[], bool]
"""Has OpenMetadata show the pipeline as it is deployed, or not; False where it is not its sink. Raises IngestError."""


class ProbeOperator(BaseOperator):
    """Answers a probe of the workflow that the run's conf carries as `workflow`, of which there is no file yet.

    That workflow names Airflow connections; one that could hold a secret is refused before it is used.
    """

    ui_color = "#dfe3f5"

    def execute(self, context: Context) -> dict[str, Any]:
        from ..engine.workflow.request import document_in

        request = asked(context, "workflow")
        with _refusing(context):
            document = document_in(conf_of(context))

        def resolve(changed: Callable[[Document], Document]) -> Workflow:
            from ..hooks.runtime import resolved

            return resolved(changed(document), PROBE)

        return answered(self, context, request, resolve)


def conf_of(context: Context) -> Mapping[str, Any]:
    """The conf itself, not the params: `[core] dag_run_conf_overrides_params` may keep it from these, and a run that
    was meant to ask must never ingest."""
    run = context.get("dag_run")
    return (run.conf if run else None) or {}


def asked(context: Context, *more: str) -> Request:
    """What the conf asks for. more: keys that it may have besides. Raises AirflowFailException where it is wrong."""
    from ..engine.workflow.request import Request

    with _refusing(context):
        return Request.of(conf_of(context), *more)


def answered(
    task: BaseOperator, context: Context, request: Request, resolve: Resolve, announce: Announce | None = None
) -> dict[str, Any]:
    """{"probe": kind, "state": "passed" | "failed", ...}. announce: None where there is no pipeline yet.

    A workflow that is wrong, or a call that fails, is an answer, and no failure of the task: it would alert those who
    watch its pipeline.
    """
    with logs_at("DEBUG" if request.debug else "INFO"):
        if request.kind == "announce":
            return {PROBE: request.kind, **_announced(task, announce)}
        answer = _tested if request.kind == "test" else _told
        return {PROBE: request.kind, **answer(task, context["ti"], request, resolve)}


@contextmanager
def _refusing(context: Context) -> Iterator[None]:
    from ..engine.workflow.request import kind_of

    try:
        yield
    except IngestError as error:
        refused = {PROBE: kind_of(conf_of(context)), "state": "failed", "error": _error(error)}
        context["ti"].xcom_push(key="return_value", value=refused)
        raise AirflowFailException(str(error)) from None


def _tested(task: BaseOperator, ti: Any, request: Request, resolve: Resolve) -> dict[str, Any]:
    """Every step as XCom `steps`, a list that grows while the test goes on."""
    told: list[dict[str, Any]] = []
    for step in _steps(task, request, resolve):
        told.append(_masked(_plain(step)))
        ti.xcom_push(key="steps", value=told)
        task.log.info("%s: %s. %s %s", step.status, step.name, step.message, step.remedy)
    failed = [step["name"] for step in told if step["status"] == "failed"]
    return {"state": "failed" if failed else "passed", "steps": len(told), "failed": failed}


def _announced(task: BaseOperator, announce: Announce | None) -> dict[str, Any]:
    try:
        if announce is None:
            raise FixFile("there is no pipeline of this workflow", remedy="Deploy it first")
        shown = announce()
    except IngestError as error:
        task.log.info("OpenMetadata does not show this pipeline yet: %s", error)
        return {"state": "failed", "error": _error(error)}
    return {"state": "passed", "shown": shown}


def _steps(task: BaseOperator, request: Request, resolve: Resolve) -> Iterator[Step]:
    """The first is told before AWS's library is loaded, which takes half a second of computing."""
    from ..engine.model import Step

    yield Step("Worker", "passed", f"{socket.gethostname()}, queue {task.queue}, pool {task.pool}")
    from ..engine.run.checks import failed, run

    try:
        workflow = resolve(request.applied)
    except IngestError as error:
        yield failed("Workflow", error)
        return
    yield Step("Workflow", "passed", f"{workflow.name}, and the connections that it names")
    yield from run(workflow)


def _told(task: BaseOperator, ti: Any, request: Request, resolve: Resolve) -> dict[str, Any]:
    """The answer as XCom of the kind's name; beside it, in the return value, how much it is."""
    rewrite: Callable[[str], str] = str
    try:
        _require_allowed(request)
        workflow = resolve(request.applied)
        rewrite = workflow.origins.with_names
        found = _found(ti, request, workflow)
    except IngestError as error:
        shown = error.rewritten(rewrite)
        task.log.info("%s failed: %s", request.kind, shown)
        return {"state": "failed", "error": _error(shown)}
    ti.xcom_push(key=request.kind, value=found)
    numbers: dict[str, Any] = {key: found[key] for key in COUNTS if key in found}
    task.log.info("%s: %s", request.kind, numbers)
    return {"state": "passed", **numbers}


def _require_allowed(request: Request) -> None:
    from ..hooks.fence import page_samples

    if request.kind == "sample" and not page_samples():
        raise FixFile(
            "messages may not be looked at from Airflow",
            where="[kinesis_ingest] page_samples",
            why="it is off where this worker runs",
            remedy="Let who runs Airflow set it to True: a sample lies in the metadata database until it is deleted",
        )


def _found(ti: Any, request: Request, workflow: Workflow) -> dict[str, Any]:
    from ..engine.run import probes

    if request.kind == "sample":
        return _masked(probes.sample(workflow, request.stream))
    return probes.names(workflow, threading.Event(), partial(ti.xcom_push, request.kind))


def _plain(step: Step) -> dict[str, Any]:
    told = {"name": step.name, "status": step.status, "message": step.message, "remedy": step.remedy}
    return told | _missing(step.actions)


def _error(error: IngestError) -> dict[str, Any]:
    return _masked({"where": error.where, "cause": error.cause, "remedy": error.remedy}) | _missing(error.actions)


def _masked(told: dict[str, Any]) -> dict[str, Any]:
    """Without what Airflow's masker knows: XCom, other than a log, does not go through it."""
    return dict(redact(told))  # type: ignore[arg-type]


def _missing(actions: tuple[str, ...]) -> dict[str, Any]:
    """The IAM actions that are missing, and the statement of a policy that allows them."""
    from ..engine.aws.policy import statement

    return {"actions": list(actions), "statement": statement(actions) if actions else None}
