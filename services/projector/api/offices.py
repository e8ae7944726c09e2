"""Which offices there are. An office's resources, one a read model: a page of rows, or the events behind a figure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import Parameter, Signature
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.common.http.bearer import forbidden
from services.common.http.problems import responses
from services.common.tokens.grants import Grant
from services.projector.api import reading as r
from services.projector.api.asking import Asked, behind, listed, rule_of, value_of
from services.projector.api.shapes import PYTHON, Explanation, Offices, Page, name_of, row_of
from services.projector.read_models import Column, ReadModel

Key = Mapping[str, Any]
Explain = Annotated[
    str | None,
    Query(
        description="a figure, such as `outputs` or `by_group.learning`, of the row that all columns of the key name: "
        "answers the events behind it, and what each counts in it",
        max_length=100,
    ),
]
Person = Annotated[str | None, Query(pattern=r.IDENT, description="only this person's")]
Section = Annotated[str | None, Query(pattern=r.IDENT, description="only this section's")]
_BOUNDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"max_length": 200, "pattern": r"^[^\x00]*$"}, "integer": {"ge": r.FIRST_YEAR, "le": r.LAST_YEAR},
}  # fmt: skip
_OFFICE: Final = ("office",)  # how offices are paged
_BY_TIME: Final = ("occurred_at", "position")  # how the events behind a figure are paged


@dataclass(slots=True)
class _Query:
    """What every resource takes."""

    request: Request
    response: Response
    office: r.Ident
    as_of: r.AsOf = None
    explain: Explain = None
    section: Section = None
    at_least: r.AtLeast = None
    after: r.After = None
    limit: r.Limit = 200


@dataclass(frozen=True, slots=True)
class _Coming:
    """One request."""

    model: ReadModel
    query: _Query
    key: Key
    grant: Grant

    def asked(self, after: list[str] | None) -> Asked:
        """The same, of the read model; one row more than a page holds."""
        query, where = self.query, {name: value for name, value in self.key.items() if value is not None}
        person = where.pop("person", None) if "person" not in self.names else None
        at, limit = r.moment(query.as_of), query.limit + 1
        return Asked(query.office, self.grant, at, where, person, query.section, after=after, limit=limit)

    @property
    def names(self) -> tuple[str, ...]:
        """The key's columns."""
        return tuple(column.name for column in self.model.key)


def router(reading: r.Reading, granted: Callable[..., Any]) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["offices"])
    asking = Depends(granted)

    @routes.get(
        "/offices",
        summary="机关: those that the token reads and in which somebody is registered",
        responses=responses(401, 403, 422, 503),
    )
    async def offices(
        response: Response,
        *,
        limit: r.Limit = 200,
        after: r.After = None,
        at_least: r.AtLeast = None,
        grant: Grant = asking,
    ) -> Offices:
        key = r.page_key(after, len(_OFFICE))
        if not r.may_read(grant):
            raise forbidden(grant, "This token doesn't read.")
        await reading.wait(at_least)
        scope = {"offices": None if grant.offices is None else sorted(grant.offices), "person": grant.person}
        async with reading.snapshot(key) as connection:
            found = [dict(row) async for row in r.PEOPLE.offices(connection, **scope, after=key, limit=limit + 1)]
            rows, following = r.next_page(found, limit, _OFFICE)
            seen = await reading.seen(connection, [row["office"] for row in rows])
        response.headers.update(r.PRIVATE)  # no ETag: another shard's new office would not change it
        return Offices.model_validate({"items": rows, "next": following, "seen": seen})

    for model in reading.models.values():
        routes.add_api_route(
            f"/offices/{{office}}/{model.settings['resource']}",
            _handler(reading, model, asking),
            response_model=Page[row_of(model)] | Explanation,  # type: ignore[misc]  # the shape is a value here
            summary=f"{model.words.zh}: {model.words.en}",
            description=model.question,
            name=model.name,
            responses=r.NOT_MODIFIED | responses(401, 403, 404, 422, 503),
        )
    return routes


