"""Who is asking: the grant of a request's bearer token; and whether the resource has what the query names."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.common.bounds.gate import address
from services.common.bounds.rates import take
from services.common.http.problems import Problem, invalid
from services.common.telling.explain import FieldError, field_errors
from services.common.tokens.grants import Grant, Grants

_log = structlog.get_logger(__name__)
_scheme = HTTPBearer(auto_error=False, scheme_name="bearer", description="A token of tokens.json")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]


def bearer(grants: Grants) -> Callable[..., Awaitable[Grant]]:
    """The dependency that gives the grant of a request's token: ``Annotated[Grant, Depends(bearer(grants))]``.

    401 where there is no token, or none that is known; then 422 where the query has what the resource doesn't.
    """

    async def grant(request: Request, credentials: _Credentials) -> Grant:
        if credentials is None:
            raise _refused(request, "no-token", 'Bearer realm="chengzhang"')
        found = grants.of(credentials.credentials)
        if found is None:
            take(request, address(request.scope))
            raise _refused(request, "unknown-token", 'Bearer realm="chengzhang", error="invalid_token"')
        take(request, found.name)
        _check(request)
        return found

    return grant


def forbidden(grant: Grant, detail: str, **what: Any) -> Problem:  # noqa: ANN401 - ids to log
    """403 for what the grant does not reach; logged with the ids given, so give no contents."""
    _log.warning("refused", reason="forbidden", grant=grant.name, role=grant.role, **what)
    return Problem(403, "forbidden", "Not allowed", detail)


def _refused(request: Request, reason: str, challenge: str) -> Problem:
    client = request.client.host if request.client else None
    _log.warning("refused", reason=reason, method=request.method, path=request.url.path, client=client)
    detail = "Send a token: Authorization: Bearer <token>. `office status --json` says where this installation's are."
    return Problem(401, "unauthorized", "Who are you?", detail, headers={"WWW-Authenticate": challenge})


def _check(request: Request) -> None:
    """Raise 422 for parameters that the resource lacks: a misspelt ``as_of`` would answer with today's figures."""
    if request.scope["query_string"]:
        route: APIRoute = request.scope["route"]
        known = set(_known(route.dependant))
        if errors := [_error(name, known) for name in request.query_params if name not in known]:
            raise invalid(errors)


def _known(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from _known(other)


def _error(name: str, known: set[str]) -> FieldError:
    (error,) = field_errors([{"type": "extra_forbidden", "loc": (name,)}], {name: ""}, "/query", known)
    return replace(error, en="is not a parameter of this resource", zh="该资源没有此参数")
