"""The five stages and what follows them, in their order (rule 8). Given, when, then."""

from __future__ import annotations

from typing import Any

import pytest

from services.recorder.domain.deciding.core import Rejection
from tests.unit.appraisal.year import Year, enter, staffed
from tests.unit.office import correction


def test_a_year_from_opening_to_archive_tells_of_its_cycle_and_whose_seats_it_counts_with() -> None:
    year = Year()
    year.archived("p-1", "excellent")
    told = [event.data for event in year.office.events.values() if event.data.TYPE.startswith("chengzhang.appraisal.")]
    about: list[Any] = [data for data in told if getattr(data, "person", None) == "p-1"]
    assert {(d.year, d.rule_pack, d.pool, d.establishment) for d in about} == {
        (2025, "national-2025", "civil-service", "civil-service")
    }
    assert all(d.stamps[0].tier == "section-head" for d in about)
    assert about[-1].grade == "excellent"


def test_a_cycle_goes_by_a_pack_that_is_there() -> None:
    year = Year()
    again = {"cycle": "other", "year": 2025, "rule_pack": "nowhere-2025", "head": "p-1", "committee": []}
    assert year.office.refused("appraisal.open-cycle", again, "2026-01-04T09:00:00+08:00") == "unknown-reference"


@pytest.mark.parametrize("left_out", ["submit-self-review", "verify-findings", "hold-democratic-assessment"])
def test_a_proposal_needs_self_review_and_findings_and_of_a_head_of_a_section_the_democratic_assessment(
    left_out: str,
) -> None:
    year = Year()
    for who in ("p-1", "p-2"):
        for step in ("submit-self-review", "hold-democratic-assessment", "verify-findings"):
            if step != left_out:
                year.did(step, who)
    assert year.no("propose-grade", "p-1") == "stage-order"
    if left_out == "hold-democratic-assessment":
        year.did("propose-grade", "p-2")  # who heads no section may be proposed without
    else:
        assert year.no("propose-grade", "p-2") == "stage-order"
    year.did(left_out, "p-1")
    year.did("propose-grade", "p-1")


def test_who_headed_a_section_on_31_december_is_a_head_whatever_came_after() -> None:
    office = staffed()
    office.did(
        "people.end-post", {"person": "p-1", "post": "post-p-1", "on": "2026-01-05"}, "2026-01-05T09:00:00+08:00"
    )
    year = Year(office)
    year.did("submit-self-review", "p-1")
    year.did("verify-findings", "p-1")
    assert year.no("propose-grade", "p-1") == "stage-order"


@pytest.mark.parametrize("grade", ["undetermined", "not-appraised"])
def test_undetermined_and_not_appraised_need_neither(grade: str) -> None:
    year = Year()
    year.did("propose-grade", "p-1", grade=grade, reason="secondment")
    assert year.did("decide-grade", "p-1", grade=grade).data.reason == "secondment"


def test_a_decision_may_differ_from_its_proposal_but_not_be_a_grade_without_what_a_grade_needs() -> None:
    year = Year()
    year.did("propose-grade", "p-2", grade="undetermined", reason="investigation")
    assert year.no("decide-grade", "p-2", grade="competent") == "stage-order"
    year.ready("p-2")
    decided = year.did("decide-grade", "p-2", grade="competent")
    assert (decided.data.proposed, decided.data.grade, decided.data.reason) == ("undetermined", "competent", None)


def test_each_later_step_needs_the_one_before_it() -> None:
    year = Year()
    assert year.no("decide-grade", "p-2") == "stage-order"
    year.proposed("p-2")
    assert year.no("give-notice", "p-2") == "stage-order"
    year.did("decide-grade", "p-2")
    assert year.no("sign-notice", "p-2") == "stage-order"
    assert year.no("request-review", "p-2") == "stage-order"
    year.did("give-notice", "p-2")
    assert year.no("archive-file", "p-2") == "stage-order"
    year.did("sign-notice", "p-2", refused=True)  # who refuses to sign is archived, too
    year.did("archive-file", "p-2")


def test_what_is_recorded_later_but_happened_before_counts_and_what_happened_later_does_not() -> None:
    year = Year()
    year.did("submit-self-review", "p-2", "2026-01-08T10:00:00+08:00")
    year.did("verify-findings", "p-2")
    assert year.no("propose-grade", "p-2", "2026-01-08T09:59:59+08:00") == "stage-order"
    year.did("propose-grade", "p-2", "2026-01-08T10:00:00+08:00")


def test_what_is_refused_as_out_of_order_passes_once_the_step_before_is_recorded() -> None:
    refused = Year().said("decide-grade", "p-2")
    assert isinstance(refused, Rejection)
    assert not refused.final
    assert ("grade proposed" in refused.en, "拟定等次" in refused.zh) == (True, True)


ONCE = [
    "submit-self-review", "hold-democratic-assessment", "verify-findings", "decide-grade", "give-notice", "sign-notice",
]  # fmt: skip


