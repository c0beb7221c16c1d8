"""AWS Lambda: functions that an event source mapping calls with a stream's records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from .asking import Body, Found, pages, stream_of, text
from .flow import Flow, Region

LIST = "lambda:ListEventSourceMappings"


class Lambda:
    name = "lambda"
    actions: Mapping[str, float] = {LIST: 15.0}
    """Which all of Lambda's calls but invocations share."""

    def find(self, region: Region) -> Iterator[Found]:
        for mapping in pages(region, LIST, "EventSourceMappings", token="NextMarker", into="Marker", MaxItems=100):  # noqa: S106
            if flow := self._flow(region, mapping):
                yield flow

    def _flow(self, region: Region, mapping: Body) -> Flow | None:
        """None for a queue, a topic of Kafka or another event source than a stream."""
        source, function = text(mapping, "EventSourceArn"), text(mapping, "FunctionArn")
        stream, name = stream_of(source), function.partition(":function:")[2]
        if not (stream and name):
            return None
        return Flow(
            self.name,
            function,
            name,
            stream,
            "reads",
            active=text(mapping, "State") in ("Enabled", "Enabling", "Updating"),
            console_url=region.console(f"lambda/home#/functions/{quote(name.partition(':')[0])}"),
            consumer_arn=source if source != stream else None,
        )
