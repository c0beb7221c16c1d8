"""What happens after a task failed for good: people are told, one message for each task.

The callback holds data alone, so that reading a DAG imports no notifier. Airflow calls it in the task's own process,
after the state is stored, and after it was stopped on its last try, as by who marks it as failed; in the dag processor
where the worker was lost; and not at all where the process is killed with SIGKILL while the worker lives.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from ..engine.workflow.notifiers import KNOWN, Known
from .probe import PROBE, conf_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from ..engine.workflow.models import Notice

log = logging.getLogger(__name__)

CUT = 4_000  # characters of the reason: a message of Slack or SNS has an end
KINDS = (("failures", "Failed"), ("failed_deletions", "Not deleted"))


@dataclass(frozen=True, slots=True)
class Message:
    """What people are told. text: lines; nobody's markup."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class OnFailure:
    """Airflow's `on_failure_callback` of a task. target: its key, "" where the file has none. service: its name."""

    notices: tuple[Notice, ...]
    service: str
    target: str = ""

    def __call__(self, context: Context) -> None:
        """Tell everybody. Whatever goes wrong is logged: the task has its state already, and others are told still."""
        if PROBE in conf_of(context):  # an answer, not a run
            return
        message = composed(self, context)
        for notice in self.notices:
            _try_to_tell(notice, message, context)


def composed(callback: OnFailure, context: Context) -> Message:
    """The message of one run: what its report has, or what is known without one. All texts went through disclosure."""
    ti = context["ti"]
    name = f"{ti.dag_id}, {callback.target}" if callback.target else ti.dag_id
    report = _report(ti)
    lines = [
        f"{name} failed, try {ti.try_number}.",
        f"Run: {ti.run_id}",
        f"Service: {callback.service}",
        *(_told(report) if report else [_untold(context.get("exception"))]),
        f"Log: {ti.log_url}",
    ]
    return Message(f"Kinesis ingestion failed: {name}", "\n".join(lines))


def _report(ti: Any) -> dict[str, Any] | None:
    """What this try left; Airflow deletes that of the try before."""
    try:
        found = ti.xcom_pull(task_ids=ti.task_id, key="return_value", map_indexes=ti.map_index)
    except Exception as error:  # noqa: BLE001 - a border: a message without the report is better than none
        log.warning("The report of the run could not be read (%s): the message is without it", type(error).__name__)
        return None
    return found if isinstance(found, dict) and "failures" in found else None


def _told(report: Mapping[str, Any]) -> Iterator[str]:
    account = f", account {report['account']}" if report.get("account") else ""
    yield f"Region: {report.get('region')}{account}"
    right = report["written"] + report["unchanged"] + report.get("not_due", 0)
    yield f"Streams: {report['listed'] - report['filtered']}, right {right}, failed {report['failures_count']}"
    if report["not_reached_count"]:
        yield f"Not reached: {report['not_reached_count']}"
    if report.get("fatal"):
        yield f"Reason: {_cut(report['fatal']['cause'])}"
    for key, title in KINDS:
        yield from (f"{title}: {_grouped(group)}" for group in report[key])


def _grouped(group: Mapping[str, Any]) -> str:
    """One cause, how many it hit, and some of them."""
    names = ", ".join(group["entities"][:3])
    count = group["entities_count"]
    more = f" and {count - 3} more" if count > 3 else ""
    return f"{count} ({group['step']}): {_cut(group['cause'])}. {group['remedy']} [{names}{more}]"


def _untold(error: object) -> str:
    """An exception of another's making may hold anything: its kind alone is told."""
    if isinstance(error, AirflowFailException):  # raised of our own errors alone, whose texts may be shown
        return f"Reason: {_cut(str(error))}"
    if error is not None:
        return f"Reason: {type(error).__name__}; the log has more. The run left no report"
    return "The run left no report: its worker or its process was lost. Airflow knows no more"


def _cut(text: str) -> str:
    return text if len(text) <= CUT else f"{text[:CUT]} ..."


def _try_to_tell(notice: Notice, message: Message, context: Context) -> None:
    name = notice.notifier
    known = KNOWN.get(name)
    try:
        notifier = _class(name)(**arguments(notice, message))
        # Not called: that would render its fields, and a text with `{{ var.value.x }}` would tell a Variable.
        notifier.notify(context)
    except ImportError as error:
        package = f"Install {known.package} where tasks run" if known else "Check `[kinesis_ingest] notifiers`"
        log.warning("%s told nobody (%s). %s, and in the dag processor", name, type(error).__name__, package)
    except Exception as error:  # noqa: BLE001 - a border: a notifier is another's code, and the task's state stays
        # Its text stays out: nobody has seen to it that it holds no secret.
        remedy = f"Check the connection `{notice.connection}`" if notice.connection else "Check its default connection"
        log.warning("%s told nobody (%s). %s, and what it says under Test", name, type(error).__name__, remedy)
    else:
        log.info("%s was told of the failure", name)


def _class(name: str) -> Any:
    """Raises ImportError."""
    from ..hooks.notifiers import configured_notifiers

    known = KNOWN.get(name)
    path = known.path if known else configured_notifiers().get(name, "")
    module, _, attribute = path.rpartition(".")
    if not module:
        raise ImportError(name)
    found = getattr(import_module(module), attribute, None)
    if found is None:
        raise ImportError(path)
    return found


def arguments(notice: Notice, message: Message) -> dict[str, Any]:
    """What the class is made with: a known one in its own words, a configured one in ours."""
    known = KNOWN.get(notice.notifier)
    if known is None:
        own = {"connection": notice.connection, "to": list(notice.to)}
        return {"subject": message.subject, "message": message.text} | own
    given = {known.text: written_in(known.markup, message.text)}
    if known.subject:
        given[known.subject] = _headed(known, message.subject)
    if notice.connection:
        given[known.connection] = notice.connection
    return given | ({known.to: _recipients(known, notice.to)} if known.to else {})


def _headed(known: Known, subject: str) -> str:
    """SNS takes 99 characters."""
    return subject[:99] if known.markup == "plain" else subject


def _recipients(known: Known, to: Sequence[str]) -> Any:
    return list(to) if known.most > 1 else to[0]


def written_in(markup: str, text: str) -> str:
    """The text where `<` and `&` have a meaning: what a server answered is shown, and formats or links nothing."""
    if markup == "html":
        return f"<pre>{html.escape(text)}</pre>"
    return html.escape(text, quote=False) if markup == "slack" else text
