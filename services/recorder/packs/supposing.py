"""What a year would have come to under another rule pack: each fact decided again, as it was and as it would be.

States are folded from the events as they stand. Under another pack is a view of these states in which every cycle and
selection names it and the office follows it: the domain decides by that as ever, and nothing is recorded. Which figure
makes the difference is found by trying: the pack as it was, with that figure alone taken from the other.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from schemas import packs
from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting, selection
from schemas.base import EventData, instant
from schemas.entries.following import PackFollowed
from schemas.entries.taking import EntryRevoked
from schemas.learning import courses, meeting
from schemas.packs import Pack
from services.recorder.domain import decider
from services.recorder.domain.appraisal import seats
from services.recorder.domain.appraisal.rows import cycle_of
from services.recorder.domain.deciding.core import Action, Event, Held, Key, Overlay, Rejection, S, State, Thing, day_at
from services.recorder.domain.packs import of_day
from services.recorder.domain.selection.rows import opened
from services.recorder.packs.figures import Deciding, Figures

# What is decided by a pack's figures; of what else is, the sealed fields would have to be opened.
DECIDED: Final[frozenset[type[EventData]]] = frozenset(
    {
        appraisal.SeatsApproved, appraisal.RoutineGradeGiven, appraisal.GradeProposed, appraisal.GradeDecided,
        posting.ExcellentListPosted, posting.NoticeGiven, posting.ReviewRequested, posting.ReviewDecided,
        posting.AppealLodged, posting.AppealDecided, posting.GradeSupplemented, selection.SelectionOpened,
        selection.CandidateRecommended, selection.CandidatesPosted, selection.SelectionDecided,
        selection.HonourAwarded, meeting.HoursCredited, courses.CourseCompleted,
    }
)  # fmt: skip
_OUTSIDE: Final = {"stamps", "corrects", "proposal", "late_reason", "rule_pack"}
_NAMING_A_PACK: Final = ("cycle", "selection")


class Difference(NamedTuple):
    """What would differ: of whom, which fact; refused by ``code``, or the members that would be others."""

    office: str
    person: str | None
    event: str | None
    type: str
    what: str  # refused, changed, seats
    code: str | None
    message: Mapping[str, str] | None
    members: Mapping[str, Mapping[str, Any]]  # by name: was, would
    figures: tuple[Deciding, ...]


class World:
    """All that was recorded so far, as states."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.states: dict[Key, State] = {}

    def of(self, kind: type[S], key: Key) -> S:
        """The state of that key, whatever it is."""
        found = self.states.get(key)
        return found if isinstance(found, kind) else kind()

    def take(self, event: Event) -> None:
        """An event that was recorded."""
        after = Overlay(self)
        after.apply(decider.evolve(after, event))
        self.states |= after.changes


class Under:
    """The same, as if everybody went by a pack."""

    def __init__(self, world: World, pack: str) -> None:
        """``pack``: its id."""
        self._world, self._pack = world, pack

    def of(self, kind: type[S], key: Key) -> S:
        """The state, with the pack for whatever pack it names."""
        found = self._world.of(kind, key)
        if not isinstance(found, Thing) or key[0] not in {*_NAMING_A_PACK, "office"}:
            return found
        if key[0] == "office":
            said = Held(PackFollowed.TYPE, "1900-01-01T00:00:00Z", {"pack": self._pack, "from_on": "1900-01-01"})
            others = {ident: fact for ident, fact in found.facts.items() if fact.type != PackFollowed.TYPE}
            return found.but(facts=others | {"": said})
        named = {ident: fact._replace(data=fact.data | {"rule_pack": self._pack}) if "rule_pack" in fact.data else fact
                 for ident, fact in found.facts.items()}  # fmt: skip
        return found.but(facts=named)


