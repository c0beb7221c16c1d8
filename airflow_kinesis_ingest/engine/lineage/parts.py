"""The parts that a workflow file asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from .channels import Channels
from .consumers import Consumers
from .dms import Dms
from .dynamodb import DynamoDb
from .event_rules import EventRules
from .firehose import Firehose
from .flow import Direction, Part
from .lambda_ import Lambda
from .pipes import Pipes

if TYPE_CHECKING:
    from ..workflow.models import LineageOptions

READERS: Mapping[str, Callable[[LineageOptions], Part]] = {
    "firehose": lambda _: Firehose(),
    "channels": lambda _: Channels(),
    "lambda": lambda _: Lambda(),
    "pipes": lambda options: Pipes(_directions(options)),
    "consumers": lambda _: Consumers(),
}
WRITERS: Mapping[str, Callable[[LineageOptions], Part]] = {
    "pipes": READERS["pipes"],
    "eventRules": lambda _: EventRules(),
    "dms": lambda _: Dms(),
    "dynamodb": lambda options: DynamoDb(options.dynamodb_tables),
}


def parts(options: LineageOptions) -> tuple[Part, ...]:
    """One for each service that is asked for: pipes that read and pipes that write are one part."""
    makers = {name: READERS[name] for name in options.readers} | {name: WRITERS[name] for name in options.writers}
    return tuple(make(options) for make in makers.values())


def every_part() -> Iterator[Part]:
    from ..workflow.models import LineageOptions

    options = LineageOptions(readers=list(READERS), writers=list(WRITERS))  # type: ignore[arg-type]
    yield from parts(options)


def _directions(options: LineageOptions) -> frozenset[Direction]:
    found: dict[Direction, bool] = {"reads": "pipes" in options.readers, "writes": "pipes" in options.writers}
    return frozenset(direction for direction, asked in found.items() if asked)
