"""A service's process: HTTP until a signal, with work in the background."""

import asyncio
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvicorn

from services.common.bounds.connections import Connections
from services.common.bounds.gate import Gate, trusted
from services.common.bounds.protocol import Config
from services.common.bounds.rates import Rates
from services.common.bounds.room import hold_little
from services.common.settings import Settings

GRACE_SECONDS: Final = 5
_OTHER_FILES: Final = 256  # databases, Kafka, logs
_ANSWER_SECONDS: Final = 2.0  # less than those wait who ask whether we are ready


class Answering:
    """Whether somebody answers now. Those who ask at the same time share one question, and nobody waits for long.

    ``ask`` raises one of ``silences`` where nobody does.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[object]], *silences: type[Exception], seconds: float = _ANSWER_SECONDS
    ) -> None:
        self._ask = ask
        self._silences = silences
        self._seconds = seconds
        self._asked: asyncio.Task[bool] | None = None

    async def __call__(self) -> bool:
        """Ask; a question that got no answer in time stays the one that is asked."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._answered())
        asked = self._asked
        await asyncio.wait([asked], timeout=self._seconds)
        return asked.done() and asked.result()

    async def _answered(self) -> bool:
        try:
            await self._ask()
        except self._silences:
            return False
        return True


class Server(uvicorn.Server):
    """Uvicorn, without its habit of raising the signal again that it was stopped with.

    The rest stops in order after it.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def server(settings: Settings, app: Any, largest: Mapping[str, int] | None = None) -> Server:  # noqa: ANN401  # ASGI
    """A server of this application at the settings' address, within bounds. ``largest``: bytes of a body, by path."""
    _more_files(settings.connections)
    hold_little()
    config = Config(
        Gate(app, trusted(settings), Rates(settings.requests_per_second), largest or {}),
        Connections(settings.connections, settings.connections_of_one),
        settings.header_seconds,
        settings.body_seconds,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # else whoever is here says whom a request is from
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config)


def _more_files(connections: int) -> None:
    """Each connection is a file, and some systems give a process 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft < wanted and soft != resource.RLIM_INFINITY:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class NoSuchAddress(Exception):
    """The host to listen at is none of this machine's."""


def check_address(settings: Settings) -> None:
    """Whether a server could listen at the settings' host. Raises NoSuchAddress."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(settings.http_host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError as error:
        raise NoSuchAddress(f"CHENGZHANG_HTTP_HOST={settings.http_host}: {error.strerror}") from error


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Do this meanwhile, and end it afterwards."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=GRACE_SECONDS + 5)
