"""A checkpointer that dies at any step leaves nothing that contradicts: one root a size, wherever it is kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.trust import merkle
from services.common.settings import Settings
from services.recorder.kafka import topics
from services.recorder.trust import outside
from services.recorder.trust.checkpoint import Checkpoint, verified
from services.recorder.trust.keys import Keys
from tests.support.access import as_admin
from tests.support.ledger import Bench, bench, section
from tests.support.nursery import Process
from tests.support.service import environment

STEPS: Final = [
    "tiles-extended",
    "checkpoint-signed",
    "checkpoint-stored",
    "checkpoint-filed",
    "checkpoint-published",
]


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    async with bench(settings.database_url) as found:
        await topics.ensure(settings)
        yield found


async def _sign(settings: Settings, fault: str = "") -> int:
    """Run a checkpointer to its end; its exit code."""
    more = {"CHENGZHANG_CHECKPOINT_EVENTS": "1", "CHENGZHANG_FAULT": fault, "CHENGZHANG_HOME": str(settings.home)}
    process = Process("tests.faults.signing", [], {**os.environ, **environment(settings), **more}, 1, 2)
    return await asyncio.to_thread(process.wait, 60)


async def test_a_checkpointer_that_dies_anywhere_leaves_nothing_that_contradicts(
    ledger: Bench, settings: Settings
) -> None:
    for grew, step in enumerate(STEPS, 3):
        await ledger.accepted(*[section(office=f"o-{n % 3}") for n in range(grew)])
        assert await _sign(settings, step) == -9, f"not killed at {step}"
    with settings.checkpoints_file.open("ab") as file:
        file.write(b"a power cut\n12\nAAAA")
    assert await _sign(settings) == 0
    kept = await _kept(ledger)
    for where in (await _filed(settings), await _published(settings)):
        assert {(each.origin, each.size): each.root for each in where} == kept, "every checkpoint got there"
        assert {(each.origin, each.size, each.root) for each in where} == {(*key, kept[key]) for key in kept}
    assert kept == await _recomputed(ledger, kept)
    sizes = await ledger.rows("SELECT shard, size FROM ledger.shard WHERE size > 0")
    assert {(f"{ledger.ledger.id}/{row['shard']}", row["size"]) for row in sizes} <= kept.keys()


async def _kept(ledger: Bench) -> dict[tuple[str, int], bytes]:
    rows = await ledger.rows("SELECT shard, size, root FROM ledger.checkpoint")
    return {(f"{ledger.ledger.id}/{row['shard']}", row["size"]): row["root"] for row in rows}


async def _recomputed(ledger: Bench, kept: dict[tuple[str, int], bytes]) -> dict[tuple[str, int], bytes]:
    """The same roots from the events themselves."""
    rows = await ledger.rows("SELECT shard, leaf_hash FROM ledger.event ORDER BY shard, position")
    found = {}
    for origin, size in kept:
        leaves = [row["leaf_hash"] for row in rows if origin.endswith(f"/{row['shard']}")]
        found[origin, size] = merkle.root_of(merkle.extended(b"", 0, leaves[:size]))
    return found


async def _filed(settings: Settings) -> list[Checkpoint]:
    trusted = Keys.load(settings.checkpoint_keys_file).verifiers
    return [verified(note, trusted) for note in outside.notes(settings.checkpoints_file)]


async def _published(settings: Settings) -> list[Checkpoint]:
    trusted = Keys.load(settings.checkpoint_keys_file).verifiers
    at = TopicPartition(settings.topic("checkpoints"), 0)
    async with AIOKafkaConsumer(**as_admin(settings), enable_auto_commit=False) as consumer:
        consumer.assign([at])
        consumer.seek(at, 0)
        end, found = (await consumer.end_offsets([at]))[at], list[Any]()
        while await consumer.position(at) < end:
            found += (await consumer.getmany(at, timeout_ms=500)).get(at, [])
        return [verified(record.value, trusted) for record in found]