class Supposing:
    """A year's events, one after the other, and what each would have come to."""

    def __init__(self, pack: Pack, year: int, office: str | None = None) -> None:
        """``office``: that one alone."""
        self.world, self.figures = World(), Figures(pack)
        self.pack, self.year, self.office = pack, year, office
        self.found: dict[str, Difference] = {}
        self.cycles: list[tuple[str, str]] = []

    def take(self, event: Event) -> None:
        """The next event of the shard."""
        if self.office in {None, event.office}:
            if type(event.data) in DECIDED and _year(event) == self.year:
                self._compare(event)
            if isinstance(event.data, appraisal.CycleOpened) and event.data.year == self.year:
                self.cycles.append((event.office, event.data.cycle))
            if isinstance(event.data, EntryRevoked):
                self.found.pop(event.data.event, None)
            self.world.take(event)

    def differences(self) -> Iterator[Difference]:
        """All that would differ, and the seats of each cycle."""
        yield from self.found.values()
        for office, cycle in self.cycles:
            yield from self._seats(office, cycle)

    def _compare(self, event: Event) -> None:
        action = action_of(event)
        was = self._own(action)
        before = self._outcome(action, None)
        now = self._outcome(action, self.pack)
        if before == now or "code" in before:
            return
        why = self.figures.deciding(was, lambda pack: self._outcome(action, pack) != before)
        person = getattr(event.data, "person", None)
        if "code" in now:
            message = {"en": now["en"], "zh": now["zh"]}
            made = Difference(event.office, person, event.id, event.data.TYPE, "refused", now["code"], message, {}, why)
        else:
            members = {name: {"was": before[name], "would": now[name]} for name in now if now[name] != before[name]}
            made = Difference(event.office, person, event.id, event.data.TYPE, "changed", None, None, members, why)
        self.found[event.id] = made

    def _own(self, action: Action) -> Pack:
        """The pack by which it was decided."""
        members = action.data.__dict__
        named = cycle_of(self.world, action, members.get("cycle") or "") or opened(
            self.world, action, members.get("selection") or ""
        )
        if named:
            return packs.packs()[named["rule_pack"]]
        return of_day(self.world.of(Thing, action.key("office", action.office)), action.day)

    def _outcome(self, action: Action, pack: Pack | None) -> dict[str, Any]:
        """What comes of it: the code and why, or what the event says beyond the action."""
        with packs.supposed(pack):
            states = Under(self.world, pack.pack) if pack else self.world
            decided = decider.decide(states, action, action.moment)
        if isinstance(decided, Rejection):
            return {"code": decided.code, "en": decided.en, "zh": decided.zh}
        made = decided[0].data
        names = type(made).model_fields.keys() - type(action.data).model_fields.keys() - _OUTSIDE
        return {name: _plain(getattr(made, name)) for name in sorted(names)}

    def _seats(self, office: str, cycle: str) -> Iterator[Difference]:
        """Of each pool: how many would be appraised, have a seat, hold one."""
        fact = Event("", office, f"cycle/{cycle}", "", appraisal.CycleOpened.trusted())
        if not (said := cycle_of(self.world, fact, cycle)):
            return  # it was taken back
        own = packs.packs()[said["rule_pack"]]
        for pool in ("civil-service", "institution"):
            decided = self.world.of(Thing, seats.row_key(fact, cycle, pool)).facts.values()

            def board(pack: Pack | None, pool: str = pool, decided: Any = tuple(decided)) -> seats.Board:  # noqa: ANN401
                with packs.supposed(pack):
                    states = Under(self.world, pack.pack) if pack else self.world
                    return seats.board(states, fact, cycle, pool, decided)

            was, would = board(None), board(self.pack)
            if was != would:
                why = self.figures.deciding(own, lambda pack, was=was, board=board: board(pack) != was)  # type: ignore[misc]
                members = {name: {"was": getattr(was, name), "would": getattr(would, name)} for name in was._fields}
                yield Difference(office, None, None, f"{cycle}/{pool}", "seats", None, None, members, why)


def action_of(event: Event) -> Action:
    """The action that an event came of, as far as deciding needs it; sealed fields stay sealed."""
    model = type(event.data).ACTION
    members = {name: event.data.__dict__.get(name) for name in model.model_fields}
    sealed: dict[str, Any] = {name: members[name] for name in model.SEALED if members[name] is not None}
    data = model.trusted(**members | dict.fromkeys(sealed, ""))
    owner = data.sealed_for() if sealed else None
    return Action(
        event.office, event.source, event.id, model.TYPE, event.time, "", data, instant(event.time),
        day_at(event.time), sealed=sealed, owner=owner,
    )  # fmt: skip


def _year(event: Event) -> int:
    """The year that a fact is of: a cycle's, a selection's, else that of its day."""
    year: int = getattr(event.data, "year", None) or int(day_at(event.time)[:4])
    if isinstance(event.data, courses.CourseCompleted):
        with suppress(ValueError):
            year = int(event.data.to_on[:4])
    return year


def _plain(value: Any) -> Any:  # noqa: ANN401  # any member, as JSON has it
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