@pytest.mark.parametrize("step", ONCE)
def test_recorded_once_for_cycle_and_person_and_freed_by_a_revocation(step: str) -> None:
    year = Year()
    year.did("hold-democratic-assessment", "p-2")
    year.noticed("p-2")
    signed = year.did("sign-notice", "p-2")
    assert year.no(step, "p-2") == "once-only"
    if step == "sign-notice":
        year.office.revoke(signed)
        year.did(step, "p-2")


def test_seats_are_approved_once_a_pool() -> None:
    year = Year()
    first = year.did("approve-seats", pool="institution", rate_percent=25, approval_no="1")
    assert year.no("approve-seats", pool="institution", rate_percent=24, approval_no="2") == "once-only"
    year.did("approve-seats", pool="civil-service", rate_percent=25, approval_no="3")
    year.office.revoke(first)
    year.did("approve-seats", pool="institution", rate_percent=24, approval_no="4")


# --- what rests on a step ---


@pytest.mark.parametrize(
    "name", ["self-review-submitted", "findings-verified", "democratic-assessment-held", "grade-proposed",
             "grade-decided", "notice-given"],
)  # fmt: skip
def test_a_step_that_a_later_one_needs_is_not_taken_back_before_that(name: str) -> None:
    year = Year()
    year.noticed("p-1")
    year.did("sign-notice", "p-1")
    event = next(e for e in year.office.events.values() if f"chengzhang.appraisal.{name}.v1" == e.data.TYPE)
    assert year.office.refused_revocation(event) == "rests-on-it"


def test_the_last_step_is_taken_back_and_then_the_one_before_it() -> None:
    year = Year()
    proposed = year.proposed("p-2")
    decided = year.did("decide-grade", "p-2")
    told = year.did("give-notice", "p-2")
    for event in (told, decided, proposed):
        year.office.revoke(event)
    assert year.no("decide-grade", "p-2") == "stage-order"


def test_a_notice_told_the_grade_so_another_grade_needs_another_notice() -> None:
    year = Year()
    year.noticed("p-2")
    decided = next(e for e in year.office.events.values() if e.data.TYPE.endswith("grade-decided.v1"))
    better = correction(decided, "appraisal.decide-grade", year.data("decide-grade", "p-2", {"grade": "incompetent"}),
                        year.at("decide-grade"))  # fmt: skip
    assert year.office.refused("any.correct-entry", better) == "rests-on-it"
    same = correction(decided, "appraisal.decide-grade", year.data("decide-grade", "p-2", {"by": "committee"}),
                      year.at("decide-grade"))  # fmt: skip
    year.office.did("any.correct-entry", same)


def test_a_cycle_stays_while_anything_of_it_stands() -> None:
    year = Year()
    review = year.did("submit-self-review", "p-2")
    assert year.office.refused_revocation(year.opened) == "rests-on-it"
    year.office.revoke(review)
    year.office.revoke(year.opened)


@pytest.mark.parametrize("other", [{"year": 2024}, {"rule_pack": "anhui-2025"}])
def test_a_cycles_year_and_pack_stay_while_anything_of_it_stands_and_who_heads_it_may_be_corrected(
    other: dict[str, Any],
) -> None:
    year = Year()
    review = year.did("submit-self-review", "p-2")
    opened = {"cycle": year.cycle, "year": 2025, "rule_pack": "national-2025", "head": "p-2", "committee": []}
    at = year.at("open-cycle")
    assert year.office.refused(
        "any.correct-entry", correction(year.opened, "appraisal.open-cycle", opened | other, at)
    ) == ("rests-on-it")
    again = year.office.did("any.correct-entry", correction(year.opened, "appraisal.open-cycle", opened, at))
    year.office.revoke(review)
    year.office.did("any.correct-entry", correction(again, "appraisal.open-cycle", opened | other, at))


# --- who is appraised here ---


def test_who_held_no_post_on_31_december_is_not_appraised_here_and_who_came_by_then_is() -> None:
    office = staffed()
    for ident, begins in (("late", "2026-01-01"), ("in-time", "2025-12-31")):
        enter(office, ident, held={"from_on": begins})
    for ident, ends in (("p-9", "2025-12-31"), ("p-10", "2026-01-01")):
        office.did("people.record-leaving", {"person": ident, "on": ends, "reason": "transferred"},
                   f"{ends}T09:00:00+08:00")  # fmt: skip
    year = Year(office)
    for ident in ("late", "p-9"):
        year.ready(ident)
        assert year.no("propose-grade", ident) == "appraised-elsewhere"
    for ident in ("in-time", "p-10"):
        year.decided(ident)


def test_leadership_is_appraised_by_its_superior_by_tier_or_by_who_manages_the_post() -> None:
    office = staffed()
    enter(office, "chief", tier="leadership")
    enter(office, "managed", held={"managed_by": "superior"})
    year = Year(office)
    for ident in ("chief", "managed"):
        year.ready(ident)
        assert year.no("propose-grade", ident) == "appraised-elsewhere"
        made = year.did("propose-grade", ident, grade="excellent", appraised_by="superior")
        assert (made.data.pool, made.data.here) == ("leadership", False)
        year.did("decide-grade", ident, grade="excellent")  # no seat of this office's
    year.ready("p-3")
    assert year.no("propose-grade", "p-3", appraised_by="superior") == "appraised-elsewhere"
