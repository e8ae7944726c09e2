"""``due_list``: what is due, of whom, and what was done of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from tests.integration.read_models import met
from tests.integration.read_models.appraisal import appraisal_summary
from tests.integration.read_models.known import Fact, Known
from tests.integration.read_models.work import duty_calendar

Key = tuple[Any, ...]
_WHAT = {
    "duty-report": "report", "section-exchange": "exchange", "visit-approval": "approval", "dispute": "decision",
    "effect": "decision", "democratic-assessment": "assessment", "findings": "verification", "grade": "decision",
    "signature": "notice", "objection": "decision", "review": "decision", "appeal": "decision",
    "admonition-talk": "talk",
}  # fmt: skip
# Of an appraisal: by what each is done, what is missing without it, after what it waits, whether it is one's own.
_STEPS = {
    "self-review": ("self-review-submitted", "self-review", None, True),
    "democratic-assessment": ("democratic-assessment-held", "democratic-assessment", "self-review", False),
    "findings": ("findings-verified", "findings", "self-review", False),
    "grade": ("grade-decided", "decision", "proposal", False),
    "notice": ("notice-given", "notice", "decision", False),
    "signature": ("notice-signed", "signature", "notice", True),
}
_ASKED = {"review": ("review-requested", "review-decided"), "appeal": ("appeal-lodged", "appeal-decided")}
# By the packs, which say the same: of which carrier, of which kind, in which months or quarters. One each is owed.
_OWED = {
    "central-group": ("central-group", None, "Q"),
    "youth-group": ("youth-group", None, "-"),
    "members-meeting": ("branch", "members-meeting", "Q"),
    "committee-meeting": ("branch", "committee-meeting", "-"),
    "party-day": ("branch", "party-day", "-"),
}


def keys(known: Known) -> Iterator[Key]:
    """Every duty."""
    for duty, subject, period in duty_calendar.keys(known):
        yield duty, f"{subject}/{period}"
    yield from (("talk", fact.data["duty"]) for fact in known.standing("talk.talk-required"))
    yield from (("follow-up", fact.data["follow_up"]) for fact in known.standing("talk.follow-up-promised"))
    for fact in known.standing("work.duty-report-delivered", "work.duty-report-assessed"):
        yield "assessment", _id(fact)
    yield from (("plan-item", item["item"]) for item, _ in _items(known))
    yield from (("plan-item", item) for item in _fulfilled(known))
    for fact in known.standing("learning.attendance-recorded", "learning.make-up-completed"):
        if fact.data.get("state", "leave") in {"leave", "absent"}:
            yield "make-up", f"{fact.data['session']}/{fact.data['person']}"
    yield from (("visit-approval", fact.data["visit"]) for fact in _visits(known))
    yield from (("session", ident) for ident in _owed_sessions(known))
    yield from (("verification", fact.event["id"]) for fact in known.standing("any.entry-proposed"))
    yield from (("verification", fact.data["event"]) for fact in known.standing("any.entry-verified"))
    yield from (("dispute", fact.event["id"]) for fact in known.standing("any.entry-disputed"))
    for fact in known.standing("work.output-filed"):
        if fact.data.get("effect") == "pending":
            yield "effect", fact.data["output"]
    yield from _appraisals(known)


def row(known: Known, key: Key) -> dict[str, Any]:
    """Whose it is, by when it is due, when it was done."""
    duty, ident = key
    told = _TOLD[duty](known, ident)
    section = min((each for each in told.pop("sections") if each), default=None)
    return {"what": _WHAT.get(duty, duty), **told, "section": section, "section_name": known.called(section)}


def _id(fact: Fact) -> str:
    return f"{fact.data['person']}/{fact.data['half']}"


def _report(known: Known, ident: str) -> dict[str, Any]:
    person, half = ident.split("/")
    row = duty_calendar.row(known, ("duty-report", person, half))
    posts = [
        post.data["section"]
        for post in known.standing("people.post-assumed")
        if (post.data["person"], post.data["tier"]) == (person, "section-head")
        and duty_calendar.heads(known, post, duty_calendar.last_day(half))
    ]
    reports = [
        fact.stamps[0].get("section") for fact in known.standing("work.duty-report-delivered") if _id(fact) == ident
    ]
    return {"owner": person, "sections": posts + reports, "due_on": row["due_on"], "done_on": row["done_on"]}


def _exchange(known: Known, ident: str) -> dict[str, Any]:
    section, month = ident.split("/")
    row = duty_calendar.row(known, ("section-exchange", section, month))
    return {"owner": None, "sections": [section], "due_on": row["due_on"], "done_on": row["done_on"]}


def _talk(known: Known, ident: str) -> dict[str, Any]:
    required = [fact for fact in known.standing("talk.talk-required") if fact.data["duty"] == ident]
    held = [
        talk.day.isoformat()
        for talk in known.standing("talk.talk-held")
        for fact in required
        if (talk.data.get("duty"), talk.data["mode"]) == (ident, "one-to-one")
        and {fact.data["person"], fact.data.get("with", fact.data["person"])} <= {s["person"] for s in talk.stamps}
    ]
    return {
        "owner": min(str(fact.data.get("with", fact.data["person"])) for fact in required),
        "sections": [fact.stamps[0].get("section") for fact in required],
        "due_on": min(fact.data["due_on"] for fact in required),
        "done_on": min(held, default=None),
    }


def _follow_up(known: Known, ident: str) -> dict[str, Any]:
    facts = [fact for fact in known.standing("talk.follow-up-promised") if fact.data["follow_up"] == ident]
    closed = [fact.data["closed"]["on"] for fact in facts if "closed" in fact.data]
    return {
        "owner": min(fact.data["owner"] for fact in facts),
        "sections": [fact.stamps[0].get("section") for fact in facts],
        "due_on": min(fact.data["due_on"] for fact in facts),
        "done_on": min(closed, default=None),
    }


def _assessment(known: Known, ident: str) -> dict[str, Any]:
    facts = [f for f in known.standing("work.duty-report-delivered", "work.duty-report-assessed") if _id(f) == ident]
    assessed = [fact for fact in facts if fact.name == "work.duty-report-assessed"]
    return {
        "owner": min((fact.data["by"] for fact in assessed), default=None),
        "sections": [fact.stamps[0].get("section") for fact in facts],
        "due_on": None,
        "done_on": min((fact.day.isoformat() for fact in assessed), default=None),
    }


def _items(known: Known) -> list[tuple[dict[str, Any], str]]:
    return [(item, f.data["month"]) for f in known.standing("learning.month-arranged") for item in f.data["items"]]


def _fulfilled(known: Known) -> dict[str, list[str]]:
    """Days of the sessions in which somebody was, by the item that they fulfil."""
    found: dict[str, list[str]] = {}
    for ident, session in met.sessions(known).items():
        there = any(
            fact.data["session"] == ident and fact.data["state"] in {"present", "partial"}
            for fact in known.standing("learning.attendance-recorded")
        )
        for item in session.data.get("items", ()) if there else ():
            found.setdefault(item, []).append(session.at.date().isoformat())
    return found


def _item(known: Known, ident: str) -> dict[str, Any]:
    items = [(item, month) for item, month in _items(known) if item["item"] == ident]
    return {
        "owner": min((item["lead"] for item, _ in items if "lead" in item), default=None),
        "sections": [],
        "due_on": min((_last_day(item, month) for item, month in items), default=None),
        "done_on": min(_fulfilled(known).get(ident, ()), default=None),
    }


def _last_day(item: dict[str, Any], month: str) -> str:
    if "iso_week" in item:
        year, week = item["iso_week"].split("-W")
        # Of what is drawn at random some are weeks that no year has: they are those of the next.
        return (date.fromisocalendar(int(year), 1, 7) + timedelta(weeks=int(week) - 1)).isoformat()
    day = {"early": 10, "middle": 20}.get(item.get("ten_days", ""))
    return f"{month}-{day:02d}" if day else duty_calendar.last_day(month).isoformat()


def _make_up(known: Known, ident: str) -> dict[str, Any]:
    facts = [
        fact for fact in known.standing("learning.attendance-recorded", "learning.make-up-completed")
        if f"{fact.data['session']}/{fact.data['person']}" == ident
        and fact.data.get("state", "leave") in {"leave", "absent"}
    ]  # fmt: skip
    return {
        "owner": ident.rpartition("/")[2],
        "sections": [fact.stamps[0].get("section") for fact in facts],
        "due_on": None,
        "done_on": min((fact.data["on"] for fact in facts if "on" in fact.data), default=None),
    }


def _visits(known: Known) -> list[Fact]:
    """Visits proposed, approved, made; those made that were never proposed wait for nobody."""
    proposed = {fact.data["visit"] for fact in known.standing("welfare.visit-proposed")}
    made = [fact for fact in known.standing("welfare.home-visit-made") if fact.data["visit"] in proposed]
    return [*known.standing("welfare.visit-proposed", "welfare.visit-approved"), *made]


def _visit(known: Known, ident: str) -> dict[str, Any]:
    facts = [fact for fact in _visits(known) if fact.data["visit"] == ident]
    return {
        "owner": min((fact.data["approver"] for fact in facts if "approver" in fact.data), default=None),
        "sections": [stamp.get("section") for fact in facts for stamp in fact.stamps[:1]],
        "due_on": None,
        "done_on": min((fact.day.isoformat() for fact in facts if fact.name != "welfare.visit-proposed"), default=None),
    }


def _appraisals(known: Known) -> Iterator[Key]:
    """The next steps of each, those that were taken, and what was asked for or objected to."""
    for person, year in set(appraisal_summary.keys(known)):
        told = appraisal_summary.row(known, (person, year))
        if told["cycle"] and told["pool"] != "leadership":
            for duty, (_, step, after, _own) in _STEPS.items():
                if step in told["missing"] and after not in told["missing"]:
                    yield duty, f"{told['cycle']}/{person}"
        if told["cycle"] and "admonition-talk" in told["follows"]:
            yield "admonition-talk", f"{told['cycle']}/{person}"
    for duty, (step, *_) in _STEPS.items():
        for fact in known.standing(f"appraisal.{step}"):
            yield duty, f"{fact.data['cycle']}/{fact.data['person']}"
    for fact in known.standing("appraisal.objection-raised", "appraisal.objection-settled"):
        yield "objection", fact.data["objection"]
    for duty, (asked, _) in _ASKED.items():
        yield from ((duty, fact.event["id"]) for fact in known.standing(f"appraisal.{asked}"))


def _step(duty: str, known: Known, ident: str) -> dict[str, Any]:
    cycle, person = ident.split("/")
    taken = [
        fact
        for fact in known.standing(f"appraisal.{_STEPS[duty][0]}")
        if (fact.data["cycle"], fact.data["person"]) == (cycle, person)
    ]
    return {
        "owner": person if _STEPS[duty][3] else None,
        "sections": [stamp.get("section") for fact in taken for stamp in fact.stamps[:1]],
        "due_on": None,
        "done_on": min((fact.data.get("on") or fact.day.isoformat() for fact in taken), default=None),
    }


def _objection(known: Known, ident: str) -> dict[str, Any]:
    facts = [
        fact
        for fact in known.standing("appraisal.objection-raised", "appraisal.objection-settled")
        if fact.data["objection"] == ident
    ]
    settled = [fact.day.isoformat() for fact in facts if fact.name == "appraisal.objection-settled"]
    sections = [stamp.get("section") for fact in facts for stamp in fact.stamps[:1]]
    return {"owner": None, "sections": sections, "due_on": None, "done_on": min(settled, default=None)}


def _asked_for(duty: str, known: Known, ident: str) -> dict[str, Any]:
    asked, answered = _ASKED[duty]
    (fact,) = [fact for fact in known.standing(f"appraisal.{asked}") if fact.event["id"] == ident]
    answers = [
        each.data["on"]
        for each in known.standing(f"appraisal.{answered}")
        if [each.data[name] for name in ("cycle", "person")] == [fact.data[name] for name in ("cycle", "person")]
        and each.event["sequence"] > fact.event["sequence"]
    ]
    sections = [stamp.get("section") for stamp in fact.stamps[:1]]
    due_on = fact.data["answer_until"]
    return {"owner": None, "sections": sections, "due_on": due_on, "done_on": answers[0] if answers else None}


def _admonition(known: Known, ident: str) -> dict[str, Any]:
    """Done by the first talk with the person that somebody else began once there was the grade."""
    cycle, person = ident.split("/")
    graded = [
        fact
        for fact in known.standing(
            "appraisal.grade-decided",
            "appraisal.grade-supplemented",
            "appraisal.review-decided",
            "appraisal.appeal-decided",
        )
        if (fact.data["cycle"], fact.data["person"]) == (cycle, person) and fact.data.get("grade")
    ]
    changed = [fact for fact in graded if fact.name != "appraisal.grade-decided"]
    since = (changed or graded)[-1].at
    talks = [
        talk.at
        for talk in known.standing("talk.talk-held")
        if talk.data["mode"] == "one-to-one" and person in talk.data["participants"]
        and talk.data["initiator"] != person and talk.at >= since
    ]  # fmt: skip
    done_on = min(talks).date().isoformat() if talks else None
    return {"owner": None, "sections": [], "due_on": None, "done_on": done_on}


def _owed_sessions(known: Known) -> Iterator[str]:
    """In each period since the carrier was first named, up to the newest."""
    named: dict[str, list[str]] = {}
    for fact in known.standing("learning.carrier-joined"):
        named.setdefault(fact.data["carrier"], []).append(fact.data["on"])
    for fact in known.standing("learning.plan-adopted"):
        named.setdefault(fact.data["carrier"], []).append(f"{fact.data['year']}-01-01")
    for fact in known.standing("people.branch-defined"):
        named.setdefault("branch", []).append(fact.day.isoformat())
    for fact in known.standing("learning.session-convened"):
        for carrier in fact.data["carriers"]:
            named.setdefault(carrier, []).append(met.begins(fact.data["starts_at"]).date().isoformat())
    for what, (carrier, _, sort) in _OWED.items():
        if carrier in named:
            since = max(min(named[carrier]), known.began.isoformat())[:7]
            months = [f"{year}-{month:02d}" for year in range(1990, 2030) for month in range(1, 13)]
            within = [month for month in months if since <= month <= known.newest.isoformat()[:7]]
            yield from dict.fromkeys(f"{what}/{month if sort == '-' else _quarter(month)}" for month in within)


def _quarter(day: str) -> str:
    return f"{day[:4]}Q{(int(day[5:7]) + 2) // 3}"


def _session(known: Known, ident: str) -> dict[str, Any]:
    what, period = ident.split("/")
    carrier, kind, sort = _OWED[what]
    days = [
        session.at.date().isoformat()
        for name, session in met.sessions(known).items()
        if carrier in session.data["carriers"] and (kind is None or kind in session.data["kinds"])
        and any(
            fact.data["session"] == name and fact.data["state"] in {"present", "partial"}
            for fact in known.standing("learning.attendance-recorded")
        )
    ]  # fmt: skip
    within = [day for day in days if (day[:7] if sort == "-" else _quarter(day)) == period]
    last = f"{period[:4]}-{3 * int(period[5]):02d}" if sort == "Q" else period
    due_on = duty_calendar.last_day(last).isoformat()
    return {"owner": None, "sections": [], "due_on": due_on, "done_on": min(within, default=None)}


def _verification(known: Known, ident: str) -> dict[str, Any]:
    verified = [fact for fact in known.standing("any.entry-verified") if fact.data["event"] == ident]
    proposed = [fact for fact in known.standing("any.entry-proposed") if fact.event["id"] == ident]
    return {
        "owner": None,
        "sections": [stamp.get("section") for fact in (*verified, *proposed) for stamp in fact.stamps[:1]],
        "due_on": None,
        "done_on": min((fact.day.isoformat() for fact in verified), default=None),
    }


def _dispute(known: Known, ident: str) -> dict[str, Any]:
    (dispute,) = [fact for fact in known.standing("any.entry-disputed") if fact.event["id"] == ident]
    settled = [
        fact.day.isoformat()
        for fact in known.standing("any.dispute-settled")
        if fact.data["event"] == dispute.data["event"] and fact.event["sequence"] > dispute.event["sequence"]
    ]
    sections = [stamp.get("section") for stamp in dispute.stamps[:1]]
    return {"owner": None, "sections": sections, "due_on": None, "done_on": settled[0] if settled else None}


def _effect(known: Known, ident: str) -> dict[str, Any]:
    (output,) = [fact for fact in known.standing("work.output-filed") if fact.data["output"] == ident]
    done_on = output.data["settled"]["on"] if output.effect != "pending" else None
    sections = [stamp.get("section") for stamp in output.stamps[:1]]
    return {"owner": output.data["lead"], "sections": sections, "due_on": None, "done_on": done_on}


_TOLD: dict[str, Callable[[Known, str], dict[str, Any]]] = {
    **{duty: partial(_step, duty) for duty in _STEPS},
    **{duty: partial(_asked_for, duty) for duty in _ASKED},
    "objection": _objection,
    "admonition-talk": _admonition,
    "session": _session,
    "verification": _verification,
    "dispute": _dispute,
    "effect": _effect,
    "duty-report": _report,
    "section-exchange": _exchange,
    "talk": _talk,
    "follow-up": _follow_up,
    "assessment": _assessment,
    "plan-item": _item,
    "make-up": _make_up,
    "visit-approval": _visit,
}
