"""Uvicorn's HTTP/1.1 with bounds that it hasn't: on what comes before the body, and on the time a client takes.

Uvicorn gives up an idle connection after some seconds and pauses a client whose body nobody reads; it takes headers and
trailers of any size, and waits for them, for a body and for the reading of an answer without end. Its ``h11`` bounds
headers, and is slower.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from services.common.bounds.connections import Connections
from services.common.http.problems import MEDIA_TYPE, Problem

HEADERS: Final = 64 * 1024  # bytes of a request before its body: the largest action in binary mode has less
_SLICE: Final = 16 * 1024  # fed at once
_CHUNKING: Final = 16  # bytes beside each byte of a body: more is no way to send one
_FAREWELL_SECONDS: Final = 2.0  # for whoever still sends, to read why it is refused
_log = structlog.get_logger(__name__)


class Config(uvicorn.Config):
    """Uvicorn's, and what its connections are bounded by."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401  # any ASGI application
        connections: Connections,
        header_seconds: float,
        body_seconds: float,
        **others: Any,  # noqa: ANN401  # as uvicorn has them
    ) -> None:
        super().__init__(app, http=Bounded, ws="none", **others)
        self.of_all = connections
        self.header_seconds = header_seconds
        self.body_seconds = body_seconds


class Bounded(HttpToolsProtocol):
    """One connection."""

    config: Config

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = config.of_all
        self._fed = 0  # bytes of this request
        self._body = -1  # of them, of its body; -1 until its headers are complete
        self._whole = True  # the request is here to its end
        self._refused = False

    # --- the connection ---

    @property
    def host(self) -> str:
        """The client's address."""
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit it, or say that there is no room."""
        super().connection_made(transport)
        if self._all.admit(self):
            self._all.wait(self, self.config.header_seconds)
        else:
            detail = "Too many connections are busy. Come again, over fewer of them."
            headers = {"Retry-After": "1"}
            self._refuse(Problem(503, "too-many-connections", "No connection is free", detail, headers=headers))

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        self._all.lose(self)
        super().connection_lost(exc)

    def cut(self) -> None:
        """End it at once: its client took too long, or others need the room."""
        _log.info("connection-cut", client=self.host, waited_for=self._waited_for())
        self.transport.abort()

    def _waited_for(self) -> str:
        if self._refused or self.flow.write_paused:
            return "reading"
        if self._whole:
            return "a request"
        return "headers" if self._body < 0 else "body"

    def pause_writing(self) -> None:
        """The client doesn't read the answer."""
        super().pause_writing()
        self._all.wait(self, self.config.body_seconds)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        if self._answering():
            self._all.work(self)

    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's types don't say that there is none at first
        return cycle is not None and not cycle.response_complete

    # --- what comes in ---

    def data_received(self, data: bytes) -> None:
        """Piece by piece, so that what is too much is seen before it is kept."""
        for begin in range(0, len(data), _SLICE):
            if self._refused or self.transport.is_closing():
                return
            piece = data[begin : begin + _SLICE]
            self._fed += len(piece)
            super().data_received(piece)
            if self._too_much():
                detail = f"Request line and headers have at most {HEADERS} bytes together. Send fewer or shorter ones."
                self._refuse(Problem(431, "headers-too-large", "Headers too large", detail))

    def _too_much(self) -> bool:
        """Whether this request has more beside its body than any needs: headers, trailers, its chunks' frames."""
        if self._whole:
            return False
        beside = self._fed - max(self._body, 0)
        return beside > HEADERS + _SLICE + (_CHUNKING * self._body if self._body > 0 else 0)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._fed, self._body, self._whole = 0, -1, False
        self._all.wait(self, self.config.header_seconds)

    def on_headers_complete(self) -> None:
        """Its body may follow."""
        self._body = 0
        super().on_headers_complete()
        self._all.wait(self, self.config.body_seconds)

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Now it is our turn, unless the answer has been given without the body."""
        self._whole = True
        super().on_message_complete()
        if self.cycle.response_complete:
            self._all.wait(self, self.config.header_seconds)
        else:
            self._all.work(self)

    def on_response_complete(self) -> None:
        """The next request may come; the rest of a body that nobody wanted is awaited no longer than another's."""
        super().on_response_complete()
        if self._whole and not self.pipeline:
            self._all.wait(self, self.config.header_seconds)

    # --- what is refused before there is a request ---

    def send_400_response(self, msg: str) -> None:
        """What isn't HTTP."""
        self._refuse(Problem(400, "not-http", "Not readable", f"{msg} Send HTTP/1.1."))

    def _refuse(self, problem: Problem) -> None:
        """Answer without the application, and go: at once, or when whoever still sends had time to read it."""
        self._refused = True
        body = orjson.dumps(problem.body())
        said = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), "connection": "close", **problem.headers}
        head = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
        head += "".join(f"{name.lower()}: {value}\r\n" for name, value in said.items())
        if self._answering():
            self.transport.abort()  # an answer is under way: ours would be taken for a part of it
            return
        self.transport.write(head.encode("latin-1") + b"\r\n" + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._all.wait(self, _FAREWELL_SECONDS)
