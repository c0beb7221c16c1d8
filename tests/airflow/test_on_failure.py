"""`airflowConfig.onFailure`: who is told of a run that failed, of what, and what never stands in a message."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_kinesis_ingest.engine.model import Problem, RunReport
from airflow_kinesis_ingest.engine.workflow.models import Notice
from airflow_kinesis_ingest.engine.workflow.notifiers import KNOWN
from airflow_kinesis_ingest.operators import on_failure
from airflow_kinesis_ingest.operators.kinesis import summary
from airflow_kinesis_ingest.operators.on_failure import Message, OnFailure, arguments, composed, written_in
from tests.airflow.loading import SOURCE, Bundle
from tests.airflow.test_operator import XComs, operator, partly_refused
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.smtp import FakeSmtp, text_of

MAIL = {"notifier": "smtp", "connection": "mail", "to": ["team@example.com"]}
TARGETS = [{"account": "123456789012", "regions": ["us-east-2", "eu-west-1"]}]
REPORT = RunReport(
    "failed",
    listed=30,
    written=18,
    account="123456789012",
    failures=tuple(
        Problem("describe", f"s{n}", "AWS says <b>no</b> & {{ var.value.secret }}", "Allow it") for n in range(12)
    ),
)


class Told(SimpleNamespace):
    """A task instance as a callback has it."""

    def xcom_pull(self, **_: Any) -> Any:
        if isinstance(self.report, Exception):
            raise self.report
        return self.report


def context(report: Any = None, error: BaseException | None = None, **more: Any) -> Any:
    names = {"dag_id": "shop", "task_id": "ingest", "run_id": "manual__1", "try_number": 2, "map_index": -1}
    ti = Told(**names, log_url="http://airflow/log", report=report)
    return {"ti": ti, "exception": error} | more


def red(report: RunReport = REPORT) -> Any:
    return context(summary(report) | {"region": "us-east-2", "service": "shop"})


def callback(*notices: dict[str, Any], target: str = "") -> OnFailure:
    given = notices or (MAIL,)
    return OnFailure(tuple(Notice.model_validate(each) for each in given), "shop", target)


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSmtp]:
    """A mail server behind the Airflow connection `mail`."""
    with FakeSmtp() as fake:
        monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(fake.connection()))
        yield fake


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a company's own notifier, which the configuration names `pager`, was made with."""
    made: list[dict[str, Any]] = []

    class Pager:
        def __init__(self, **given: Any) -> None:
            made.append(given)

        def notify(self, context: Any) -> None:
            made[-1]["told"] = context["ti"].run_id

    module = ModuleType("company_pager")
    module.Pager = Pager  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "company_pager", module)
    monkeypatch.setenv("AIRFLOW__KINESIS_INGEST__NOTIFIERS", "pager = company_pager.Pager, lost=no.such.Thing")
    return made


# --- the file --------------------------------------------------------------------------------------------------------


def test_each_task_has_the_callback_of_its_target(tmp_path: Path) -> None:
    """A file without targets has one; one without onFailure none."""
    bundle = Bundle(tmp_path)
    bundle.put("one.yaml", airflowConfig={"onFailure": [MAIL]})
    bundle.put("many.yaml", airflowConfig={"onFailure": [MAIL]}, targets=TARGETS)
    bundle.put("none.yaml")
    dags = bundle.worker_dags()
    keys = {dag_id: [each.target for task in dag.tasks for each in on(task)] for dag_id, dag in dags.items()}
    assert keys == {"one": [""], "many": ["123456789012_us-east-2", "123456789012_eu-west-1"], "none": []}


def on(task: Any) -> list[Any]:
    given = task.on_failure_callback or []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def test_a_serialized_dag_knows_that_somebody_is_told_and_reading_it_imports_no_notifier(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path)
    bundle.put("shop.yaml", airflowConfig={"onFailure": [{"notifier": "slack", "to": ["#data"]}]})
    for name in [name for name in sys.modules if name.startswith("airflow.providers.smtp.notifications")]:
        del sys.modules[name]
    parsed = bundle.parsed()
    assert parsed.errors == {}
    assert '"has_on_failure_callback": true' in json.dumps(parsed.dags["shop"])
    assert not any(name.startswith("airflow.providers.smtp.notifications") for name in sys.modules)
    assert bundle.parsed().text == parsed.text


@pytest.mark.parametrize(
    ("notice", "fault"),
    [
        (
            "{notifier: stmp, to: [a@b.c]}",
            "2:26: airflowConfig.onFailure[0].notifier: this is no notifier of this Airflow",
        ),
        ("{notifier: smtp}", "2:26: airflowConfig.onFailure[0].notifier: `smtp` takes one to 100 addresses"),
        ("{notifier: slack, to: [a, b]}", "`slack` takes one in `to`"),
        ("{notifier: slack-webhook, to: [a]}", "`slack-webhook` takes no `to`: its connection says where"),
        ("{notifier: os.system, to: [a]}", "this is no name of a notifier"),
        ("{notifer: smtp, to: [a@b.c]}", "Did you mean `notifier`?"),
        ("{notifier: smtp, to: [a@b.c], password: x}", "airflowConfig.onFailure[0].password"),
    ],
)
def test_a_typo_is_a_fault_of_its_file_alone(tmp_path: Path, notice: str, fault: str) -> None:
    bundle = Bundle(tmp_path)
    bundle.put("shop.yaml", f"airflowConfig:\n  onFailure: [{notice}]\nsource: {json.dumps(SOURCE)}\n")
    bundle.put("good.yaml")
    parsed = bundle.parsed()
    assert parsed.deployed == {"good"}
    assert fault in parsed.errors["workflows/shop.yaml"]


