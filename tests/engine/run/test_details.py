"""Tags and flows of streams in the words that the page shows."""

from __future__ import annotations

from airflow_kinesis_ingest.engine.catalogue.found import Found
from airflow_kinesis_ingest.engine.lineage.flow import Bucket, Listing, Opaque
from airflow_kinesis_ingest.engine.run.details import LONGEST, MOST, details
from airflow_kinesis_ingest.engine.run.streams import MOST_BYTES, packed, unpacked
from airflow_kinesis_ingest.engine.run.tally import Tally
from tests.engine.catalogue.linking import ACCOUNT, REGION, arn, listing, reads, tags

STREAMS = {name: arn(name) for name in ("clicks", "orders")}


def test_a_stream_has_its_tags_its_readers_and_its_writers() -> None:
    flows = [
        reads("firehose", "f", "clicks", Bucket("lake", "a/")),
        reads("lambda", "g", "clicks", active=False),
        reads("dms", "copy", "clicks", Opaque("mysql"), direction="writes"),
    ]
    found = Found(REGION, ACCOUNT, STREAMS, tags({"clicks": {"env": "prod", "pci": ""}}), (listing("x", *flows),))
    clicks, orders = details(found)
    assert clicks.tags == ("env=prod", "pci")
    assert clicks.readers == ("firehose f → s3://lake/a/", "lambda g (inactive)")
    assert clicks.writers == ("dms copy ← mysql",)
    assert orders == ("orders", (), (), ())


def test_what_could_not_be_listed_is_not_known() -> None:
    found = Found(REGION, ACCOUNT, STREAMS, tags({}, complete=False), (Listing("lambda"), listing("pipes")))
    assert list(details(found)) == [("clicks", None, None, None), ("orders", None, None, None)]


def test_a_stream_with_very_many_flows_shows_the_first_and_how_many_more() -> None:
    flows = [reads("lambda", f"{number:04}" + "x" * 200, "clicks") for number in range(MOST + 5)]
    (clicks, _) = details(Found(REGION, ACCOUNT, STREAMS, None, (listing("lambda", *flows),)))
    assert clicks.readers is not None
    assert (len(clicks.readers), clicks.readers[-1]) == (MOST, "and 6 more")
    assert max(map(len, clicks.readers)) == LONGEST


def test_ten_thousand_streams_stay_in_their_bound_and_lose_tags_before_flows_before_rows() -> None:
    """Every row is there, with what runs through it as long as that fits."""
    for number, kept in ((100, {"tags", "readers"}), (10_000, {"readers"})):
        names = {f"stream-{count:05}": arn(f"stream-{count:05}") for count in range(number)}
        tagged = tags({name: {f"key-{key}": f"{hash((name, key)):x}" for key in range(8)} for name in names})
        flows = [reads("lambda", f"f-{count % 50}", f"stream-{count:05}") for count in range(number)]
        tally = Tally()
        tally.detailed(details(Found(REGION, ACCOUNT, names, tagged, (listing("lambda", *flows),))))
        value = packed(tally.report().streams)
        assert len(value["data"]) <= MOST_BYTES
        assert (value["cut"], set(value["without"])) == (0, {"tags"} - kept)
        row = unpacked(value)[0]
        assert {"tags": bool(row.tags), "readers": bool(row.readers)} == {"tags": "tags" in kept, "readers": True}
