"""EventBridge rules whose target is a stream. Listed by bus: by target would be a call per stream and bus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from .asking import Body, Found, each_described, pages, stream_of, text
from .flow import Flow, Opaque, Region

BUSES, RULES, TARGETS = "events:ListEventBuses", "events:ListRules", "events:ListTargetsByRule"


class EventRules:
    name = "eventRules"
    actions: Mapping[str, float] = {BUSES: 5.0, RULES: 5.0, TARGETS: 40.0}
    """AWS allows 50 a second of all calls of EventBridge together."""

    def find(self, region: Region) -> Iterator[Found]:
        for bus in pages(region, BUSES, "EventBuses", Limit=100):
            if name := text(bus, "Name"):
                yield from self._on(region, name)

    def _on(self, region: Region, bus: str) -> Iterator[Found]:
        listed = pages(region, RULES, "Rules", EventBusName=bus, Limit=100)
        rules = {_full(bus, text(rule, "Name")): rule for rule in listed}
        return each_described(self.name, rules, lambda name: self._flows(region, bus, name, rules[name]))

    def _flows(self, region: Region, bus: str, name: str, rule: Body) -> Iterator[Flow]:
        bare = text(rule, "Name")
        for target in pages(region, TARGETS, "Targets", of=name, Rule=bare, EventBusName=bus, Limit=100):
            if stream := stream_of(text(target, "Arn")):
                yield Flow(
                    self.name,
                    text(rule, "Arn"),
                    name,
                    stream,
                    "writes",
                    (Opaque(f"events of the bus {bus}"),),
                    text(rule, "State").startswith("ENABLED"),
                    region.console(f"events/home#/eventbus/{quote(bus, safe='')}/rules/{quote(bare)}"),
                )


def _full(bus: str, rule: str) -> str:
    """Rules of two buses may have one name."""
    return rule if bus == "default" else f"{bus}/{rule}"
