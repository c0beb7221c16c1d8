"""What the token's bot may do, as the server itself says it: asked, never tried, so that no trace is left.

`GET /permissions/{resource}` (since OpenMetadata 0.13) lists each operation with an access: `allow`; `deny` and
`notAllow`; `conditionalAllow` and `conditionalDeny`, which depend on the entity, its owner or tags for instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import NotAllowed, TopicRefused
from .client import OpenMetadata

REFUSED = frozenset({"deny", "notAllow"})
CONDITIONAL = frozenset({"conditionalAllow", "conditionalDeny"})
KNOWN = REFUSED | CONDITIONAL | {"allow"}
ALLOW = "Allow it in a policy of the bot's role: Settings > Access Control > Policies"


@dataclass(frozen=True, slots=True)
class Rights:
    """access: operation -> access of one resource. An operation that the server does not list it does not ask for."""

    resource: str
    access: Mapping[str, str]

    def require(self, *operations: str, otherwise: str = "") -> str:
        """What the bot may do, in words; otherwise: how to do without. Raises NotAllowed, naming what it may not."""
        if refused := self._of(operations, REFUSED):
            what = f"the token's bot may not {_listed(refused)} on `{self.resource}`"
            raise NotAllowed(what, remedy="; ".join(filter(None, (ALLOW, otherwise))))
        conditional = self._of(operations, CONDITIONAL)
        on_terms = f"; {_listed(conditional)} under the conditions of a policy" if conditional else ""
        return f"the bot may {_listed(operations)}{on_terms}"

    def _of(self, operations: tuple[str, ...], accesses: frozenset[str]) -> tuple[str, ...]:
        return tuple(each for each in operations if self.access.get(each) in accesses)


def rights_on(client: OpenMetadata, resource: str) -> Rights:
    """The rights on all entities of that kind. Raises an IngestError where the server, or a proxy, does not tell."""
    path = f"/permissions/{resource}"
    answer = client.get(path, holds="permissions")
    permissions = answer["permissions"] if answer else None
    if not isinstance(permissions, list):
        raise TopicRefused("there is no list of permissions", where=f"GET {path}")
    told = [each for each in permissions if isinstance(each, dict)]
    access = {str(each.get("operation")): str(each.get("access")) for each in told}
    if not KNOWN.intersection(access.values()):
        raise TopicRefused("no permission there says what it allows", where=f"GET {path}")
    return Rights(resource, access)


def _listed(words: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
