"""Are the read models what a fresh replay of the events topic gives? Made beside the live ones, compared, and dropped.

The replay folds by the read models that this code brings, whatever SQL the live version was made with.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import orjson

from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.projector import database
from services.projector.database import CURSOR
from services.projector.errors import Halted, Told, Unreadable
from services.projector.read_models import ReadModel
from services.projector.rebuilding.beside import Beside
from services.projector.rebuilding.compare import SQL, Comparison
from services.projector.settings import consumer_name
from services.projector.versioning import making, versions
from services.projector.versioning.versions import Version

LISTED: Final = 100  # problems a read model; the rest is counted
_KIND: Final = "read-model"
Problem = dict[str, Any]


class Verify(Beside):
    """One verification, which makes a schema of its own and drops it."""

    def __init__(self, settings: Settings, models: tuple[ReadModel, ...]) -> None:
        super().__init__(settings, models)
        self.version = Version.of(versions.CHECK, models)
        self.checked: dict[str, int] = {}
        self.problems: list[Problem] = []
        self.stopped: Told | None = None  # what the replay ended with, and the one problem then

    async def run(self) -> AsyncIterator[tuple[int, int]]:
        """Replay and compare; yields (events applied, events to apply). Afterwards: ``checked`` and ``problems``.

        Raises NotRunning where database or Kafka isn't there.
        """
        try:
            async for counts in self.replay():
                yield counts
            async with self.compared() as found:
                await self._compare(found)
        except (Halted, Unreadable) as error:
            self.stopped = error
            self.problems.append(_problem(expected="a replay of the events topic", found=str(error)))

    async def _compare(self, found: Comparison) -> None:
        stood = found.stood
        self.problems += [problem async for problem in self._strange(stood.positions)]
        if stood.version.digest != self.version.digest:
            self.problems.append(_problem(expected=self.version.digest, found=stood.version.digest))
        self.problems += [_problem(expected=name, read_model=name.partition(".")[0]) for name in found.added]
        self.problems += [_problem(found=name, read_model=name.partition(".")[0]) for name in found.removed]
        self.problems += [self._of_row(row) async for row in SQL.rows(found.connection, limit=LISTED)]
        more = {model: count - LISTED for model, count in found.differing.items() if count > LISTED}
        self.problems += [_problem(read_model=model, more=count) for model, count in more.items()]
        self.checked = {
            "read_model_rows": found.rows,
            "read_models": len(self.version.tables),
            "read_model_events": sum(stood.positions.values()),
            "read_model_rows_differing": sum(found.differing.values()),
        }

    async def _strange(self, positions: Mapping[int, int]) -> AsyncIterator[Problem]:
        """The shards whose last folded event isn't the ledger's."""
        async with database.connected(self._settings.database_url) as connection:
            async for row in CURSOR.status(connection, consumer=consumer_name(self._settings)):
                if row["recorded"] not in {None, row["folded"]} and positions.get(row["shard"]):
                    yield _problem(
                        shard=row["shard"],
                        position=row["next"] - 1,
                        expected=row["recorded"].hex(),
                        found=row["folded"].hex(),
                    )

    async def _begin(self, stack: AsyncExitStack) -> None:
        await versions.live(self._connection)
        await self._drop()  # what one that was killed has left
        stack.push_async_callback(self._drop)
        async with making.alone(self._connection):
            await making.make(self._connection, self.version, self._models, None)

    async def _drop(self) -> None:
        async with self._connection.transaction():
            await making.drop(self._connection, versions.CHECK)

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