def _handler(reading: r.Reading, model: ReadModel, asking: Any) -> Callable[..., Any]:  # noqa: ANN401  # a FastAPI dependency
    keyed = Depends(_key(model))

    async def handler(query: Annotated[_Query, Depends()], key: Key = keyed, grant: Grant = asking) -> dict[str, Any]:
        if not r.may_read(grant) or not grant.in_office(query.office):
            raise forbidden(grant, f"This token doesn't read office {query.office}.", office=query.office)
        if query.section is not None and not (model.whose or model.sectioned):
            raise r.invalid("/query/section", "these rows are no section's", "这些行不属于任何科室")
        answer = _page if query.explain is None else _explanation
        return await answer(reading, _Coming(model, query, key, grant))

    return handler


def _key(model: ReadModel) -> Callable[..., Key]:
    """A dependency that takes the key's columns, each narrowing what is answered; and whose rows are asked for."""

    def key(**given: Any) -> Key:  # noqa: ANN401  # as the columns' types are
        return given

    names = [column.name for column in model.key]
    columns = [_parameter(column, in_path=f"{{{column.name}}}" in model.settings["resource"]) for column in model.key]
    whose = [Parameter("person", Parameter.KEYWORD_ONLY, default=None, annotation=Person)]
    columns += whose if model.whose and "person" not in names else []
    key.__signature__ = Signature(columns)  # type: ignore[attr-defined]  # FastAPI reads it
    return key


def _parameter(column: Column, *, in_path: bool) -> Parameter:
    type_, bounds = PYTHON[column.type], _BOUNDS.get(column.type, {})
    if in_path:
        return Parameter(column.name, Parameter.KEYWORD_ONLY, annotation=Annotated[type_, Path(**bounds)])
    said = Query(description=f"{column.words.zh} · {column.words.en}", **bounds)
    return Parameter(column.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[type_ | None, said])


async def _page(reading: r.Reading, coming: _Coming) -> dict[str, Any]:
    """A page of rows."""
    model, query = coming.model, coming.query
    key = r.page_key(query.after, len(model.order))
    asked = coming.asked(key)
    await reading.wait(query.at_least)
    persons = {column.name: name_of(column) for column in model.columns if column.person}
    async with reading.snapshot(key) as connection:
        seen = await reading.seen(connection, [query.office])
        rows, following = r.next_page(await listed(connection, model, asked), query.limit, model.order)
        named = {row[column] for row in rows for column in persons if row[column] is not None}
        sealed = await reading.sealed_names(connection, named, [query.office], asked.at)
    answer = {"office": query.office, "items": rows, "next": following, "seen": seen}
    names = await reading.opened(query.request, query.response, coming.grant, answer, sealed)
    items = [{**row, **{name: names.get(row[column]) for column, name in persons.items()}} for row in rows]
    return {**answer, "items": items, "erased": names.erased}


async def _explanation(reading: r.Reading, coming: _Coming) -> dict[str, Any]:
    """The events behind a figure of a row that the caller may read."""
    model, query, figure = coming.model, coming.query, str(coming.query.explain)
    _named(coming, figure)
    key = r.page_key(query.after, len(_BY_TIME))
    await reading.wait(query.at_least)
    async with reading.snapshot(key) as connection:
        seen = await reading.seen(connection, [query.office])
        row = await listed(connection, model, replace(coming.asked(None), limit=1))
        if not row:
            raise r.missing("There is no such row in your reach.")
        found = await behind(connection, model, figure, coming.asked(key))
    events, following = r.next_page(found, query.limit, _BY_TIME)
    answer = {"figure": figure, "value": value_of(row[0], figure), "rule": rule_of(model, figure)}
    answer |= {"events": events, "next": following, "seen": seen}
    query.response.headers.update(r.PRIVATE)
    return answer


def _named(coming: _Coming, figure: str) -> None:
    """Raise 422 where there is no such figure, or the row isn't named whole."""
    figures = coming.model.figures
    if figure not in figures:
        known = ", ".join(figures)
        raise r.invalid(
            "/query/explain", f"no figure of this resource; there are {known}", f"本资源没有此数字；可用的有 {known}"
        )
    for name in coming.names:
        if coming.key[name] is None:
            raise r.invalid(f"/query/{name}", "explain needs every column of the key", "explain 需要主键的每一列")
