"""Which figures and events belong into a bundle, of one moment, and the events' bytes.

Entries and what else figures rest on are found by the read models, revocations and posts by the recorder's own states:
a few look-ups however long the history is. That the read models have come far enough is seen to before.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiosql
import asyncpg
import orjson

from schemas.people.cadres import PersonLeft, PersonRegistered
from services.common.joining import Place, files
from services.recorder.archive.held import Archive, chunks
from services.recorder.archive.words import refused
from services.recorder.audit.proving.proofs import Found
from services.recorder.audit.source import archive_in
from services.recorder.domain.deciding.timeline import Person
from services.recorder.errors import Contradiction, Missing, Unavailable, Unsettled
from services.recorder.ledger.database import Connection
from services.recorder.ledger.states import unlike

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("bundle.sql"), "asyncpg", mandatory_parameters=False)
_JSON: Final = ("evidence_by_group", "evidence_by_guide", "routine_grades", "duty_reports", "special_appraisals")
_MEANS: Final = ("further_events", "last_position")  # to gather, and no figures
_NO_MATTER: Final = datetime.min.replace(tzinfo=UTC)
Json = dict[str, Any]
Wanted = set[tuple[int, str]]  # shard and event id


class Gathered(NamedTuple):
    """Figures by office; the events, each with its bytes or its file; ``touched``: the last position by shard."""

    figures: list[Json]
    events: list[asyncpg.Record]
    touched: dict[int, int]


class Whose(NamedTuple):
    """Whose appraisal of which year. ``office`` says of which file, where several offices know somebody by that id."""

    person: str
    year: int
    office: str | None = None


async def persons(connection: Connection, whose: Whose) -> list[asyncpg.Record]:
    """The offices of a person's file: shard, office, state.

    Raises Unsettled where one can't be read now, Missing where it isn't said which file is meant.
    """
    person, office = whose.person, whose.office
    found = [row async for row in QUERIES.persons(connection, person=person)]
    for row in found:
        if why := unlike(row["fold_version"]):
            raise Unsettled(f"shard {row['shard']}: {why.en}", f"分片 {row['shard']}：{why.zh}")
    joined = [file for file in files(map(_place, found)) if office is None or office in file]
    if len(joined) > 1:
        listed = "; ".join(", ".join(file) for file in joined)
        raise Missing(
            f"several offices know a person {person}, and no move between them was recorded by both ({listed}). "
            "Say whose file is meant: --office.",
            f"多个机关登记有人员 {person}，而其间的调动并未由双方登记（{listed}）。请用 --office 指明是哪一份档案。",
        )
    return [row for row in found if joined and row["office"] in joined[0]]


def _place(row: asyncpg.Record) -> Place:
    """What an office says of moves; since when it knows the person doesn't matter here."""
    state = Person.model_validate_json(row["state"] or "{}")
    previous = next((fact.data.get("previous") for fact in state.of_type(PersonRegistered).values()), None)
    went_to = [fact.data["to"] for fact in state.of_type(PersonLeft).values() if "to" in fact.data]
    return Place(row["office"], _NO_MATTER, previous, went_to)


async def gathered(connection: Connection, whose: Whose) -> Gathered:
    """All of it, of one snapshot. Raises Unavailable (no read models), Contradiction, Unsettled, Missing."""
    person, year = whose.person, whose.year
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await persons(connection, whose)
        offices = [row["office"] for row in found]
        try:
            rows = [row async for row in QUERIES.figures(connection, offices=offices, person=person, year=year)]
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
            raise Unavailable(
                "no projector has made read models here yet.", "此处尚无投影服务生成过读模型。"
            ) from error
        shown = [row["office"] for row in rows]
        wanted = {place for row in found if row["office"] in shown for place in _posts(row, year)}
        wanted |= {(row["shard"], event) for row in rows for event in row["further_events"]}
        wanted |= await _entries(connection, shown, person, year)
        events = await _events(connection, wanted)
    places = [(row["shard"], row["last_position"]) for row in rows]
    places += [(row["shard"], row["position"]) for row in events]
    return Gathered([_figures(row) for row in rows], events, dict(sorted(places)))


def _figures(row: asyncpg.Record) -> Json:
    return {name: orjson.loads(value) if name in _JSON else value for name, value in row.items() if name not in _MEANS}


def _posts(row: asyncpg.Record, year: int) -> Iterator[tuple[int, str]]:
    """What says where the person sat up to the end of the year."""
    if row["state"] is None:
        return
    last = f"{year:04d}-12-31"
    for event, fact in Person.model_validate_json(row["state"]).standing():
        if fact.data.get("from_on", fact.data.get("on", "")) <= last:
            yield row["shard"], event


async def _entries(connection: Connection, offices: Sequence[str], person: str, year: int) -> Wanted:
    """The entries, what took some of them back, and what disputed them."""
    rows = [row async for row in QUERIES.entries(connection, offices=offices, person=person, year=year)]
    shards, keys = [row["shard"] for row in rows], [f"{row['office']}/{row['event_id']}" for row in rows]
    revoked = [row async for row in QUERIES.revocations(connection, shards=shards, keys=keys)]
    disputed = [row async for row in QUERIES.disputes(connection, shards=shards, keys=keys)]
    return {(row["shard"], row["event_id"]) for row in (*rows, *revoked, *disputed)}


async def _events(connection: Connection, wanted: Wanted) -> list[asyncpg.Record]:
    """Where each is, with its bytes or its file. Raises Contradiction where there is no such event."""
    ordered = sorted(wanted)
    shards, ids = [shard for shard, _ in ordered], [event for _, event in ordered]
    rows = [row async for row in QUERIES.events(connection, shards=shards, ids=ids)]
    for row in rows:
        if row["body"] is None and row["file"] is None:
            shard, event = row["shard"], row["event_id"]
            raise Contradiction(
                f"shard {shard} lacks event {event}, which read models or states name. Run `recorder audit verify`.",
                f"分片 {shard} 缺少读模型或状态所引用的事件 {event}。请运行 `recorder audit verify`。",
            )
    return rows


async def read(connection: Connection, rows: Sequence[asyncpg.Record], sources: Sequence[Path]) -> list[Found]:
    """The events; those that left the ledger out of archives' folders, a file in one pass. Raises NotArchived."""
    events = [Found(row["shard"], row["position"], row["body"]) for row in rows if row["file"] is None]
    left = [row for row in rows if row["file"] is not None]
    archive = await archive_in(connection, sources) if left else Archive({})
    for (shard, file), group in groupby(left, key=itemgetter("shard", "file")):
        places = [row["position"] for row in group]
        held = archive.following(shard, places[0])
        if held is None or held.first > places[0]:
            raise refused("left", shard=shard, position=places[0], file=file)
        wanted = set(places)
        for first, bodies in chunks(held, places[0]):
            events += [Found(shard, at, body) for at, body in enumerate(bodies, first) if at in wanted]
            if first + len(bodies) > places[-1]:
                break
    return events
