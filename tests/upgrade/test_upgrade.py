"""What a released version wrote is read by this one: nothing is written anew but what is changed on purpose.

`0.1.0/` holds what that release wrote of `streams.streams()` into a catalogue file and into OpenMetadata, and the
fields that its workflow files could have. It is not to be changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run.pipeline import run
from airflow_kinesis_ingest.engine.workflow.models import json_schema
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.upgrade.streams import streams

pytestmark = pytest.mark.usefixtures("quick")

Entity = dict[str, Any]
WRITTEN = Path(__file__).parent / "0.1.0"
ON_PURPOSE = "shop.prices"
"""Its fields have dots in their names, which servers before 2.0 take once and then refuse every change of."""
HASHED_ANEW = "orders"  # it has a schema: since that forgets, the hash of such a topic holds days as well
EDITS: Entity = {
    "displayName": "Of people",
    "description": "Ask **checkout**",
    "owners": [{"id": "00000000-0000-0000-0000-000000000001", "type": "team", "name": "checkout"}],
    "tags": [{"tagFQN": "Tier.Tier1", "source": "Classification", "labelType": "Manual", "state": "Confirmed"}],
}


@pytest.fixture
def account() -> Iterator[FakeKinesis]:
    with FakeKinesis(streams(), quotas={}) as running:
        yield running


def stored() -> list[Entity]:
    found: list[Entity] = json.loads((WRITTEN / "topics.json").read_text(encoding="utf-8"))
    return found


def restore(catalogue: FakeOpenMetadata) -> None:
    """The topics as 0.1.0 left them, and as people edited them since."""
    for topic in stored():
        name, sample = topic.pop("name"), topic.pop("sampleData", {}).get("messages")
        for each in every_field(topic):
            each["description"] = "Of people"
        catalogue.add_topic("shop", name, sample=sample, **topic, **EDITS)


def every_field(holder: Entity, key: str = "schemaFields") -> Iterator[Entity]:
    for each in (holder.get("messageSchema") or holder).get(key) or []:
        yield each
        yield from every_field(each, "children")


def counts(report: RunReport) -> tuple[str, int, int]:
    return report.state, report.unchanged, report.written


@pytest.mark.parametrize("version", ["1.6.0", "1.13.0", "2.0.0"])
def test_topics_in_openmetadata_are_known_again_and_stay_as_people_have_them(
    account: FakeKinesis, version: str
) -> None:
    with FakeOpenMetadata(version=version) as catalogue:
        restore(catalogue)
        before = {name: topic["version"] for name, topic in catalogue.topics.items()}
        assert counts(run(workflow(account, catalogue))) == ("success", 4, 2)
        sent = {call.body.get("name") for call in catalogue.calls("PUT", "/topics")}
        assert sent == {ON_PURPOSE, HASHED_ANEW}
        assert catalogue.calls("PUT", "/topics/*/sampleData") == []
        changed = {name for name, topic in catalogue.topics.items() if topic["version"] != before[name]}
        assert changed == {f'shop."{ON_PURPOSE}"', f"shop.{HASHED_ANEW}"}
        for topic in catalogue.topics.values():
            assert {key: topic[key] for key in EDITS} == EDITS
            assert {each["description"] for each in every_field(topic)} in ({"Of people"}, set())
        assert counts(run(workflow(account, catalogue))) == ("success", 6, 0)
        assert catalogue.invalid_bodies == []


def test_a_catalogue_file_is_read_and_rewritten_only_where_it_is_on_purpose(
    account: FakeKinesis, tmp_path: Path
) -> None:
    path = tmp_path / "shop.catalogue.jsonl"
    shutil.copy(WRITTEN / "catalogue.jsonl", path)
    before = path.read_bytes().splitlines()
    assert counts(run(workflow(account, path))) == ("success", 5, 1)
    other = [line for line in path.read_bytes().splitlines() if line not in before]
    assert [json.loads(line)["name"] for line in other] == [ON_PURPOSE]
    assert counts(run(workflow(account, path))) == ("success", 6, 0)


def test_streams_that_are_gone_since_are_proven_gone(account: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The ARN that 0.1.0 recorded is where this version looks for it."""
    restore(catalogue)
    del account.streams["idle"]
    assert run(workflow(account, catalogue)).deleted == ("idle",)


def test_every_field_of_a_workflow_file_is_still_one() -> None:
    """In its place in the file; a model's own name stands in no file, and one has come to hold more than a JWT."""
    then = (WRITTEN / "fields.txt").read_text(encoding="utf-8").replace("JwtConfig.", "SecurityConfig.").split()
    assert set(then) - set(fields(json_schema())) == set()


def fields(schema: Entity) -> Iterator[str]:
    """Model and field, as `AwsConfig.awsRegion`; `.awsRegion` of the file itself."""
    for model, definition in ({"": schema} | schema["$defs"]).items():
        for name in definition.get("properties", {}):
            yield f"{model}.{name}"
