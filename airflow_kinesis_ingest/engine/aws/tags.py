"""The AWS tags of all resources of some types in one listing, by the Resource Groups Tagging API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import IngestError, Stopped
from ..lineage.asking import Body, blocks, pages, text
from ..lineage.flow import Region, TagListing
from ..model import Problem

if TYPE_CHECKING:
    from ..workflow.models import Options

ACTIONS: Mapping[str, float] = {"tag:GetResources": 5.0}
"""AWS publishes no rate."""

TYPES: Mapping[str, str] = {"firehose": "firehose:deliverystream", "lambda": "lambda:function", "pipes": "pipes:pipe"}
"""Of the pipelines of a part, whose tags come in the pages of the streams'."""


def wants_tags(options: Options) -> bool:
    return options.tags.enabled or bool(options.owners.tag_keys)


def types_of(parts: Iterable[str]) -> tuple[str, ...]:
    """parts: the names of those in use."""
    return ("kinesis:stream", *(TYPES[part] for part in TYPES if part in set(parts)))


def tags(region: Region, types: Sequence[str]) -> TagListing:
    """100 resources a call; those that never had a tag are not among them. All pages are read at once, as the token of
    the next lives for 15 minutes. Raises Stopped.
    """
    found: dict[str, Mapping[str, str]] = {}
    problem: Problem | None = None
    (action,) = ACTIONS
    try:
        for each in pages(
            region,
            action,
            "ResourceTagMappingList",
            token="PaginationToken",  # noqa: S106 - of a page
            ResourceTypeFilters=list(types),
            ResourcesPerPage=100,
        ):
            found[text(each, "ResourceARN")] = _tags(each)
    except Stopped:
        raise
    except IngestError as error:
        problem = Problem("tags", action, error.cause, error.remedy, error.actions)
    return TagListing(found, complete=problem is None, problem=problem)


def _tags(resource: Body) -> dict[str, str]:
    return {key: text(tag, "Value") for tag in blocks(resource, "Tags") if (key := text(tag, "Key"))}
