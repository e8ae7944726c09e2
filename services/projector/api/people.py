"""A person's own resources, joined over the offices that know the person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.common.bearer import forbidden
from services.common.grants import Grant
from services.common.problems import responses
from services.projector.api import reading as r
from services.projector.api.shapes import GrowthFile, OneAppraisal
from services.projector.database import Connection

_COUNTED: Final = {
    "by_group": "entry_group",
    "by_guide": "guide",
    "by_session_kind": "kind",
    "by_carrier": "carrier",
    "outputs_by_effect": "effect",
}
_PAGE_KEY: Final = ("occurred_at", "event_id", "office")
Office = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,64}$", description="only this office")]


def router(reading: r.Reading, granted: Callable[..., Any]) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/people", tags=["people"], responses=responses(401, 403, 404, 422, 503))
    asking = Depends(granted)

    @routes.get(
        "/{person}/growth-file",
        summary="成长档案: a person's growth file",
        responses={304: {"description": "as you have it"}},
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
    ) -> GrowthFile:
        at, key = r.moment(as_of), r.page_key(after, len(_PAGE_KEY))
        _may_know(grant, person)
        await reading.wait(at_least)
        async with reading.snapshot(key) as connection:
            offices = await _offices(reading, connection, grant, person, office)
            seen = await reading.seen(connection, offices)
            where = {"person": person, "offices": offices, "as_of": at}
            rows = await reading.rows(connection, "growth_entry", "of_person", **where, after=key, limit=limit + 1)
            years = await reading.rows(connection, "growth_entry", "years_of_person", **where)
            sealed = await reading.sealed_names(connection, [person], offices, at)
        names = await reading.names.open(sealed, grant, request.headers["authorization"])
        entries, following = r.next_page(rows, limit, _PAGE_KEY)
        told = {"person": person, "as_of": as_of, "years": _years(years), "entries": entries, "next": following}
        file = {**told, "seen": seen}
        r.mark(request, response, file, sealed, names)
        return GrowthFile.model_validate({**file, "name": names.get(person), "erased": names.erased})

    @routes.get(
        "/{person}/appraisals/{year}",
        summary="年度考核: what a person's appraisal rests on",
        responses={304: {"description": "as you have it"}},
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
    ) -> OneAppraisal:
        at = r.moment(as_of)
        _may_know(grant, person)
        await reading.wait(at_least)
        async with reading.snapshot() as connection:
            offices = await _offices(reading, connection, grant, person, office)
            seen = await reading.seen(connection, offices)
            row = await _appraisal(reading, connection, as_of, person=person, offices=offices, year=year)
            sealed = await reading.sealed_names(connection, [person], offices, at)
        if row is None:
            raise r.missing(f"Nothing of {person} in {year} was recorded" + (f" by {as_of}." if as_of else "."))
        names = await reading.names.open(sealed, grant, request.headers["authorization"])
        appraisal = {**dict(row), "seen": seen}
        r.mark(request, response, appraisal, sealed, names)
        return OneAppraisal.model_validate({**appraisal, "name": names.get(person), "erased": names.erased})

    return routes


def _may_know(grant: Grant, person: str) -> None:
    if not r.may_read(grant):
        raise forbidden(grant, "Only readers and auditors read the files.", person=person)
    if grant.person not in {None, person}:
        raise forbidden(grant, "This token reads its own person's file only.", person=person)


async def _appraisal(
    reading: r.Reading, connection: Connection, as_of: str | None, **whose: object
) -> Mapping[str, Any] | None:
    """The row as it stands, else as it stood."""
    queries = reading.models["appraisal_summary"].queries
    row: Mapping[str, Any] | None
    if as_of is None:
        row = await queries.of_person(connection, **whose)
    else:
        row = await queries.of_person_as_of(connection, **whose, as_of=r.moment(as_of))
    return row


async def _offices(
    reading: r.Reading, connection: Connection, grant: Grant, person: str, office: str | None
) -> list[str]:
    """The offices whose part of the file the caller may read."""
    rows = await reading.rows(connection, "person", "offices_of", person=person)
    offices = [row["office"] for row in rows if grant.in_office(row["office"]) and office in {None, row["office"]}]
    if not offices:
        raise r.missing(f"No office in your reach knows a person {person}.")
    if grant.section is not None:
        rows = await reading.rows(connection, "placement", "sections_of", person=person, offices=offices)
        if grant.section not in {row["section"] for row in rows}:
            raise forbidden(grant, "This token reads the files of its own section only.", person=person)
    return offices


@dataclass(slots=True)
class _Year:
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _COUNTED})
    last_entry_at: datetime | None = None

    def add(self, row: Mapping[str, Any]) -> None:
        for name, column in _COUNTED.items():
            if row[column] is not None:
                self.counts[name][row[column]] += row["entries"]
        self.last_entry_at = max(self.last_entry_at or row["last_entry_at"], row["last_entry_at"])


def _years(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of like entries, counted → one object an office and year."""
    years: dict[tuple[str, int], _Year] = {}
    for row in rows:
        years.setdefault((row["office"], row["year"]), _Year()).add(row)
    return [
        {"office": office, "year": year, **found.counts, "last_entry_at": found.last_entry_at}
        for (office, year), found in years.items()
    ]
