"""A service's process: HTTP until a signal, with work in the background."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvicorn

from services.common.settings import Settings

GRACE_SECONDS: Final = 5


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


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Do this meanwhile, and end it afterwards."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=GRACE_SECONDS + 5)