def test_the_configuration_adds_notifiers(tmp_path: Path, ours: list[dict[str, Any]]) -> None:
    """Their names are good in a file from then on, and their classes are made with our four words."""
    bundle = Bundle(tmp_path)
    bundle.put("shop.yaml", airflowConfig={"onFailure": [{"notifier": "pager", "to": ["night"]}]})
    (told,) = on(bundle.started("shop"))
    told(red())
    (made,) = ours
    assert {key: made[key] for key in ("connection", "to", "told")} == {
        "connection": None,
        "to": ["night"],
        "told": "manual__1",
    }
    assert made["subject"] == "Kinesis ingestion failed: shop"
    assert "Streams: 30" in made["message"]


# --- the message -----------------------------------------------------------------------------------------------------


def test_a_message_has_the_problems_by_their_cause() -> None:
    lines = composed(callback(target="123456789012_us-east-2"), red()).text.splitlines()
    assert lines == [
        "shop, 123456789012_us-east-2 failed, try 2.",
        "Run: manual__1",
        "Service: shop",
        "Region: us-east-2, account 123456789012",
        "Streams: 30, right 18, failed 12",
        "Failed: 12 (describe): AWS says <b>no</b> & {{ var.value.secret }}. Allow it [s0, s1, s2 and 9 more]",
        "Log: http://airflow/log",
    ]


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (context(), "The run left no report: its worker or its process was lost. Airflow knows no more"),
        (context(error=AirflowFailException("line 3: no region")), "Reason: line 3: no region"),
        (context(error=ValueError("password=hunter2")), "Reason: ValueError; the log has more. The run left no report"),
        (context(error=AirflowException("extra of a connection: hunter2")), "Reason: AirflowException; the log"),
        (context(ConnectionError("hunter2")), "The run left no report"),
    ],
)
def test_without_a_report_a_message_says_what_is_known(told: Any, line: str) -> None:
    """An exception of anybody else's is named by its kind: what its text holds nobody has seen to."""
    text = composed(callback(), told).text
    assert line in text
    assert "hunter2" not in text
    assert "Log: http://airflow/log" in text


@pytest.mark.parametrize(("markup", "shown"), [("html", "&lt;!here&gt; &amp;"), ("slack", "&lt;!here&gt; &amp;")])
def test_what_a_server_answered_formats_and_calls_nobody(markup: str, shown: str) -> None:
    assert shown in written_in(markup, "<!here> &")


def test_a_run_that_asks_tells_nobody(mails: FakeSmtp) -> None:
    told = red()
    told["dag_run"] = SimpleNamespace(conf={"probe": "test"})
    callback()(told)
    assert mails.mails == []


# --- telling ---------------------------------------------------------------------------------------------------------


def test_a_red_run_sends_one_mail_by_airflows_own_notifier(aws: FakeKinesis, mails: FakeSmtp, tmp_path: Path) -> None:
    """Through an Airflow connection, with the report that the task left; what AWS said is text and no template."""
    partly_refused(aws, 3)
    ti = XComs()
    flow = document(aws, tmp_path / "out.jsonl")
    with pytest.raises(AirflowException):
        operator(flow).execute({"run_id": "manual__1", "params": {}, "ti": ti})  # type: ignore[typeddict-item]
    callback()(context(ti.pushed["return_value"]))
    (mail,) = mails.mails
    assert (mail["to"], mail["from"]) == ("team@example.com", "airflow@example.com")
    assert mail["subject"] == "Kinesis ingestion failed: shop"
    assert "Failed: 3 (" in text_of(mail)


def test_no_text_of_a_problem_is_rendered(mails: FakeSmtp) -> None:
    """Airflow's way to call a notifier would put a Variable's value there."""
    callback()(red())
    text = text_of(mails.mails[0])
    assert "{{ var.value.secret }}" in text
    assert "AWS says &lt;b&gt;no&lt;/b&gt; &amp; " in text


def test_a_notifier_that_fails_is_logged_with_what_to_do_and_the_next_one_tells(
    monkeypatch: pytest.MonkeyPatch, ours: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """The callback raises nothing, and no text of the notifier's error is shown."""
    pager = {"notifier": "pager"}
    with FakeSmtp(refuse=True) as fake:
        monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(fake.connection()))
        with caplog.at_level(logging.WARNING, on_failure.__name__):
            callback(MAIL, {"notifier": "lost"}, {"notifier": "apprise"}, pager)(red())
    smtp, lost, apprise = (record.getMessage() for record in caplog.records if record.name == on_failure.__name__)
    assert smtp.startswith("smtp told nobody (SMTP")
    assert "Check the connection `mail`" in smtp
    assert "Check `[kinesis_ingest] notifiers`" in lost
    assert "Install apache-airflow-providers-apprise where tasks run" in apprise
    assert "hunter2" not in caplog.text
    assert len(ours) == 1


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_notifier_takes_what_it_is_made_with(name: str) -> None:
    """Of the packages that are installed here."""
    known = KNOWN[name]
    module = pytest.importorskip(known.path.rpartition(".")[0], reason=f"{known.package} is not installed")
    notice = Notice.model_validate({"notifier": name, "connection": "c", "to": ["x"] * min(known.most, 2)})
    given = arguments(notice, Message("subject", "text"))
    signature(getattr(module, known.path.rpartition(".")[2]).__init__).bind(None, **given)
    assert getattr(module, known.path.rpartition(".")[2])(**given).notify
