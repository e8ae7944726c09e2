"""A person's own resources, joined over the offices between which the person moved, as both of them recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import create_model

from services.common.http.bearer import forbidden
from services.common.http.problems import responses
from services.common.joining import Place, files
from services.common.tokens.grants import Grant
from services.projector.api import reading as r
from services.projector.api.asking import ALWAYS, Asked, Row, behind, listed
from services.projector.api.shapes import Elsewhere, Erased, File, Seen, row_of
from services.projector.database import Connection
from services.projector.read_models import ReadModel

_ENTRIES: Final = ("occurred_at", "event_id", "office")  # how entries are paged, whatever office they are from
_WHOSE: Final = ("person",)
_MODELS: Final = ("growth_entry", "growth_file", "appraisal_summary", "training_ledger")
_FIVE_YEARS: Final = "five-years"  # the account that sums up recognised study
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
    """What is known of a person: in which offices, in the order of the moves, up to where, and the sealed name.

    ``elsewhere``: offices that know somebody by this id, and whose files are others.
    """

    connection: Connection
    at: datetime | None
    offices: list[str]
    elsewhere: list[str]
    seen: dict[str, int]
    sealed: dict[str, dict[str, Any]]


def router(reading: r.Reading, granted: Callable[..., Any]) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/people", tags=["people"], responses=responses(401, 403, 404, 422, 503))
    asking = Depends(granted)
    entry, file, summary, ledger = map(reading.models.__getitem__, _MODELS)
    more = {"seen": (Seen, ...), "elsewhere": (Elsewhere, []), "erased": (Erased, [])}
    one_appraisal = create_model("OneAppraisal", __base__=row_of(summary), **more)  # type: ignore[call-overload]

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
        entries, years, training = [], [], Counter[tuple[int, str]]()
        async with _known(reading, asked, grant, key) as known:
            for each in known.offices:
                page = Asked(each, grant, known.at, where, order=_ENTRIES, after=key, limit=limit + 1)
                entries += await listed(known.connection, entry, page)
                years += await listed(known.connection, file, Asked(each, grant, known.at, where))
                for row in await listed(known.connection, ledger, Asked(each, grant, known.at, where)):
                    training[row["year"], row["account"]] += row["centi_xueshi"]
        entries.sort(key=lambda row: [row[name] for name in _ENTRIES])
        rows, following = r.next_page(entries, limit, _ENTRIES)
        told: dict[str, Any] = {**where, "as_of": asked.as_of, "years": years, "entries": rows}
        told["training"] = [
            {"year": year, "account": account, "centi_xueshi": xueshi}
            for (year, account), xueshi in sorted(training.items())
            if xueshi and account != _FIVE_YEARS
        ]
        told |= {"next": following, "seen": known.seen}
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
            together = await _requirement(known.connection, ledger, pages, found) if len(found) > 1 else {}
        if not found:
            by = f" by {asked.as_of}." if asked.as_of else "."
            raise r.missing(f"Nothing of {person} in {year} was recorded{by}")
        told = {**found[-1], **together, "seen": known.seen}  # of several offices the last that has a row
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
        offices, elsewhere = await _offices(connection, grant, asked, at or ALWAYS)
        seen = await reading.seen(connection, offices)
        sealed = await reading.sealed_names(connection, [person], offices, at)
        yield _Known(connection, at, offices, elsewhere, seen, sealed)


async def _named(
    reading: r.Reading, asked: _Asked, grant: Grant, told: dict[str, Any], known: _Known
) -> dict[str, Any]:
    told |= {"elsewhere": known.elsewhere}
    names = await reading.opened(asked.request, asked.response, grant, told, known.sealed)
    return {**told, "name": names.get(asked.person), "erased": names.erased}


async def _offices(connection: Connection, grant: Grant, asked: _Asked, at: datetime) -> tuple[list[str], list[str]]:
    """The offices whose parts of the file the caller may read, in the order of the moves; and those of other files.

    Of several files it is the one that was begun first: nobody takes an id over by registering it again.
    """
    rows = r.PEOPLE.places(connection, person=asked.person, as_of=at)
    joined = files([Place(**row) async for row in rows])
    near = {each for file in joined for each in file if grant.in_office(each)}
    if not near & ({asked.office} if asked.office else near):
        raise r.missing(f"No office in your reach knows a person {asked.person}.")
    if grant.section is not None:
        seats = r.PEOPLE.sections_of(connection, person=asked.person, offices=sorted(near))
        near &= {row["office"] async for row in seats if row["section"] == grant.section}
    wanted = near & {asked.office} if asked.office else near
    if not wanted:
        raise forbidden(grant, "This token reads the files of its own section only.", person=asked.person)
    chosen = next(file for file in joined if wanted.intersection(file))
    return [each for each in chosen if each in wanted], sorted(near.difference(chosen))


async def _requirement(
    connection: Connection, ledger: ReadModel, pages: Sequence[Asked], alone: Sequence[Row]
) -> dict[str, Any]:
    """Whether what the last office asks for is met by what all have credited, or was waived; by which events."""
    rows = [row for page in pages for row in await listed(connection, ledger, page)]
    asked_for = [row for row in rows if row["account"] in {"recognised", _FIVE_YEARS} and row["met"] is not None][-1]
    account = asked_for["account"]
    xueshi, days = (
        sum(row[unit] for row in rows if row["account"] == account) >= (asked_for[f"required_{unit}"] or 0)
        for unit in ("centi_xueshi", "days")
    )
    days &= asked_for["required_days"] is not None
    studied = [replace(page, where={**page.where, "account": account}) for page in pages]
    credited = [row for page in studied for row in await behind(connection, ledger, "centi_xueshi", page)]
    credited = sorted((row for row in credited if row["counts"]), key=lambda row: (row["occurred_at"], row["event_id"]))
    events = dict.fromkeys(row["event_id"] for row in credited)
    events |= dict.fromkeys(event for row in alone for event in row["requirement_events"])
    return {"requirement_met": xueshi or days or alone[-1]["requirement_met"], "requirement_events": [*events]}
