"""Histories of an office, made up: facts, transfers, corrected sessions and registrations, revocations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from schemas.base import EventData
from schemas.catalogue import EVENTS
from schemas.declared import New, Ref, named
from tests.integration.projector_world import SEALED, World
from tests.support import drawn

PERSONS = ("p-1", "p-2", "p-3")
_SESSIONS = ("s-1", "s-2")
_KINDS = (("lecture",), ("exchange", "quiz"), ("quiz",), ("party-day", "members-meeting"))
_CARRIERS = (("section",), ("branch", "youth-group"), ("central-group",))
_DAYS = ("2026-02-01", "2026-05-01", "2027-01-01")
_GUIDES = (None, "people", "work")
_TIMES = ("2026-03-31T15:59:59Z", "2026-03-31T16:00:00Z", "2026-12-31T15:59:59.5Z", "2026-12-31T16:00:00Z")
_time = st.sampled_from(_TIMES)
_person, _session, _number = st.sampled_from(PERSONS), st.sampled_from(_SESSIONS), st.integers(0, 10**6)


def short(type_: str) -> str:
    """A type's name without what all have: ``work.output-filed``."""
    return type_.removeprefix("chengzhang.").removesuffix(".v1")


# Those that are told below by hand, for what they say must fit together; all others are drawn from their declarations.
_BY_HAND = {
    "learning.session-convened", "learning.attendance-recorded", "learning.hours-credited", "talk.talk-held",
    "work.output-filed", "welfare.home-visit-made", "people.person-registered", "people.post-assumed",
    "people.post-ended", "people.person-transferred", "any.entry-revoked",
    "any.entry-proposed", "any.entry-verified", "any.entry-disputed", "any.dispute-settled",
}  # fmt: skip
_OTHERS = {name: model for type_, model in EVENTS.items() if (name := short(type_)) not in _BY_HAND}
_ENDS = {"people.secondment-ended", "people.long-leave-ended", "people.discipline-closed"}  # about whom they don't name
_POOL = {
    "person": PERSONS, "session": _SESSIONS, "section": ("x", "y"),
    "output": tuple(f"u-{number}" for number in range(6)), "talk": tuple(f"t-{number}" for number in range(6)),
}  # fmt: skip
STEPS = st.one_of(
    st.sampled_from(sorted(_OTHERS)).flatmap(
        lambda name: st.tuples(st.just("any"), _time, st.just(name), drawn.data(_OTHERS[name], _POOL))
    ),
    st.tuples(
        st.just("attend"),
        _time,
        _session,
        _person,
        st.sampled_from(("present", "partial", "leave", "absent")),
        st.sampled_from(_GUIDES),
    ),
    st.tuples(
        st.just("credit"),
        _time,
        _session,
        _person,
        st.sampled_from((25, 9000)),
        st.sampled_from(("study", "recognised")),
    ),
    st.tuples(
        st.just("talk"),
        _time,
        st.permutations(PERSONS),
        st.integers(2, 3),
        st.sampled_from((None, "1", "2")),
        st.sampled_from((None, "committee-committee", "committee-member", "member-member")),
    ),
    st.tuples(
        st.just("output"),
        _time,
        st.permutations(PERSONS),
        st.integers(1, 3),
        st.sampled_from(("adopted", "pending")),
        st.sampled_from(_GUIDES),
    ),
    st.tuples(st.just("counted"), _time, _person, st.integers(1, 20)),
    st.tuples(st.just("visit"), _time, _person),
    st.tuples(
        st.just("transfer"),
        _person,
        st.sampled_from(("x", "y")),
        st.sampled_from(_DAYS),
    ),
    st.tuples(
        st.just("post"),
        _person,
        st.sampled_from(("x", "w")),
        st.sampled_from(("leadership", "section-head", "staff")),
        st.sampled_from(_DAYS),
        st.booleans(),
    ),
    st.tuples(st.just("end"), _person, st.sampled_from(_DAYS)),
    st.tuples(st.just("resession"), _session, st.sampled_from(_KINDS), st.sampled_from(_CARRIERS)),
    st.tuples(st.just("rename"), _person),
    st.tuples(st.just("reseat"), _person, st.sampled_from(("x", "z"))),
    st.tuples(st.just("revoke"), _number),
    st.tuples(st.just("correct"), _number),
    st.tuples(st.just("correct-again"), _number),
    st.tuples(st.just("dispute"), _number, st.sampled_from((None, True, False)), st.integers(0, 2)),
    st.tuples(st.just("propose"), _time, _person, st.booleans()),
)


_DISPUTED = {
    f"chengzhang.{name}.v1"
    for name in (
        "learning.attendance-recorded", "learning.hours-credited", "work.output-filed", "talk.talk-held",
        "spirit.conduct-recognised", "work.duty-report-delivered", "any.entry-proposed",
    )
}  # fmt: skip


