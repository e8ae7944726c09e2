"""What types declare: checked when they are made, and true of the pages and of the decisions that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.base import ActionData, Day, EventData, Fields, Id, Person, Text
from schemas.catalogue import EVENTS
from schemas.declared import Entry, New, Ref, Secret, Undeclared, Values, Words
from services.recorder.domain.deciding import facts
from services.recorder.domain.deciding.core import State, state, state_of
from tests.contract import examples, holds, reference

NAMED = Words("名", "name")


# --- a type that doesn't say what it must never imports ---


def _no_words() -> None:
    class Incomplete(Fields):
        TYPE: ClassVar[str] = "chengzhang.x.no-words.v1"


def _field_without_words() -> None:
    class Incomplete(ActionData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        person: Person
        note: Text


def _values_without_words() -> None:
    class Incomplete(ActionData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        mood: Annotated[Literal["good", "bad"], NAMED, Values.of(good="好")]


def _unknown_kind() -> None:
    Ref("no-such-kind")


def _unknown_kind_made() -> None:
    New("no-such-kind")


def _absent_owner() -> None:
    class Incomplete(ActionData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        note: Annotated[Text, Secret("person"), NAMED]


def _absent_once() -> None:
    class Incomplete(EventData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        ONCE: ClassVar = ("person", "half")
        person: Person


def _absent_since() -> None:
    class Incomplete(EventData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        talk: Annotated[Id, New("talk", since="starts_at"), NAMED]


def _no_stream() -> None:
    class Nowhere(EventData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        title: Annotated[Text, NAMED]

    facts.spec(Nowhere)


def _state_that_does_not_fit() -> None:
    @state("talk")
    class Incomplete(State):
        pass


def _second_state() -> None:
    state("person")(state_of("person"))


@pytest.mark.parametrize(
    "declare",
    [
        _no_words, _field_without_words, _values_without_words, _unknown_kind, _unknown_kind_made, _absent_owner,
        _absent_once, _absent_since, _no_stream, _state_that_does_not_fit, _second_state,
    ],
)  # fmt: skip
def test_what_is_not_declared_whole_fails_at_import(declare: Callable[[], None]) -> None:
    with pytest.raises(Undeclared):
        declare()


def test_an_event_has_what_its_action_has_and_sealed_what_that_has_in_plain_text() -> None:
    for event in EVENTS.values():
        shared = [base for base in event.__mro__ if base in event.ACTION.__mro__ and base is not Fields]
        if any(issubclass(base, Fields) for base in shared):
            assert set(event.ACTION.model_fields) <= set(event.model_fields), event
        for name in event.SEALED:
            assert "Sealed" in repr(event.model_fields[name].annotation)
            assert "Sealed" not in repr(event.ACTION.model_fields[name].annotation)


def test_what_enters_growth_files_has_a_title_that_is_there_and_somebody_to_enter() -> None:
    for event in EVENTS.values():
        if isinstance(event.ENTRY, Entry):
            assert facts.spec(event).stamped
            written = {info.alias or name for name, info in event.model_fields.items()}
            assert (event.ENTRY.title or "").partition(".")[0] in {"", *written}
            assert set(event.ENTRY.when) <= set(event.model_fields)


# --- the pages ---


def test_the_pages_are_as_the_types_declare() -> None:
    assert reference.main(["--check"]) == 0, "run: make schemas"


def test_what_is_held_otherwise_is_folded_anew() -> None:
    assert not holds.changed(), "raise FOLD_VERSION in domain/fold_version.py by one, then run: make schemas"


def test_every_example_is_accepted_one_after_the_other() -> None:
    assert set(examples.events()) == set(EVENTS)


@pytest.mark.parametrize(
    ("day", "taken"), [("1899-12-31", False), ("1900-01-01", True), ("2200-12-31", True), ("2201-01-01", False)]
)
def test_the_years_that_there_are(day: str, taken: bool) -> None:  # a case
    try:
        assert TypeAdapter(Day).validate_python(day) == day
    except ValidationError:
        assert not taken
    else:
        assert taken
