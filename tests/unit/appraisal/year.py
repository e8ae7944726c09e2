"""A year's appraisal in memory: an office of cadres, a cycle opened for 2025, and its steps in a word each."""

from __future__ import annotations

from typing import Any

from services.recorder.domain.deciding.core import Event, Rejection
from tests.unit.office import Office, post
from tests.unit.office import person as registration

PACK = "national-2025"
LONG_AGO = "2020-01-01T08:00:00+08:00"
Json = dict[str, Any]
# When the steps happen, unless a test says otherwise: so that each comes after what it needs.
TIMES = {
    "open-cycle": "2026-01-04", "approve-seats": "2026-01-04", "admit-evidence": "2026-01-05",
    "submit-self-review": "2026-01-05", "hold-democratic-assessment": "2026-01-06", "verify-findings": "2026-01-07",
    "propose-grade": "2026-01-08", "decide-grade": "2026-01-09", "post-excellent-list": "2026-01-09",
    "raise-objection": "2026-01-13", "settle-objection": "2026-01-14", "give-notice": "2026-01-20",
    "sign-notice": "2026-01-21", "archive-file": "2026-01-22", "request-review": "2026-02-10",
    "decide-review": "2026-03-02", "lodge-appeal": "2026-03-10", "decide-appeal": "2026-04-20",
    "supplement-grade": "2026-05-06",
}  # fmt: skip


def staffed(persons: int = 10) -> Office:
    """An office whose cadres p-1, p-2, … have been staff since 2020; p-1 heads the section."""
    office = Office()
    office.did("people.define-section", {"section": "s-1", "name": "综合科"}, LONG_AGO)
    for number in range(1, persons + 1):
        enter(office, f"p-{number}", tier="section-head" if number == 1 else "staff")
    return office


def enter(office: Office, ident: str, tier: str = "staff", held: Json | None = None, **more: object) -> None:
    """Register a cadre who holds a post."""
    office.did("people.register-person", registration(ident, **more), LONG_AGO)
    office.did("people.assume-post", post(ident, tier, **(held or {})), LONG_AGO)


class Year:
    """The steps of a cycle: ``did`` must be accepted, ``no`` refused, and gives the code."""

    def __init__(self, office: Office | None = None, year: int = 2025, pack: str = PACK) -> None:
        """Open the cycle."""
        self.office = office or staffed()
        self.year, self.cycle = year, f"cy-{year}"
        self.opened = self.did("open-cycle", year=year, rule_pack=pack, head="p-1", committee=["p-1", "p-2"])

    def at(self, step: str, day: str | None = None) -> str:
        """When a step happens: nine o'clock of its day, in the year after the cycle's."""
        usual = f"{self.year + 1}{TIMES[step][4:]}"
        return day if day and "T" in day else f"{day or usual}T09:00:00+08:00"

    def data(self, step: str, who: str | None, more: Json) -> Json:
        """What a step says."""
        by_step: dict[str, Json] = {
            "submit-self-review": {"text": "一年来"},
            "hold-democratic-assessment": {"ballots": 9, "counts": {"competent": 9}},
            "verify-findings": {"by": "p-2", "finding": "属实"},
            "propose-grade": {"grade": "competent", "comment": "称职", "appraised_by": "office"},
            "decide-grade": {"grade": "competent", "by": "head"},
            "raise-objection": {"what": "有异议"},
            "supplement-grade": {"grade": "competent", "basis": "结案"},
        }
        usual = by_step.get(step, {})
        if step in {"give-notice", "sign-notice", "request-review", "lodge-appeal", "decide-review", "decide-appeal"}:
            usual = {"on": self.at(step)[:10]}
        named = {"person": who} if who else {}
        return {name: value for name, value in ({"cycle": self.cycle} | named | usual | more).items() if value != ""}

    def said(
        self, step: str, who: str | None = None, day: str | None = None, **more: object
    ) -> list[Event] | Rejection:
        """A step, whatever comes of it."""
        return self.office.submit(f"appraisal.{step}", self.data(step, who, more), self.at(step, day))

    def did(self, step: str, who: str | None = None, day: str | None = None, **more: object) -> Any:  # noqa: ANN401
        """A step that is accepted; its last event."""
        return self.office.did(f"appraisal.{step}", self.data(step, who, more), self.at(step, day))

    def no(self, step: str, who: str | None = None, day: str | None = None, **more: object) -> str:
        """A step that is refused; the code."""
        return self.office.refused(f"appraisal.{step}", self.data(step, who, more), self.at(step, day))

    def ready(self, who: str) -> None:
        """All that a proposal needs."""
        self.did("submit-self-review", who)
        if who == "p-1":
            self.did("hold-democratic-assessment", who)
        self.did("verify-findings", who)

    def proposed(self, who: str, grade: str = "competent", **more: Any) -> Any:  # noqa: ANN401
        """Proposed, with all that this needs."""
        if grade not in {"undetermined", "not-appraised"}:
            self.ready(who)
        return self.did("propose-grade", who, grade=grade, **more)

    def decided(self, who: str, grade: str = "competent", **more: object) -> Any:  # noqa: ANN401
        """Decided, with all that this needs."""
        self.proposed(who, grade, **more)
        return self.did("decide-grade", who, grade=grade)

    def posted(self, *persons: str, day: str | None = None, **more: Any) -> Any:  # noqa: ANN401
        """Posted for five workdays from Friday, 9 January on."""
        usual = {"persons": persons, "from_on": f"{self.year + 1}-01-09", "workdays": 5}
        return self.did("post-excellent-list", None, day, **(usual | more))

    def noticed(self, who: str, grade: str = "competent", **more: object) -> Any:  # noqa: ANN401
        """Told, with all that this needs."""
        self.decided(who, grade, **more)
        if grade == "excellent":
            self.posted(who)
        return self.did("give-notice", who)

    def archived(self, who: str, grade: str = "competent", **more: object) -> Any:  # noqa: ANN401
        """Archived, with all that this needs."""
        self.noticed(who, grade, **more)
        self.did("sign-notice", who)
        return self.did("archive-file", who)
