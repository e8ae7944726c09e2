"""What no recorder wrote is not folded; and read models that hold what the ledger never had are told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from schemas.trust.canonical import canonical, leaf_hash
from services.common.kafka import mac_keys
from services.common.settings import Settings
from services.projector import read_models
from services.projector import settings as limits
from services.projector.app import _consume
from services.projector.errors import Unproven
from services.projector.following.engine import Engine
from services.projector.following.fetch import Consumer
from services.projector.following.progress import Progress
from services.projector.settings import consumer_name
from services.recorder.errors import Misconfigured
from tests.integration.projector_running import (
    LEDGER,
    at_end,
    command,
    create_topic,
    life,
    publish,
    running,
    until,
)
from tests.integration.projector_world import SHARDS, Record, World, dump, execute, fold
from tests.support.patience import patient_producer


async def _put(settings: Settings, *records: Record) -> None:
    """As whoever can write to the topic would."""
    async with patient_producer(settings) as producer:
        for record in records:
            await producer.send_and_wait(settings.topic("events"), record.value, b"stream", record.partition)


def _forged(world: World) -> list[Record]:
    """What may be said in the next places of a history: outputs that had an effect."""
    count = len(world.events)
    world.output("p-0", effect="in-force", title="forged")
    world.output("p-0", effect="adopted", title="forged")
    forged = world.records[count:]
    del world.events[count:]
    return forged


async def _ledger(settings: Settings, world: World) -> None:
    """As large as the world is, with the hash of its last event."""
    last = leaf_hash(canonical(world.events[-1]))
    await execute(
        settings.database_url,
        [
            *LEDGER,
            f"INSERT INTO ledger.shard VALUES ({world.shard}, {len(world.events)})",
            f"INSERT INTO ledger.event VALUES ({world.shard}, {len(world.events) - 1}, '\\x{last.hex()}')",
        ],
    )


async def _status(settings: Settings) -> Any:  # noqa: ANN401  # JSON
    told = (await asyncio.to_thread(command, settings, "status", "--json")).stdout
    return json.loads(told.splitlines()[-1])  # the projector of this process may log in between


async def _shard(settings: Settings, world: World) -> Any:  # noqa: ANN401  # JSON
    return next(each for each in (await _status(settings))["shards"] if each["shard"] == world.shard)


async def test_what_is_forged_is_passed_over_and_its_place_is_filled_rightly(settings: Settings) -> None:
    world = life("o-1", 4)
    forged = _forged(world)
    await create_topic(settings)
    await publish(settings, world.records)
    async with running(settings) as progress:
        await until(at_end(progress, world))
        before = await dump(settings.database_url)
        assert "p-0" in str(before)
        await _put(settings, *forged, replace(forged[0], value=b"x"), replace(forged[0], value=None))
        await _ledger(settings, world)
        told = await _shard(settings, world)
        while told["foreign"] < 4:
            told = await _shard(settings, world)
        assert (told["state"], told["lag"], told["next"]) == ("live", 0, 8)
        where = f"{settings.topic('events')}, partition {world.shard}, offset 11"
        assert (told["foreign"], told["foreign_last"]) == (4, f"{where} (no-mac): 0 bytes")
        assert await dump(settings.database_url) == before
        assert not progress.halted
        for number in range(3):
            world.register(f"q-{number}")
        await publish(settings, world.records[8:])
        await until(at_end(progress, world))
    after = await dump(settings.database_url)
    assert "forged" not in str(after)
    assert "q-2" in str(after)
    shown = await asyncio.to_thread(command, settings, "status")
    assert "4 records were passed over" in " ".join(shown.stdout.split())


async def test_a_place_that_was_taken_before_its_time_is_not_taken_from_the_ledger(settings: Settings) -> None:
    """Somebody writes what would come next, before the recorder does; with a MAC of another record, too."""
    world, one = life("o-1", 4), life("o-1", 4)
    one.events[5]["actor"] = "somebody else"
    await create_topic(settings)
    await publish(settings, world.records[:5])
    async with patient_producer(settings) as producer:
        for stolen in ([("mac", b"A" * 43), ("mackid", b"1-0000000000000000")], []):
            await producer.send_and_wait(
                settings.topic("events"), one.records[5].value, b"stream", world.shard, headers=stolen
            )
    await publish(settings, world.records[5:])
    async with running(settings) as progress:
        await until(at_end(progress, world))
        assert not progress.halted
    assert "somebody else" not in str(await dump(settings.database_url))


async def test_a_new_key_is_known_without_a_restart_and_an_older_copy_of_them_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HALTED_SECONDS", 0.2)
    world = life("o-1", 4)
    await create_topic(settings)
    await publish(settings, world.records[:2])
    async with running(settings) as progress:
        await until(lambda: progress.next.get(world.shard) == 2)
        mac_keys.rotate(settings.mac_keys_file, Misconfigured)
        await publish(settings, world.records[2:4])
        await until(lambda: progress.next.get(world.shard) == 4)
        old = settings.mac_keys_file.read_bytes()
        mac_keys.rotate(settings.mac_keys_file, Misconfigured)
        new = settings.mac_keys_file.read_bytes()
        await publish(settings, world.records[4:5])
        await until(lambda: progress.next.get(world.shard) == 5)
    settings.mac_keys_file.write_bytes(old)
    async with running(settings) as progress:
        settings.mac_keys_file.write_bytes(new)
        await publish(settings, world.records[5:6])
        settings.mac_keys_file.write_bytes(old)
        await until(lambda: world.shard in progress.halted)
        assert "lacks the key 3-" in progress.halted[world.shard]
        settings.mac_keys_file.write_bytes(new)
        await until(lambda: progress.next.get(world.shard) == 6 and not progress.halted)


async def test_without_keys_nothing_is_folded_and_that_is_said(settings: Settings) -> None:
    world = life("o-1", 2)
    await create_topic(settings)
    await publish(settings, world.records)
    kept = settings.mac_keys_file.read_bytes()
    settings.mac_keys_file.unlink()
    progress = Progress()
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await engine.open(SHARDS)
    consuming = asyncio.create_task(_consume(settings, read_models.load(), progress))
    try:
        with pytest.raises(Unproven, match="Put the file back from its backup"):
            Consumer(settings, engine, progress)
        assert not progress.following
        for line in (("rebuild", "--yes"), ("verify",)):
            told = await asyncio.to_thread(command, settings, *line)
            assert told.exit_code == 1, (line, told.output)
            assert "the keys of MACs can't be read" in told.output
        assert (await engine.cursors())[world.shard].next == 0
        settings.mac_keys_file.write_bytes(kept)
        settings.mac_keys_file.chmod(0o600)
        await until(lambda: progress.next.get(world.shard) == 4)
    finally:
        consuming.cancel()
        await asyncio.wait([consuming])
        await engine.close()


async def test_a_fold_of_what_the_ledger_never_had_is_told(settings: Settings) -> None:
    world, other = life("o-1", 4), life("o-1", 4)
    other.events[-1]["actor"] = "somebody else"
    await create_topic(settings)
    await publish(settings, other.records)
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await engine.open(SHARDS)
    await fold(engine, other.records)
    await engine.close()
    await _ledger(settings, world)
    told = await _status(settings)
    shard = next(each for each in told["shards"] if each["shard"] == world.shard)
    assert (told["state"], shard["state"], shard["lag"]) == ("halted", "halted", 0)
    assert "position 7: the ledger" in shard["error"]
    assert "what the ledger never had" in shard["error"]
    verified = await asyncio.to_thread(command, settings, "verify", "--json")
    assert verified.exit_code == 1
    (problem,) = json.loads(verified.stdout)["problems"]
    assert (problem["kind"], problem["shard"], problem["position"]) == ("read-model", world.shard, 7)
    assert problem["expected"] == leaf_hash(canonical(world.events[-1])).hex()
    assert problem["found"] == leaf_hash(canonical(other.events[-1])).hex()


async def test_of_an_archived_event_the_hash_in_its_tile_is_compared(settings: Settings) -> None:
    world = life("o-1", 4)
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await engine.open(SHARDS)
    await fold(engine, world.records)
    await engine.close()
    await _ledger(settings, world)
    leaves = b"".join(leaf_hash(canonical(event)) for event in world.events)
    for hashes, state in ((leaves, "live"), (leaves[:-32] + bytes(32), "halted"), (leaves[:-32], "live")):
        await execute(
            settings.database_url,
            [
                "DELETE FROM ledger.event",
                "DELETE FROM ledger.tile",
                f"INSERT INTO ledger.tile VALUES ({world.shard}, 0, 0, '\\x{hashes.hex()}')",
            ],
        )
        assert (await _status(settings))["state"] == state
