"""EventBridge Pipes: from a stream to a target, from a source to a stream, or both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from .arns import end_of
from .asking import Body, Found, pages, stream_of, text
from .flow import Direction, Flow, Region, Seen

LIST = "pipes:ListPipes"
GOING = ("RUNNING", "STARTING", "UPDATING")


class Pipes:
    """directions: which flows are wanted. Pipes of both are listed, as a pipe of the other one is not gone."""

    name = "pipes"
    actions: Mapping[str, float] = {LIST: 5.0}
    """AWS publishes no rate."""

    def __init__(self, directions: frozenset[Direction]) -> None:
        self._directions = directions

    def find(self, region: Region) -> Iterator[Found]:
        for prefix in ("SourcePrefix", "TargetPrefix"):
            for pipe in pages(region, LIST, "Pipes", Limit=100, **{prefix: f"arn:{region.partition}:kinesis:"}):
                if name := text(pipe, "Name"):
                    yield Seen(name)
                    yield from self._flows(region, name, pipe)

    def _flows(self, region: Region, name: str, pipe: Body) -> Iterator[Flow]:
        source, target = text(pipe, "Source"), text(pipe, "Target")
        sides: tuple[tuple[Direction, str, str], ...] = (("reads", source, target), ("writes", target, source))
        for direction, at, other in sides:
            if direction in self._directions and (stream := stream_of(at)):
                yield Flow(
                    self.name,
                    text(pipe, "Arn"),
                    name,
                    stream,
                    direction,
                    end_of(other),
                    text(pipe, "CurrentState") in GOING,
                    region.console(f"events/home#/pipes/{quote(name)}"),
                    text(pipe, "Enrichment") or None,
                    consumer_arn=at if at != stream else None,
                )
