"""What is wrong with an action, where, and how to mend it, in both languages."""

from collections.abc import Collection
from functools import cache
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.base import MOST
from schemas.declared import models
from services.common.telling.explain import FieldError, field_errors

__all__ = ["MOST_TOLD", "FieldError", "explain", "says"]
MOST_TOLD: Final = 100  # errors of one action: a roll of 2,000 lines may be wrong in each
_MOST_SAID: Final = 5
_SMALLEST_PART: Final = 8
_DEEPEST_FIELD: Final = 8  # levels; no type has fields deeper than that


def explain(
    error: ValidationError, value: object, base: str = "", model: type[BaseModel] | None = None
) -> tuple[FieldError, ...]:
    """A validation's errors about ``value``, their pointers below ``base``; ``model`` knows the fields there are.

    They may be 20,000, of which the first are told: to build the others would take longer than all the rest.
    """
    if model is not None and error.error_count() > MOST_TOLD:
        error, value = _part_of(error, value, model)
    return field_errors(_built(error)[:MOST_TOLD], value, base, _names(model) if model else ())


def says(errors: tuple[FieldError, ...]) -> tuple[str, str]:
    """The first errors as one sentence in English and one in Chinese."""
    more = len(errors) - _MOST_SAID
    return (
        "; ".join(f"{e.pointer or '/'}: {e.en} ({e.fix_en})" for e in errors[:_MOST_SAID])
        + (f"; and {more} more" * (more > 0)),
        "；".join(f"{e.pointer or '/'}：{e.zh}（{e.fix_zh}）" for e in errors[:_MOST_SAID])
        + (f"；另有 {more} 处" * (more > 0)),
    )


def _built(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)


def _part_of(error: ValidationError, value: object, model: type[BaseModel]) -> tuple[ValidationError, object]:
    """The errors of a part of the value that has enough of them: its lists' and objects' first so many members."""
    size = _SMALLEST_PART
    while size < MOST:
        part = _part(value, size, _names(model))
        try:
            model.model_validate(part)
        except ValidationError as fewer:
            if fewer.error_count() >= MOST_TOLD:
                return fewer, part
        size *= 2
    return error, value


def _part(value: object, size: int, names: Collection[str], depth: int = 0) -> object:
    """A field that there is stays, wherever it stands: without it, it would be said to be missing."""
    if depth > _DEEPEST_FIELD:
        return value
    if isinstance(value, list):
        return [_part(item, size, names, depth + 1) for item in value[:size]]
    if isinstance(value, dict):
        kept = (item for number, item in enumerate(value.items()) if number < size or item[0] in names)
        return {name: _part(item, size, names, depth + 1) for name, item in kept}
    return value


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """The field names of a model and of the models in it."""
    own = {field.alias or name for name, field in model.model_fields.items()}
    inner = (found for field in model.model_fields.values() for found in models(field.annotation))
    return frozenset(own).union(*map(_names, inner))
