"""Who tells people that a run failed: the names that `airflowConfig.onFailure` may use, as data.

Each class path and argument is that of the provider's package: smtp 3.2, slack 9.11, amazon 9.39, apprise 2.4.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from ...errors import Fault
from .document import Document, Place, value_at

ON_FAILURE: Place = ("airflowConfig", "onFailure")
MANY = 100  # addresses


@dataclass(frozen=True, slots=True)
class Known:
    """One notifier. path: its class. package: that has it. connection, text, subject, to: its arguments for them; ""
    where it has none. least, most: how many `to` it takes. markup: what the text is written in.
    """

    path: str
    package: str
    connection: str
    text: str
    subject: str = ""
    to: str = ""
    least: int = 0
    most: int = 0
    markup: str = "plain"


_SLACK = "airflow.providers.slack.notifications"
KNOWN = {
    "smtp": Known(
        "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
        "apache-airflow-providers-smtp",
        "smtp_conn_id",
        "html_content",
        subject="subject",
        to="to",
        least=1,
        most=MANY,
        markup="html",
    ),
    "slack": Known(
        f"{_SLACK}.slack.SlackNotifier",
        "apache-airflow-providers-slack",
        "slack_conn_id",
        "text",
        to="channel",
        least=1,
        most=1,
        markup="slack",
    ),
    "slack-webhook": Known(
        f"{_SLACK}.slack_webhook.SlackWebhookNotifier",
        "apache-airflow-providers-slack",
        "slack_webhook_conn_id",
        "text",
        markup="slack",
    ),
    "sns": Known(
        "airflow.providers.amazon.aws.notifications.sns.SnsNotifier",
        "apache-airflow-providers-amazon",
        "aws_conn_id",
        "message",
        subject="subject",
        to="target_arn",
        least=1,
        most=1,
    ),
    "apprise": Known(
        "airflow.providers.apprise.notifications.apprise.AppriseNotifier",
        "apache-airflow-providers-apprise",
        "apprise_conn_id",
        "body",
        subject="title",
    ),
}


def added(text: str) -> dict[str, str]:
    """Name -> class path, of `[kinesis_ingest] notifiers`. What is no `NAME = module.path.Class` is no notifier."""
    return dict(re.findall(r"(?:^|[\s,])([a-z][a-z0-9_-]*)\s*=\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)", text))


def strangers(document: Document, named: Collection[str], problem: str) -> Iterator[Fault]:
    """Notifiers that are neither known nor among those that the configuration names."""
    blocks = value_at(document.data, ON_FAILURE)
    for number, block in enumerate(blocks if isinstance(blocks, list) else ()):
        name, names = block["notifier"], [*KNOWN, *named]
        if name not in names:
            near = get_close_matches(name, names, 1)
            remedy = f"Did you mean `{near[0]}`?" if near else f"Write one of {', '.join(names)}."
            more = f"{remedy} `[kinesis_ingest] notifiers` adds others"
            yield document.fault((*ON_FAILURE, number, "notifier"), problem, more)


def recipient_faults(document: Document) -> Iterator[Fault]:
    """`to` of the known notifiers, where there are too few or too many."""
    blocks = value_at(document.data, ON_FAILURE)
    for number, block in enumerate(blocks if isinstance(blocks, list) else ()):
        name, to = (block.get("notifier"), block.get("to", [])) if isinstance(block, dict) else (None, None)
        known = KNOWN.get(name) if isinstance(name, str) else None
        if known and isinstance(to, list) and not known.least <= len(to) <= known.most:
            place = (*ON_FAILURE, number, "to" if "to" in block else "notifier")
            yield document.fault(place, f"`{name}` takes {_many(known)}", _remedy(known))


def _many(known: Known) -> str:
    if not known.most:
        return "no `to`: its connection says where"
    return "one in `to`" if known.most == 1 else f"one to {known.most} addresses in `to`"


def _remedy(known: Known) -> str:
    return f"Write them as a list: the `{known.to}` of {known.path.rpartition('.')[2]}" if known.most else "Remove it"
