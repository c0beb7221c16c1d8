"""Many pipelines with one schedule: each at a minute of its own, so that they do not all begin at minute 0.

Only the words `hourly`, `daily` and `weekly` are shared out: they ask for an interval, and leave the minute to us. Who
writes a cron line has chosen the minute.
"""

from __future__ import annotations

from hashlib import sha256

INTERVALS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800}
"""Seconds; a pipeline that is more than an interval late would be the next one's."""

MINUTES_A_DAY = 1_440


def spread_line(word: str, name: str, seconds: int) -> str:
    """The cron line of `hourly`, `daily` or `weekly`, later by whole minutes, fewer than `seconds` are.

    By how many is made of the pipeline's name alone: the same in every process, machine and version of Python.
    """
    days, minutes = divmod(_offset(name, seconds // 60), MINUTES_A_DAY)
    hour, minute = divmod(minutes, 60)
    return f"{minute} " + {"hourly": "* * * *", "daily": f"{hour} * * *", "weekly": f"{hour} * * {days}"}[word]


def _offset(name: str, slots: int) -> int:
    return int.from_bytes(sha256(name.encode()).digest(), "big") % slots if slots else 0
