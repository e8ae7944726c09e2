"""The guide to keeping the record: the domain accepts each of its actions, in the order of the page."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from tests.unit.office import Office

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
# act ID TYPE TIME ACTOR 'DATA', as the page's own function takes it
_ACT = re.compile(r"^act (\S+) (\S+) (\S+) (\S+) '([^']*)'$", re.MULTILINE)
# What a month is made of, from the plan to the home visit.
WALK = (
    "adopt-plan", "arrange-month", "convene-session", "record-attendance", "complete-make-up", "credit-hours",
    "require-talk", "hold-talk", "promise-follow-up", "close-follow-up", "file-output", "settle-effect",
    "hold-section-exchange", "deliver-duty-report", "raise-need", "meet-need", "propose-visit", "approve-visit",
    "make-home-visit",
)  # fmt: skip


@pytest.mark.parametrize("page", ["keep-the-record.md", "keep-the-record.zh-CN.md"])
def test_every_action_of_the_month_is_accepted(page: str) -> None:
    text = (PAGES / page).read_text("utf-8")
    acts = _ACT.findall(text)
    assert len(acts) == len(re.findall(r"^act ", text, re.MULTILINE))
    assert len({ident for ident, *_ in acts}) == len(acts)
    assert [name for name in WALK if not any(type_.endswith(f".{name}") for _, type_, *_ in acts)] == []
    office = Office()
    for _, type_, time, _, data in acts:
        assert datetime.fromisoformat(time).utcoffset()
        office.did(type_, orjson.loads(data), time)
