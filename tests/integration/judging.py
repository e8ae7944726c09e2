"""Histories of a year's appraisal and of selections, made up: steps in any order, corrected, taken back, done twice."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from schemas.catalogue import EVENTS
from tests.integration import histories
from tests.integration.histories import PERSONS, short
from tests.integration.projector_world import World
from tests.support import drawn

CYCLES, SELECTIONS = ("c-1", "c-2"), ("e-1", "e-2")
_GROUPS = ("appraisal.", "selection.")
_OTHERS = (
    "people.discipline-recorded", "people.discipline-closed", "people.rank-set", "learning.requirement-waived",
    "learning.session-rescheduled", "learning.course-completed", "work.duty-report-delivered",
    "work.duty-report-assessed", "work.section-exchange-held", "any.pack-followed", "people.person-left",
)  # fmt: skip
_JUDGING = {
    name: model for type_, model in EVENTS.items() if (name := short(type_)).startswith(_GROUPS) or name in _OTHERS
}
_POOL = {
    "person": PERSONS, "section": ("x", "y"), "session": ("s-1", "s-2"), "cycle": CYCLES, "selection": SELECTIONS,
    "objection": ("o-1", "o-2"), "measure": ("m-1", "m-2"),
}  # fmt: skip
_DAYS = st.sampled_from(
    ("2025-12-31", "2026-01-01", "2026-06-30", "2026-12-30", "2026-12-31", "2027-01-01", "2027-01-08")
)
_TIMES = ("2026-06-30T15:59:59Z", "2026-12-31T15:59:59Z", "2026-12-31T16:00:00Z", "2027-01-20T02:00:00Z")
_time, _person, _number = st.sampled_from(_TIMES), st.sampled_from(PERSONS), st.integers(0, 10**6)
# Of a cycle most of what is told is of the same one, so that it comes far.
_OFTEN = st.sampled_from(sorted(name for name in _JUDGING if name.startswith("appraisal.")))
STEPS = st.one_of(
    *(
        names.flatmap(
            lambda name: st.tuples(st.just("any"), _time, st.just(name), drawn.data(_JUDGING[name], _POOL, _DAYS))
        )
        for names in (_OFTEN, _OFTEN, st.sampled_from(sorted(_JUDGING)))
    ),
    st.tuples(
        st.just("through"), _person, st.sampled_from(("excellent", "competent", "not-appraised")), st.integers(1, 8)
    ),
    st.tuples(
        st.just("post"),
        _person,
        st.sampled_from(("x", "w")),
        st.sampled_from(("leadership", "section-head", "staff")),
        _DAYS,
        st.sampled_from(("office", "superior")),
    ),
    st.tuples(st.just("chosen"), st.permutations(PERSONS), st.integers(1, 5), st.sampled_from(("persons", "sections"))),
    st.tuples(st.just("end"), _person, _DAYS),
    st.tuples(st.just("register"), _person, st.sampled_from(("civil-service", "institution")), _DAYS),
    st.tuples(st.just("output"), _time, _person),
    st.tuples(st.just("visit"), _time, _person, st.sampled_from((300_000, 300_001))),
    st.tuples(st.just("credit"), _time, _person, st.sampled_from(("s-1", "s-2"))),
    st.tuples(st.just("revoke"), _number),
    st.tuples(st.just("correct"), _number),
)
_THROUGH = (
    "self-review-submitted", "findings-verified", "democratic-assessment-held", "grade-proposed", "grade-decided",
    "excellent-list-posted", "notice-given", "notice-signed", "file-archived",
)  # fmt: skip


def play(world: World, steps: list[Any], seed: int) -> None:
    """Tell a history: everybody holds a post; what is taken back isn't taken back again."""
    chance = random.Random(seed)
    standing: list[str] = []
    registered = {}
    for person in PERSONS:
        registered[person] = world.register(person)
        world.assume(person, "x")
    for session in ("s-1", "s-2"):
        world.convene(session)
    for number, (what, *args) in enumerate(steps):
        if what == "register":
            person, establishment, until = args
            changed = {"establishment": establishment, "probation_until": until}
            registered[person] = world.correct(registered[person], **changed)
        elif what not in {"revoke", "correct"}:
            standing += _told(world, chance, number, what, args)
        elif standing:
            event = standing.pop(args[0] % len(standing))
            if what == "revoke":
                archived = [each["id"] for each in world.events if each["type"].endswith("file-archived.v1")]
                world.revoke(event, **({"reopens": archived[-2:]} if archived else {}))
            else:
                standing.append(world.correct(event))


