"""Where the values of a run came from that are not in its file, so that each is shown by its name and never as it is.

A `${NAME}` of the connection blocks comes from the environment, a field of an Airflow connection from there. Whichever
field it lands in, and whatever it was meant to be, it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from .document import HIDDEN, Place
from .field_types import PLACEHOLDER, REGION, AuthProvider

SHORTEST = 5  # characters; as for Airflow's masker: a shorter value is part of too many words to be found in a text
WORDS = (*get_args(AuthProvider), "Kinesis", "OpenMetadata", "no-ssl", "ignore", "validate", "http", "https")
PUBLIC = re.compile("|".join([REGION, "localhost", r"127\.0\.0\.1", *WORDS]))
"""What is no secret: a region, this machine, the words that fields choose from. A log without them is unreadable."""


@dataclass(frozen=True, slots=True)
class Origins:
    """places: what is shown for the value at a place: the text with its `${NAME}`s; "" for that of a connection.

    values: value -> its name, `${NAME}` or "connection `id`", of all that may be secret.
    """

    places: Mapping[Place, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    def of(self, place: Place) -> str | None:
        """What is shown for the value at a place or, where a whole block came from elsewhere, in it."""
        above = (place[:end] for end in range(len(place), 0, -1))
        return next((self.places[each] for each in above if each in self.places), None)

    def with_names(self, text: str) -> str:
        """The text with the names in the place of the values: what libraries say repeats what they were given.

        They may write it in another case, as a host is, and as `repr` does.
        """
        names = {
            form.lower(): name
            for value, name in self.values.items()
            if len(value) >= SHORTEST
            for form in (value, repr(value)[1:-1])
        }
        forms = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        return (
            re.sub(forms, lambda found: names.get(found[0].lower(), HIDDEN), text, flags=re.IGNORECASE)
            if forms
            else text
        )


def by_environment(block: Any, place: Place, environ: Mapping[str, str]) -> Origins:
    """The origins of a block whose `${NAME}`s the environment resolves."""
    named = {at: text for at, text in texts_in(block, place) if isinstance(text, str) and PLACEHOLDER.search(text)}
    names = sorted({name for text in named.values() for name in PLACEHOLDER.findall(text)})
    values = {value: f"${{{name}}}" for name in names for value in values_in(environ.get(name))}
    return Origins(named, values)


def values_in(node: object) -> Iterator[str]:
    """Every text and number in plain data that may be a secret."""
    texts = (str(value) for _, value in texts_in(node, ()) if not isinstance(value, bool))
    return (text for text in texts if text and not PUBLIC.fullmatch(text))


def by_connection(fields: Mapping[str, Any], place: Place, connection: str) -> Origins:
    """The origins of the fields of a block that an Airflow connection gives."""
    name = f"connection `{connection}`"
    return Origins({(*place, key): "" for key in fields}, dict.fromkeys(values_in(fields), name))


def joined(*origins: Origins) -> Origins:
    places = {place: text for each in origins for place, text in each.places.items()}
    return Origins(places, {value: name for each in origins for value, name in each.values.items()})


def texts_in(node: object, place: Place) -> Iterator[tuple[Place, object]]:
    """Each value below a node that is no block, no list and not null, with its place."""
    if isinstance(node, (dict, list)):
        for part, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from texts_in(child, (*place, part))
    elif node is not None:
        yield place, node
