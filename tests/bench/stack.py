"""A stack for one run, and what its processes take of the machine."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import psutil

from deploy.local.errors import tail
from deploy.local.paths import Home
from deploy.local.running import processes, stack
from deploy.local.running import state as kept
from deploy.local.servers import kafka, postgres
from services.common.settings import Settings
from tests.support.servers import far_ports

SERVERS: Final = (postgres.NAME, kafka.NAME)
RECORDER: Final = stack.RECORDER
PROJECTOR: Final = stack.PROJECTOR
_FOLDER: Final = Path(".local") / "bench"
_OWNER: Final = "owner"
OTHERS: Final = "others"  # everybody else on this machine
_LOOK: Final = 0.5
_MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Bench:
    """The run's stack."""

    home: Home

    @property
    def superuser(self) -> str:
        """The URL of who may have PostgreSQL write all of it down."""
        state = kept.load(self.home, far_ports())
        return postgres.url(state.ports.postgres, state.password)

    @property
    def settings(self) -> Settings:
        """Where everything is."""
        return Settings.load(self.home.root)

    async def start(self, *names: str) -> None:
        """Start services and wait until they are ready."""
        await asyncio.to_thread(stack.up, self.home, only=names)

    async def start_beside(self, name: str, number: int) -> str:
        """Start another one of a service, on a free port; its name. Whoever uses it asks for no readiness."""
        state = kept.load(self.home, far_ports())
        daemon = stack.service(self.home, name, state)
        another = replace(
            daemon,
            name=f"{name}-{number}",
            log=self.home.log(f"{name}-{number}"),
            env=daemon.env | {"CHENGZHANG_HTTP_PORT": "0"},
        )
        await asyncio.to_thread(processes.start, self.home, another)
        return another.name

    async def stop(self, name: str) -> None:
        """Stop one service."""
        await asyncio.to_thread(processes.stop, self.home, name)

    @asynccontextmanager
    async def running(self, *names: str) -> AsyncIterator[None]:
        """Have services running, and stopped afterwards."""
        try:
            await self.start(*names)
            yield
        finally:
            for name in names:
                await self.stop(name)


@contextmanager
def bench() -> Iterator[Bench]:
    """Kafka and PostgreSQL in a new folder; whatever happens, everything is stopped and removed at the end."""
    for name in [name for name in os.environ if name.startswith("CHENGZHANG_")]:
        del os.environ[name]  # an installation of the caller's, or a fault, is none of our business
    _remove_abandoned()
    _FOLDER.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=_FOLDER))
    (folder / _OWNER).write_text(f"{os.getpid()} {psutil.Process().create_time()}")
    home = Home.at(folder / "home")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be stopped politely is to be interrupted
    try:
        stack.up(home, only=SERVERS, preferred=far_ports())
        yield Bench(home)
    except Exception as error:
        for name in (RECORDER, PROJECTOR):
            if end := tail(home.log(name)):
                error.add_note(f"The end of the log of the {name}:\n{end}")
        raise
    finally:
        with _undisturbed():
            _remove(folder)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not keep us from stopping what runs."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _remove(folder: Path) -> None:
    home = Home.at(folder / "home")
    for record in home.run.glob(f"{RECORDER}-*"):
        processes.stop(home, record.stem)
    stack.down(home)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned() -> None:
    """Stop and remove what runs that were killed left behind."""
    for folder in _FOLDER.glob("run-*"):
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            number, began = (folder / _OWNER).read_text().split()
            if psutil.Process(int(number)).create_time() == float(began):
                continue
        _remove(folder)


@dataclass(slots=True)
class Usage:
    """What the services took while they were watched: ``rss_mb`` at most, processor seconds by moment.

    ``bench`` is this process, ``others`` is everybody else on the machine.
    """

    rss_mb: dict[str, float] = field(default_factory=dict)
    looks: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def cores(self, began: float = -math.inf, ended: float = math.inf) -> dict[str, float]:
        """How many processors each service kept busy between two moments (monotonic)."""
        looks = [look for look in self.looks if began - _LOOK <= look[0] <= ended + _LOOK]
        (first, before), (last, after) = looks[0], looks[-1]
        return {name: (seconds - before.get(name, 0)) / (last - first) for name, seconds in after.items()}


@asynccontextmanager
async def watched(bench: Bench, names: Sequence[str]) -> AsyncIterator[Usage]:
    """Watch services for as long as the block takes; they may start and end meanwhile."""
    usage = Usage()
    watching = asyncio.create_task(_watch(bench, names, usage))
    try:
        yield usage
    finally:
        watching.cancel()


async def _watch(bench: Bench, names: Sequence[str], usage: Usage) -> None:
    while True:
        seconds = dict(usage.looks[-1][1]) if usage.looks else {}  # who has ended keeps what it took
        seconds.pop(OTHERS, None)
        seconds["bench"] = _cpu(psutil.Process())
        for name in names:
            process = processes.find(bench.home, name)
            if process is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    usage.rss_mb[name] = max(usage.rss_mb.get(name, 0), process.memory_info().rss / _MIB)
                    seconds[name] = _cpu(process, family=name == postgres.NAME)
        seconds[OTHERS] = _busy() - sum(seconds.values())
        usage.looks.append((time.monotonic(), seconds))
        await asyncio.sleep(_LOOK)


def _busy() -> float:
    """Seconds that all processors were busy, whoever kept them so."""
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0) for name in ("user", "nice", "system", "irq", "softirq", "steal")))


def _cpu(process: psutil.Process, *, family: bool = False) -> float:
    """Seconds of processor time of a process; with its family, children and ended ones are included."""
    own = process.cpu_times()
    seconds = own.user + own.system
    if not family:
        return seconds
    for child in process.children(recursive=True):  # dear: it looks at every process there is
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            seconds += times.user + times.system
    return seconds + own.children_user + own.children_system
