"""A ledger of three years: two offices' sample years recorded when the clock stood there, and a few actions of today.

The append's clock is the test's; all else is as ever: receipts, versions, hashes, topics, checkpoints.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from deploy.local.sample import staff, year
from schemas.base import instant
from services.common.settings import Settings
from services.recorder.kafka import topics
from services.recorder.ledger import years
from services.recorder.ledger.appending import append
from tests.support.history import _apart, _settings, administer, publish
from tests.support.ledger import Bench, Json, bench, section
from tests.support.servers import Servers

OLD: Final = tuple(
    year.Size(number, 1, staff.LEAST, 7, prefix, until=datetime(number, 6, 1, tzinfo=UTC))
    for number, prefix in ((2023, "o-a"), (2024, "o-b"))
)
OPENED: Final = 2024  # the other year has no partition: a clock was wrong, as far as the ledger knows
_AT_ONCE: Final = 250


@pytest.fixture(scope="session")
def aged(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of an installation whose ledger and topics hold three years. Change nothing in it."""
    name = f"aged_{uuid.uuid4().hex[:12]}"
    made = _settings(servers, name, tmp_path_factory.mktemp("aged"))
    _apart(_made(servers, made))
    yield made
    _apart(administer(servers, f"DROP DATABASE {name} WITH (FORCE)"))


async def _made(servers: Servers, settings: Settings) -> None:
    servers.admit(settings.topic_prefix)
    await administer(servers, f"CREATE DATABASE {settings.database_url.rpartition('/')[2]}")
    async with bench(settings.database_url, settings.shards) as ledger:
        await topics.ensure(settings)
        for size in OLD:
            if size.year == OPENED:
                async with ledger.pool.acquire() as connection:
                    await years.open_years(connection, [OPENED])
            actions = list(year.actions(size))
            for first in range(0, len(actions), _AT_ONCE):
                await recorded_then(ledger, actions[first : first + _AT_ONCE])
        await ledger.accepted(section(office="o-b1"), *[section(office=f"o-{n}") for n in range(8)])
        await publish(ledger, settings)


async def recorded_then(ledger: Bench, actions: list[Json]) -> list[Json]:
    """Receipts of actions that are recorded when the last of them happened, or soon after."""
    last = max(instant(action["time"]) for action in actions)
    with clock_at(last.astimezone(UTC) + timedelta(minutes=1)):
        return await ledger.receipts(actions)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """The append's clock stands there."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = UTC) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return moment

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(append, "datetime", Clock)
        yield
