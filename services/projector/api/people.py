"""A person's own resources, joined over the offices that know the person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

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


def router(reading: r.Reading, granted: Callable[..., Any]) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/people", tags=["people"], responses=responses(401, 403, 404, 422, 503))
    asking = Depends(granted)
    entry, file, summary = (reading.models[name] for name in ("growth_entry", "growth_file", "appraisal_summary"))
    not_modified: dict[int | str, dict[str, Any]] = {304: {"description": "as you have it"}}

    one_appraisal = create_model("OneAppraisal", __base__=row_of(summary), seen=(Seen, ...), erased=(Erased, []))

    @routes.get(
        "/{person}/growth-file",
        summary="成长档案: a person's growth file",
        response_model=File[row_of(file, _WHOSE), row_of(entry, _WHOSE)],  # type: ignore[misc]  # values here
        responses=not_modified,
    )
    async def growth_file(
        request: Request,
        response: Response,
        person: r.Ident,
        *,
        as_of: r.AsOf = None,
        office: Office = None,
        at_least: r.AtLeast = None,
        limit: r.Limit = 200,
        after: r.After = None,
        grant: Grant = asking,
    ) -> dict[str, Any]:
        at, key = r.moment(as_of), r.page_key(after, len(_ENTRIES))
        _may_know(grant, person)
        await reading.wait(at_least)
        async with reading.snapshot(key) as connection:
            offices = await _offices(connection, grant, person, office)
            seen = await reading.seen(connection, offices)
            entries, years = [], []
            for each in offices:
                asked = Asked(each, grant, at, {"person": person}, order=_ENTRIES, after=key, limit=limit + 1)
                entries += await listed(connection, entry, asked)
                years += await listed(connection, file, Asked(each, grant, at, {"person": person}))
            sealed = await reading.sealed_names(connection, [person], offices, at)
        names = await reading.names.open(sealed, grant, request.headers["authorization"])
        entries.sort(key=lambda row: [row[name] for name in _ENTRIES])
        page, following = r.next_page(entries, limit, _ENTRIES)
        told = {"person": person, "as_of": as_of, "years": years, "entries": page, "next": following, "seen": seen}
        r.mark(request, response, told, sealed, names)
        return {**told, "name": names.get(person), "erased": names.erased}

    @routes.get(
        "/{person}/appraisals/{year}",
        summary="年度考核: what a person's appraisal rests on",
        response_model=one_appraisal,
        responses=not_modified,
    )
    async def appraisal(
        request: Request,
        response: Response,
        person: r.Ident,
        year: r.Year,
        *,
        as_of: r.AsOf = None,
        office: Office = None,
        at_least: r.AtLeast = None,
        grant: Grant = asking,
    ) -> dict[str, Any]:
        at = r.moment(as_of)
        _may_know(grant, person)
        await reading.wait(at_least)
        async with reading.snapshot() as connection:
            offices = await _offices(connection, grant, person, office)
            seen = await reading.seen(connection, offices)
            where = {"person": person, "year": year}
            found = [
                row for each in offices for row in await listed(connection, summary, Asked(each, grant, at, where))
            ]
            left = {row["office"] async for row in r.PEOPLE.left(connection, person=person, as_of=at or ALWAYS)}
            sealed = await reading.sealed_names(connection, [person], offices, at)
        if not found:
            raise r.missing(f"Nothing of {person} in {year} was recorded" + (f" by {as_of}." if as_of else "."))
        names = await reading.names.open(sealed, grant, request.headers["authorization"])
        # Of several offices the one that nobody came from yet.
        told = {**min(found, key=lambda row: (row["office"] in left, row["office"])), "seen": seen}
        r.mark(request, response, told, sealed, names)
        return {**told, "name": names.get(person), "erased": names.erased}

    return routes


def _may_know(grant: Grant, person: str) -> None:
    if not r.may_read(grant):
        raise forbidden(grant, "Only readers and auditors read the files.", person=person)
    if grant.person not in {None, person}:
        raise forbidden(grant, "This token reads its own person's file only.", person=person)


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
