"""A database that is gone without a word: nothing waits for ever."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from services.projector import database as db
from services.projector import read_models
from services.projector.following.engine import Engine
from tests.integration.projector_world import CONSUMER, SHARDS, World, fold
from tests.support.patience import PATIENCE


@dataclass
class Way:
    """The way to a server. Once ``cut`` nothing passes any more, and nobody is told, as where a host lost power."""

    cut: bool = False
    _pumps: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def to(self, url: str) -> AsyncIterator[str]:
        """The same address by this way."""
        there = urlsplit(url)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answers, asks = await asyncio.open_connection(there.hostname, there.port)
            self._pumps |= {
                asyncio.create_task(self._pump(reader, asks)), asyncio.create_task(self._pump(answers, writer))
            }  # fmt: skip

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            yield url.replace(f"@{there.hostname}:{there.port}/", f"@127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        finally:
            server.close()
            for pump in self._pumps:
                pump.cancel()
            await asyncio.wait(self._pumps)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine_is_cut = False
        try:
            while data := await reader.read(65536):
                mine_is_cut = mine_is_cut or self.cut  # for good: only a new connection gets through again
                if not mine_is_cut:
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.close()


async def test_a_batch_is_given_up_and_another_connection_takes_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "FOLDING_SECONDS", 1.0)
    way = Way()
    async with way.to(database) as url:
        engine = Engine(url, CONSUMER, read_models.load())
        await engine.open(SHARDS)
        world = World()
        world.register("p-1")
        await fold(engine, world.records)
        world.register("p-2")
        way.cut = True
        asked = asyncio.create_task(engine.cursors())
        done, _ = await asyncio.wait({asked}, timeout=PATIENCE)  # else the test would wait as long as the engine did
        assert done == {asked}
        assert isinstance(asked.exception(), db.TRANSIENT)
        way.cut = False
        await fold(engine, world.records)
        assert (await engine.cursors())[world.shard].next == len(world.events)
        await engine.close()


async def test_both_sides_notice_that_the_other_is_gone(database: str) -> None:
    connection = await db.connect(database)
    kept = getattr(connection, "_transport").get_extra_info("socket")  # noqa: B009  # asyncpg names it nowhere else
    assert kept.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert await connection.fetchval("SHOW tcp_keepalives_idle") == "60"
    await connection.close()
