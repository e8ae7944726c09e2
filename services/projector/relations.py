"""What a read model's SELECT may name: one of six relations, of a batch's changes or of the facts known at an instant.

    fact       every fact but those of care, once each: learning, work, people, plans, procedures …
    care       talks, welfare and needs, once each
    everything both of them, once each
    evidence   learning, work and activity entries of growth files: once for each person, with group, title, guide word
    entry      the same, and talks
    filed      the same, and those that don't count: proposed and not verified yet, or disputed; each with its ``state``

Which types enter a growth file, called what and on what condition, is declared with the type.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiosql
from pydantic import BaseModel

from schemas.catalogue import EVENTS
from schemas.declared import GROUPS, Words
from schemas.entries.taking import DisputeSettled, EntryDisputed, EntryProposed, EntryVerified
from schemas.learning.sessions import SessionConvened, SessionStamp
from schemas.life.talk import FollowUpClosed, FollowUpPromised
from schemas.life.work import EffectSettled, OutputFiled
from schemas.people.goals import GoalReported, GoalSet, GoalStamp

SQL: Final[Any] = aiosql.from_path(Path(__file__).with_name("derived.sql"), "asyncpg")
_SHARED: Final[Any] = aiosql.from_path(Path(__file__).with_name("shared.sql"), "asyncpg")
TABLES: Final = ("fact", "care")
_CARE: Final = ("chengzhang.talk.", "chengzhang.welfare.")
_ENTRIES: Final = {type_: model.ENTRY for type_, model in EVENTS.items() if model.ENTRY is not None}


JUDGED: Final = "judged"  # the member that facts have which don't count: as what
CLOSED: Final = "verified"  # of a proposed entry: what it proposed is recorded in its place
PROPOSED: Final = EntryProposed.TYPE


@dataclass(frozen=True, slots=True)
class Source:
    """Of a table's name a SELECT of its rows; ``instant``: as known when."""

    rows: Callable[[str], str]
    instant: str = "NULL::timestamptz"

    def __call__(self, table: str) -> str:
        """The rows of a table."""
        return self.rows(table)


def is_care(type_: str) -> bool:
    """Whether facts of this type lie apart: what is cared for is never judged by."""
    return type_.startswith(_CARE)


def table_of(type_: str) -> str:
    """Where facts of this type lie."""
    return "care" if is_care(type_) else "fact"


@dataclass(frozen=True, slots=True)
class Relation:
    """In which tables its rows lie, and of which types. ``entries``: once for each person; ``all``: in any state."""

    tables: tuple[str, ...]
    types: frozenset[str]
    entries: bool = False
    all: bool = False

    @property
    def groups(self) -> Mapping[str, Words]:
        """The groups of entries that it can have: talks are care."""
        return {group: words for group, words in GROUPS.items() if "care" in self.tables or group != "talk"}

    def rows(self, types: Collection[str], source: Source) -> str:
        """A SELECT of its rows of these types."""
        return "\nUNION ALL\n".join(
            self._arm(held, source(table))
            for table in self.tables
            if (held := sorted(type_ for type_ in types if table_of(type_) == table))
        )

    def _arm(self, types: list[str], source: str) -> str:
        if not self.entries:
            return filled("facts", source=source, types=listed(types), member=JUDGED)
        declared = {type_: _ENTRIES[type_] for type_ in types if type_ in _ENTRIES}
        if self.all and PROPOSED in types:
            declared |= {type_: entry for type_, entry in _ENTRIES.items() if not is_care(type_)}
        groups = [f"WHEN {quoted(type_)} THEN {quoted(entry.group)}" for type_, entry in declared.items()]
        titles = [f"WHEN {quoted(t)} THEN {_path(e.title)}" for t, e in declared.items() if e.title is not None]
        conditions = [
            " AND ".join((f"told = {quoted(t)}", *(f"{_path(name)} IN ({listed(v)})" for name, v in e.when.items())))
            for t, e in declared.items()
        ]
        becomes = " ".join(f"WHEN {quoted(EVENTS[t].ACTION.TYPE)} THEN {quoted(t)}" for t in _ENTRIES)
        state = {"source": source, "member": JUDGED, "proposed": PROPOSED, "becomes": becomes, "closed": CLOSED}
        return filled(
            "entries",
            source=filled("filed" if self.all else "counting", **state),
            groups=" ".join(groups),
            titles=" ".join(titles) or "WHEN '' THEN ''",
            conditions=" OR ".join(conditions),
        )


