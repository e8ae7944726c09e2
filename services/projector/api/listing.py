"""Which offices there are, as far as a grant reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Depends, Response

from services.common.bearer import forbidden
from services.common.grants import Grant
from services.common.problems import responses
from services.projector.api import reading as r
from services.projector.api.shapes import Offices

_KEY: Final = ("office",)


def router(reading: r.Reading, granted: Callable[..., Any]) -> APIRouter:
    """The one route."""
    routes = APIRouter(tags=["offices"], responses=responses(401, 403, 422, 503))
    asking = Depends(granted)

    @routes.get("/offices", summary="机关: those that the token reads and in which somebody is registered")
    async def offices(
        response: Response,
        *,
        limit: r.Limit = 200,
        after: r.After = None,
        at_least: r.AtLeast = None,
        grant: Grant = asking,
    ) -> Offices:
        key = r.page_key(after, len(_KEY))
        if not r.may_read(grant):
            raise forbidden(grant, "This token doesn't read.")
        await reading.wait(at_least)
        scope = {"offices": None if grant.offices is None else sorted(grant.offices), "person": grant.person}
        async with reading.snapshot(key) as connection:
            found = [dict(row) async for row in r.PEOPLE.offices(connection, **scope, after=key, limit=limit + 1)]
            rows, following = r.next_page(found, limit, _KEY)
            seen = await reading.seen(connection, [row["office"] for row in rows])
        response.headers.update(r.PRIVATE)  # no ETag: another shard's new office would not change it
        return Offices.model_validate({"items": rows, "next": following, "seen": seen})

    return routes
