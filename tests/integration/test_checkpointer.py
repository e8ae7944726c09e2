"""Checkpoints on a real ledger: when they are made, when they are refused, and that they get out of the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from pymerkle import InmemoryTree

from schemas.trust import merkle
from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.recorder.errors import Contradiction, Misconfigured, Missing
from services.recorder.kafka import topics
from services.recorder.status.figures import status
from services.recorder.trust import keys, outside, tiles
from services.recorder.trust import signing as making
from services.recorder.trust.checkpoint import verified
from services.recorder.trust.delivery import Delivery
from services.recorder.trust.schedule import Checkpointer
from services.recorder.trust.signing import Checkpoints, Kept
from services.recorder.trust.tiles import At
from tests.support.access import as_admin
from tests.support.ledger import OFFICE, Bench, bench, section

SHARD = shard_of(OFFICE, 8)


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    async with bench(settings.database_url) as found:
        yield found


@pytest.fixture
def checkpoints(ledger: Bench, settings: Settings) -> Checkpoints:
    return Checkpoints(ledger.pool, ledger.ledger, settings)


async def _append(ledger: Bench, count: int) -> None:
    await ledger.accepted(*[section() for _ in range(count)])


async def _root(ledger: Bench, size: int) -> bytes:
    """By an implementation not ours, from the events' bytes."""
    tree = InmemoryTree(algorithm="sha256")
    for row in await ledger.rows("SELECT body FROM ledger.event WHERE shard = $1 ORDER BY position", SHARD):
        tree.append_entry(row["body"])
    return bytes(tree.get_root(size))


# --- made ---


async def test_what_is_signed_is_the_root_over_the_events_bytes(
    ledger: Bench, checkpoints: Checkpoints, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "LARGEST_STEP", 100)
    with pytest.raises(Missing):
        await checkpoints.make(SHARD)
    for grew in (1, 6, 255, 300):
        await _append(ledger, grew)
        kept = await checkpoints.make(SHARD)
        signed = verified(kept.note, (await checkpoints.keys()).verifiers)
        assert (signed.origin, signed.size) == (f"{ledger.ledger.id}/{SHARD}", kept.size)
        assert signed.root == kept.root == await _root(ledger, kept.size)
    assert await checkpoints.make(SHARD) == kept, "no second note of one size"
    assert len(await ledger.rows("SELECT FROM ledger.checkpoint")) == 4
    rows = await ledger.rows("SELECT level, number, length(hashes) / 32 AS width FROM ledger.tile")
    widths = {At(row["level"], row["number"]): row["width"] for row in rows}
    assert widths == {At(0, 0): 256, At(0, 1): 256, At(0, 2): 50, At(1, 0): 2}
    assert settings.checkpoint_keys_file.stat().st_mode & 0o777 == 0o600


async def test_two_that_sign_at_once_sign_once(ledger: Bench, settings: Settings) -> None:
    await _append(ledger, 20)
    both = [Checkpoints(ledger.pool, ledger.ledger, settings) for _ in range(2)]
    first, second = await asyncio.gather(*[each.make(SHARD) for each in both])
    assert first == second
    assert len(await ledger.rows("SELECT FROM ledger.checkpoint")) == 1


async def test_after_a_rotation_old_and_new_keys_verify(
    ledger: Bench, checkpoints: Checkpoints, settings: Settings
) -> None:
    await _append(ledger, 1)
    before = (await checkpoints.keys()).verifiers
    first = await checkpoints.make(SHARD)
    rotated = keys.rotate(settings.checkpoint_keys_file, str(ledger.ledger.id)).verifiers
    await _append(ledger, 1)
    second = await checkpoints.make(SHARD)
    assert verified(second.note, before) == verified(second.note, rotated[:1])
    assert verified(first.note, rotated).size == 1
    settings.checkpoint_keys_file.unlink()
    await _append(ledger, 1)
    with pytest.raises(Misconfigured, match="can't be read"):
        await checkpoints.make(SHARD)  # a lost key is told, not replaced in silence


# --- refused ---


async def _rewrite(ledger: Bench, position: int) -> None:
    """What somebody with the whole database could do: another body, all hashes anew, tiles and peaks too."""
    row = "shard = $1 AND position = $2"
    await ledger.rows(f"UPDATE ledger.event SET body = convert_to('{{}}', 'UTF8') WHERE {row}", SHARD, position)
    await ledger.rows("UPDATE ledger.event SET leaf_hash = sha256('\\x00'::bytea || body)")
    await ledger.rows("DELETE FROM ledger.tile")
    rows = await ledger.rows("SELECT leaf_hash FROM ledger.event WHERE shard = $1 ORDER BY position", SHARD)
    peaks = merkle.extended(b"", 0, [row["leaf_hash"] for row in rows])
    await ledger.rows("UPDATE ledger.shard SET peaks = $2 WHERE shard = $1", SHARD, peaks)


