"""Telling OpenMetadata about a run: its IngestionPipeline entity, `running`, and how it ended.

Best effort: a server that does not take it costs a warning in the log, never the run's own result. Delivery: the
last status of a run wins; a retried run has the same id and overwrites its former try.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import quote

from ...errors import CatalogueRefused, IngestError, TopicRefused
from ..model import ProblemGroup, RunReport, grouped
from ..workflow.models import Workflow
from .client import OpenMetadata, parted
from .former import Former, Samples, identity, last, mark
from .versions import ServerVersion

log = logging.getLogger(__name__)

FAILURES = 10
OURS = {"pool", "queue", "executor", "priority_weight", "spread", "first_run", "pod_template", "on_failure", "events"}
"""Of airflowConfig: no fields of OpenMetadata's."""

TIMEOUT = (2.0, 4.0)
IN_A_HURRY = (1.0, 1.5)
LOOK_BACK = {True: 32 * 86_400_000, False: 8 * 86_400_000}
"""How long before a run, in ms, a run may have begun that is closed for being over: True for a schedule with a day
between its runs or more, or none, of which there are few."""

LAST_COMPLETE = {True: LOOK_BACK[True], False: 2 * 86_400_000}
"""The same, in which the last complete run is looked for where nothing else says how long."""

BROKEN_OFF = "the run ended without saying how: its process was killed"
RETRY_FOR = 5.0  # a status is worth a short wait, once for each server that is gone for good


class RunStatus:
    """The status of one run.

    pipeline: the fully qualified name of its entity. ours: whether the file alone says what the entity holds; that of
    somebody else, an agent made in OpenMetadata's own UI, is made if it is missing and never changed. run_id: any text,
    unique per run. over: asked for the ids of runs that are known to have ended, where OpenMetadata has others that are
    still `running`; without it these stay, as nobody knows of them. samples: what the run has to tell the next ones, if
    it takes any.
    """

    def __init__(
        self,
        workflow: Workflow,
        pipeline: str,
        run_id: str,
        *,
        ours: bool,
        over: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._workflow = workflow
        self._pipeline = pipeline
        self._path = f"/services/ingestionPipelines/{quote(pipeline, safe='')}/pipelineStatus"
        self._ours = ours
        self._run_id = run_id
        self._over = over
        self.began = now_ms()
        self.samples: Samples | None = None
        self._identity = ""
        self._server = ServerVersion()
        # A client of its own: a run that was told to stop must still be able to say `stopped`.
        self._client = OpenMetadata(workflow.server, stop=threading.Event(), timeout=TIMEOUT, retry_for=RETRY_FOR)

    def running(self) -> None:
        """Make the entity, or update ours, and say that a run began. The service must exist."""

        def start() -> None:
            self.deployed()
            self._put({"pipelineState": "running"})

        if _best_effort(start) and self._over:
            _best_effort(self._close_those_over, "runs that were killed are still `running` in OpenMetadata")

    def former(self, *, back: int | None = None) -> Former | None:
        """The last complete run of this workflow that began at most `back` ms ago; None where it is not known.

        back: without it as far as the schedule makes worth while.

        The status of this one will say that it was complete, if it was: call it for a run of all streams only.
        """
        self._identity = identity(self._workflow)
        since = self.began - (LAST_COMPLETE[_is_rare(self._workflow)] if back is None else back)

        statuses: list[Any] = []

        def look() -> None:
            found = self._client.get(self._path, startTs=since, endTs=self.began) or {}
            statuses.extend(found.get("data") or [])

        _best_effort(look, "the last complete run is not known")
        return last(statuses, self._identity)

    def deployed(self) -> None:
        """Make the entity, or update ours. The service must exist. Raises IngestError."""
        self._server = ServerVersion(self._client.version())
        if self._ours or not self._exists():
            self._client.put("/services/ingestionPipelines", self._server.body(self._entity()))

    def ended(self, report: RunReport) -> None:
        """Say how the run ended, with the counts of each step and ten kinds of failures at most.

        Whoever stopped a run waits for its end: `stopped` is told in one try, or not at all.
        """
        if report.state == "stopped":
            self._client = OpenMetadata(
                self._workflow.server, stop=threading.Event(), timeout=IN_A_HURRY, retry_for=0.0
            )
        body = {
            "pipelineState": self._server.state(report.state),
            "endDate": now_ms(),
            "status": step_summaries(report),
        }
        marked = self._identity and mark(self._identity, report, began=self.began, samples=self.samples)
        _best_effort(lambda: self._put_marked(body, marked) if marked else self._put(body))

    def _close_those_over(self) -> None:
        """Runs that were killed could not say so themselves."""
        if not (self._over and self._still_running()):
            return
        over = self._over()
        # Listed anew: one that has ended meanwhile may have said how.
        for status in self._still_running():
            if status["runId"] in over:
                self._client.put(self._path, _closed(status))

    def _still_running(self) -> list[dict[str, Any]]:
        since = self.began - LOOK_BACK[_is_rare(self._workflow)]
        found = self._client.get(self._path, startTs=since, endTs=self.began) or {}
        states = [one for one in found.get("data") or [] if one.get("pipelineState") == "running"]
        return [one for one in states if one.get("runId") not in (None, self._run_id)]

    def _put(self, body: dict[str, Any]) -> None:
        common = {"runId": self._run_id, "startDate": self.began, "timestamp": self.began}
        self._client.put(self._path, common | body)

    def _put_marked(self, body: dict[str, Any], metadata: dict[str, Any]) -> None:
        try:
            self._put(body | {"metadata": metadata})
        except TopicRefused:
            self._put(body)  # an old server refuses a field that it does not know

    def _exists(self) -> bool:
        return self._client.get(f"/services/ingestionPipelines/name/{quote(self._pipeline, safe='')}") is not None

    def _entity(self) -> dict[str, Any]:
        parent, name = parted(self._pipeline)
        service = self._client.get(f"/services/messagingServices/name/{quote(parent, safe='')}", holds="id")
        if service is None:
            remedy = "Correct `ingestionPipelineFQN`: its first part is a service"
            raise CatalogueRefused("the messaging service does not exist", where=parent, remedy=remedy)
        entity = {
            "name": name,
            "displayName": self._workflow.display_name,
            "description": self._workflow.description,
            "service": {"id": service["id"], "type": "messagingService"},
            "pipelineType": "metadata",
            "sourceConfig": {"config": self._workflow.metadata.model_dump(by_alias=True, exclude_none=True)},
            "airflowConfig": airflow_settings(self._workflow),
            "loggerLevel": self._workflow.workflow_config.logger_level,
            "raiseOnError": self._workflow.workflow_config.raise_on_error,
        }
        return {key: value for key, value in entity.items() if value is not None}


def airflow_settings(workflow: Workflow) -> dict[str, Any]:
    """OpenMetadata's airflowConfig, without what is ours; the schedule as a cron line, absent for one on demand."""
    config, cron = workflow.airflow_config, workflow.airflow_config.cron_of(workflow.name)
    settings = config.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=OURS)
    return settings | ({"scheduleInterval": cron} if cron else {})


