"""An auditor's commands: ``replay``, all events to a pipe, from the ledger and from Kafka; ``verify`` on all cores."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import IO, Final

import orjson

from services.common.settings import Settings
from tests.bench.stack import SERVERS, Bench, watched
from tests.support.service import command

_READ: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rates:
    """Events a second from either store, and the processors that the ledger's took."""

    from_ledger: float
    from_kafka: float
    cores: dict[str, float]


class Failed(Exception):
    """A command did not end well, something is wrong with the history, or the stores gave different numbers."""


async def replay(bench: Bench) -> Rates:
    """Run it once from each store."""
    async with watched(bench, SERVERS) as usage:
        ledger, seconds = await asyncio.to_thread(_run, bench.settings, "ledger")
    kafka, kafka_seconds = await asyncio.to_thread(_run, bench.settings, "kafka")
    if ledger != kafka:
        raise Failed(ledger, kafka)
    return Rates(ledger / seconds, kafka / kafka_seconds, usage.cores())


async def verify(bench: Bench) -> dict[str, float]:
    """Run it; what it checked and how fast."""
    return await asyncio.to_thread(_verify, bench.settings)


def _verify(settings: Settings) -> dict[str, float]:
    with command(settings, "recorder", "audit", "verify", "--json", "--without-read-models") as process:
        out, said = process.communicate()
    report = orjson.loads(out)
    if not report["ok"]:
        raise Failed(report["problems"][:3], said)
    checked: dict[str, float] = report["checked"]
    return checked


def _run(settings: Settings, store: str) -> tuple[int, float]:
    """Events and seconds, from the process's start to its end."""
    began = time.perf_counter()
    with command(settings, "recorder", "audit", "replay", "--source", store) as process:
        assert process.stdout is not None
        events = _lines(process.stdout)
    if process.returncode:
        raise Failed(store, process.returncode)
    return events, time.perf_counter() - began


def _lines(pipe: IO[bytes]) -> int:
    return sum(data.count(b"\n") for data in iter(lambda: pipe.read(_READ), b""))