async def test_a_rewritten_history_is_not_signed(ledger: Bench, checkpoints: Checkpoints, settings: Settings) -> None:
    await _append(ledger, 10)
    await checkpoints.make(SHARD)
    await Delivery(ledger.pool, ledger.ledger, settings).file()
    await _rewrite(ledger, 3)
    await _append(ledger, 1)
    with pytest.raises(Contradiction, match="not the one that was signed at 10"):
        await checkpoints.make(SHARD)
    await ledger.rows("DELETE FROM ledger.checkpoint")  # the database forgets, the file doesn't
    with pytest.raises(Contradiction, match="not the one that was signed at 10"):
        await Checkpoints(ledger.pool, ledger.ledger, settings).make(SHARD)


async def test_a_history_that_lost_its_end_is_not_signed(
    ledger: Bench, checkpoints: Checkpoints, settings: Settings
) -> None:
    await _append(ledger, 10)
    await checkpoints.make(SHARD)
    await Delivery(ledger.pool, ledger.ledger, settings).file()
    for table in ("event", "tile", "checkpoint"):
        await ledger.rows(f"DELETE FROM ledger.{table}")
    await ledger.rows("UPDATE ledger.shard SET size = 0, peaks = ''")  # restored from an older backup
    await ledger.appender.stop()
    ledger.appender = ledger.another(ledger.pool)  # one that has seen nothing of what was lost
    await _append(ledger, 4)
    with pytest.raises(Contradiction, match="has 4 events, but 10 were signed"):
        await Checkpoints(ledger.pool, ledger.ledger, settings).make(SHARD)


async def test_what_this_process_signed_it_does_not_contradict(ledger: Bench, checkpoints: Checkpoints) -> None:
    """The file outside is read once; since then the ledger went back, and others appended something else."""
    await _append(ledger, 2)
    await checkpoints.make(SHARD)
    await _append(ledger, 8)
    await checkpoints.make(SHARD)
    for table in ("event", "tile", "checkpoint", "receipt", "state"):
        await ledger.rows(f"DELETE FROM ledger.{table}")
    await ledger.rows("UPDATE ledger.shard SET size = 0, next_receipt = 0, peaks = ''")
    await ledger.appender.stop()
    ledger.appender = ledger.another(ledger.pool)
    await _append(ledger, 4)
    with pytest.raises(Contradiction, match="has 4 events, but 10 were signed"):
        await checkpoints.make(SHARD)
    await _append(ledger, 8)
    with pytest.raises(Contradiction, match="is not the one that was signed at 10"):
        await checkpoints.make(SHARD)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE ledger.tile SET hashes = sha256('x') || substr(hashes, 33) WHERE level = 0", "another root"),
        ("UPDATE ledger.shard SET peaks = sha256('x') || substr(peaks, 33) WHERE size > 0", "another root"),
        ("DELETE FROM ledger.event WHERE position = 11", "lacks events"),
        ("UPDATE ledger.event SET leaf_hash = sha256('x') WHERE position = 11", "another root"),
    ],
)
async def test_what_contradicts_itself_is_not_signed(
    ledger: Bench, checkpoints: Checkpoints, change: str, says: str
) -> None:
    await _append(ledger, 10)
    await checkpoints.make(SHARD)
    await _append(ledger, 3)
    await ledger.rows(change)
    with pytest.raises(Contradiction, match=says):
        await checkpoints.make(SHARD)


# --- in the background ---


async def _newest(ledger: Bench) -> Kept | None:
    async with ledger.pool.acquire() as connection:
        return await making.newest(connection, SHARD)


async def test_a_round_signs_what_grew_enough_or_waited_long(ledger: Bench, settings: Settings) -> None:
    await topics.ensure(settings)
    few = settings.model_copy(update={"checkpoint_events": 5, "checkpoint_seconds": 3600})
    checkpointer = Checkpointer(ledger.pool, ledger.ledger, few)
    sizes = []
    for grew in (1, 4, 1, 0, 9):
        await _append(ledger, grew)
        await checkpointer._round()
        newest = await _newest(ledger)
        sizes.append(newest and newest.size)
    assert sizes == [1, 1, 6, 6, 15]
    await _append(ledger, 1)
    await ledger.rows("UPDATE ledger.checkpoint SET made_at = made_at - interval '2 hours'")
    await checkpointer._round()
    newest = await _newest(ledger)
    assert newest
    assert newest.size == 16
    trusted = keys.Keys.load(few.checkpoint_keys_file).verifiers
    filed = [verified(note, trusted).size for note in outside.notes(few.checkpoints_file)]
    assert filed == [1, 6, 15, 16]
    await checkpointer.stop()


