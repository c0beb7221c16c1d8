"""What may stand in the conf of a run: Airflow stores it and shows it in clear, to all who may see the run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import Fault, WorkflowError
from ..records.detectors import DETECTORS
from .document import Document, Place
from .field_types import PLACEHOLDER
from .origins import texts_in

WHOLE: Mapping[str, Any] = {}
"""A block or a value whose model takes no secret."""
ALLOWED: Mapping[str, Any] = {
    "name": WHOLE,
    "source": {
        "type": WHOLE,
        "serviceName": WHOLE,
        "serviceConnection": {"config": {"type": WHOLE, "awsConfig": {"awsRegion": WHOLE}}},
        "sourceConfig": WHOLE,
    },
    "sink": {"type": WHOLE},
    "connections": WHOLE,
    "service": WHOLE,
    "options": dict.fromkeys(("sample", "inferSchema", "quota", "retryFor", "accountIdEndpointMode"), WHOLE),
}
"""Of a workflow: where streams and topics are, by the ids of Airflow connections, and what to do with them."""

CLEAR = "Airflow stores the conf of a run and shows it in clear"
NOT_HERE = "Leave it out, or give it in an Airflow connection and name that under `connections`"
KNOWN_NOW = "Delete this run, change the secret, and give it in an Airflow connection"
SECRETS = {"aws_key": "a key of AWS", "jwt": "a token"}
PASSWORD = re.compile(r"//\S*@")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def require_no_secret(document: Document) -> None:
    """Raises WorkflowError for every place of a workflow that could hold a secret, and every text that looks like one.

    Nothing of the values is told, nor of keys that are none.
    """
    faults = [*_not_allowed(document, document.data, ALLOWED, ()), *_secrets(document)]
    if faults:
        raise WorkflowError(faults)


def _not_allowed(
    document: Document, data: Mapping[str, Any], allowed: Mapping[str, Any], place: Place
) -> Iterator[Fault]:
    for key, value in data.items():
        here = (*place, key)
        if value in (None, {}, []):
            continue
        if key not in allowed:
            problem = f"this may not stand here: {CLEAR}"
            yield document.fault(here, problem, f"{NOT_HERE}. Allowed here: {', '.join(allowed)}", of_key=True)
        elif allowed[key] and isinstance(value, dict):
            yield from _not_allowed(document, value, allowed[key], here)


def _secrets(document: Document) -> Iterator[Fault]:
    for place, text in texts_in(document.data, ()):
        if isinstance(text, str) and (what := looks_like(text)):
            remedy = NOT_HERE if PLACEHOLDER.search(text) else KNOWN_NOW
            yield document.fault(place, f"{what} stands here: {CLEAR}", remedy)


def looks_like(text: str) -> str:
    """What secret a text shows by its form, in words; "" for none."""
    for name, what in SECRETS.items():
        if any(DETECTORS[name](text)):
            return what
    if PRIVATE_KEY.search(text):
        return "a private key"
    if PASSWORD.search(text):
        return "an address with a password"
    return "the name of a variable" if PLACEHOLDER.search(text) else ""