def _told(world: World, chance: random.Random, number: int, what: str, args: list[Any]) -> list[str]:
    if what in {"through", "chosen"}:
        return (_through if what == "through" else _chosen)(world, *args)
    if what == "any":
        time, name, data = args
        return [_record(world, chance, name, time, data)]
    if what == "post":
        person, section, tier, on, managed_by = args
        post = {"post": f"post-{number}", "managed_by": managed_by, "concurrent": bool(number % 2)}
        return [world.assume(person, section, tier, on=on, **post)]
    if what == "end":
        person, on = args
        return [world.end(person, f"post-{person}", on)]
    time, person, *more = args
    match what:
        case "output":
            told = world.output(person, time=time, guide="work")
        case "visit":
            told = world.visit(f"v-{number}", person, more[0], time)
        case _:
            told = world.credit(more[0], person, 9000, "recognised", time)
    return [told]


def _record(world: World, chance: random.Random, name: str, time: str, data: dict[str, Any]) -> str:
    """As it is drawn, yet of one of two years, by a pack that there is; what is admitted is there, too."""
    data = dict(data)
    if "year" in data:
        data["year"] = 2026 if data.get("cycle") == "c-1" else chance.choice((2025, 2026))
    if name == "appraisal.evidence-admitted":
        data["events"] = [event["id"] for event in chance.sample(world.events, 3)]
    if "rule_pack" in data:
        data["rule_pack"] = "national-2026"
    if "bars" in data and data["bars"] and isinstance(data["bars"][0], dict):
        data["bars"] = [{**bar, "year": chance.choice((2025, 2026))} for bar in data["bars"]]
    if "conditions" in data:
        fitting = _CONDITIONS[data["for"]]
        data["conditions"] = [code for code in data["conditions"] if code in fitting]
    if "counts" in data and name == "selection.selection-voted":
        data["counts"] = dict(zip((*PERSONS, "x"), data["counts"].values(), strict=False))
    return histories.record(world, _JUDGING[name], name, time, data)


_CONDITIONS = {
    "sections": {"no-opinion-against", "section-exchanges"},
    "persons": {
        "competent-years", "excellent-years", "months-served", "duty-reports", "no-bar", "off-probation",
        "no-opinion-against",
    },
}  # fmt: skip


def _through(world: World, person: str, grade: str, steps: int) -> list[str]:
    """The steps of a year's appraisal in their order, as far as that."""
    told: dict[str, Any] = {
        "cycle": "c-1",
        "person": person,
        "year": 2026,
        "rule_pack": "national-2026",
        "on": "2027-01-08",
    }
    told |= {"grade": grade, "here": True, "bars": [], "follows": ["commendation"] if grade == "excellent" else []}
    told |= {"proposed": grade, "appraised_by": "office", "by": "committee", "refused": False}
    told |= {"persons": [person], "pools": ["civil-service"], "from_on": "2026-12-20", "ends_on": "2026-12-26"}
    told |= {"review_until": "2027-02-07", "appeal_until": "2027-02-07"}
    told |= {"reason": "long-leave"} if grade == "not-appraised" else {}
    made = [world.record("appraisal.cycle-opened", _TIMES[0], told, "cycle/c-1", [])]
    return made + [
        world.record(f"appraisal.{step}", _TIMES[3], told, "cycle/c-1", [person]) for step in _THROUGH[:steps]
    ]


def _chosen(world: World, persons: list[str], steps: int, of: str) -> list[str]:
    """A selection, as far as that; somebody who was recommended is withdrawn."""
    stream = f"selection/{SELECTIONS[0]}"
    told: dict[str, Any] = {"selection": SELECTIONS[0], "year": 2027, "rule_pack": "national-2026", "honour": "先进"}
    told |= {
        "seats": 1,
        "for": of,
        "conditions": sorted(_CONDITIONS[of]),
        "by": "branch",
        "of": "other",
        "against": True,
    }
    subjects = persons if of == "persons" else ["x", "y"]
    told |= {"counts": dict.fromkeys(subjects[:2], 2), "ballots": 3, "chosen": subjects[:1]}
    kind = of.removesuffix("s")
    about = [{**told, kind: subject} for subject in subjects[:2]]
    said = [
        ("selection-opened", told), ("candidate-recommended", about[0]), ("candidate-recommended", about[1]),
        ("candidate-withdrawn", about[1]), ("opinion-recorded", about[1]), ("selection-voted", told),
        ("selection-decided", told),
    ]  # fmt: skip
    return [
        world.record(f"selection.{name}", _TIMES[3], data, stream, [data["person"]] if "person" in data else [])
        for name, data in said[: steps + 2]
    ]