async def test_a_refusal_is_told_and_taken_back(ledger: Bench, settings: Settings) -> None:
    await topics.ensure(settings)
    checkpointer = Checkpointer(ledger.pool, ledger.ledger, settings.model_copy(update={"checkpoint_seconds": 0.001}))
    await _append(ledger, 2)
    await checkpointer._round()
    await ledger.rows("UPDATE ledger.shard SET peaks = sha256('x') WHERE shard = $1", SHARD)
    await _append(ledger, 2)
    await checkpointer._round()
    told = (await status(settings)).shards[SHARD]
    assert told.checkpoint == 2
    assert "another root" in str(told.unsigned)
    assert f"分片 {SHARD}：" in str(told.unsigned_zh)
    leaves = await ledger.rows("SELECT leaf_hash FROM ledger.event WHERE shard = $1 ORDER BY position", SHARD)
    peaks = merkle.extended(b"", 0, [row["leaf_hash"] for row in leaves])
    await ledger.rows("UPDATE ledger.shard SET peaks = $2 WHERE shard = $1", SHARD, peaks)
    another = Checkpointer(ledger.pool, ledger.ledger, settings)  # learns of it at its start
    await another._begin()
    await another._round()
    told = (await status(settings)).shards[SHARD]
    assert (told.checkpoint, told.unsigned, told.unsigned_zh) == (4, None, None)
    assert (await status(settings)).checkpoints_waiting == 0
    await checkpointer.stop()
    await another.stop()


# --- out of the database ---


async def _published(settings: Settings) -> list[tuple[bytes | None, bytes | None]]:
    at = TopicPartition(settings.topic("checkpoints"), 0)
    async with AIOKafkaConsumer(**as_admin(settings), enable_auto_commit=False) as consumer:
        consumer.assign([at])
        consumer.seek(at, 0)
        end, found = (await consumer.end_offsets([at]))[at], list[Any]()
        while await consumer.position(at) < end:
            found += (await consumer.getmany(at, timeout_ms=500)).get(at, [])
        return [(record.key, record.value) for record in found]


async def test_each_checkpoint_gets_into_the_file_and_onto_the_topic(
    ledger: Bench, checkpoints: Checkpoints, settings: Settings, tmp_path: Path
) -> None:
    await topics.ensure(settings)
    made = []
    for _ in range(3):
        await _append(ledger, 1)
        made.append((await checkpoints.make(SHARD)).note)
    elsewhere = settings.model_copy(update={"checkpoints_file": tmp_path / "kek" / "checkpoints"})
    with pytest.raises(Misconfigured, match="can't be written"):
        await Delivery(ledger.pool, ledger.ledger, elsewhere).file()  # kek is a file, no folder
    delivery = Delivery(ledger.pool, ledger.ledger, settings)
    await delivery.file()
    await delivery.file()
    assert list(outside.notes(settings.checkpoints_file)) == made
    await delivery.publish()
    await delivery.publish()
    assert await _published(settings) == [(f"{ledger.ledger.id}/{SHARD}".encode(), note) for note in made]
    assert (await status(settings)).checkpoints_waiting == 0
    await delivery.stop()


async def test_a_topic_that_cant_be_had_keeps_nothing_from_the_file(
    ledger: Bench, checkpoints: Checkpoints, settings: Settings
) -> None:
    await _append(ledger, 1)
    await checkpoints.make(SHARD)
    await ledger.rows(
        "INSERT INTO ledger.checkpoint (shard, size, root, note, made_at, filed) "
        "SELECT shard, -number, root, note, made_at - interval '1 hour', true "
        "FROM ledger.checkpoint, generate_series(1, 150) AS number"
    )
    await Delivery(ledger.pool, ledger.ledger, settings).file()
    assert len(list(outside.notes(settings.checkpoints_file))) == 1


async def test_a_proof_reads_a_few_tiles_however_large_the_tree(ledger: Bench, checkpoints: Checkpoints) -> None:
    await _append(ledger, 800)
    await checkpoints.make(SHARD)
    parts = [*merkle.inclusion_parts(300, 800), *merkle.consistency_parts(513, 800)]
    said: list[str] = []
    async with ledger.pool.acquire() as connection:
        await tiles.read(connection, SHARD, parts)  # asyncpg asks for the types once a connection
        with connection.query_logger(lambda record: said.append(record.query)):
            await tiles.read(connection, SHARD, parts)
    assert len(said) == 1
    assert len(tiles.needed(parts)) <= 5
