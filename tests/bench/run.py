"""The parts of a run, one after the other, each alone on the machine."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import asyncpg
from rich.console import Console

from schemas.catalogue import ACTIONS
from services.projector.versioning.status import status
from tests.bench import auditing, consuming, copying, filling, latency, peer, recording, replaying, workload
from tests.bench.figures import Figures
from tests.bench.stack import PROJECTOR, RECORDER, SERVERS, Bench, watched
from tests.bench.workload import Workload

CADRES: Final = 100
_FIRST_CADRES: Final = 24  # of the offices that are recorded before anything is measured
_PATIENCE: Final = 60.0  # seconds until the read models are there


@contextmanager
def step(console: Console, name: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    began = time.monotonic()
    with console.status(f"{name} …"):
        yield
    console.print(f"· {name}: {time.monotonic() - began:.1f} s")


class Run:
    """One run. ``a_shard``: offices in each shard."""

    def __init__(self, own: Bench, console: Console, a_shard: int) -> None:
        self._bench = own
        self._console = console
        self._a_shard = a_shard
        self.figures = Figures()

    async def measure(self) -> Figures:
        """All parts."""
        made, bodies = await self._prepare()
        persons = made.persons
        before = await self._copy(bodies)
        await self._fill(made)
        await self._record(len(made.over_kafka))
        del made
        gc.collect()
        await self._consume()
        await self._replay()
        await self._peer()
        await self._audit()
        await self._live(persons)
        after = await self._copy(bodies)
        self.figures.copy_rows_per_s = (before + after) / 2
        self.figures.workload |= {"copy_before": before, "copy_after": after}
        return self.figures

    async def record(self, types: Collection[str]) -> Figures:
        """Actions of these types alone, and nothing but recording them."""
        made, _ = await self._prepare(types)
        await self._fill(made)
        await self._record(len(made.over_kafka))
        return self.figures

    async def _prepare(self, types: Collection[str] = ACTIONS.keys()) -> tuple[Workload, list[bytes]]:
        """Make the actions; record a few small offices and, of the large ones, whatever has to come over HTTP.

        Gives the actions, and the bytes of the small offices' events.
        """
        settings = self._bench.settings
        with self._step("making up sample years"):
            made = workload.make(self._a_shard, settings.shards, CADRES, types=types)
        async with self._bench.running(RECORDER):
            with self._step("recording small offices, to warm up"):
                first = workload.make(1, settings.shards, _FIRST_CADRES, "o-w")
                await filling.post(settings, first.over_http)
                await filling.fill(settings, first.over_kafka)
                async with recording.ledger(settings) as looking:
                    await looking.until(first.actions)
                    await looking.check()
                bodies = await copying.bodies(settings)
            with self._step("posting sealed actions"):
                posted = await filling.post(settings, made.over_http)
                async with recording.ledger(settings) as looking:
                    await looking.until(first.actions + posted)
        return made, bodies

    async def _copy(self, bodies: list[bytes]) -> float:
        await self._settle()
        with self._step("copying bare rows"):
            return await copying.rows_per_second(self._bench.settings, bodies)

    async def _fill(self, made: Workload) -> None:
        with self._step(f"putting {len(made.over_kafka):,} actions onto the intake topic"):
            await filling.fill(self._bench.settings, made.over_kafka)

    async def _record(self, actions: int) -> None:
        await self._settle()
        with self._step("recording them"):
            rate = await recording.record(self._bench, actions)
        self.figures.recorder_actions_per_s = rate.actions_per_s
        self.figures.recorder_events_per_s = rate.events_per_s
        self.figures.rss_mb[RECORDER] = rate.rss_mb
        self.figures.spent("recording", "an action recorded", rate.cores, rate.actions_per_s)
        self.figures.workload |= {
            "recorder_actions": rate.actions,
            "recorder_seconds": rate.seconds,
            "recorders": recording.RECORDERS,
            "recorder_events_per_s": rate.events_per_s,  # as it was called first: commits are compared by it
        }

    async def _consume(self) -> None:
        with self._step("consuming the events topic"):
            self.figures.consume_per_s = await consuming.events_per_second(self._bench.settings)

    async def _replay(self) -> None:
        await self._settle()
        with self._step("replaying all events"):
            rate = await replaying.replay(self._bench)
        self.figures.projector_events_per_s = rate.events_per_s
        self.figures.rss_mb[PROJECTOR] = rate.rss_mb[PROJECTOR]
        self.figures.spent("replaying", "an event projected", rate.cores, rate.events_per_s)
        self.figures.workload |= {"projector_events": rate.events, "projector_seconds": rate.seconds}

    async def _peer(self) -> None:
        await self._settle()
        with self._step("having the peer do the like"):
            found = await asyncio.to_thread(peer.measure, self._bench.settings)
        self.figures.peer = {"append_per_s": found.append, "project_per_s": found.project}
        self.figures.workload["peer_events"] = found.events

    async def _audit(self) -> None:
        await self._settle()
        with self._step("writing out all events for an auditor"):
            found = await auditing.replay(self._bench)
        self.figures.replay_events_per_s = found.from_ledger
        self.figures.spent("writing out", "an event written out", found.cores, found.from_ledger)
        self.figures.workload["replay_from_kafka_per_s"] = found.from_kafka
        with self._step("verifying all of it, read models apart"):
            checked = await auditing.verify(self._bench)
        self.figures.verify_hashed_per_s = checked["hashed_per_s"]
        self.figures.workload["verify_events_per_s"] = checked["events"] / checked["seconds"]

    async def _live(self, persons: list[tuple[str, str]]) -> None:
        async with self._bench.running(RECORDER, PROJECTOR):
            await self._until_current()
            with self._step(f"sending {latency.A_SECOND} actions a second"):
                async with watched(self._bench, (RECORDER, PROJECTOR, *SERVERS)) as usage:
                    found = await latency.measure(self._bench.settings, persons)
        self.figures.latency_ms = _quantiles(found.visible)
        self.figures.spent("sending", "an action at a steady pace", usage.cores(), latency.A_SECOND)
        self.figures.workload["latency_probes"] = len(found.visible)
        for name, values in (("sent", found.sent), ("answered", found.answered), ("looked", found.looked)):
            self.figures.workload |= {f"{name}_ms_{share}": value for share, value in _quantiles(values).items()}

    async def _until_current(self) -> None:
        async with asyncio.timeout(_PATIENCE):
            while (await status(self._bench.settings)).lag:  # noqa: ASYNC110
                await asyncio.sleep(0.2)  # another process tells

    async def _settle(self) -> None:
        """Leave no part the writes of the one before."""
        connection = await asyncpg.connect(self._bench.superuser)
        try:
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    def _step(self, name: str) -> AbstractContextManager[None]:
        return step(self._console, name)


def _quantiles(values: list[float]) -> dict[str, float]:
    return {"p50": latency.quantile(values, 0.5), "p99": latency.quantile(values, 0.99)}
