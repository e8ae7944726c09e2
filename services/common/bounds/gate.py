"""Before every route, and before anybody is asked who they are: the host that is meant, and how much is to come.

Behind every route: what answers say to browsers. Nothing that a token opens is anybody's to keep.
"""

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.bounds.rates import SCOPE, Rates
from services.common.http.problems import Problem
from services.common.settings import Settings

LARGEST: Final = 64 * 1024  # bytes of a body where no route says otherwise
_SAID: Final = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}
_log = structlog.get_logger(__name__)


class Gate:
    """An ASGI application behind it. ``largest``: bytes of a body, by path."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], rates: Rates, largest: Mapping[str, int]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._rates = rates
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it pass, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in _SAID.items() if pair[0] not in there)]
            await send(message)

        try:
            self._check(scope, Headers(scope=scope))
        except Problem as problem:
            await problem.response()(scope, receive, saying)
            return
        scope[SCOPE] = self._rates
        await self._app(scope, receive, saying)

    def _check(self, scope: Scope, headers: Headers) -> None:
        if not self._trusted(headers.get("host", "")):
            raise _refused(scope, "unknown-host", 400, "Unknown host", _HOST)
        if "authorization" not in headers:
            self._rates.take(address(scope))
        most = self._largest.get(scope["path"], LARGEST)
        given = headers.get("content-length", "0")
        if len(given) > len(str(most)) or int(given) > most:
            detail = f"The body has more than {most} bytes. Send less at once."
            raise _refused(scope, "too-large", 413, "Too large", detail)

    def _trusted(self, host: str) -> bool:
        """Whether a browser that sends this was meant to: a name that others give to our address is none of ours."""
        if not self._hosts or not host:
            return True
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        return name.lower() in self._hosts or _is_address(name.strip("[]"))


_HOST: Final = (
    "This service isn't called so. Name it in CHENGZHANG_TRUSTED_HOSTS, several with commas between them, where it is."
)


def address(scope: Scope) -> str:
    """Who a request is of, as long as nothing else says so."""
    client = scope.get("client")
    return f"at {client[0]}" if client else "at nowhere"


def trusted(settings: Settings) -> frozenset[str]:
    """The hosts' names: this machine's, those in the services' URLs, and what the setting adds; none: any."""
    added = {name.strip().lower() for name in settings.trusted_hosts.split(",") if name.strip()}
    if "*" in added:
        return frozenset()
    urls = (urlsplit(url).hostname for url in (settings.recorder_url, settings.projector_url))
    own = {"localhost", socket.gethostname().lower(), settings.http_host.lower()}
    return frozenset(own | added | {name for name in urls if name})


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refused(scope: Scope, reason: str, status: int, title: str, detail: str) -> Problem:
    _log.warning("refused", reason=reason, method=scope["method"], path=scope["path"], client=address(scope))
    return Problem(status, reason, title, detail)
