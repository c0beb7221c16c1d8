"""Messages that contradict a schema that somebody declared for them. What cannot be read contradicts nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from ..model import Message, RegisteredSchema
from .schema import SCHEMA_TYPES, as_written, is_control

_REASONS_MOST = 3


def contradiction(declared: RegisteredSchema, where: str, messages: Sequence[Message]) -> str:
    """How many of the messages contradict it, and how; "" for none. where: the schema's name. Tells nothing of them."""
    counted = [message for message in messages if not is_control(message)]
    reasons = Counter(reason for message in counted if (reason := _misfit(declared, message)))
    if not reasons:
        return ""
    told = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))[:_REASONS_MOST]
    shown = ", ".join(f"{count} {reason}" for reason, count in told)
    share = f"{reasons.total()} of {len(counted)} messages"
    return f"{share} contradict the declared {SCHEMA_TYPES[declared.data_format]} schema {where}: {shown}"


def _misfit(declared: RegisteredSchema, message: Message) -> str:
    if message.schema:
        return "" if _are_alike(declared, message.schema) else _another(message)
    if declared.data_format != "JSON":
        return "are JSON" if message.format == "json" or message.values else ""
    if message.format == "text" and not message.values:
        return "are no JSON"
    values = message.values or ((message.value,) if message.format == "json" else ())
    return next(filter(None, (_unfit(declared.definition, value) for value in values)), "")


def _are_alike(declared: RegisteredSchema, other: RegisteredSchema) -> bool:
    """Whether they tell the same fields; the texts may differ in what is no field, and in how they are written."""
    if declared == other:
        return True
    try:
        one, two = as_written(declared), as_written(other)
    except (ValueError, ImportError):
        return declared.definition == other.definition
    return (one.kind, one.fields) == (two.kind, two.fields)


def _another(message: Message) -> str:
    named = next((f" ({layer})" for layer in message.layers if layer.startswith("glue:")), "")
    return f"carry another {SCHEMA_TYPES[message.schema.data_format]} schema{named}" if message.schema else ""


def _unfit(definition: str, value: Any) -> str:
    """Where in the schema the rule stands that a value breaks first; "" for none, or if that cannot be told."""
    validator = _validator(definition)
    try:
        error = next(validator.iter_errors(value), None) if validator else None
    except (import_module("referencing.exceptions").Unresolvable, ArithmeticError, RecursionError):
        return ""
    return f"do not fit it ({'/'.join(map(str, error.schema_path)) or 'nothing does'})" if error else ""


@lru_cache(maxsize=32)
def _validator(definition: str) -> Any:
    """None for what is no JSON Schema. It reads no other document, and no pattern: one can take years to match."""
    validators, exceptions = import_module("jsonschema.validators"), import_module("jsonschema.exceptions")
    try:
        document = json.loads(definition)
        found = validators.validator_for(document, default=validators.Draft7Validator)
        found.check_schema(document)
    except (ValueError, RecursionError, exceptions.SchemaError):
        return None
    rules = {"pattern": _any, "patternProperties": _any, "additionalProperties": _additional(found)}
    return validators.extend(found, rules)(document, registry=import_module("referencing").Registry())


def _any(*_: Any) -> tuple[()]:
    return ()


def _additional(kind: Any) -> Any:
    """The rule of this dialect, where no pattern decides which properties are additional."""
    rule = kind.VALIDATORS["additionalProperties"]

    def check(validator: Any, told: Any, instance: Any, schema: Any) -> Any:
        return () if "patternProperties" in schema else rule(validator, told, instance, schema)

    return check
