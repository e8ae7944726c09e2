"""Types, codes and views are those of the domain's own lists, but for what is marked to come later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.catalogue import ACTIONS, BECOMES, EVENTS
from services.projector import read_models
from services.recorder.domain.deciding.core import RETRYABLE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "domain-lists.md").read_text("utf-8")
SOURCES = "".join(path.read_text("utf-8") for path in (ROOT / "services" / "recorder").rglob("*.py"))
MODELS = {model.name: model for model in read_models.load()}


# Rule 1: what is recorded once a key; attendance and credit have codes of their own (rule 2).
ONCE = {
    "duty-report-delivered": "person, half", "duty-report-assessed": "person, half",
    "plan-adopted": "carrier, group, year", "month-arranged": "plan, month", "make-up-completed": "session, person",
    "minutes-recorded": "session", "reflection-submitted": "session, person", "contest-scored": "session, person",
    "speech-delivered": "session, person, part", "routine-grade-given": "person, period",
    "standing-recorded": "line, period, scope", "star-named": "team, period", "self-review-submitted": "cycle, person",
    "findings-verified": "cycle, person", "democratic-assessment-held": "cycle, person",
    "grade-decided": "cycle, person", "notice-given": "cycle, person", "notice-signed": "cycle, person",
    "file-archived": "cycle, person", "grade-supplemented": "cycle, person", "seats-approved": "cycle, pool",
    "selection-voted": "selection", "candidate-recommended": "selection, person, section, by",
    "attendance-recorded": "session, person", "hours-credited": "session, person, account",
}  # fmt: skip


def _rows(section: str) -> Iterator[list[str]]:
    """The cells of the section's table, without back quotes."""
    part = PAGE.partition(f"## {section} ·")[2].partition("\n## ")[0]
    for line in part.splitlines():
        if line.startswith("| ") and "`" in line:
            yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


def _there(section: str) -> list[list[str]]:
    return [row for row in _rows(section) if row[-1] != "later"]


def test_every_action_is_there_and_becomes_its_event() -> None:
    for group, action, event, _ in _there("Actions"):
        name = f"chengzhang.{group}.{action}.v1"
        assert name in ACTIONS
        if action != "correct-entry":  # which becomes a revocation, and what its replacement becomes
            assert BECOMES[name] == f"chengzhang.{group}.{event}.v1"


def test_there_is_no_action_that_is_not_listed() -> None:
    listed = {f"chengzhang.{row[0]}.{row[1]}.v1" for row in _rows("Actions")}
    assert set(ACTIONS) <= listed


def test_what_is_recorded_once_has_the_key_of_the_rule() -> None:
    declared = {type_.split(".")[2]: ", ".join(model.ONCE) for type_, model in EVENTS.items() if model.ONCE}
    assert declared == ONCE


def test_every_code_is_said_somewhere_and_is_final_or_not_as_listed() -> None:
    for code, final, _ in _there("Codes"):
        assert f'"{code}"' in SOURCES, code
        assert (code not in RETRYABLE) is (final == "yes"), code


@pytest.mark.parametrize(
    ("view", "resource", "key", "columns"), [row[:4] for row in _there("Views")], ids=[r[0] for r in _there("Views")]
)
def test_every_view_has_its_resource_its_key_first_and_its_columns(
    view: str, resource: str, key: str, columns: str
) -> None:
    model = MODELS[view]
    names = [column.name for column in model.columns if not column.naming]
    keys = key.split(", ")
    assert model.settings["resource"] == resource
    assert [column.name for column in model.key] == keys == names[: len(keys)]
    assert set(columns.split(", ")) <= set(names)


def test_every_view_is_listed() -> None:
    assert set(MODELS) <= {row[0] for row in _rows("Views")} | {"growth_entry"}
