"""Who is asking: the grant of a request's bearer token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.common import parameters
from services.common.grants import Grant, Grants
from services.common.problems import Problem

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
            raise _refused(request, "unknown-token", 'Bearer realm="chengzhang", error="invalid_token"')
        parameters.check(request)
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
