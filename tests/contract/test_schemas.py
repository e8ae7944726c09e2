"""The published schemas: generated from the code, and true of samples that were stored once and are never changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from schemas import generate
from schemas.catalogue import ACTIONS, BECOMES, EVENTS
from schemas.envelope import LARGEST_EVENT, ActionEnvelope, EventEnvelope
from schemas.receipt import Quarantined, QuarantinedEnvelope, Receipt, ReceiptEnvelope
from schemas.trust.canonical import canonical
from services.recorder.intake.reading import Readable, read
from tests.support.published import DOCUMENTS, REGISTRY, validator

TEXTS = {path.name: path.read_text("utf-8") for path in (generate.FOLDER / "json").glob("*.json")}

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
TOLD: dict[str, type[BaseModel]] = {Receipt.TYPE: ReceiptEnvelope, Quarantined.TYPE: QuarantinedEnvelope}
_SEALED = "event.json#/$defs/Sealed"


def test_what_is_committed_is_what_the_models_say() -> None:
    texts = {name: generate.text(document) for name, document in generate.documents().items()}
    assert generate.run(generate.FOLDER / "json", texts, ["--check"]) == 0, "run: make schemas"


def test_what_is_written_is_json_of_short_lines() -> None:
    long = {"a": ["x" * 50, "y" * 50], "b": {"c": "z" * 200}, "d": [], "e": [{"f": 1}, {"g": ["h" * 120]}]}
    assert json.loads(generate.text(long)) == long
    assert generate.text({"a": [1, {"b": None}]}) == '{"a": [1, {"b": null}]}\n'
    assert max(len(line) for line in generate.text({"a": [{"b": "x" * 40}] * 9}).splitlines()) < 60


def test_one_more_type_is_few_generated_lines() -> None:
    lines = {name: text.count("\n") for name, text in TEXTS.items()}
    for action in ACTIONS:
        assert lines[f"{action}.json"] + lines.get(f"{BECOMES.get(action)}.json", 0) < 150, action


def test_the_check_sees_what_differs_and_what_is_left_over(tmp_path: Path) -> None:
    assert generate.run(tmp_path, {"a.json": "{}"}, []) == 0
    assert generate.run(tmp_path, {"a.json": "{}"}, ["--check"]) == 0
    assert generate.run(tmp_path, {"a.json": "{} "}, ["--check"]) == 1
    assert generate.run(tmp_path, {}, ["--check"]) == 1
    assert generate.run(tmp_path, {}, []) == 0
    assert not list(tmp_path.iterdir())


def test_there_is_a_schema_and_a_sample_of_each_type() -> None:
    types = {*ACTIONS, *EVENTS, *TOLD}
    assert set(DOCUMENTS) == {f"{name}.json" for name in ("action", "event", *types)}
    assert {orjson.loads(sample.read_bytes())["type"] for sample in SAMPLES} == types


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_schema_is_one_and_names_itself_and_files_that_are_there(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENTS[name])
    assert DOCUMENTS[name]["$id"] == name
    resolver = REGISTRY.resolver(name)
    assert all(resolver.lookup(reference).contents for reference in _references(DOCUMENTS[name]))


@pytest.mark.parametrize("name", [*ACTIONS, *EVENTS])
def test_a_type_refers_to_its_envelope_and_repeats_none_of_it(name: str) -> None:
    base = "action.json" if name in ACTIONS else "event.json"
    document = DOCUMENTS[f"{name}.json"]
    assert {"$ref": base} in document["allOf"]
    assert set(document["properties"]) == {"type", "data"}
    assert document.get("$defs", {}).keys().isdisjoint(DOCUMENTS[base].get("$defs", {}))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_stored_sample_is_valid_for_ever(sample: Path) -> None:
    fields: dict[str, Any] = orjson.loads(sample.read_bytes())
    name = fields["type"]
    assert not list(validator(name).iter_errors(fields))
    if name in ACTIONS:
        ActionEnvelope.model_validate(fields)
        readable = read(fields, sample.read_bytes())
        assert isinstance(readable, Readable)
        assert readable.refusal is None
    elif name in EVENTS:
        EventEnvelope.model_validate(fields)
        EVENTS[name].model_validate(fields["data"])
    else:
        TOLD[name].model_validate_json(sample.read_bytes())


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.stem not in ACTIONS], ids=lambda path: path.stem)
def test_a_stored_sample_is_canonical_and_its_model_writes_the_same_bytes(sample: Path) -> None:
    raw = sample.read_bytes().rstrip(b"\n")
    assert len(raw) <= LARGEST_EVENT
    fields = orjson.loads(raw)
    assert canonical(fields) == raw
    if fields["type"] in EVENTS:
        data = EVENTS[fields["type"]].model_validate(fields["data"])
        assert canonical(data.payload()) == canonical(fields["data"])


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.stem in ACTIONS], ids=lambda path: path.stem)
def test_what_the_model_refuses_the_schema_refuses(sample: Path) -> None:
    fields = orjson.loads(sample.read_bytes())
    for broken in _broken(fields):
        readable = read(broken, orjson.dumps(broken))
        assert not isinstance(readable, Readable) or readable.refusal is not None
        assert list(validator(fields["type"]).iter_errors(broken)), broken


def _broken(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """One required member missing, one unknown one, one of another type."""
    data = fields["data"]
    first = next(iter(data))
    return [
        {name: value for name, value in fields.items() if name != "actor"},
        fields | {"Surprise": 1},
        fields | {"surprise": {}},
        fields | {"data": data | {"surprise": 1}},
        fields | {"data": data | {first: 1.5}},
        fields | {"data": {name: value for name, value in data.items() if name != first}},
    ]


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.stem in ACTIONS], ids=lambda path: path.stem)
def test_attributes_of_others_are_taken_by_the_schema_as_by_the_recorder(sample: Path) -> None:
    fields = orjson.loads(sample.read_bytes()) | {"comacme": "x", "comacmenumber": 1, "comacmeflag": False}
    readable = read(fields, orjson.dumps(fields))
    assert isinstance(readable, Readable)
    assert readable.refusal is None
    assert not list(validator(fields["type"]).iter_errors(fields))


def test_readers_may_meet_members_that_they_do_not_know() -> None:
    for sample in SAMPLES:
        fields = orjson.loads(sample.read_bytes())
        if fields["type"] not in ACTIONS:
            later = fields | {"later": 1, "data": fields["data"] | {"later": 1}}
            assert not list(validator(fields["type"]).iter_errors(later))


def test_sealed_fields_bear_their_mark_in_actions_and_are_sealed_in_events() -> None:
    for name, model in ACTIONS.items():
        assert {n for n, field in _fields(name).items() if field.get("x-sealed")} == set(model.SEALED)
    held = {n for n, field in _fields("chengzhang.talk.talk-held.v1").items() if _SEALED in _references(field)}
    assert held == {"topics", "note"}


def _fields(name: str) -> dict[str, Any]:
    fields: dict[str, Any] = DOCUMENTS[f"{name}.json"]["properties"]["data"]["properties"]
    return fields


def test_no_text_of_a_sealed_field_is_in_an_event_sample() -> None:
    for sample in SAMPLES:
        if sample.stem in EVENTS:
            assert not any(text in sample.read_text("utf-8") for text in ("王小明", "谈得很好", "学习计划", "生日"))


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in _references(value)]
    return [ref for value in part for ref in _references(value)] if isinstance(part, list) else []


def test_digits_are_those_of_ascii_in_every_pattern() -> None:
    """In many languages the class of digits has ٢ in it, too."""
    assert not [name for name, text in TEXTS.items() if r"\d" in text]
