"""The number of the fold changes with the states' shapes: else what is stored would be read with defaults."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import pytest
from pydantic import Field, create_model

from schemas.trust.canonical import canonical
from services.recorder.domain import decider
from services.recorder.domain.deciding.core import State
from services.recorder.domain.fold_version import FOLD_VERSION

SHAPES: Final = {  # by fold version; what was released is never changed
    1: "9bdfde2e41178ebb57e65692edf353c674f832f0f8d1c5836b525fc4d106d897",
    2: "9bdfde2e41178ebb57e65692edf353c674f832f0f8d1c5836b525fc4d106d897",
}


def _classes(base: type[State] = State) -> Iterator[type[State]]:
    """All states of the domain, however deep."""
    for each in base.__subclasses__():
        yield each
        yield from _classes(each)


def _shape(state: type[State]) -> Any:  # noqa: ANN401  # JSON
    return _bare(state.model_json_schema())


def _bare(schema: Any) -> Any:  # noqa: ANN401  # JSON
    """The same without words: what isn't stored. A member that is called title is no text."""
    if isinstance(schema, list):
        return [_bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    words = {"title", "description"}
    return {name: _bare(each) for name, each in schema.items() if not (name in words and isinstance(each, str))}


def test_a_changed_shape_has_a_new_number() -> None:
    home = decider.__name__.rpartition(".")[0]
    shapes = {each.__qualname__: _shape(each) for each in _classes() if each.__module__.startswith(home)}
    digest = hashlib.sha256(canonical(shapes)).hexdigest()
    assert SHAPES.get(FOLD_VERSION) == digest, (
        f"States have another shape than fold {FOLD_VERSION} stored. Raise FOLD_VERSION in domain/fold_version.py by "
        f"one, and add here: {FOLD_VERSION + 1}: {digest!r}. Recorders then fold stored states anew before they decide."
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"event": (str | None, None), "more": (str, "")},
        {"occasion": (str | None, None)},
        {"event": (str | None, "none")},
        {"event": (int | None, None)},
        {"event": (str | None, Field(default=None, alias="e"))},
    ],
    ids=["added", "renamed", "another default", "another type", "an alias"],
)
def test_what_is_stored_otherwise_is_another_shape(changed: dict[str, Any]) -> None:
    before = create_model("Before", __base__=State, event=(str | None, None))
    assert _shape(create_model("After", __base__=State, **changed)) != _shape(before)
    assert _shape(create_model("Same", __base__=State, __doc__="Words.", event=(str | None, None))) == _shape(before)
