"""pydantic's errors -> what the writer of a workflow file reads: place, problem, remedy."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ...errors import Fault
from .document import HIDDEN, Document, Place, Position, dotted, safe_key
from .field_types import PLACEHOLDER
from .models import TARGET_FORMS, Workflow
from .origins import Origins


def in_file(details: ErrorDetails) -> ErrorDetails:
    """With the place that the file has: of `targets`, pydantic names the form besides."""
    head, form = details["loc"][:1], details["loc"][1:2]
    if head == ("targets",) and form and form[0] in TARGET_FORMS:
        return {**details, "loc": head + details["loc"][2:]}
    return details


def position_of(document: Document, details: ErrorDetails) -> Position:
    """Where the fault will be told, at a small part of the cost of its text."""
    return document.position(details["loc"], of_key=details["type"] in ("extra_forbidden", "missing"))


def fault_of(document: Document, details: ErrorDetails, origins: Origins) -> Fault:
    fault, place = _described(document, details, origins), details["loc"]
    return replace(fault, path=dotted(place[:-1])) if _is_value(place) else fault


def _is_value(place: Place) -> bool:
    """Whether what stands where a key should may be a secret itself: `securityConfig: {eyJ...}`."""
    return is_secret(place[:-1]) and not str(place[-1]).isalpha()


def _described(document: Document, details: ErrorDetails, origins: Origins) -> Fault:
    place, kind, context = details["loc"], details["type"], details.get("ctx", {})
    origin = origins.of(place)
    actual = _actual(place, details["input"] if origin is None else origin)
    if kind == "extra_forbidden":
        return _unknown_key(document, place)
    if kind == "missing":
        return document.fault(place, f"`{place[-1]}` is missing", "Add it", of_key=True)
    if kind == "invalid":
        problem, remedy = context["quoting"] if origin is None else (context["problem"], context["remedy"])
        return document.fault(place, problem + actual, remedy)
    if kind == "literal_error":
        allowed = str(context["expected"])
        by_lower = {value.lower(): value for value in re.findall(r"'([^']*)'", allowed)}
        near = difflib.get_close_matches(str(details["input"]).lower(), by_lower, 1)
        meant = f"Did you mean {by_lower[near[0]]!r}?" if near else f"Write {allowed}"
        return document.fault(place, f"this is not one of {allowed}{actual}", meant)
    if details["input"] is None:
        return document.fault(place, "a value is missing", "Write one, or remove the key")
    if kind in ("model_type", "dict_type"):
        return document.fault(place, "this should be a block of `key: value` pairs", "Write them below the key")
    problem = details["msg"][0].lower() + details["msg"][1:] + actual
    return document.fault(place, problem.replace("input should", "this should"), TYPE_REMEDIES.get(kind, "Correct it"))


TYPE_REMEDIES = {
    "string_type": "Put it in quotes",
    "bool_type": "Write true or false",
    "int_type": "Write a whole number, without quotes",
    "float_type": "Write a number, without quotes",
    "list_type": "Write a list like [a, b]",
    "datetime_type": "Write a UTC time like 2026-11-01 or 2026-11-01T06:30:00Z",
}


def _unknown_key(document: Document, place: Place) -> Fault:
    known = [info.alias or name for name, info in _model_at(place[:-1]).model_fields.items()]
    key = str(place[-1])
    near = difflib.get_close_matches(key, known, 1, 0.7)
    remedy = f"Did you mean `{near[0]}`?" if near else f"Allowed here: {', '.join(known)}"
    if key.partition(":")[0] in known:
        remedy = "Put a blank after its colon"
    name = HIDDEN if _is_value(place) else safe_key(key)
    return document.fault(place, f"the key `{name}` is unknown", remedy, of_key=True)


def _model_at(place: Place) -> type[BaseModel]:
    model: type[BaseModel] = Workflow
    for part in place:
        for name, info in model.model_fields.items():
            if (info.alias or name) == part:
                model = model_in(info.annotation) or model
    return model


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model`, `Model | None` or an annotated form of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for model in map(model_in, get_args(annotation)) if model), None)


def is_secret(place: Place) -> bool:
    """Whether the value at a place must never be shown."""
    names = {"awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken", "securityConfig", "jwtToken"}
    return bool(names.union({"extraHeaders", "sslConfig"}).intersection(map(str, place)))


def _actual(place: Place, value: object) -> str:
    """What follows a problem: the value that stands there. Nothing for a secret, a block, a null, or no text."""
    if isinstance(value, str) and PLACEHOLDER.fullmatch(value):
        return f" (it is '{value}')"
    if is_secret(place) or isinstance(value, (dict, list)) or value in (None, ""):
        return ""
    text = str(value)
    if "topicFilterPattern" not in place:  # an address's user and password, and its query
        text = re.sub(r"^(.*?//)?.+@", r"\1***@", text, flags=re.DOTALL)
        text = re.sub(r"(//[^?]*\?).*", r"\1***", text)
    return f" (it is {text[:77] + '...' if len(text) > 80 else text!r})"
