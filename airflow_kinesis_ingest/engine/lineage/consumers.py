"""Registered consumers of streams (enhanced fan-out): AWS tells their names, and not who reads by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from ...errors import Skip, StreamGone
from .asking import Found, pages, problem_of, text
from .flow import Flow, Region, Unfinished

LIST = "kinesis:ListStreamConsumers"


class Consumers:
    name = "consumers"
    actions: Mapping[str, float] = {LIST: 20.0}
    """AWS allows 5 a second of one stream, and each stream is asked once, as it was described."""

    def find(self, region: Region) -> Iterator[Found]:
        for arn in region.with_consumers():
            if isinstance(arn, Unfinished):
                yield arn
                continue
            try:
                yield from self._of(region, arn)
            except StreamGone:
                continue
            except Skip as error:
                yield problem_of(self.name, _name(arn), error)
                yield Unfinished()

    def _of(self, region: Region, arn: str) -> Iterator[Flow]:
        stream = _name(arn)
        for consumer in pages(region, LIST, "Consumers", of=stream, StreamARN=arn, MaxResults=100):
            name, own = text(consumer, "ConsumerName"), text(consumer, "ConsumerARN")
            yield Flow(
                self.name,
                own,
                f"{stream}/{name}",  # alone, it is unique in its stream only
                arn,
                "reads",
                active=text(consumer, "ConsumerStatus") == "ACTIVE",
                console_url=region.console(f"kinesis/home#/streams/details/{quote(stream)}/enhancedFanOut"),
                consumer_arn=own,
            )


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