RELATIONS: Final[Mapping[str, Relation]] = {
    "fact": Relation(("fact",), frozenset(type_ for type_ in EVENTS if not is_care(type_))),
    "care": Relation(("care",), frozenset(type_ for type_ in EVENTS if is_care(type_))),
    "everything": Relation(TABLES, frozenset(EVENTS)),
    "evidence": Relation(("fact",), frozenset(type_ for type_ in _ENTRIES if not is_care(type_)), entries=True),
    "entry": Relation(TABLES, frozenset(_ENTRIES), entries=True),
    "filed": Relation(TABLES, frozenset((*_ENTRIES, PROPOSED)), entries=True, all=True),
}


# What several read models that are asked make of their relation, each after what it names: ``shared.sql``.
SHARED: Final = ("standing_session", "owed_duty", "owed_session", "held_year", "appraised")
# What may be named beside a relation that has the same events.
BESIDE: Final = ("evidence",)


@dataclass(frozen=True, slots=True)
class Amendment:
    """A fact ``c`` of a stream changes what another one ``l`` says: that gets another version.

    ``when`` and ``which`` are conditions on either; ``over`` is the object that is laid over what ``l`` says, by the
    ``order`` of several. ``of``: the type of what it is about, whenever that comes; ``member``: where that is told.
    ``tables``: where what it changes may lie.
    """

    type: str
    which: str
    over: str
    when: str = "true"
    order: str = "''"
    of: str | None = None
    member: str = ""
    tables: tuple[str, ...] = ("fact",)

    @property
    def table(self) -> str:
        """Where it lies itself."""
        return table_of(self.type)


def _correcting(type_: str, member: str, stamp: type[BaseModel]) -> Amendment:
    """All earlier facts that have the member say there what is corrected."""
    fields = ", ".join(f"'{name}', c.data -> '{name}'" for name in stamp.model_fields)
    over = f"jsonb_build_object('{member}', (l.data -> '{member}') || jsonb_build_object({fields}))"
    return Amendment(type_, f"l.data ? '{member}' AND c.position > l.position", over, "c.data ? 'corrects'")


def _came(type_: str, of: str, member: str, *fields: str) -> Amendment:
    """What came of something: the latest day's is on top, of one day the one recorded last."""
    said = ", ".join(f"'{name}', c.data -> '{name}'" for name in fields)
    over = f"jsonb_build_object('{member}', jsonb_build_object({said}))"
    where = (table_of(type_),)
    return Amendment(type_, f"l.type = '{of}'", over, order="c.data ->> 'on'", of=of, member=member, tables=where)


def _judging(type_: str, judged: str) -> Amendment:
    """What is said of one entry, named by its event."""
    which = "l.event_id = (c.data ->> 'event')::uuid"
    return Amendment(type_, which, f"jsonb_build_object('{JUDGED}', {judged})", tables=TABLES)


AMENDMENTS: Final = (
    # What a session or a goal is called is told by all that rests on it, and is corrected with it.
    _correcting(SessionConvened.TYPE, "session_stamp", SessionStamp),
    _correcting(GoalSet.TYPE, "goal_stamp", GoalStamp),
    # What came of something.
    _came(EffectSettled.TYPE, OutputFiled.TYPE, "settled", "effect", "on"),
    _came(GoalReported.TYPE, GoalSet.TYPE, "reported", "state", "on"),
    _came(FollowUpClosed.TYPE, FollowUpPromised.TYPE, "closed", "on"),
    # What is disputed counts no more, until that is settled against the dispute; what is verified stands in its place.
    _judging(EntryDisputed.TYPE, "'disputed'"),
    _judging(DisputeSettled.TYPE, "CASE WHEN (c.data -> 'upheld')::boolean THEN 'disputed' END"),
    _judging(EntryVerified.TYPE, f"'{CLOSED}'"),
)


changed: Final = Source(lambda table: filled("changed", table=table))  # what a batch changes


def known(condition: str, instant: str) -> Source:
    """A source of relations: the versions of facts for which the condition holds."""
    return Source(lambda table: filled("known", table=table, condition=condition, instant=instant), instant)


def filled(statement: str, /, **values: str) -> str:
    """A statement of ``derived.sql``."""
    return str(getattr(SQL, statement).sql).rstrip().rstrip(";").format(**values)


def made(shared: str, name: str) -> str:
    """A statement of ``shared.sql``, of the relation of that name."""
    return str(getattr(_SHARED, shared).sql).rstrip().rstrip(";").format(name=name)


def quoted(text: str) -> str:
    """A literal: of our own texts, none of which has a quote."""
    return f"'{text}'"


def listed(texts: Collection[str]) -> str:
    """Literals, one after the other."""
    return ", ".join(map(quoted, texts))


def _path(dotted: str) -> str:
    """The text of a member, ``session_stamp.title``."""
    *way, last = dotted.split(".")
    return " -> ".join(("data", *map(quoted, way))) + f" ->> {quoted(last)}"
