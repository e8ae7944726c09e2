"""Duty reports, procedures, decisions, exchanges, standings; talks that are due, and what was promised in them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.life.talk import PromiseFollowUp, RequireTalk
from schemas.life.work import HoldSectionExchange
from tests.unit.office import founded, post, session

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


# --- decisions ---

OUTPUT = {"output": "u-1", "lead": "p-1", "line": "inspection", "title": "通报", "level": "city", "effect": "pending"}
DECISION = {"decision": "dc-1", "title": "实施意见", "by": "区委常委会"}


def test_a_decision_is_the_work_of_all_who_made_its_outputs_where_they_sit_then() -> None:
    office = founded()
    office.did("people.define-section", {"section": "s-2", "name": "信息科"}, "2020-01-01T08:00:00+08:00")
    office.did("work.file-output", OUTPUT | {"participants": ["p-2"]})
    office.did("work.file-output", OUTPUT | {"output": "u-2", "lead": "p-2", "line": "information"})
    office.did("learning.convene-session", session(line="policy-research", chair="p-3"))
    office.did("people.transfer-person", {"person": "p-2", "to_section": "s-2", "on": "2026-04-01"})
    rests = DECISION | {"outputs": ["u-1", "u-2"], "sessions": ["m-1"]}
    event = office.did("work.adopt-research", rests, "2026-05-01T09:00:00+08:00")
    assert [(stamp.person, stamp.section) for stamp in event.data.stamps] == [("p-1", "s-1"), ("p-2", "s-2")]
    assert event.data.persons == ("p-1", "p-2")
    assert event.data.lines == ("inspection", "information", "policy-research")


def test_a_decision_that_rests_on_no_output_is_nobodys_entry() -> None:
    office = founded()
    opened = {"research": "r-1", "question": "?", "commissioned_by": "区委", "members": ["p-1"]}
    research = office.did("work.open-research", opened)
    event = office.did("work.adopt-research", DECISION | {"research": "r-1"})
    assert (event.data.persons, event.data.lines, event.data.stamps) == ((), (), ())
    assert office.refused_revocation(research) == "rests-on-it"


def test_given_an_output_that_a_decision_rests_on_when_it_is_revoked_then_the_decision_stands_against_it() -> None:
    office = founded()
    output = office.did("work.file-output", OUTPUT)
    settled = office.did("work.settle-effect", {"output": "u-1", "effect": "in-force", "on": "2026-03-02"})
    adopted = office.did("work.adopt-research", DECISION | {"outputs": ["u-1"]})
    assert office.refused_revocation(output) == "rests-on-it"
    for event in (adopted, settled, output):
        office.revoke(event)
    assert office.refused("work.settle-effect", {"output": "u-1", "effect": "adopted", "on": "2026-03-02"}) == (
        "unknown-reference"
    )


# --- exchanges, standings, assessments ---


@pytest.mark.parametrize(
    ("host", "sections"), [("s-1", ["s-1"]), ("s-1", ["s-2", "s-3"]), ("s-1", ["s-1", "s-2", "s-2"])]
)
def test_given_an_exchange_whose_host_is_not_among_two_sections_or_more_then_it_is_no_exchange(
    host: str, sections: list[str]
) -> None:
    data = {"exchange": "x-1", "host": host, "sections": sections, "month": "2026-03", "topics": "衔接"}
    with pytest.raises(ValidationError):
        HoldSectionExchange.model_validate(data)
    HoldSectionExchange.model_validate(data | {"sections": ["s-2", "s-1"]})


def test_a_standing_and_an_assessment_are_recorded_once_a_key() -> None:
    office = founded()
    standing = {"line": "inspection", "period": "2026H1", "scope": "city", "place": 2, "of": 11, "by": "市委督查室"}
    event = office.did("work.record-standing", standing)
    assert event.stream == "line/inspection"
    assert office.refused("work.record-standing", standing | {"place": 1}) == "once-only"
    office.did("work.record-standing", standing | {"scope": "province"})
    assessment = {"person": "p-1", "half": "2026H1", "by": "p-2", "comment": "好"}
    office.did("work.assess-duty-report", assessment)
    assert office.refused("work.assess-duty-report", assessment | {"by": "p-3"}) == "once-only"


def test_a_follow_up_comes_from_one_of_talk_report_and_exchange_that_is_there() -> None:
    office = founded()
    office.did("people.assume-post", post(post="head", tier="section-head", from_on="2026-01-01"))
    office.did("people.define-section", {"section": "s-2", "name": "信息科"}, "2020-01-01T08:00:00+08:00")
    promise = {"follow_up": "f-1", "owner": "p-2", "due_on": "2026-04-01", "what": "补台账"}
    assert office.refused("talk.promise-follow-up", promise | {"report": "r-1"}) == "unknown-reference"
    report = office.did("work.deliver-duty-report", REPORT | {"report": "r-1"})
    office.did("talk.promise-follow-up", promise | {"report": "r-1"})
    held = {"exchange": "x-1", "host": "s-1", "sections": ["s-1", "s-2"], "month": "2026-03", "topics": ["衔接"]}
    office.did("work.hold-section-exchange", held)
    office.did("talk.promise-follow-up", promise | {"follow_up": "f-2", "exchange": "x-1"})
    assert office.refused_revocation(report) == "rests-on-it"
    for origin in ({}, {"report": "r-1", "exchange": "x-1"}):
        with pytest.raises(ValidationError):
            PromiseFollowUp.model_validate(promise | {"follow_up": "f-3"} | origin)
    office.did("talk.close-follow-up", {"follow_up": "f-1", "on": "2026-03-30"})


def test_a_talk_falls_due_with_somebody_else_and_names_its_duty() -> None:
    office = founded()
    duty = {"duty": "d-1", "person": "p-1", "with": "p-2", "trigger": "岗位变动", "due_on": "2026-03-31"}
    with pytest.raises(ValidationError):
        RequireTalk.model_validate(duty | {"with": "p-1"})
    talk = {"talk": "t-1", "initiator": "p-2", "participants": ["p-1"], "mode": "one-to-one", "duty": "d-1"}
    assert office.refused("talk.hold-talk", talk) == "unknown-reference"
    event = office.did("talk.require-talk", duty)
    assert event.data.payload()["with"] == "p-2"
    office.did("talk.hold-talk", talk)
    assert office.refused_revocation(event) == "rests-on-it"
