"""AWS's tags as labels of one classification of ours, `AWS.key.value`: which there are, and which a topic is to have.

A label is ours if it is of that classification and Automated; all others are people's, those of our own tags too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..model import Problem
from ..workflow.filters import stream_filter
from ..workflow.models import FilterPattern, TagOptions
from .client import entity_name, fqn
from .found import Found
from .sink import digest

STEP = "tags"
LONGEST = 256
"""Characters of a label's name that OpenMetadata's database holds; a longer one breaks the topic."""

SHORTEST = 24
CUT = 8  # hex digits in the place of what is cut off
AUTOMATED = "Automated"

Body = dict[str, Any]
Names = tuple[str, ...]
"""Of a tag: its classification, the key, and the value unless that is empty."""


def names_of(classification: str, key: str, value: str) -> Names:
    """Of the tag for an AWS tag: at most 256 characters as a fully qualified name, also for the longest of AWS's."""
    key = _fitted(key, LONGEST - len(fqn(classification)) - SHORTEST - 1)
    if not value.strip():
        return classification, key
    return classification, key, _fitted(value, LONGEST - len(fqn(classification, key)) - 1)


def _fitted(name: str, room: int) -> str:
    name = re.sub(r"[\x00-\x1f\x7f]", " ", name)
    if len(fqn(name)) <= room:
        return entity_name(name)
    return f"{entity_name(name)[: room - CUT - 3]}~{digest(name, CUT)}"


def label(name: str) -> Body:
    """A TagLabel (type/tagLabel.json): what AWS says is a fact."""
    return {"tagFQN": name, "source": "Classification", "labelType": AUTOMATED, "state": "Confirmed"}


def labels_in(classification: str, tags: object) -> dict[str, str]:
    """The labels of the classification among an entity's `tags`: fully qualified name -> label type."""
    found = [each for each in tags if isinstance(each, dict)] if isinstance(tags, list) else []
    return {
        str(each.get("tagFQN")): str(each.get("labelType"))
        for each in found
        if each.get("source") == "Classification" and str(each.get("tagFQN")).startswith(f"{fqn(classification)}.")
    }


@dataclass(frozen=True)
class Labels:
    """The labels of all streams of a run, by their fully qualified names."""

    found: Found
    options: TagOptions
    _names: dict[str, Names] = field(default_factory=dict)

    @cached_property
    def _keys(self) -> frozenset[str]:
        keys = self.options.keys
        kept = stream_filter(FilterPattern(includes=keys.includes, excludes=keys.excludes))
        every = {key for name in self.found.streams for key in self.found.tags_of(name)}
        return frozenset(key for key in every if kept(key).kept)

    @cached_property
    def _values(self) -> Mapping[str, int]:
        values: dict[str, set[str]] = {key: set() for key in self._keys}
        for name in self.found.streams:
            for key, value in self.found.tags_of(name).items():
                if key in values:
                    values[key].add(value)
        return {key: len(found) for key, found in values.items()}

    @cached_property
    def crowded(self) -> Mapping[str, int]:
        """The keys with more values than `maxValuesPerKey`, and how many these are."""
        return {key: count for key, count in self._values.items() if count > self.options.max_values_per_key}

    def true(self, stream: str) -> frozenset[str]:
        """What may stay on the stream's topic: a key that got too many values keeps the labels that are right."""
        tags = self.found.tags_of(stream)
        return frozenset(self._named(key, value) for key, value in tags.items() if key in self._keys)

    def wanted(self, stream: str) -> frozenset[str]:
        tags = self.found.tags_of(stream)
        kept = self._keys - self.crowded.keys()
        return frozenset(self._named(key, value) for key, value in tags.items() if key in kept)

    def _named(self, key: str, value: str) -> str:
        names = names_of(self.options.classification, key, value)
        name = fqn(*names)
        self._names[name] = names
        return name

    def names(self, name: str) -> Names:
        """Of a label that `true` or `wanted` gave."""
        return self._names[name]

    @property
    def problems(self) -> Iterable[Problem]:
        remedy = "Exclude it in `options.tags.keys`, or raise `maxValuesPerKey`"
        for key, count in sorted(self.crowded.items()):
            most = self.options.max_values_per_key
            yield Problem(STEP, key, f"its {count} values are more than {most}: its labels are left out", remedy)


@dataclass(frozen=True, slots=True)
class Relabelling:
    """The difference between a topic's labels and those it is to have.

    stored: its labels of our classification, with their types; true: those of ours that may stay; None for all.
    """

    stored: Mapping[str, str]
    wanted: frozenset[str]
    true: frozenset[str] | None

    @property
    def missing(self) -> frozenset[str]:
        """A label that people gave is as good as ours, and stays theirs."""
        return self.wanted - self.stored.keys()

    @property
    def stale(self) -> frozenset[str]:
        if self.true is None:
            return frozenset()
        return frozenset(name for name, kind in self.stored.items() if kind == AUTOMATED) - self.true

    def operations(self, tags: list[Body]) -> list[Body]:
        """A JSON Patch for an entity with these `tags`, of which each that goes is named: an index alone may be old."""
        places = [place for place, each in enumerate(tags) if self._goes(each)]
        operations: list[Body] = []
        for place in reversed(places):
            operations.append({"op": "test", "path": f"/tags/{place}/tagFQN", "value": tags[place]["tagFQN"]})
            operations.append({"op": "remove", "path": f"/tags/{place}"})
        return operations + [{"op": "add", "path": "/tags/-", "value": label(name)} for name in sorted(self.missing)]

    def _goes(self, each: Body) -> bool:
        ours = each.get("source") == "Classification" and each.get("labelType") == AUTOMATED
        return ours and each.get("tagFQN") in self.stale
