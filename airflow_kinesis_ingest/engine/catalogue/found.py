"""What a run found beside the streams themselves, on its way into the catalogue, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..lineage.flow import Listing, TagListing
from ..model import Problem


@dataclass(frozen=True, slots=True)
class Found:
    """AWS's tags and flows of one account and region, for `Sink.link`.

    streams: name -> ARN (None where it is not told) of every stream that AWS listed, kept by the filter or not; what is
    linked is those of them that are catalogued. account: of the run; None, and nothing is removed. tags: None where
    they were not asked for. listings: one for each part in use, those that failed too; of a part without one, nothing
    is written or removed.
    """

    region: str
    account: str | None
    streams: Mapping[str, str | None]
    tags: TagListing | None = None
    listings: tuple[Listing, ...] = ()


@dataclass(frozen=True, slots=True)
class Linked:
    """What `Sink.link` did: how many topics had their labels or owners changed; pipelines and edges written, removed.

    problems: what was not, each with its remedy; those of the listings themselves are not repeated.
    """

    labelled: int = 0
    written: int = 0
    removed: int = 0
    problems: tuple[Problem, ...] = ()
