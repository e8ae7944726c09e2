"""Are the read models what a fresh replay of the events topic gives? Made beside the live ones, compared, and dropped.

The replay folds by the read models that this code brings, whatever SQL the live version was made with.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Final, Self

import orjson

from schemas.identity import shard_of
from services.common.settings import Settings
from services.projector import database
from services.projector.database import Connection
from services.projector.errors import Halted, Told, Unreadable
from services.projector.following.engine import Engine
from services.projector.read_models import ReadModel
from services.projector.rebuilding.beside import compared_at, near
from services.projector.rebuilding.compare import Comparison, differing_rows
from services.projector.rebuilding.replay import Replay
from services.projector.settings import consumer_name
from services.projector.versioning import versions
from services.projector.versioning.versions import Version

LISTED: Final = 100  # problems a read model; the rest is counted
_KIND: Final = "read-model"
Problem = dict[str, Any]


class Verify:
    """One verification. As a context manager it makes the schema of its own, and drops it."""

    def __init__(self, settings: Settings, models: tuple[ReadModel, ...]) -> None:
        self._settings = settings
        self._url = settings.database_url
        self._consumer = consumer_name(settings)
        self._models = models
        self._version = Version.of(versions.CHECK, models)
        self._open = AsyncExitStack()
        self._connection: Connection
        self._engine: Engine
        self.checked: dict[str, int] = {}
        self.problems: list[Problem] = []
        self.stopped: Told | None = None  # what the replay ended with, and the one problem then

    async def __aenter__(self) -> Self:
        """Raises Refused where another one is at work, NotRunning where nothing has ever been made, Lost."""
        try:
            self._connection = await database.connect(self._url)
            self._open.callback(self._connection.terminate)
            await versions.live(self._connection)
            await versions.beside(self._connection)
            await self._drop()  # what one that was killed has left
            self._open.push_async_callback(self._drop)
            await self._make()
            self._engine = Engine(self._url, self._consumer, self._models, self._version)
            self._open.push_async_callback(self._engine.close)
            await self._engine.open(self._settings.shards)
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def run(self) -> AsyncIterator[tuple[int, int]]:
        """Replay and compare; yields (events applied, events to apply). Afterwards: ``checked`` and ``problems``.

        Raises NotRunning where database or Kafka isn't there.
        """
        try:
            async with Replay(self._settings, self._engine) as replay:
                async for counts in near(self._connection, self._consumer, replay, self._version):
                    yield counts
                await self._compare(replay)
        except (Halted, Unreadable) as error:
            self.stopped = error
            self.problems.append(_problem(expected="a replay of the events topic", found=str(error)))

    async def _compare(self, replay: Replay) -> None:
        async with compared_at(self._url, self._consumer, replay, self._version) as found:
            stood = found.stood
            if stood.version.digest != self._version.digest:
                self.problems.append(_problem(expected=self._version.digest, found=stood.version.digest))
            self.problems += _of_shape(found)
            self.problems += [self._of_row(row) for row in await differing_rows(found, LISTED)]
            self.problems += _rest(found)
            self.checked = {
                "read_model_rows": found.rows,
                "read_models": len(self._version.tables),
                "read_model_events": sum(stood.positions.values()),
                "read_model_rows_differing": sum(found.differing.values()),
            }

    async def _make(self) -> None:
        async with versions.alone(self._connection), self._connection.transaction():
            await versions.make(self._connection, self._version, self._models, None)

    async def _drop(self) -> None:
        async with self._connection.transaction():
            await versions.drop(self._connection, versions.CHECK)

    def _of_row(self, row: Mapping[str, Any]) -> Problem:
        """One differing row: of a changed one, the columns that differ."""
        key, live, other = (row[name] and orjson.loads(row[name]) for name in ("key", "live", "other"))
        whole = other or live
        differing = {name for name in whole if live and other and live[name] != other[name]} or set(whole)
        return _problem(
            shard=shard_of(key["office"], self._settings.shards),
            position=whole.get("position", whole.get("last_position")),
            expected=other and {name: other[name] for name in sorted(differing)},
            found=live and {name: live[name] for name in sorted(differing)},
            read_model=row["read_model"],
            key=key,
        )


def _problem(**more: object) -> Problem:
    nothing = dict.fromkeys(("shard", "position", "expected", "found", "read_model", "key"))
    return {"kind": _KIND, **nothing, **more}


def _of_shape(found: Comparison) -> Iterator[Problem]:
    for name in found.added:
        yield _problem(expected=name, read_model=name.partition(".")[0])
    for name in found.removed:
        yield _problem(found=name, read_model=name.partition(".")[0])


def _rest(found: Comparison) -> Iterator[Problem]:
    """How many more rows of a read model differ than are listed."""
    for model, count in found.differing.items():
        if count > LISTED:
            yield _problem(read_model=model, more=count - LISTED)
