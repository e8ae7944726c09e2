"""Events out of a store, one a line, in the order of shards and positions; what can be gone on with is noted."""

from collections.abc import Awaitable, Callable

import orjson

from services.common.telling.showing import Advance
from services.recorder.audit.asking import Place
from services.recorder.audit.replaying.filters import Filter
from services.recorder.audit.source import Source

Write = Callable[[bytes], object]
Show = Callable[[list[bytes]], Awaitable[list[bytes]]]


class Unwritten(Exception):  # as the others are named: for what is so
    """Not all could be written: the disk is full, say. ``done``: so many bytes were."""

    def __init__(self, done: int, why: str) -> None:
        super().__init__(done, why)
        self.done = done
        self.why = why


class Replay:
    """One run. ``at`` is the last place that is done with: written, or not asked for; ``written`` counts events.

    ``unmet`` is what was asked for by name, and no event has been met of, whatever else was asked of events.
    ``show`` makes of the events what is written instead.
    """

    def __init__(self, source: Source, wanted: Filter, after: Place | None = None, show: Show | None = None) -> None:
        self._show = show
        self._source = source
        self._wanted = wanted
        self.at = after
        self.written = 0
        self.unmet = dict(wanted.named())
        self.shards = source.shards
        self._firsts = {
            shard: after.position + 1 if after and shard == after.shard else 0
            for shard in wanted.shards(source.shards)
            if after is None or shard >= after.shard
        }

    @property
    def total(self) -> int:
        """About how many events are to be looked at."""
        return sum(self._source.left(shard, first) for shard, first in self._firsts.items())

    async def run(self, write: Write, advance: Advance) -> None:
        """Write the events' exact bytes, each with a newline: canonical JSON has none of its own.

        Raises Hole, Unavailable, Unwritten; ValueError or KeyError where what comes next is no event.
        """
        for shard, first in self._firsts.items():
            async for chunk in self._source.chunks(shard, first):
                self.unmet = {name: one for name, one in self.unmet.items() if not one.kept(chunk.bodies)}
                kept = self._wanted.kept(chunk.bodies)
                if kept and self._show is not None:
                    kept = await self._show(kept)
                if kept:
                    self._write(write, shard, kept)
                self.at = Place(shard, chunk.last)
                advance(len(chunk.bodies))

    def _write(self, write: Write, shard: int, kept: list[bytes]) -> None:
        lines = b"\n".join(kept) + b"\n"
        try:
            write(lines)
        except Unwritten as error:
            whole = lines[: error.done].count(b"\n")
            if whole:
                self.at = Place(shard, int(orjson.loads(kept[whole - 1])["sequence"]))
            raise
        self.written += len(kept)
