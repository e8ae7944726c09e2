"""What types declare: checked when they are made, and true of the pages and of the decisions that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import orjson
import pytest

from schemas.base import ActionData, EventData, Fields, Id, Person, Text
from schemas.catalogue import ACTIONS, EVENTS
from schemas.declared import Entry, New, Ref, Secret, Undeclared, Values, Words
from schemas.entries import CorrectEntry, RevokeEntry
from services.recorder.domain import facts
from services.recorder.domain.core import Rejection, State, state, state_of
from services.recorder.intake.reading import Readable, read
from tests.contract import reference
from tests.unit.office import Office, sealed

NAMED = Words("名", "name")


# --- a type that doesn't say what it must never imports ---


def _no_words() -> None:
    class _(Fields):
        TYPE: ClassVar[str] = "chengzhang.x.no-words.v1"


def _field_without_words() -> None:
    class _(ActionData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        person: Person
        note: Text


def _values_without_words() -> None:
    class _(ActionData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        mood: Annotated[Literal["good", "bad"], NAMED, Values.of(good="好")]


def _unknown_kind() -> None:
    Ref("no-such-kind")


def _unknown_kind_made() -> None:
    New("no-such-kind")


def _absent_owner() -> None:
    class _(ActionData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        note: Annotated[Text, Secret("person"), NAMED]


def _absent_once() -> None:
    class _(EventData):
        TYPE: ClassVar[str] = "chengzhang.x.y.v1"
        WORDS: ClassVar = NAMED
        ONCE: ClassVar = ("person", "half")
        person: Person


def _absent_since() -> None:
    class _(EventData):
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
    class _(State):
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
            assert (event.ENTRY.title or "").partition(".")[0] in {"", *event.model_fields}
            assert set(event.ENTRY.when) <= set(event.model_fields)


# --- the pages ---


def test_the_pages_are_as_the_types_declare() -> None:
    assert reference.main(["--check"]) == 0, "run: make schemas"


def test_every_example_is_accepted_one_after_the_other() -> None:
    office = Office()
    for fields in sorted(map(_sample, ACTIONS), key=lambda each: int(each["id"].partition("-")[2])):
        readable = read(fields, orjson.dumps(fields))
        assert isinstance(readable, Readable)
        assert readable.action is not None, readable.refusal
        for more in _needed(fields["type"]):
            office.did(*more)
        action = sealed(readable.action)
        if isinstance(action.data, RevokeEntry | CorrectEntry):
            action = office.aimed(action)
        decided = office.decide(action)
        assert not isinstance(decided, Rejection), (fields["type"], decided)


def _sample(name: str) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads((reference.SAMPLES / f"{name}.json").read_bytes())
    return fields


def _needed(name: str) -> list[tuple[str, dict[str, Any], str]]:
    """What the examples rest on besides each other: the same of others."""
    long_ago = "2020-01-01T08:00:00+08:00"
    if name.endswith("define-section.v1"):
        return [("people.define-section", {"section": "s-2", "name": "信息科"}, long_ago)]
    if name.endswith("register-person.v1"):
        person = {"name": "李", "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990}
        return [("people.register-person", {"person": ident, **person}, long_ago) for ident in ("p-2", "p-3")]
    if name.endswith("assume-post.v1"):
        post = {"person": "p-2", "tier": "staff", "section": "s-1", "from_on": "2020-01-01"}
        return [
            ("people.assume-post", {**post, "post": "post-2"}, long_ago),
            ("people.assume-post", {**post, "post": "post-3", "concurrent": True}, long_ago),
        ]
    return []
