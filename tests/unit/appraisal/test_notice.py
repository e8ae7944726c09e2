"""Posting, objections, notice, review, appeal, archive (rule 8, domain 7). Given, when, then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.appraisal.year import Year
from tests.unit.office import correction


def _excellent(year: Year, who: str = "p-2") -> Year:
    year.decided(who, "excellent")
    return year


# --- posting ---


# Holidays of 2026 as the State Council announced them: New Year 1 to 3 January, work on Sunday the 4th; Spring Festival
# 15 to 23 February, work on Saturdays 14 and 28.
@pytest.mark.parametrize(("from_on", "workdays", "ends_on"), [
    ("2026-01-09", 5, "2026-01-15"),  # a Friday counts
    ("2026-01-10", 5, "2026-01-16"),  # a Saturday doesn't
    ("2026-01-01", 5, "2026-01-08"),  # the 4th is a workday
    ("2026-02-13", 5, "2026-02-26"),  # the 14th is one, then the holiday
    ("2026-01-12", 10, "2026-01-23"),
])  # fmt: skip
def test_a_posting_ends_on_the_last_of_its_workdays(from_on: str, workdays: int, ends_on: str) -> None:
    year = Year()
    year.proposed("p-2", "excellent")  # it may come once the grades are proposed
    made = year.posted("p-2", from_on=from_on, workdays=workdays)
    assert (made.data.ends_on, made.data.pools) == (ends_on, ("civil-service",))


def test_a_posting_needs_the_packs_workdays_and_a_calendar_that_knows_them() -> None:
    year = Year()
    year.proposed("p-2", "excellent")
    assert year.no("post-excellent-list", persons=["p-2"], from_on="2026-01-09", workdays=4) == "invalid-field"
    assert year.no("post-excellent-list", persons=["p-2"], from_on="2150-01-09", workdays=5) == "workdays-unknown"
    assert year.no("post-excellent-list", persons=["p-2"], from_on="1999-01-09", workdays=5) == "workdays-unknown"


def test_only_who_is_proposed_or_decided_as_excellent_is_posted() -> None:
    year = Year()
    for who, grade in (("p-2", "competent"), ("p-3", "excellent")):
        year.proposed(who, grade)
    assert year.no("post-excellent-list", persons=["p-4"], from_on="2026-01-09", workdays=5) == "stage-order"
    assert year.no("post-excellent-list", persons=["p-3", "p-2"], from_on="2026-01-09", workdays=5) == "stage-order"
    year.did("decide-grade", "p-2", grade="excellent")
    year.posted("p-3", "p-2")


def test_notice_of_excellent_is_given_from_the_day_after_the_posting_on() -> None:
    year = _excellent(Year())
    assert year.no("give-notice", "p-2") == "stage-order"
    posted = year.posted("p-2")
    assert posted.data.ends_on == "2026-01-15"
    assert year.no("give-notice", "p-2", on="2026-01-15") == "posting-running"
    told = year.did("give-notice", "p-2", on="2026-01-16")
    assert (told.data.grade, told.data.review_until, told.data.appeal_until) == (
        "excellent",
        "2026-02-15",
        "2026-02-15",
    )
    assert year.office.refused_revocation(posted) == "rests-on-it"


def test_notice_of_any_other_grade_needs_no_posting() -> None:
    assert Year().noticed("p-2", "basically-competent").data.grade == "basically-competent"


# --- objections ---


def test_an_objection_stops_its_own_person_only_until_it_is_settled() -> None:
    year = Year()
    for who in ("p-2", "p-3"):
        year.decided(who, "excellent")
    year.posted("p-2", "p-3")
    year.did("raise-objection", "p-2", objection="ob")
    assert year.no("give-notice", "p-2") == "objection-open"
    year.did("give-notice", "p-3")
    settled = year.did("settle-objection", objection="ob", upheld=False)
    assert (settled.data.person, settled.data.stamps[0].person) == ("p-2", "p-2")
    year.did("give-notice", "p-2")


def test_an_upheld_objection_stands_against_excellent_and_not_against_another_grade() -> None:
    year = _excellent(Year())
    year.posted("p-2")
    year.did("raise-objection", "p-2", objection="ob")
    year.did("settle-objection", objection="ob", upheld=True)
    assert year.no("give-notice", "p-2") == "barred-grade"
    decided = next(e for e in year.office.events.values() if e.data.TYPE.endswith("grade-decided.v1"))
    lower = correction(decided, "appraisal.decide-grade", year.data("decide-grade", "p-2", {}), year.at("decide-grade"))
    year.office.did("any.correct-entry", lower)
    year.did("give-notice", "p-2")


def test_only_who_is_posted_is_objected_to_and_an_objection_is_settled_once_where_it_belongs() -> None:
    year = _excellent(Year())
    assert year.no("raise-objection", "p-2", objection="ob") == "stage-order"
    year.posted("p-2")
    assert year.no("raise-objection", "p-3", objection="ob") == "stage-order"
    raised = year.did("raise-objection", "p-2", objection="ob")
    assert raised.stream == "objection/ob"
    other = Year(year.office, 2024, "national-2025")
    assert other.no("settle-objection", objection="ob", upheld=False, day="2026-01-14") == "unknown-reference"
    year.did("settle-objection", objection="ob", upheld=False)
    assert year.no("settle-objection", objection="ob", upheld=True) == "once-only"
    assert year.office.refused_revocation(raised) == "rests-on-it"


# --- review and appeal ---


@pytest.mark.parametrize(("on", "code"), [("2026-02-19", None), ("2026-02-20", "too-late")])
@pytest.mark.parametrize("step", ["request-review", "lodge-appeal"])
def test_a_review_or_a_direct_appeal_within_30_days_of_the_notice(step: str, on: str, code: str | None) -> None:
    year = Year()
    year.noticed("p-2", "incompetent")  # on 20 January
    if code:
        assert year.no(step, "p-2", "2026-03-01", on=on) == code
    else:
        year.did(step, "p-2", "2026-03-01", on=on)


@pytest.mark.parametrize(("on", "code"), [("2026-03-17", None), ("2026-03-18", "too-late")])
def test_an_appeal_within_15_days_of_the_reviews_answer(on: str, code: str | None) -> None:
    year = Year()
    year.noticed("p-2", "incompetent")
    assert year.did("request-review", "p-2").data.answer_until == "2026-03-12"
    decided = year.did("decide-review", "p-2", outcome="upheld")  # on 2 March
    assert decided.data.appeal_until == "2026-03-17"
    if code:
        assert year.no("lodge-appeal", "p-2", "2026-03-20", on=on) == code
    else:
        made = year.did("lodge-appeal", "p-2", "2026-03-20", on=on)
        assert made.data.answer_until == "2026-05-16"


@pytest.mark.parametrize(("asks", "answers"), [("request-review", "decide-review"), ("lodge-appeal", "decide-appeal")])
def test_what_was_not_asked_for_is_not_answered_and_one_at_a_time_is_open(asks: str, answers: str) -> None:
    year = Year()
    assert year.no(asks, "p-2") == "stage-order"
    year.noticed("p-2", "incompetent")
    assert year.no(answers, "p-2", outcome="upheld") == "stage-order"
    asked = year.did(asks, "p-2", on="2026-02-10")
    assert year.no(asks, "p-2", "2026-03-11", on="2026-02-11") == "stage-order"
    answered = year.did(answers, "p-2", outcome="upheld")
    assert year.no(answers, "p-2", outcome="upheld") == "stage-order"
    assert year.office.refused_revocation(asked) == "rests-on-it"
    year.office.revoke(answered)
    year.office.revoke(asked)


@pytest.mark.parametrize(("grade", "code"), [
    ("excellent", None), ("competent", None), ("basically-competent", None), ("incompetent", "barred-grade"),
])  # fmt: skip
def test_no_review_or_appeal_makes_it_harsher(grade: str, code: str | None) -> None:
    year = Year()
    year.noticed("p-2", "basically-competent")
    year.did("request-review", "p-2")
    if code:
        assert year.no("decide-review", "p-2", outcome="changed", grade=grade) == code
    else:
        made = year.did("decide-review", "p-2", outcome="changed", grade=grade)
        assert made.data.pool == "civil-service"


def test_a_grade_that_a_review_makes_excellent_takes_a_seat_and_goes_by_bars() -> None:
    year = Year()
    for who in ("p-3", "p-4"):
        year.decided(who, "excellent")  # both seats
    year.noticed("p-2")
    year.did("request-review", "p-2")
    assert year.no("decide-review", "p-2", outcome="changed", grade="excellent") == "over-quota"
    measure = {"measure": "d", "person": "p-2", "measure_kind": "记过", "case": "decided", "decided_on": "2025-06-01"}
    year.office.did("people.record-discipline", measure, "2025-06-01T09:00:00+08:00")
    assert year.no("decide-review", "p-2", outcome="changed", grade="competent") == "barred-grade"


def test_an_appeal_stands_over_the_review_before_it() -> None:
    year = Year()
    year.noticed("p-2", "incompetent")
    year.did("request-review", "p-2")
    year.did("decide-review", "p-2", outcome="changed", grade="competent")
    year.did("lodge-appeal", "p-2")
    assert year.no("decide-appeal", "p-2", outcome="changed", grade="basically-competent") == "barred-grade"
    year.did("decide-appeal", "p-2", outcome="upheld")


# --- archive ---

AFTER = ("submit-self-review", "hold-democratic-assessment", "verify-findings", "propose-grade")


def test_nothing_goes_into_an_archived_file_but_supplement_review_and_appeal() -> None:
    year = Year()
    year.archived("p-2", "undetermined", reason="investigation")
    for step in AFTER:
        assert year.no(step, "p-2", "2026-02-01") == "archived-file"
    year.did("request-review", "p-2")
    year.did("decide-review", "p-2", outcome="upheld")
    year.did("lodge-appeal", "p-2")
    year.did("decide-appeal", "p-2", outcome="upheld")
    year.did("supplement-grade", "p-2")


def test_nothing_is_posted_of_or_objected_to_who_is_archived() -> None:
    year = Year()
    year.archived("p-2", "excellent")
    posting = {"persons": ["p-2"], "from_on": "2026-02-02", "workdays": 5}
    assert year.no("post-excellent-list", None, "2026-02-01", **posting) == "archived-file"
    assert year.no("raise-objection", "p-2", "2026-02-01", objection="ob") == "archived-file"


def _revoked(year: Year) -> list[Any]:
    gone: list[Any] = [
        event.data for event in year.office.events.values() if event.data.TYPE.endswith("entry-revoked.v1")
    ]
    return [(data.fact.type.split(".")[2], data.reason, data.reopens) for data in gone]


def test_a_correction_that_changes_the_grade_reopens_the_file_and_takes_notice_and_signature_with_it() -> None:
    year = Year()
    archived = year.archived("p-2", "competent")
    decided = next(e for e in year.office.events.values() if e.data.TYPE.endswith("grade-decided.v1"))
    lower = year.data("decide-grade", "p-2", {"grade": "basically-competent"})
    better = correction(decided, "appraisal.decide-grade", lower, year.at("decide-grade"))
    year.office.did("any.correct-entry", better)
    assert _revoked(year) == [
        ("grade-decided", "mistake", (archived.id,)),
        ("file-archived", "withdrawn", None),
        ("notice-signed", "withdrawn", None),
        ("notice-given", "withdrawn", None),
    ]
    assert year.no("archive-file", "p-2") == "stage-order"
    assert year.did("give-notice", "p-2", "2026-02-02").data.grade == "basically-competent"
    year.did("sign-notice", "p-2", "2026-02-03")
    year.did("archive-file", "p-2", "2026-02-04")


def test_a_correction_that_leaves_the_grade_reopens_the_file_and_no_more() -> None:
    year = Year()
    archived = year.archived("p-2")
    review = next(e for e in year.office.events.values() if e.data.TYPE.endswith("self-review-submitted.v1"))
    better = correction(review, "appraisal.submit-self-review", year.data("submit-self-review", "p-2", {}),
                        year.at("submit-self-review"))  # fmt: skip
    year.office.did("any.correct-entry", better)
    assert _revoked(year) == [
        ("self-review-submitted", "mistake", (archived.id,)),
        ("file-archived", "withdrawn", None),
    ]
    year.did("archive-file", "p-2")


def test_a_revocation_of_what_the_grade_rests_on_is_refused_in_an_archived_file_as_in_any() -> None:
    year = Year()
    year.archived("p-2")
    review = next(e for e in year.office.events.values() if e.data.TYPE.endswith("self-review-submitted.v1"))
    assert year.office.refused_revocation(review) == "rests-on-it"
    decided = next(e for e in year.office.events.values() if e.data.TYPE.endswith("grade-decided.v1"))
    year.office.revoke(decided)  # its notice goes with it, and the archive
    assert [gone[0] for gone in _revoked(year)] == ["grade-decided", "file-archived", "notice-signed", "notice-given"]


def test_an_archive_is_taken_back_alone() -> None:
    year = Year()
    year.office.revoke(year.archived("p-2"))
    assert _revoked(year) == [("file-archived", "mistake", None)]
    year.did("archive-file", "p-2")


def test_another_file_of_the_cycle_stays_archived() -> None:
    year = Year()
    year.archived("p-3")
    year.archived("p-2")
    decided = [e for e in year.office.events.values() if e.data.TYPE.endswith("grade-decided.v1")]
    year.office.revoke(decided[1])
    assert year.no("propose-grade", "p-3", "2026-02-01") == "archived-file"
    year.did("decide-grade", "p-2", "2026-02-01")
