"""Names of a stream's fields as every OpenMetadata server keeps them.

A server builds names of names. A dot inside one is quoted there, and a quoted name inside a longer one makes servers
before 2.0 refuse every later change of the topic, people's own included; newer ones escape by another rule. So a name
that some server cannot keep is replaced, and stands in the field's `displayName`.

The replacement hangs on the name alone: what people write on a field hangs on its name, and must not lose it when the
field gets siblings. It ends in a digest, and a name that ends like one is replaced, too: no two names become one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

NAME_MOST = 128
"""UTF-16 code units, which is what Java counts."""

SHOWN_MOST = 500
"""Characters of a display name; a key of a JSON message has no bound."""

# Quotes and line ends make OpenMetadata refuse the topic (FullyQualifiedName.java, quoteName), dots its later changes;
# NUL and half a surrogate pair cannot be stored everywhere, other control characters cannot be read.
_CONTROL = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff"
_UNKEEPABLE = re.compile(f'[."{_CONTROL}]')
_UNREADABLE = re.compile(f"[{_CONTROL}]")
_DIGEST = re.compile("~[0-9a-f]{8}\\Z")


def field_name(name: str) -> str:
    """The name itself, or what stands for it: `shop.orders` -> `shop_orders~7f786cb0`."""
    if is_keepable(name) and not _DIGEST.search(name):
        return name
    digest = hashlib.blake2s(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    units = _UNKEEPABLE.sub("_", name).encode("utf-16-le")[: 2 * (NAME_MOST - len("~") - len(digest))]
    return f"{units.decode('utf-16-le', 'ignore')}~{digest}"


def is_keepable(name: str) -> bool:
    return bool(name) and _UNKEEPABLE.search(name) is None and len(name.encode("utf-16-le")) <= 2 * NAME_MOST


def stored_name(name: str) -> str:
    """What a name that is read back from a server should be: one of ours is its own."""
    return name if is_keepable(name) else field_name(name)


Fields = list[dict[str, Any]]


def named(fields: Iterable[dict[str, Any]], name_of: Callable[[str], str] = field_name) -> Fields:
    """OpenMetadata's fields under names that are kept; of siblings of one name the first. All else stays as it is."""
    kept: dict[str, dict[str, Any]] = {}
    for field in fields:
        kept.setdefault(name_of(str(field.get("name", ""))), field)
    return [_named(field, name, name_of) for name, field in kept.items()]


def _named(field: dict[str, Any], name: str, name_of: Callable[[str], str]) -> dict[str, Any]:
    children = {"children": named(field["children"], name_of)} if field.get("children") else {}
    if name == field.get("name"):
        return field | children
    shown = _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", str(field.get("name", "")))[:SHOWN_MOST]
    renamed = {key: value for key, value in field.items() if key != "fullyQualifiedName"} | {"name": name}
    return renamed | ({"displayName": field.get("displayName") or shown} if shown else {}) | children
