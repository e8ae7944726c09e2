"""An office's resources: a page of each read model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.common.bearer import forbidden
from services.common.grants import Grant
from services.common.problems import responses
from services.projector.api import reading as r
from services.projector.api.shapes import Appraisal, Page, PersonEntry, PersonYear, TalkPair, Visit, WorkOutput


@dataclass(frozen=True, slots=True)
class Resource:
    """A read model as the API shows it: ``key`` orders the pages, ``names`` puts a name beside each person."""

    path: str
    model: str
    shape: type[BaseModel]
    key: tuple[str, ...]
    summary: str
    names: tuple[tuple[str, str], ...] = (("person", "name"),)


_PAIR: Final = (("person_a", "name_a"), ("person_b", "name_b"))
_RESOURCES: Final = (
    Resource("growth-entries", "growth_entry", PersonEntry, ("person", "occurred_at", "event_id"), "成长档案: entries"),
    Resource("growth-files", "growth_file", PersonYear, ("person", "year"), "成长档案: years"),
    Resource("talk-coverage", "talk_coverage", TalkPair, ("month", "person_a", "person_b", "pair"), "谈心谈话", _PAIR),
    Resource("work-outputs", "work_output", WorkOutput, ("month", "person", "line", "effect"), "工作成果: by effect"),
    Resource("welfare", "welfare_ledger", Visit, ("visit",), "实事工程: home visits"),
)
_APPRAISALS: Final = Resource(
    "appraisals/{year}", "appraisal_summary", Appraisal, ("person",), "年度考核: an office's year"
)


def router(reading: r.Reading, granted: Callable[..., Any]) -> APIRouter:
    """The routes, one a resource."""
    routes = APIRouter(prefix="/offices/{office}", tags=["offices"], responses=responses(401, 403, 422, 503))
    for resource in _RESOURCES:
        _add(routes, resource, _lister(reading, resource, Depends(granted)))
    _add(routes, _APPRAISALS, _year_lister(reading, Depends(granted)))
    return routes


def _add(routes: APIRouter, resource: Resource, lister: Callable[..., Any]) -> None:
    routes.add_api_route(
        f"/{resource.path}",
        lister,
        response_model=Page[resource.shape],  # type: ignore[name-defined]  # the shape is a value here
        summary=resource.summary,
        name=resource.model,
        responses={304: {"description": "as you have it"}},
    )


def _lister(reading: r.Reading, resource: Resource, asking: Any) -> Callable[..., Any]:  # noqa: ANN401  # a FastAPI dependency
    async def lister(
        request: Request,
        response: Response,
        office: r.Ident,
        *,
        limit: r.Limit = 200,
        after: r.After = None,
        at_least: r.AtLeast = None,
        grant: Grant = asking,
    ) -> dict[str, Any]:
        if "as_of" in request.query_params:  # what is now must not pass for what was
            raise r.invalid(
                "/query/as_of",
                "only growth files of a person and appraisals are read as of a day",
                "只有个人成长档案与年度考核可按日期查询",
            )
        asked = _Asked(request, response, office, limit, after, at_least, grant)
        return await _page(reading, resource, asked, "of_office", {})

    return lister


def _year_lister(reading: r.Reading, asking: Any) -> Callable[..., Any]:  # noqa: ANN401  # a FastAPI dependency
    async def lister(
        request: Request,
        response: Response,
        office: r.Ident,
        year: r.Year,
        *,
        as_of: r.AsOf = None,
        limit: r.Limit = 200,
        after: r.After = None,
        at_least: r.AtLeast = None,
        grant: Grant = asking,
    ) -> dict[str, Any]:
        at = r.moment(as_of)
        asked = _Asked(request, response, office, limit, after, at_least, grant, at)
        if as_of is None:
            return await _page(reading, _APPRAISALS, asked, "of_office", {"year": year})
        return await _page(reading, _APPRAISALS, asked, "of_office_as_of", {"year": year, "as_of": at})

    return lister


@dataclass(frozen=True, slots=True)
class _Asked:
    request: Request
    response: Response
    office: str
    limit: int
    after: str | None
    at_least: str | None
    grant: Grant
    as_of: datetime = r.ALWAYS


async def _page(
    reading: r.Reading, resource: Resource, asked: _Asked, query: str, more: dict[str, Any]
) -> dict[str, Any]:
    key, grant, office = r.page_key(asked.after, len(resource.key)), asked.grant, asked.office
    if not r.may_read(grant) or not grant.in_office(office):
        raise forbidden(grant, f"This token doesn't read office {office}.", office=office)
    await reading.wait(asked.at_least)
    scope = {"office": office, "person": grant.person, "section": grant.section}
    async with reading.snapshot(key) as connection:
        seen = await reading.seen(connection, [office])
        found = await reading.rows(connection, resource.model, query, **scope, **more, after=key, limit=asked.limit + 1)
        rows, following = r.next_page(found, asked.limit, resource.key)
        persons = {row[person] for row in rows for person, _ in resource.names}
        sealed = await reading.sealed_names(connection, persons, [office], asked.as_of)
    names = await reading.names.open(sealed, grant, asked.request.headers["authorization"])
    answer = {"office": office, "items": rows, "next": following, "seen": seen}
    r.mark(asked.request, asked.response, answer, sealed, names)
    items = [{**row, **{name: names.get(row[person]) for person, name in resource.names}} for row in rows]
    return {**answer, "items": items, "erased": names.erased}
