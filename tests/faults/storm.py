"""One seeded run under load: two recorders, two projectors, and Kafka and PostgreSQL beside them are killed at random.

The seed fixes what is published and who is killed when; the machine decides what that meets.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from deploy.local.running.ports import LOOPBACK
from services.common.faults import STEPS
from services.common.settings import Settings
from tests.faults import invariants
from tests.faults.installation import free_port, installation, settled
from tests.faults.load import Habits, Told, actions, apps
from tests.support.patience import PATIENCE
from tests.support.service import Service
from tests.support.stack import OwnServers

SHARDS: Final = 4
_OFFICES: Final = 10
_CADRES: Final = 12
_EACH: Final = 1400  # actions an office at most: more than any run gets through
_HABITS: Final = Habits(pace=250, over_http=0.15, both_ways=0.05, gives_up=0.2)
_SERVERS: Final = ("kafka", "postgres")
_BY_STEP: Final = 0.4  # of the restarts are made with a step at which to die again
_LATEST: Final = 30  # the step's n-th time
_PROJECTOR_STEPS: Final = frozenset({"after-copy", "before-cursor", "after-cursor"})
_STEPS: Final = {"projector": sorted(_PROJECTOR_STEPS), "recorder": sorted(STEPS - _PROJECTOR_STEPS)}

Progress = Callable[[str], None]


def quiet(_line: str) -> None:
    """Show nothing."""


@dataclass
class Fleet:
    """The services of a run, each at an address of its own."""

    settings: Settings
    rng: random.Random
    running: ExitStack
    services: dict[str, Service] = field(default_factory=dict)
    deaths: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """Start two of each."""
        for name in ("recorder", "projector"):
            for url in (getattr(self.settings, f"{name}_url"), f"http://{LOOPBACK}:{free_port()}"):
                self._start(f"{name}-{url.rpartition(':')[2]}", None)

    @property
    def recorders(self) -> list[str]:
        """Their addresses."""
        return [service.url for service in self.services.values() if service.name == "recorder"]

    def _start(self, name: str, fault: str | None) -> None:
        kind, _, port = name.partition("-")
        self.services[name] = self.running.enter_context(Service(kind, self.settings, fault=fault, port=int(port)))

    def kill(self, name: str) -> None:
        """End one as a power cut would."""
        self.deaths[name.partition("-")[0]] += 1
        self.services[name].kill()

    def restart_dead(self) -> None:
        """Start again whatever has ended, some of them to die at a step before long."""
        for name, service in list(self.services.items()):
            if service.alive:
                continue
            assert service.process.returncode == -9, f"{name} ended by itself:\n{service.log()[-3000:]}"
            self._start(name, self._fault(service.name) if self.rng.random() < _BY_STEP else None)

    def _fault(self, kind: str) -> str:
        return f"{self.rng.choice(_STEPS[kind])}:{self.rng.randint(1, _LATEST)}"

    def restart_all(self) -> None:
        """Start all of them anew, to stay."""
        for name, service in list(self.services.items()):
            service.kill()
            self._start(name, None)


async def storm(servers: OwnServers, folder: Path, seed: int, seconds: float, progress: Progress = quiet) -> str:
    """Publish and kill for that long, then wait for calm and check everything. Gives a line of figures.

    Raises AssertionError with the seed.
    """
    try:
        async with installation(servers, folder, SHARDS) as settings:
            with ExitStack() as running:
                fleet = Fleet(settings, random.Random(f"storm/{seed}"), running)
                told = await _blow(servers, fleet, seed, seconds, progress)
                progress("checking")
                figures = await invariants.check(servers, settings, told)
    except (Exception, asyncio.CancelledError) as error:
        await asyncio.to_thread(servers.up)
        raise AssertionError(f"seed {seed}, {seconds:g} s, logs in {folder}: {_reason(error)}") from error
    return f"{figures}; {sum(fleet.deaths.values())} kills: {_counted(fleet.deaths)}"


def _reason(error: BaseException) -> str:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
    return "; ".join(f"{type(one).__name__}: {one}" for one in inner)


def _counted(deaths: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(deaths.items()))


async def _blow(servers: OwnServers, fleet: Fleet, seed: int, seconds: float, progress: Progress) -> Told:
    progress("starting")
    fleet.begin()
    for service in fleet.services.values():
        await asyncio.to_thread(service.wait_ready)
    async with apps(fleet.settings, fleet.recorders, _HABITS, seed) as load:
        end = time.monotonic() + seconds
        offices = actions(_OFFICES, _CADRES, _EACH, seed, prefix=f"s{seed}-")
        publishing = asyncio.create_task(load.publish(offices, more=lambda: time.monotonic() < end))
        try:
            await _chaos(servers, fleet, end, progress)
            progress("calm: all are started again")
            fleet.restart_all()
            await _patiently(publishing, "the apps still wait for answers")
        finally:
            publishing.cancel()
        progress("waiting until all is recorded, published and folded")
        await load.settle(partial(settled, fleet.settings))
    return load.told


async def _patiently(what: Awaitable[None], otherwise: str) -> None:
    try:
        await asyncio.wait_for(what, PATIENCE)
    except TimeoutError:
        raise AssertionError(f"after {PATIENCE:g} s {otherwise}") from None


async def _chaos(servers: OwnServers, fleet: Fleet, end: float, progress: Progress) -> None:
    """Kill one or two at a time, wait a moment, start them again; until time is up. Afterwards the servers run."""
    while time.monotonic() < end:
        await asyncio.sleep(fleet.rng.uniform(0.5, 4))
        victims = set(fleet.rng.choices([*fleet.services, *_SERVERS, *_SERVERS], k=fleet.rng.choice((1, 1, 2))))
        progress(f"{max(end - time.monotonic(), 0):3.0f} s left, killing {' and '.join(sorted(victims))}")
        for victim in sorted(victims):
            await asyncio.to_thread(_kill, servers, fleet, victim)
        await asyncio.sleep(fleet.rng.uniform(0, 1.5))
        await asyncio.to_thread(servers.up)
        fleet.restart_dead()


def _kill(servers: OwnServers, fleet: Fleet, victim: str) -> None:
    if victim in _SERVERS:
        fleet.deaths[victim] += 1
        servers.kill(victim)
    else:
        fleet.kill(victim)
