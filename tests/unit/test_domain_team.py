"""Teams, sharing and pairings; goals and strengths: what stands for what, and where people sat then."""

from __future__ import annotations

from tests.unit.office import Office, founded, session

TEAM = {"team": "tm-1", "kind": "chess", "name": "围棋队", "owner": "office", "from_on": "2026-02-01"}
STAR = {"team": "tm-1", "person": "p-1", "period": "2026Q1"}
GOAL = {"goal": "g-1", "year": 2026, "title": "办文时限"}
FEBRUARY, APRIL = "2026-02-10T09:00:00+08:00", "2026-04-10T09:00:00+08:00"


def _moved() -> Office:
    """p-1 sits in s-2 from 1 April on."""
    office = founded()
    office.did("people.define-section", {"section": "s-2", "name": "信息科"}, "2020-01-01T08:00:00+08:00")
    office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-04-01"}, APRIL)
    return office


def test_given_a_team_from_february_when_somebody_joins_in_january_then_there_is_no_such_team() -> None:
    office = founded()
    office.did("team.form-team", TEAM, FEBRUARY)
    joining = {"team": "tm-1", "person": "p-1", "on": "2026-01-31"}
    assert office.refused("team.join-team", joining, "2026-01-31T23:30:00+08:00") == "unknown-reference"
    office.did("team.join-team", joining | {"on": "2026-02-01"}, "2026-02-01T00:30:00+08:00")


def test_given_a_team_with_members_when_its_forming_is_revoked_then_they_rest_on_it() -> None:
    office = founded()
    formed = office.did("team.form-team", TEAM, FEBRUARY)
    joined = office.did("team.join-team", {"team": "tm-1", "person": "p-1", "on": "2026-02-01"}, FEBRUARY)
    assert office.refused_revocation(formed) == "rests-on-it"
    office.revoke(joined)
    office.revoke(formed)


def test_given_a_star_of_a_quarter_when_another_is_named_then_it_is_once_only_until_revoked() -> None:
    office = founded()
    office.did("team.form-team", TEAM, FEBRUARY)
    named = office.did("team.name-star", STAR)
    assert office.refused("team.name-star", STAR | {"person": "p-2"}) == "once-only"
    office.did("team.name-star", STAR | {"person": "p-2", "period": "2026-03"})
    office.revoke(named)
    office.did("team.name-star", STAR | {"person": "p-2"})


def test_knowledge_is_learned_in_a_session_and_nowhere_that_is_not_known() -> None:
    office = founded()
    office.did("learning.convene-session", session())
    sharing = {"sharing": "sh-1", "person": "p-1", "topic": "文稿", "reached": ["p-2", "p-3"]}
    assert office.refused("team.share-knowledge", sharing | {"learned_from": "m-9"}) == "unknown-reference"
    event = office.did("team.share-knowledge", sharing | {"learned_from": "m-1"})
    assert [stamp.person for stamp in event.data.stamps] == ["p-1"]


def test_given_a_session_that_was_shared_from_when_it_is_revoked_then_the_sharing_rests_on_it() -> None:
    office = founded()
    convened = office.did("learning.convene-session", session())
    sharing = {"sharing": "sh-1", "person": "p-1", "topic": "文稿", "learned_from": "m-1"}
    shared = office.did("team.share-knowledge", sharing)
    assert office.refused_revocation(convened) == "rests-on-it"
    office.revoke(shared)
    office.revoke(convened)


def test_of_a_pairing_the_mentor_is_stamped() -> None:
    office = founded()
    pairing = {"pairing": "pa-1", "mentor": "p-1", "learner": "p-2", "for": "公文写作", "from_on": "2026-02-01"}
    event = office.did("team.pair-up", pairing)
    assert [stamp.person for stamp in event.data.stamps] == ["p-1"]
    assert event.data.payload()["for"] == "公文写作"
    assert office.refused("team.end-pairing", {"pairing": "pa-2", "on": "2026-03-01"}) == "unknown-reference"


# --- goals ---


def test_what_is_reported_of_a_goal_carries_it_and_where_its_person_sat_then() -> None:
    office = _moved()
    office.did("people.set-goal", GOAL | {"person": "p-1"}, FEBRUARY)
    before = office.did("people.report-goal", {"goal": "g-1", "state": "open", "on": "2026-02-10"}, FEBRUARY)
    after = office.did("people.report-goal", {"goal": "g-1", "state": "met", "on": "2026-04-10"}, APRIL)
    assert [event.data.stamps[0].section for event in (before, after)] == ["s-1", "s-2"]
    assert after.data.person == "p-1"
    assert after.data.goal_stamp.title == "办文时限"
    assert after.stream == "goal/g-1"


def test_a_goal_of_a_section_is_nobodys_entry() -> None:
    office = founded()
    office.did("people.set-goal", GOAL | {"section": "s-1"}, FEBRUARY)
    event = office.did("people.report-goal", {"goal": "g-1", "state": "met", "on": "2026-02-10"}, FEBRUARY)
    assert (event.data.person, event.data.stamps, event.data.goal_stamp.section) == (None, (), "s-1")


def test_given_a_goal_that_was_reported_when_it_is_revoked_then_the_report_rests_on_it() -> None:
    office = founded()
    goal = office.did("people.set-goal", GOAL | {"person": "p-1"}, FEBRUARY)
    office.did("people.report-goal", {"goal": "g-1", "state": "met", "on": "2026-02-10"}, FEBRUARY)
    assert office.refused_revocation(goal) == "rests-on-it"
    assert office.refused("people.report-goal", {"goal": "g-2", "state": "met", "on": "2026-02-10"}) == (
        "unknown-reference"
    )
