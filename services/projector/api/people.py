"""A person's own resources, joined over the offices that know the person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import create_model

from services.common.bearer import forbidden
from services.common.grants import Grant
from services.common.problems import responses
from services.projector.api import reading as r
from services.projector.api.asking import ALWAYS, Asked, listed
from services.projector.api.shapes import Erased, File, Seen, row_of
from services.projector.database import Connection

_ENTRIES: Final = ("occurred_at", "event_id", "office")  # how entries are paged, whatever office they are from
_WHOSE: Final = ("person",)
Office = Annotated[str | None, Query(pattern=r.IDENT, description="only this office")]


@dataclass(slots=True)
class _Asked:
    """What every resource takes."""

    request: Request
    response: Response
    person: r.Ident
    as_of: r.AsOf = None
    office: Office = None
    at_least: r.AtLeast = None


class _Known(NamedTuple):
    """What is known of a person: in which offices, up to where, and the sealed name."""

    connection: Connection
    at: datetime | None
    offices: list[str]
    seen: dict[str, int]
    sealed: dict[str, dict[str, Any]]


def router(reading: r.Reading, granted: Callable[..., Any]) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/people", tags=["people"], responses=responses(401, 403, 404, 422, 503))
    asking = Depends(granted)
    entry, file, summary = (reading.models[name] for name in ("growth_entry", "growth_file", "appraisal_summary"))
    one_appraisal = create_model("OneAppraisal", __base__=row_of(summary), seen=(Seen, ...), erased=(Erased, []))

    @routes.get(
        "/{person}/growth-file",
        summary="成长档案: a person's growth file",
        response_model=File[row_of(file, _WHOSE), row_of(entry, _WHOSE)],  # type: ignore[misc]  # values here
        responses=r.NOT_MODIFIED,
    )
    async def growth_file(
        asked: Annotated[_Asked, Depends()], *, limit: r.Limit = 200, after: r.After = None, grant: Grant = asking
    ) -> dict[str, Any]:
        key, where = r.page_key(after, len(_ENTRIES)), {"person": asked.person}
        entries, years = [], []
        async with _known(reading, asked, grant, key) as known:
            for each in known.offices:
                page = Asked(each, grant, known.at, where, order=_ENTRIES, after=key, limit=limit + 1)
                entries += await listed(known.connection, entry, page)
                years += await listed(known.connection, file, Asked(each, grant, known.at, where))
        entries.sort(key=lambda row: [row[name] for name in _ENTRIES])
        rows, following = r.next_page(entries, limit, _ENTRIES)
        told = {**where, "as_of": asked.as_of, "years": years, "entries": rows, "next": following, "seen": known.seen}
        return await _named(reading, asked, grant, told, known)

    @routes.get(
        "/{person}/appraisals/{year}",
        summary="年度考核: what a person's appraisal rests on",
        response_model=one_appraisal,
        responses=r.NOT_MODIFIED,
    )
    async def appraisal(asked: Annotated[_Asked, Depends()], year: r.Year, grant: Grant = asking) -> dict[str, Any]:
        person, where = asked.person, {"person": asked.person, "year": year}
        async with _known(reading, asked, grant) as known:
            pages = [Asked(each, grant, known.at, where) for each in known.offices]
            found = [row for page in pages for row in await listed(known.connection, summary, page)]
            came = r.PEOPLE.left(known.connection, person=person, as_of=known.at or ALWAYS)
            left = {row["office"] async for row in came}
        if not found:
            by = f" by {asked.as_of}." if asked.as_of else "."
            raise r.missing(f"Nothing of {person} in {year} was recorded{by}")
        # Of several offices the one that nobody came from yet.
        told = {**min(found, key=lambda row: (row["office"] in left, row["office"])), "seen": known.seen}
        return await _named(reading, asked, grant, told, known)

    return routes


@asynccontextmanager
async def _known(
    reading: r.Reading, asked: _Asked, grant: Grant, key: list[str] | None = None
) -> AsyncIterator[_Known]:
    """A snapshot of what the caller may know of the person."""
    at, person = r.moment(asked.as_of), asked.person
    if not r.may_read(grant):
        raise forbidden(grant, "Only readers and auditors read the files.", person=person)
    if grant.person not in {None, person}:
        raise forbidden(grant, "This token reads its own person's file only.", person=person)
    await reading.wait(asked.at_least)
    async with reading.snapshot(key) as connection:
        offices = await _offices(connection, grant, person, asked.office)
        seen = await reading.seen(connection, offices)
        yield _Known(connection, at, offices, seen, await reading.sealed_names(connection, [person], offices, at))


async def _named(
    reading: r.Reading, asked: _Asked, grant: Grant, told: dict[str, Any], known: _Known
) -> dict[str, Any]:
    names = await reading.opened(asked.request, asked.response, grant, told, known.sealed)
    return {**told, "name": names.get(asked.person), "erased": names.erased}


async def _offices(connection: Connection, grant: Grant, person: str, office: str | None) -> list[str]:
    """The offices whose part of the file the caller may read."""
    known = [row["office"] async for row in r.PEOPLE.offices_of(connection, person=person)]
    offices = [each for each in known if grant.in_office(each) and office in {None, each}]
    if not offices:
        raise r.missing(f"No office in your reach knows a person {person}.")
    if grant.section is not None:
        rows = [row async for row in r.PEOPLE.sections_of(connection, person=person, offices=offices)]
        if grant.section not in {row["section"] for row in rows}:
            raise forbidden(grant, "This token reads the files of its own section only.", person=person)
    return offices
