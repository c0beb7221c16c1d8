"""Who owns what: exact users and teams of OpenMetadata, by names and addresses that AWS's tags or the file have."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .client import OpenMetadata, quoted

STEP = "owners"
GROUP = "Group"
"""The one type of team that may own."""

Body = dict[str, Any]
Owners = tuple[tuple[str, str], ...]
"""Type and id of each: one team, or users; () for none."""


class Owning:
    """Looks each name up once, however many streams have it; for many threads.

    domain: makes an e-mail address of a bare name.
    """

    def __init__(self, client: OpenMetadata, domain: str | None = None) -> None:
        self._client = client
        self._domain = domain
        self._known: dict[str, Owners] = {}
        self._lock = threading.Lock()
        self.unknown: Counter[str] = Counter()
        """Names that nobody has, with how often each was asked for."""

    def of_tags(self, tags: Mapping[str, str], keys: Iterable[str]) -> Owners:
        """Those of the first key whose value is somebody's name."""
        return next(filter(None, (self.named(tags[key]) for key in keys if tags.get(key, "").strip())), ())

    def named(self, value: str) -> Owners:
        """A user, a team, or users with spaces between them; () if any of it is unknown. Raises IngestError."""
        with self._lock:
            known = self._known.get(value)
        if known is None:
            known = self._found(value.strip())
            with self._lock:
                self._known[value] = known
        if not known:
            with self._lock:
                self.unknown[value] += 1
        return known

    def together(self, values: Iterable[str]) -> Owners:
        """All of these, or () if one is unknown or they are no owners together."""
        found = [self.named(value) for value in values]
        owners = tuple(dict.fromkeys(owner for each in found for owner in each))
        is_mixed = len(owners) > 1 and any(kind == "team" for kind, _ in owners)
        return () if is_mixed or not all(found) else owners

    def _found(self, value: str) -> Owners:
        one = self._user(value) or self._team(value)
        if one or " " not in value:
            return (one,) if one else ()
        several = [self._user(name) for name in value.split()]
        return tuple(user for user in several if user) if all(several) else ()

    def _user(self, value: str) -> tuple[str, str] | None:
        name, _, host = value.partition("@")
        host = host or self._domain or ""
        found = self._client.get(f"/users/name/{quoted(name)}") if name else None
        if not isinstance(found, dict) or found.get("deleted") or found.get("isBot"):
            return None
        is_right = not host or str(found.get("email")).lower() == f"{name}@{host}".lower()
        is_right = is_right and str(found.get("name")).lower() == name.lower()
        return ("user", str(found["id"])) if is_right else None

    def _team(self, value: str) -> tuple[str, str] | None:
        found = self._client.get(f"/teams/name/{quoted(value)}")
        if not isinstance(found, dict) or found.get("deleted") or found.get("name") != value:
            return None
        return ("team", str(found["id"])) if found.get("teamType") == GROUP else None


def references(owners: Owners) -> list[Body]:
    return [{"id": identity, "type": kind} for kind, identity in owners]


def own_owners(entity: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Type and id of those that it does not inherit: people gave them to it."""
    owners = entity.get("owners")
    found = [each for each in owners if isinstance(each, dict)] if isinstance(owners, list) else []
    own = [(str(each.get("type")), str(each.get("id"))) for each in found if not each.get("inherited")]
    return frozenset(own)  # of an empty list it is one and the same, of an empty generator 216 bytes each
