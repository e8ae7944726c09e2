"""A service's process: HTTP until a signal, with work in the background."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvicorn

from services.common.settings import Settings

GRACE_SECONDS: Final = 5
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


def server(settings: Settings, app: Any) -> Server:  # noqa: ANN401  # any ASGI application
    """A server of this application at the settings' address."""
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config)


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
