"""``selection_list``: who may be chosen, by which conditions not, and how the selection went for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from tests.integration.read_models.known import Fact, Known
from tests.integration.read_models.work import duty_calendar

Json = dict[str, Any]
_VERDICTS = (
    "appraisal.grade-decided", "appraisal.grade-supplemented", "appraisal.review-decided", "appraisal.appeal-decided",
)  # fmt: skip
# By the packs, which say the same.
_YEARS, _MONTHS, _HALVES, _EXCHANGES = 1, 12, 2, 6


def keys(known: Known) -> Iterator[tuple[Any, ...]]:
    """By selection and subject: everybody with a post that day, or every section; and who was recommended."""
    for ident in {fact.data["selection"] for fact in known.standing("selection.selection-opened")}:
        opened, day = _opened(known, ident)
        subjects = {_subject(fact) for fact in _of(known, "selection.candidate-recommended", ident)}
        if opened["for"] == "sections":
            subjects |= {fact.data["section"] for fact in known.standing("people.section-defined")}
        else:
            posts = [p for p in known.standing("people.post-assumed") if duty_calendar.heads(known, p, day)]
            subjects |= {post.data["person"] for post in posts}
        yield from ((ident, subject) for subject in subjects)


def row(known: Known, key: tuple[Any, ...]) -> Json:
    """Which conditions fail, and how it went."""
    ident, subject = key
    opened, day = _opened(known, ident)
    fails = [code for code in opened.get("conditions", ()) if not _MEETS[code](known, opened, subject, day)]
    said = [
        fact
        for fact in known.standing("selection.candidate-recommended", "selection.candidate-withdrawn")
        if fact.data["selection"] == ident and _subject(fact) == subject
    ]
    votes = _of(known, "selection.selection-voted", ident)
    section = subject if opened["for"] == "sections" else None
    return {
        "eligible": not fails,
        "fails": fails,
        "recommended": bool(said) and said[-1].name == "selection.candidate-recommended",
        "votes": votes[-1].data["counts"].get(subject, 0) if votes else None,
        "chosen": any(
            subject in each.data.get("chosen", ()) for each in _of(known, "selection.selection-decided", ident)
        ),
        "honour": opened["honour"],
        "section": section,
        "section_name": known.called(section),
    }


def _opened(known: Known, ident: str) -> tuple[Json, date]:
    """What its opening says, and the day as of which it is told."""
    decided = _of(known, "selection.selection-decided", ident)
    day = decided[-1].day if decided else _today(known)
    return _of(known, "selection.selection-opened", ident)[-1].data, day


def _of(known: Known, name: str, selection: str) -> list[Fact]:
    return [fact for fact in known.standing(name) if fact.data["selection"] == selection]


def _subject(fact: Fact) -> str:
    return str(fact.data.get("person") or fact.data.get("section"))


def _today(known: Known) -> date:
    now = datetime.now(UTC)
    return min(known.at or now, now).astimezone(timezone(timedelta(hours=8))).date()


# --- the conditions, in their words ---


def _grade(known: Known, person: str, year: int) -> str | None:
    own = [f for f in known.standing(*_VERDICTS) if (f.data["person"], f.data["year"]) == (person, year)]
    own = [fact for fact in own if fact.data.get("grade")]
    changes = [fact for fact in own if fact.name != "appraisal.grade-decided"]
    return str((changes or own)[-1].data["grade"]) if own else None


def _graded(*grades: str) -> Callable[[Known, Json, str, date], bool]:
    """In each of the years before one of these grades."""

    def meets(known: Known, opened: Json, subject: str, _day: date) -> bool:
        return all(_grade(known, subject, opened["year"] - back) in grades for back in range(1, _YEARS + 1))

    return meets


def _served(known: Known, _opened: Json, subject: str, day: date) -> bool:
    posts = [post for post in known.standing("people.post-assumed") if post.data["person"] == subject]
    if not any(duty_calendar.heads(known, post, day) for post in posts):
        return False
    begun = date.fromisoformat(min(post.data["from_on"] for post in posts))
    return (day.year - begun.year) * 12 + day.month - begun.month - (day.day < begun.day) >= _MONTHS


def _reported(known: Known, _opened: Json, subject: str, day: date) -> bool:
    halves = [f"{year}H{half}" for year in (day.year - 2, day.year - 1, day.year) for half in (1, 2)]
    begins = day.replace(day=1, month=1 if day.month <= len(halves) else 7)
    over = [half for half in halves if duty_calendar.last_day(half) < begins]
    reports = {f.data["half"] for f in known.standing("work.duty-report-delivered") if f.data["person"] == subject}
    posts = [p for p in known.standing("people.post-assumed") if p.data["person"] == subject]
    owed = {
        half
        for half in over[-_HALVES:]
        for post in posts
        if post.data["tier"] == "section-head" and duty_calendar.heads(known, post, duty_calendar.last_day(half))
    }
    return owed <= reports


def _unbarred(known: Known, opened: Json, subject: str, day: date) -> bool:
    closed = {f.data["measure"] for f in known.standing("people.discipline-closed") if f.data["on"] <= day.isoformat()}
    own = [f.data for f in known.standing("people.discipline-recorded") if f.data["person"] == subject]
    barred = any(
        bar["year"] == opened["year"] for each in own if each["case"] == "decided" for bar in each.get("bars", ())
    )
    return not barred and not any(each["case"] == "open" and each["measure"] not in closed for each in own)


def _off_probation(known: Known, _opened: Json, subject: str, day: date) -> bool:
    own = [f.data for f in known.standing("people.person-registered") if f.data["person"] == subject]
    return not own or bool(own[-1].get("probation_until", "") < day.isoformat())


def _unopposed(known: Known, opened: Json, subject: str, _day: date) -> bool:
    said = {f.data["of"]: f.data["against"] for f in _of(known, "selection.opinion-recorded", opened["selection"])
            if _subject(f) == subject}  # fmt: skip
    return not any(said.values())


def _exchanged(known: Known, opened: Json, subject: str, _day: date) -> bool:
    held = [f.data for f in known.standing("work.section-exchange-held") if subject in f.data["sections"]]
    return bool(sum(each["month"].startswith(str(opened["year"])) for each in held) >= _EXCHANGES)


_MEETS: dict[str, Callable[[Known, Json, str, date], bool]] = {
    "competent-years": _graded("excellent", "competent"),
    "excellent-years": _graded("excellent"),
    "months-served": _served,
    "duty-reports": _reported,
    "no-bar": _unbarred,
    "off-probation": _off_probation,
    "no-opinion-against": _unopposed,
    "section-exchanges": _exchanged,
}
