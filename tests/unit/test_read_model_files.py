"""What a read model's file must say to load; and that the page on adding one says what the code takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.catalogue import EVENTS
from services.projector import read_models, relations
from services.projector.errors import Unloadable
from services.projector.read_models import ReadModel

_PAGE = Path(__file__).parents[2] / "docs/how-to/add-a-read-model.md"
_TALKS = (read_models.FOLDER / "talk" / "talk_coverage.sql").read_text(encoding="utf-8")
_APPRAISAL = (read_models.FOLDER / "appraisal" / "appraisal_summary.sql").read_text(encoding="utf-8")


def _loaded(folder: Path, text: str, name: str = "talk_coverage") -> ReadModel:
    file = folder / f"{name}.sql"
    file.write_text(text, encoding="utf-8")
    return ReadModel.load(file)


@pytest.mark.parametrize(
    ("said", "instead", "missing"),
    [
        ("-- whose: person_a, person_b\n", "", "whose"),
        ("-- whose: person_a, person_b\n", "-- whose: person_c\n", "no column person_c"),
        ("-- kind: sum\n", "", "kind"),
        ("-- kind: sum\n", "-- kind: total\n", "no kind total"),
        ("-- resource: talk-coverage\n", "", "resource"),
        ("-- types: chengzhang.talk.talk-held.v1\n", "-- types: chengzhang.talk.talk-hold.v1\n", "talk-hold"),
        ("-- types: chengzhang.talk.talk-held.v1\n", "-- types: chengzhang.work.output-filed.v1\n", "output-filed"),
        ("-- types: ", "-- tpyes: ", "no setting tpyes"),
        ("1 AS held -- sum · 次数 · talks held and not revoked", "1 AS held", "a column says what it is"),
        ("-- sum · 次数 · talks held and not revoked", "-- sum", "no words"),
        ("key life.talk.Pair", "key life.talk.Pairs", "no type 'life.talk.Pairs'"),
        ("-- 谈心谈话 · heart-to-heart talks\n", "-- talks\n", "the first line"),
        ("FROM care\n", "FROM care, fact\n", "from one of"),
        ("FROM care\n", "FROM care_change AS c\n", "from one of"),
        ("FROM care\n", "FROM growth_file\n", "not from none"),
        ("-- key ", "-- ", "no key"),
    ],
)
def test_a_file_that_lacks_something_does_not_load_and_says_what(
    tmp_path: Path, said: str, instead: str, missing: str
) -> None:
    assert said in _TALKS
    with pytest.raises(Unloadable, match=re.escape(missing)) as refused:
        _loaded(tmp_path, _TALKS.replace(said, instead))
    assert str(refused.value).startswith("talk_coverage.sql: ")


@pytest.mark.parametrize("name", sorted(read_models.JUDGING))
@pytest.mark.parametrize("relation", ["care", "everything", "entry", "filed"])
def test_what_judges_people_can_not_name_care(tmp_path: Path, name: str, relation: str) -> None:
    with pytest.raises(Unloadable, match="care is no evidence"):
        _loaded(tmp_path, re.sub(r"\bFROM (fact|evidence)\b", f"FROM {relation}", _APPRAISAL), name)
    with pytest.raises(Unloadable, match="from one of"):
        _loaded(tmp_path, _APPRAISAL.replace("FROM evidence", f"FROM {relation}", 1), name)


def test_no_care_is_evidence() -> None:
    assert not any(map(relations.is_care, relations.RELATIONS["evidence"].types | relations.RELATIONS["fact"].types))
    entries = {type_ for type_, model in EVENTS.items() if model.ENTRY is not None}
    assert {type_ for type_ in entries if relations.is_care(type_)} == {"chengzhang.talk.talk-held.v1"}
    assert all(model.ENTRY.group != "talk" or relations.is_care(t) for t, model in EVENTS.items() if model.ENTRY)


def test_the_page_names_what_the_code_takes() -> None:
    page = _PAGE.read_text(encoding="utf-8")
    tables = [set(re.findall(r"^\| `([a-z]+)`", part, re.MULTILINE)) for part in page.split("\n\n")]
    assert read_models.SETTINGS in tables
    assert read_models.ROLES in tables
    assert set(relations.RELATIONS) in tables
    kinds = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| `kind` \|.*", page, re.MULTILINE)))
    assert set(kinds) == {"kind", *read_models.KINDS}


@pytest.mark.parametrize("model", read_models.load(), ids=lambda model: model.name)
def test_a_column_has_the_type_that_its_expression_has(model: ReadModel) -> None:
    """Out of its table it would be converted, as it was known at an instant it would not."""
    cast = re.compile(r"(?:\([^()]*\)|'[^']*'|NULL)::(\w+)")
    written = {c.name: found[1] for c in model.columns if (found := cast.fullmatch(c.expression))}
    assert {c.name: c.type for c in model.columns if c.name in written and c.type != "boolean"} == {
        c.name: written[c.name] for c in model.columns if c.name in written and c.type != "boolean"
    }


def test_days_of_the_contract_are_days() -> None:
    (register,) = [model for model in read_models.load() if model.name == "procedure_register"]
    assert {c.name: c.type for c in register.columns}["from_on"] == "date"
