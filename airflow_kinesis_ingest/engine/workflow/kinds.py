"""What may stand at each place of a workflow file, by its models, for those who show the file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr

from .fault_texts import model_in
from .models import Workflow


class Kind(Enum):
    """What a value is, where it is no block of a model."""

    SECRET = auto()
    HEADERS = auto()  # names, each with a secret
    CHECKED = auto()  # by a rule of its own, so that it can hardly be another thing
    PROSE = auto()  # any text
    UNKNOWN = auto()  # below an unknown key, or in a block that has no effect here


@cache
def kinds(model: type[BaseModel]) -> dict[str, type[BaseModel] | Kind]:
    """Of each key that a block may have."""
    return {info.alias or name: _kind(info.rebuild_annotation()) for name, info in model.model_fields.items()}


def _kind(annotation: Any) -> type[BaseModel] | Kind:
    if model := model_in(annotation):
        return model
    parts = list(_parts(annotation))
    if dict in parts:
        return Kind.HEADERS if SecretStr in parts else Kind.UNKNOWN
    if SecretStr in parts:
        return Kind.SECRET
    if Any in parts:
        return Kind.UNKNOWN
    is_checked = any(isinstance(part, (AfterValidator, BeforeValidator)) for part in parts)
    return Kind.CHECKED if is_checked or str not in parts else Kind.PROSE


def _parts(annotation: Any) -> Iterator[Any]:
    """All that an annotation is made of: types, their origins, and checks."""
    yield annotation
    yield get_origin(annotation)
    for part in get_args(annotation):
        yield from _parts(part)


@cache
def every_key(model: type[BaseModel] = Workflow) -> frozenset[str]:
    """That the file may have anywhere."""
    below = (every_key(kind) for kind in kinds(model).values() if not isinstance(kind, Kind))
    return frozenset(kinds(model)).union(*below)