def _is_rare(workflow: Workflow) -> bool:
    cron = workflow.airflow_config.cron_of(workflow.name)
    return cron is None or all(part.isdigit() for part in cron.split()[:2])


def _closed(status: dict[str, Any]) -> dict[str, Any]:
    kept = {key: status[key] for key in ("runId", "startDate", "timestamp") if key in status}
    failure = {
        "name": "run",
        "error": f"{BROKEN_OFF}. Nothing is lost: the next run goes on where the catalogue stands",
    }
    step = {"name": "Kinesis", "records": 0, "warnings": 0, "errors": 1, "failures": [failure]}
    return kept | {"pipelineState": "failed", "endDate": now_ms(), "status": [step]}


def step_summaries(report: RunReport) -> list[dict[str, Any]]:
    """entity/services/ingestionPipelines/status.json#/definitions/stepSummary, one for each end of the pipeline."""
    reading = _summary("Kinesis", report.described, report, ("describe", "sample"))
    writing = _summary("OpenMetadata", report.written + report.unchanged + report.not_due, report, ("write", "delete"))
    if report.fatal:
        reading["errors"] += 1
        reading["failures"].insert(0, {"name": "run", "error": str(report.fatal)})
    return [reading | {"filtered": report.filtered}, writing | {"updated_records": report.written}]


def _summary(name: str, records: int, report: RunReport, steps: tuple[str, ...]) -> dict[str, Any]:
    failures = [problem for problem in (*report.failures, *report.failed_deletions) if problem.step in steps]
    return {
        "name": name,
        "records": records,
        "warnings": sum(problem.step in steps for problem in report.warnings),
        "errors": len(failures),
        "failures": [_failure(group) for group in grouped(failures)[:FAILURES]],
    }


def _failure(group: ProblemGroup) -> dict[str, str]:
    return {"name": group.named, "error": f"{group.cause}. {group.remedy}"}


def _best_effort(call: Callable[[], None], otherwise: str = "OpenMetadata was not told the status of this run") -> bool:
    """Whether it worked."""
    try:
        call()
    except IngestError as error:
        log.warning("%s: %s", otherwise, error)
        return False
    return True


def now_ms() -> int:
    return int(time.time() * 1000)
