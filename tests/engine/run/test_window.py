"""What is told of a sample: from where and since when it is, and what kept the search from more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.sample import Sampler
from airflow_kinesis_ingest.engine.run.window import window
from airflow_kinesis_ingest.engine.workflow.models import SampleOptions
from tests.engine.aws.test_sample import DAY, HOUR, MINUTE, NOW, Shard, at, described, every, heavy


def told(*shards: Shard, closed: tuple[Shard, ...] = (), clock: Any = lambda: 0.0, **changes: Any) -> str:
    options = SampleOptions.model_validate(changes)
    taken = Sampler(options, clock).take(described(), shards, NOW, lambda: closed)
    return window(taken, options)


TEN_MINUTES = "2026-11-21 11:50:00 UTC"


@pytest.mark.parametrize(
    ("changes", "shards", "sentence"),
    [
        (
            {"count": 2},
            [Shard(*at(MINUTE, 2 * MINUTE)), Shard(*at(3 * MINUTE))],
            f"2 records of 2 open shards, read since {TEN_MINUTES}; no more: `options.sample.count` is 2",
        ),
        (
            {"maxBytes": 1024},
            [Shard(*heavy(10, 400))],
            "2 records of its open shard, read since 2026-11-21 11:59:00 UTC; "
            "no more: `options.sample.maxBytes` is 1024",
        ),
        (
            {},
            [Shard(*at(DAY, MINUTE))],
            f"1 record of its open shard, read since {TEN_MINUTES}; "
            "no more: older ones are not looked for while there are these",
        ),
        (
            {},
            [Shard(*at(DAY)), Shard(*at(HOUR))],
            "2 records of 2 open shards, read since the horizon; no more: there are no others",
        ),
        (
            {"shards": 1},
            [Shard(*at(DAY)), Shard(*at(HOUR))],
            "1 record of 1 of its open shards, read since the horizon; no more: `options.sample.shards` is 1",
        ),
        (
            {"position": "horizon"},
            [Shard(*at(DAY), empty=39)],
            "1 record of its open shard, read since the horizon; no more: 40 reads are the most for one stream",
        ),
        ({}, [Shard(), Shard()], "no record was found in 2 shards: from the horizon to now"),
        (
            {"position": "2026-11-21T10:00:00Z"},
            [Shard(*at(DAY))],
            "no record was found in its shard: since 2026-11-21 10:00:00 UTC",
        ),
        (
            {"shards": 1},
            [Shard(), Shard()],
            "no record was found in 1 of its shards: `options.sample.shards` is 1",
        ),
        ({}, [Shard(empty=99)], "no record was found in its shard: 40 reads are the most for one stream"),
    ],
    ids=[
        "count",
        "size",
        "newer ones were found",
        "all there are",
        "shards",
        "reads",
        "none",
        "none since a time",
        "none in some shards",
        "none in time",
    ],
)
def test_a_sample_says_where_it_is_from_and_why_it_is_no_larger(
    changes: dict[str, Any], shards: list[Shard], sentence: str
) -> None:
    assert told(*shards, **changes) == sentence


def test_closed_shards_are_named_as_such() -> None:
    sentence = told(Shard(), closed=(Shard(*at(HOUR), ends=True),))
    assert sentence == "1 record of its closed shard, read since the horizon; no more: there are no others"


def test_the_time_that_ran_out_is_named() -> None:
    passing = iter(range(0, 1000, 4))
    shard = Shard(*every(timedelta(seconds=1), 500, 9 * MINUTE))
    sentence = told(shard, clock=lambda: float(next(passing)), count=1000, maxBytes=10 << 20)
    assert sentence.endswith("no more: `options.sample.timeLimit` is 10 seconds")
