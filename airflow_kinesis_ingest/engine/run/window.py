"""Where the records of a sample come from, and why there are no more of them, in words."""

from __future__ import annotations

from datetime import datetime

from ..aws.sample import READS, Taken
from ..workflow.models import SampleOptions


def window(taken: Taken, options: SampleOptions) -> str:
    """One sentence without a stop."""
    looked = taken.looked
    which = "shard" if looked.shards == 1 and not looked.others else "shards"
    of = f"{looked.shards} of its" if looked.others else f"{looked.shards}" if looked.shards > 1 else "its"
    if not taken.records:
        return f"no record was found in {of} {which}: {_why_none(taken, options)}"
    count = "1 record" if len(taken.records) == 1 else f"{len(taken.records)} records"
    since = f"{taken.since:%Y-%m-%d %H:%M:%S} UTC" if taken.since else "the horizon"
    where = f"{of} {'closed' if taken.closed else 'open'} {which}"
    return f"{count} of {where}, read since {since}; no more: {_why_no_more(taken, options)}"


def _why_none(taken: Taken, options: SampleOptions) -> str:
    if taken.exhausted:
        since = options.position
        return f"since {since:%Y-%m-%d %H:%M:%S} UTC" if isinstance(since, datetime) else "from the horizon to now"
    return _bound(taken, options) or _beyond(taken, options)


def _why_no_more(taken: Taken, options: SampleOptions) -> str:
    bound = _bound(taken, options)
    if bound:
        return bound
    if options.position == "latest" and taken.since:
        return "older ones are not looked for while there are these"
    return _beyond(taken, options) or "there are no others"


def _beyond(taken: Taken, options: SampleOptions) -> str:
    if not taken.looked.whole:
        return "not every shard could be read to its end"
    return f"`options.sample.shards` is {options.shards}" if taken.looked.others else ""


def _bound(taken: Taken, options: SampleOptions) -> str:
    texts = {
        "count": f"`options.sample.count` is {options.count}",
        "maxBytes": f"`options.sample.maxBytes` is {options.max_bytes}",
        "calls": f"{READS} reads are the most for one stream",
        "bytes": "the reads gave eight times `options.sample.maxBytes`",
        "timeLimit": f"`options.sample.timeLimit` is {options.time_limit} seconds",
    }
    return texts[taken.looked.bound] if taken.looked.bound else ""