def play(world: World, steps: list[Any]) -> None:
    """Tell a history in which nothing is revoked twice."""
    standing: list[str] = []
    base: dict[tuple[str, str], str] = {}  # what is corrected, never revoked: by kind and id
    for person in PERSONS:
        base["rename", person] = world.register(person)
        base["reseat", person] = world.assume(person, "x")
    for session in _SESSIONS:
        base["resession", session] = world.convene(session, items=["1"])
    for number, (what, *args) in enumerate(steps):
        if what in {"rename", "reseat", "resession"}:
            base[what, args[0]] = _corrected(world, number, base[what, args[0]], what, args)
        elif what == "dispute":
            standing += _disputed(world, standing, *args)
        elif what == "propose":
            standing += _proposed(world, number, *args)
        elif what in {"revoke", "correct", "correct-again"}:
            if standing:
                event = standing.pop(args[0] % len(standing))
                _take_back(world, what, event, standing)
        else:
            standing.append(_tell(world, number, what, args))


def _corrected(world: World, number: int, event: str, what: str, args: list[Any]) -> str:
    if what == "resession":
        return world.correct(event, kinds=args[1], carriers=args[2], title=f"{args[1][0]} {number}")
    if what == "rename":
        return world.correct(event, name={**SEALED, "ct": f"name-{number}"})
    stamp = {"person": args[0], "section": args[1], "tier": "staff"}
    return world.correct(event, section=args[1], stamps=[stamp])


def _disputed(world: World, standing: list[str], number: int, settled: bool | None, again: int) -> Iterator[str]:
    """Dispute an entry that stands, and settle that or not; either may be taken back."""
    entries = [event for event in world.events if event["id"] in standing and event["type"] in _DISPUTED]
    if not entries:
        return
    entry = entries[number % len(entries)]
    persons = [stamp["person"] for stamp in entry["data"]["stamps"]]
    about = {"event": entry["id"]}
    for _ in range(again + 1):
        yield world.record("any.entry-disputed", _TIMES[1], about, entry["partitionkey"], persons)
        if settled is not None:
            data = about | {"upheld": settled}
            yield world.record("any.dispute-settled", _TIMES[1], data, entry["partitionkey"], persons)


def _proposed(world: World, number: int, time: str, person: str, verified: bool) -> Iterator[str]:
    """Propose an output, and verify that or not."""
    output = {"output": f"own-{number}", "lead": person, "line": "information", "title": "信息", "level": "city"}
    output |= {"effect": "adopted", "guide": "work"}
    data = {"type": "chengzhang.work.file-output.v1", "data": output}
    stream = f"event/own-{number}"
    yield (ident := world.record("any.entry-proposed", time, data, stream, [person]))
    if verified:
        yield world.record("any.entry-verified", _TIMES[3], {"event": ident}, stream, [person])
        made = output | {"proposal": ident, "participants": []}
        yield world.record("work.output-filed", time, made, f"output/own-{number}", [person])


def _take_back(world: World, what: str, event: str, standing: list[str]) -> None:
    if what == "revoke":
        world.revoke(event)
        return
    for guide in ("people", "work")[: 1 if what == "correct" else 2]:
        event = world.correct(event, guide=guide)
    standing.append(event)


def _tell(world: World, number: int, what: str, args: list[Any]) -> str:
    more = {"guide": args[-1]} if args[-1] in _GUIDES[1:] else {}
    told: dict[str, Callable[..., str]] = {
        "attend": lambda time, s, p, state, _guide: world.attend(s, p, state, time, **more),
        "credit": lambda time, s, p, centi_xueshi, account: world.credit(s, p, centi_xueshi, account, time),
        "talk": lambda time, persons, several, duty, roles: world.talk(
            *persons[:several], time=time, **{k: v for k, v in (("duty", duty), ("party_pair", roles)) if v}
        ),
        "output": lambda time, persons, several, effect, _guide: world.output(
            *persons[:several], time=time, effect=effect, **more
        ),
        "counted": lambda time, p, count: world.output(p, line="classified-communications", time=time, count=count),
        "visit": lambda time, p: world.visit(f"v-{number}", p, number, time),
        "transfer": world.transfer,
        "post": lambda p, section, tier, on, concurrent: world.assume(
            p, section, tier, on=on, concurrent=concurrent, post=f"post-{number}"
        ),
        "end": lambda p, on: world.end(p, f"post-{p}", on),
        "any": lambda time, name, data: record(world, _OTHERS[name], name, time, data),
    }
    return told[what](*args)


def record(world: World, model: type[EventData], name: str, time: str, data: dict[str, Any]) -> str:
    """In the stream of what it makes, else of the first thing that it names; stamped with whom it names so."""
    if "pack" in data:
        data = {**data, "pack": "guangdong-2026"}  # any that is there
    made = [place for place in named(model) if isinstance(place.mark, New)] or list(named(model))
    stream = next((f"{place.mark.kind}/{ident}" for place in made for ident in place.ids(data)), "office/o-1")
    stamped = [place for place in named(model) if isinstance(place.mark, Ref) and place.mark.stamped]
    persons = dict.fromkeys(person for place in stamped for person in place.ids(data))
    if not persons and name in _ENDS:
        persons = {PERSONS[int(data["on"][-1]) % len(PERSONS)]: None}
    return world.record(name, time, data, stream, list(persons))
