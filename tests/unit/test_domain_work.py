"""Duty reports: who delivers them, and on which day. Procedures."""

from __future__ import annotations

import pytest

from tests.unit.office import founded, post

REPORT = {"person": "p-1", "half": "2026H1", "heard_by": ["s-1"]}


@pytest.mark.parametrize(
    ("more", "at", "accepted"),
    [
        ({"on": "2026-06-30"}, "2026-07-06T09:00:00+08:00", True),
        ({"on": "2026-06-29"}, "2026-07-06T09:00:00+08:00", False),  # heads none yet
        ({}, "2026-06-29T15:59:59Z", False),  # without a day of its own it is the action's, in Shanghai
        ({}, "2026-06-29T16:00:00Z", True),
        ({"person": "p-2"}, "2026-07-06T09:00:00+08:00", False),  # has sections in charge, heads none
    ],
)
def test_only_who_heads_a_section_that_day_reports(more: dict[str, str], at: str, accepted: bool) -> None:
    office = founded()
    office.did("people.assume-post", post(post="head", tier="section-head", acting=True, from_on="2026-06-30"))
    office.did("people.assume-post", post("p-2", "leadership", post="lead"))
    decided = office.submit("work.deliver-duty-report", REPORT | more, at)
    assert getattr(decided, "code", None) == (None if accepted else "heads-no-section")


def test_a_procedure_is_revised_again_and_again() -> None:
    office = founded()
    revision = {"area": "study", "procedure": "pr-1", "title": "学习制度", "from_on": "2026-01-01"}
    events = [office.did("work.revise-procedure", revision | {"version": version}) for version in (3, 4, 2)]
    assert {event.stream for event in events} == {"procedure/pr-1"}
