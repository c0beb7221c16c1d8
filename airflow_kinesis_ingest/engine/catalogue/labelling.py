"""Labels and owners of topics in OpenMetadata: what AWS's tags say, beside what people did."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..workflow.models import Workflow
from .client import OpenMetadata, fqn, quoted
from .found import Attempts, Each, Found
from .owners import STEP as OWNERS
from .owners import Owners, Owning, own_owners, references
from .tags import STEP as TAGS
from .tags import Labels, Names, Relabelling, labels_in

Body = dict[str, Any]
DESCRIPTION = "Tags of AWS resources, kept up to date by the ingestion of Kinesis streams"


class Labelled(NamedTuple):
    """A live topic as it was listed. labels: of our classification; owners: those of its own."""

    id: str
    name: str
    labels: Mapping[str, str]
    owners: frozenset[tuple[str, str]]


class Wish(NamedTuple):
    """What a topic is to have. owners: () to leave those it has."""

    wanted: frozenset[str]
    true: frozenset[str] | None
    owners: Owners


@dataclass(slots=True)
class Labelling:
    """Gives one run's topics their labels and owners; once.

    An unchanged topic costs no call. One that is to change is read first, so that nobody's change since the listing is
    lost: labels are added and removed one by one, by PATCH.
    """

    client: OpenMetadata
    workflow: Workflow
    found: Found
    attempts: Attempts
    each: Each
    changed: int = 0
    _unusable: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def label(self, topics: Iterable[Labelled]) -> None:
        """topics: of the streams that AWS listed; those that have lost theirs are left as they are."""
        labels = Labels(self.found, self.workflow.options.tags)
        owning = Owning(self.client, self.workflow.options.owners.domain)
        wishes: dict[str, tuple[Labelled, Wish]] = {}
        self.each(lambda topic: self._wish(topic, labels, owning, wishes), topics)
        self._tell(labels, owning)
        todo = [(topic, wish) for topic, wish in wishes.values() if _changes(topic, wish)]
        self._make_tags(labels, {name for topic, wish in todo for name in wish.wanted - topic.labels.keys()})
        self.each(self._apply, todo)

    def _wish(self, topic: Labelled, labels: Labels, owning: Owning, into: dict[str, tuple[Labelled, Wish]]) -> None:
        owners: Owners = ()
        if not topic.owners or self.workflow.metadata.override_metadata:
            keys = self.workflow.options.owners.tag_keys
            with self.attempts.at(OWNERS, topic.name):
                if keys and not self.attempts.is_over(OWNERS):
                    owners = owning.of_tags(self.found.tags_of(topic.name), keys)
        into[topic.name] = topic, self._labels(topic, labels, owners)

    def _labels(self, topic: Labelled, labels: Labels, owners: Owners) -> Wish:
        if not self.workflow.options.tags.enabled or self.found.tags is None:
            return Wish(frozenset(), None, owners)
        is_proven = self.found.tags.complete and self.found.account is not None
        with self._lock:
            true = labels.true(topic.name) if is_proven else None
            return Wish(labels.wanted(topic.name), true, owners)

    def _tell(self, labels: Labels, owning: Owning) -> None:
        if self.workflow.options.tags.enabled:
            for problem in labels.problems:
                self.attempts.note(problem.step, problem.entity, problem.cause, problem.remedy)
        for name, count in sorted(owning.unknown.items()):
            streams = f"{count} stream{'s' if count > 1 else ''}"
            cause = f"no user and no team of type Group has this name: {streams} without that owner"
            self.attempts.note(OWNERS, name, cause, "Make it in OpenMetadata, or mend the tag `options.owners` reads")

    # --- the tags themselves

    def _make_tags(self, labels: Labels, missing: Iterable[str]) -> None:
        names = {labels.names(name) for name in missing}
        if not names:
            return
        usable = False
        with self.attempts.at(TAGS, self.workflow.options.tags.classification):
            usable = self._has_classification()
        if not usable:
            self._unusable |= {fqn(*each) for each in names}
            return
        for depth in (2, 3):
            self.each(self._make_tag, sorted({each[:depth] for each in names if len(each) >= depth}))

    def _has_classification(self) -> bool:
        name = self.workflow.options.tags.classification
        found = self.client.get(f"/classifications/name/{quoted(name)}", include="all")
        if found is None:
            self.client.put(
                "/classifications", {"name": name, "description": DESCRIPTION, "mutuallyExclusive": False}, holds="id"
            )
            return True
        bad = [word for word in ("deleted", "disabled", "mutuallyExclusive") if found.get(word)]
        if bad:
            cause = f"the classification is {bad[0]} in OpenMetadata: no label is written"
            self.attempts.note(TAGS, name, cause, "Name another one: `options.tags.classification`")
        return not bad

    def _make_tag(self, names: Names) -> None:
        name = fqn(*names)
        made = False
        if fqn(*names[:-1]) not in self._unusable and not self.attempts.is_over(TAGS):
            with self.attempts.at(TAGS, name):
                made = self._has_tag(names)
        if not made:
            with self._lock:
                self._unusable.add(name)

    def _has_tag(self, names: Names) -> bool:
        found = self.client.get(f"/tags/name/{quoted(*names)}", include="all")
        if found is not None:
            return not (found.get("deleted") or found.get("disabled"))
        above = {"parent": fqn(*names[:-1])} if len(names) > 2 else {}
        words = f"`{names[1]}`: `{names[-1]}`" if above else f"The AWS tag `{names[1]}`"
        self.client.put(
            "/tags", {"classification": fqn(names[0]), **above, "name": names[-1], "description": words}, holds="id"
        )
        return True

    # --- the topics

    def _apply(self, todo: tuple[Labelled, Wish]) -> None:
        topic, wish = todo
        wish = wish._replace(wanted=wish.wanted - self._unusable)
        step = TAGS if _relabels(topic.labels, wish) else OWNERS
        if not _changes(topic, wish) or self.attempts.is_over(step):
            return
        with self.attempts.at(step, topic.name):
            if self._patch(topic, wish):
                with self._lock:
                    self.changed += 1

    def _patch(self, topic: Labelled, wish: Wish) -> bool:
        now = self.client.get(f"/topics/{topic.id}", fields="tags,owners")
        if now is None:
            return False
        tags: list[Body] = now.get("tags") or []
        stored = labels_in(self.workflow.options.tags.classification, tags)
        operations = Relabelling(stored, wish.wanted, wish.true).operations(tags)
        override = self.workflow.metadata.override_metadata
        own = own_owners(now)
        if wish.owners and own != set(wish.owners) and (override or not own):
            operations.append({"op": "add", "path": "/owners", "value": references(wish.owners)})
        if operations:
            self.client.patch(f"/topics/{topic.id}", operations)
        return bool(operations)


def _relabels(labels: Mapping[str, str], wish: Wish) -> bool:
    change = Relabelling(labels, wish.wanted, wish.true)
    return bool(change.missing or change.stale)


def _changes(topic: Labelled, wish: Wish) -> bool:
    return bool(wish.owners and topic.owners != set(wish.owners)) or _relabels(topic.labels, wish)
