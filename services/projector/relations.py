"""What a read model's SELECT may name: one of five relations, of a batch's changes or of the facts known at an instant.

    fact       every fact but those of care, once each: learning, work, people, plans, procedures …
    care       talks, welfare and needs, once each
    everything both of them, once each
    evidence   learning, work and activity entries of growth files: once for each person, with group, title, guide word
    entry      the same, and talks

Which types enter a growth file, called what and on what condition, is declared with the type.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiosql

from schemas.catalogue import EVENTS
from schemas.declared import GROUPS, Words
from schemas.goals import GoalReported, GoalSet, GoalStamp
from schemas.learning import SessionConvened, SessionStamp
from schemas.talk import FollowUpClosed, FollowUpPromised
from schemas.work import EffectSettled, OutputFiled

SQL: Final[Any] = aiosql.from_path(Path(__file__).with_name("derived.sql"), "asyncpg")
TABLES: Final = ("fact", "care")
_CARE: Final = ("chengzhang.talk.", "chengzhang.welfare.")
_ENTRIES: Final = {type_: model.ENTRY for type_, model in EVENTS.items() if model.ENTRY is not None}


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
    """In which tables its rows lie, which types they have. ``entries``: once for each person."""

    tables: tuple[str, ...]
    types: frozenset[str]
    entries: bool = False

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
            return filled("facts", source=source, types=listed(types))
        declared = {type_: _ENTRIES[type_] for type_ in types}
        groups = [f"WHEN {quoted(type_)} THEN {quoted(entry.group)}" for type_, entry in declared.items()]
        titles = [f"WHEN {quoted(t)} THEN {_path(e.title)}" for t, e in declared.items() if e.title is not None]
        conditions = [
            " AND ".join((f"type = {quoted(t)}", *(f"{_path(name)} IN ({listed(v)})" for name, v in e.when.items())))
            for t, e in declared.items()
        ]
        return filled(
            "entries",
            source=source,
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
}


@dataclass(frozen=True, slots=True)
class Amendment:
    """Facts of a stream change what others say in a member: those get another version.

    ``fields`` are the members that they lay over it. Without ``of``: of all earlier facts that have the member, where
    the later one corrects. With it: of facts of that type, which don't say it themselves and whenever they come; the
    latest day's is on top, of one day the one recorded last.
    """

    type: str
    member: str
    fields: tuple[str, ...]
    of: str | None = None

    @property
    def table(self) -> str:
        """Where both lie."""
        return table_of(self.type)


AMENDMENTS: Final = (
    # What a session or a goal is called is told by all that rests on it, and is corrected with it.
    Amendment(SessionConvened.TYPE, "session_stamp", tuple(SessionStamp.model_fields)),
    Amendment(GoalSet.TYPE, "goal_stamp", tuple(GoalStamp.model_fields)),
    # What came of something.
    Amendment(EffectSettled.TYPE, "settled", ("effect", "on"), of=OutputFiled.TYPE),
    Amendment(GoalReported.TYPE, "reported", ("state", "on"), of=GoalSet.TYPE),
    Amendment(FollowUpClosed.TYPE, "closed", ("on",), of=FollowUpPromised.TYPE),
)


changed: Final = Source(lambda table: filled("changed", table=table))  # what a batch changes


def known(condition: str, instant: str) -> Source:
    """A source of relations: the versions of facts for which the condition holds."""
    return Source(lambda table: filled("known", table=table, condition=condition, instant=instant), instant)


def filled(statement: str, /, **values: str) -> str:
    """A statement of ``derived.sql``."""
    return str(getattr(SQL, statement).sql).rstrip().rstrip(";").format(**values)


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
