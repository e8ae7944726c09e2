"""The rules of an appraisal once more, from their words alone: what is refused, and why. About ten lines a rule.

A step is (what, who, day, detail); the model keeps what was accepted as plain lists, knows no events and no states, and
shares nothing with what it judges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

GRADES = ("excellent", "competent", "basically-competent", "incompetent")
NONE = ("undetermined", "not-appraised")
# Of the first half of 2026, as the State Council announced them.
HOLIDAYS = {date(2026, *day) for day in (
    (1, 1), (1, 2), *((2, day) for day in range(16, 24)), (4, 6), (5, 1), (5, 4), (5, 5), (6, 19),
)}  # fmt: skip
WORKED = {date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9)}
ONCE = ("self-review", "democratic", "findings", "decide", "notice", "sign", "archive", "supplement")


@dataclass
class Person:
    """What is known of a cadre before the year is judged."""

    heads: bool = False
    institution: bool = False
    leadership: bool = False
    gone: bool = False  # before 31 December
    probation: bool = False
    bar: str | None = None
    case: bool = False
    posted_out: bool = False  # most of the year, to where the host appraises


@dataclass
class Model:
    """An office's year."""

    people: dict[str, Person]
    done: list[tuple[str, str, date, str]] = field(default_factory=list)  # what, who, day, detail
    raised: dict[str, int] = field(default_factory=dict)  # by pool

    # --- what stands ---

    def has(self, what: str, who: str, by: date) -> bool:
        return any((w, p) == (what, who) and day <= by for w, p, day, _ in self.done)

    def details(self, what: str, who: str) -> list[str]:
        return [detail for w, p, _, detail in self.done if (w, p) == (what, who)]

    def grade(self, who: str) -> str | None:
        """As it stands: a review's, a supplement's, or what was decided."""
        later = [d for w, p, _, d in self.done if p == who and w in {"review", "supplement"} and d in GRADES]
        said = later or self.details("decide", who)
        return said[-1] if said else None

    # --- rule by rule ---

    def too_early(self, what: str, who: str, day: date, detail: str) -> bool:
        """Self-review and findings, the democratic assessment of heads, the proposal and so on."""

        def lacks(*steps: str) -> bool:
            return any(not self.has(step, who, day) for step in steps)

        if what in {"propose", "decide"} and detail not in NONE:
            basis = ["self-review", "findings", *(["democratic"] if self.people[who].heads else [])]
            if lacks(*basis):
                return True
        if what == "supplement" and self.details("decide", who) and self.details("decide", who)[0] not in NONE:
            return True
        if what == "ask" and len(self.details("ask", who)) > len(self.details("review", who)):
            return True
        if what == "review" and len(self.details("ask", who)) <= len(self.details("review", who)):
            return True
        before = {"decide": "propose", "notice": "decide", "sign": "notice", "archive": "sign", "supplement": "decide",
                  "ask": "notice"}  # fmt: skip
        return what in before and lacks(before[what])

    def elsewhere(self, who: str) -> bool:
        """Who held no post on 31 December, whom the superior or the host appraises: the office doesn't."""
        person = self.people[who]
        return person.gone or person.leadership or person.posted_out

    def barred(self, who: str, grade: str) -> bool:
        """The heavier counts; a probationer and an open case have no grade."""
        person = self.people[who]
        if person.bar == "incompetent":
            return grade != "incompetent"
        if grade in NONE:
            return False
        if person.bar == "no-grade" or person.case or person.probation:
            return True
        return person.bar == "not-excellent" and grade == "excellent"

    def raise_to(self, pool: str, percent: int) -> str | None:
        """Once a pool, and no taken seat goes."""
        if pool in self.raised:
            return "once-only"
        return "over-quota" if self.over(pool, {p: self.grade(p) for p in self.people}, percent) > 0 else None

    def pool(self, who: str) -> str:
        return "institution" if self.people[who].institution else "civil-service"

    def over(self, pool: str, grades: dict[str, str | None], percent: int) -> int:
        """How many excellent grades are beyond a share of those with a post who aren't leadership, new, or left out."""
        mine = {p: of for p, of in self.people.items() if self.pool(p) == pool}
        counted = [p for p, of in mine.items() if not (of.gone or of.leadership or of.probation)
                   and grades[p] != "not-appraised"]  # fmt: skip
        return sum(grades[p] == "excellent" for p in mine) - len(counted) * percent // 100

    def beyond(self, who: str, grade: str) -> bool:
        """A fifth, or what was approved; nobody is to blame for what was so before."""
        pool, now = self.pool(who), {p: self.grade(p) for p in self.people}
        before, after = (self.over(pool, grades, self.raised.get(pool, 20)) for grades in (now, {**now, who: grade}))
        return after > 0 and after > before

    def harsher(self, who: str, grade: str) -> bool:
        """A review makes no grade harsher."""
        now = self.grade(who)
        return now in GRADES and GRADES.index(grade) > GRADES.index(now)

    def verdict(self, what: str, who: str, day: date, detail: str = "") -> str | None:
        """The code by which a step is refused, or none: of several the first."""
        graded = what in {"propose", "decide", "supplement"} or (what == "review" and detail != "upheld")
        proposed = (self.details("propose", who) or [""])[-1]
        reasons = {
            "once-only": what in ONCE and bool(self.details(what, who)),
            "archived-file": what not in {"supplement", "ask", "review"} and self.has("archive", who, date.max),
            "appraised-elsewhere": what == "propose" and self.elsewhere(who),
            "stage-order": self.too_early(what, who, day, detail)
            or (what == "post" and (self.grade(who) or proposed) != "excellent"),
            "barred-grade": graded and (self.barred(who, detail) or (what == "review" and self.harsher(who, detail))),
            "over-quota": graded and what != "propose" and self.beyond(who, detail),
        }
        first = next((code for code, holds in reasons.items() if holds), None)
        if first is None and what == "notice" and self.grade(who) == "excellent":
            return self.unposted(who, day)
        return "too-late" if first is None and what == "ask" and day > self.told(who) + timedelta(days=30) else first

    def told(self, who: str) -> date:
        return next(day for w, p, day, _ in self.done if (w, p) == ("notice", who))

    def unposted(self, who: str, day: date) -> str | None:
        """Excellent is posted five workdays first, and no objection is open."""
        posted = [d for w, p, d, _ in self.done if (w, p) == ("post", who) and d <= day]
        if not posted:
            return "stage-order"
        if len(self.details("object", who)) > len(self.details("settle", who)):
            return "objection-open"
        left, last = 5, posted[0] - timedelta(days=1)
        while left:
            last += timedelta(days=1)
            left -= last in WORKED or (last.weekday() < 5 and last not in HOLIDAYS)
        return "posting-running" if day <= last else None

    def take(self, what: str, who: str, day: date, detail: str = "") -> None:
        """A step that was accepted."""
        self.done.append((what, who, day, detail))
