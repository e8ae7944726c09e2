"""What is wrong with an action, where, and how to mend it, in both languages."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from services.common.explain import FieldError, field_errors, said

__all__ = ["MOST_TOLD", "FieldError", "explain", "nul", "says"]
MOST_TOLD: Final = 100  # errors of one action: a roll of 2,000 lines may be wrong in each
_MOST_SAID: Final = 5


def explain(
    error: ValidationError,
    value: object,
    base: str = "",
    model: type[BaseModel] | None = None,
) -> tuple[FieldError, ...]:
    """A validation's errors about ``value``, their pointers below ``base``; ``model`` knows the fields there are."""
    errors = error.errors(include_url=False, include_input=False)[:MOST_TOLD]
    return field_errors(errors, value, base, _names(model) if model else ())


def nul(pointer: str) -> FieldError:
    """A NUL character in a text."""
    return said("nul", pointer)


def says(errors: tuple[FieldError, ...]) -> tuple[str, str]:
    """The first errors as one sentence in English and one in Chinese."""
    more = len(errors) - _MOST_SAID
    return (
        "; ".join(f"{e.pointer or '/'}: {e.en} ({e.fix_en})" for e in errors[:_MOST_SAID])
        + (f"; and {more} more" * (more > 0)),
        "；".join(f"{e.pointer or '/'}：{e.zh}（{e.fix_zh}）" for e in errors[:_MOST_SAID])
        + (f"；另有 {more} 处" * (more > 0)),
    )


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """The field names of a model and of the models in it."""
    own = {field.alias or name for name, field in model.model_fields.items()}
    inner = (found for field in model.model_fields.values() for found in _models(field.annotation))
    return frozenset(own).union(*map(_names, inner))


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]
