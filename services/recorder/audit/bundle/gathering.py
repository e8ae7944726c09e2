"""Which figures and events belong into a bundle, of one moment, and the events' bytes.

Entries are found by the read models, revocations and posts by the recorder's own states: a few look-ups however long
the history is. That the read models have come far enough is seen to before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import aiosql
import asyncpg
import orjson

from services.recorder.archive.held import Archive, Held, chunks
from services.recorder.archive.words import refused
from services.recorder.audit.proving.proofs import Found
from services.recorder.domain.timeline import Person
from services.recorder.errors import Contradiction, Unavailable, Unsettled
from services.recorder.ledger.database import Connection, founded
from services.recorder.ledger.states import unlike

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("bundle.sql"), "asyncpg", mandatory_parameters=False)
_JSON: Final = ("evidence_by_group", "evidence_by_guide", "routine_grades", "duty_reports")
Json = dict[str, Any]
Wanted = set[tuple[int, str]]  # shard and event id


@dataclass(frozen=True, slots=True)
class Left:
    """An event that is in an archive's file."""

    shard: int
    position: int
    file: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """Figures by office, the events in the ledger, those that left it; ``touched``: the last position by shard."""

    figures: list[Json]
    events: list[Found]
    left: list[Left]
    touched: dict[int, int]


async def persons(connection: Connection, person: str) -> list[asyncpg.Record]:
    """The offices that know a person: shard, office, state. Raises Unsettled where one can't be read now."""
    found = [row async for row in QUERIES.persons(connection, person=person)]
    for row in found:
        if why := unlike(row["fold_version"]):
            raise Unsettled(f"shard {row['shard']}: {why.en}", f"分片 {row['shard']}：{why.zh}")
    return found


async def gathered(connection: Connection, person: str, year: int) -> Gathered:
    """All of it, of one snapshot. Raises Unavailable where there are no read models, Contradiction, Unsettled."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await persons(connection, person)
        offices = [row["office"] for row in found]
        try:
            rows = [row async for row in QUERIES.figures(connection, offices=offices, person=person, year=year)]
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
            raise Unavailable(
                "no projector has made read models here yet.", "此处尚无投影服务生成过读模型。"
            ) from error
        shown = [row["office"] for row in rows]
        wanted = {place for row in found if row["office"] in shown for place in _posts(row, year)}
        wanted |= await _entries(connection, shown, person, year)
        events, left = await _bodies(connection, wanted)
    return Gathered([_figures(row) for row in rows], events, left, _touched(rows, events, left))


def _figures(row: asyncpg.Record) -> Json:
    return {
        name: orjson.loads(value) if name in _JSON else value for name, value in row.items() if name != "last_position"
    }


def _touched(rows: Iterable[asyncpg.Record], events: Iterable[Found], left: Iterable[Left]) -> dict[int, int]:
    touched: dict[int, int] = {}
    places = [(row["shard"], row["last_position"]) for row in rows]
    places += [(event.shard, event.position) for event in events]
    places += [(each.shard, each.position) for each in left]
    for shard, position in places:
        touched[shard] = max(position, touched.get(shard, -1))
    return touched


def _posts(row: asyncpg.Record, year: int) -> Iterator[tuple[int, str]]:
    """What says where the person sat up to the end of the year."""
    if row["state"] is None:
        return
    last = f"{year:04d}-12-31"
    for event, fact in Person.model_validate_json(row["state"]).standing():
        if fact.data.get("from_on", fact.data.get("on", "")) <= last:
            yield row["shard"], event


async def _entries(connection: Connection, offices: Sequence[str], person: str, year: int) -> Wanted:
    """The entries, and what took some of them back."""
    rows = [row async for row in QUERIES.entries(connection, offices=offices, person=person, year=year)]
    shards, keys = [row["shard"] for row in rows], [f"{row['office']}/{row['event_id']}" for row in rows]
    revoked = [row async for row in QUERIES.revocations(connection, shards=shards, keys=keys)]
    return {(row["shard"], row["event_id"]) for row in (*rows, *revoked)}


async def _bodies(connection: Connection, wanted: Wanted) -> tuple[list[Found], list[Left]]:
    """The events, and where those are that left the ledger. Raises Contradiction where there is no such event."""
    rows = [row async for row in QUERIES.bodies(connection, **_columns(wanted))]
    missing = wanted - {(row["shard"], row["event_id"]) for row in rows}
    gone = [row async for row in QUERIES.left(connection, **_columns(missing))] if missing else []
    for shard, event in sorted(missing - {(row["shard"], row["event_id"]) for row in gone}):
        raise Contradiction(
            f"shard {shard} lacks event {event}, which read models or states name. Run `recorder audit verify`.",
            f"分片 {shard} 缺少读模型或状态所引用的事件 {event}。请运行 `recorder audit verify`。",
        )
    events = [Found(row["shard"], row["position"], row["body"]) for row in rows]
    return events, [Left(row["shard"], row["position"], row["file"]) for row in gone]


def _columns(wanted: Wanted) -> dict[str, list[Any]]:
    ordered = sorted(wanted)
    return {"shards": [shard for shard, _ in ordered], "ids": [event for _, event in ordered]}


# --- what left the ledger ---


async def archived(connection: Connection, left: Sequence[Left], sources: Sequence[Path]) -> list[Found]:
    """The events out of archives' folders, by shard and position. Raises NotArchived."""
    if not left:
        return []
    archive = await Archive.at(connection, (await founded(connection)).id, sources)
    events: list[Found] = []
    for _, group in groupby(left, key=lambda each: (each.shard, each.file)):
        places = list(group)
        held = archive.following(places[0].shard, places[0].position)
        if held is None or held.first > places[0].position:
            raise refused("left", shard=places[0].shard, position=places[0].position, file=places[0].file)
        events += _read(held, places)
    return events


def _read(held: Held, places: Sequence[Left]) -> Iterator[Found]:
    """One pass over the file."""
    positions = {place.position for place in places}
    for first, bodies in chunks(held, places[0].position):
        for position, body in enumerate(bodies, first):
            if position in positions:
                yield Found(places[0].shard, position, body)
        if first + len(bodies) > places[-1].position:
            return
