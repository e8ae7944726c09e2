"""Every record that the recorder writes carries a MAC, under keys that are made once, added to, and never lost quietly.

What a MAC must be is computed here as docs/decisions say, with the standard library.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from schemas.trust.identity import shard_of
from services.common.kafka import mac_keys
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from services.recorder.kafka import topics
from services.recorder.trust import marking
from tests.faults.topic import read_topic
from tests.support.history import publish, sign
from tests.support.ledger import OFFICE, Bench, bench, section
from tests.support.patience import patient_producer
from tests.support.service import Service, ran
from tests.unit.test_macs import expected, secret

SHARDS = 8
SHARD = shard_of(OFFICE, SHARDS)


def _position(kind: str, record: ConsumerRecord[bytes, bytes]) -> int | str:
    value = record.value or b""
    if kind == "checkpoints":
        return int(value.split(b"\n")[1])
    if kind == "quarantine":
        return (record.key or b"").decode()
    fields: dict[str, Any] = json.loads(value)
    return int(fields["sequence"] if kind == "events" else fields["data"]["number"])


def _shard(kind: str, record: ConsumerRecord[bytes, bytes]) -> int:
    if kind == "checkpoints":
        return int((record.value or b"").split(b"\n")[0].rpartition(b"/")[2])
    return 0 if kind == "quarantine" else record.partition


async def _all(settings: Settings, kind: str) -> list[ConsumerRecord[bytes, bytes]]:
    partitions = await topics.partitions(settings, settings.topic(kind))
    found = await read_topic(settings, settings.topic(kind), partitions)
    return [record for records in found.values() for record in records]


async def _checked(settings: Settings, kind: str, number: int = 1) -> int:
    """Hold a topic's records against the key of that number; how many there are."""
    records = await _all(settings, kind)
    for record in records:
        headers = dict(record.headers)
        key = secret(settings.mac_keys_file, int(headers["mackid"].partition(b"-")[0]))
        made = expected(key, record.topic, _shard(kind, record), _position(kind, record), record.value or b"")
        assert headers["mac"] == made, (kind, record.offset)
    return sum(dict(record.headers)["mackid"].startswith(b"%d-" % number) for record in records)


async def test_every_topic_that_the_recorder_writes(settings: Settings) -> None:
    with Service("recorder", settings, CHENGZHANG_CHECKPOINT_SECONDS="0.2") as recorder:
        recorder.wait_ready()
        async with patient_producer(settings) as producer:
            await producer.send_and_wait(settings.topic("actions"), b"no action")
            for _ in range(3):
                await producer.send_and_wait(settings.topic("actions"), orjson.dumps(section()), OFFICE.encode())
        counts = dict.fromkeys(("events", "receipts", "checkpoints", "quarantine"), 0)
        while counts["events"] < 3 or not all(counts.values()):
            counts = {kind: await _checked(settings, kind) for kind in counts}
        rotated = ran(settings, "recorder", "mac-key", "--rotate", "--yes", "--json")
        assert rotated.returncode == 0, rotated.stderr
        assert [key["state"] for key in json.loads(rotated.stdout)["keys"]] == ["writes", "verifies"]
        async with patient_producer(settings) as producer:
            await producer.send_and_wait(settings.topic("actions"), orjson.dumps(section()), OFFICE.encode())
        while not await _checked(settings, "events", 2):
            pass
    assert await _checked(settings, "receipts") >= 3, "what the first key wrote stays"


@pytest.fixture
async def ledger(settings: Settings) -> Any:  # noqa: ANN401  # a fixture's generator
    """Something recorded and published."""
    async with bench(settings.database_url) as found:
        await topics.ensure(settings)
        await marking.ready(found.pool, settings)
        await found.accepted(*[section() for _ in range(3)])
        await sign(found, settings)
        await publish(found, settings)
        yield found


async def test_a_ledger_notices_that_a_key_is_missing(ledger: Bench, settings: Settings) -> None:
    first = settings.mac_keys_file.read_bytes()
    assert ran(settings, "recorder", "mac-key", "--rotate", "--yes").returncode == 0
    settings.mac_keys_file.write_bytes(first)
    for line in (["serve"], ["serve", "--check"], ["republish"], ["recover"]):
        told = ran(settings, "recorder", *line)
        assert told.returncode == 1
        assert b"lacks the key 2-" in told.stderr
        assert b"Put the newest copy of it back" in told.stderr
    settings.mac_keys_file.unlink()
    told = ran(settings, "recorder", "serve", "--lang", "zh")
    assert (told.returncode, "无法读取 MAC 密钥" in told.stderr.decode()) == (1, True)
    assert not settings.mac_keys_file.exists(), "never another in its place"
    assert ledger.ledger.shards == SHARDS


async def test_a_new_ledger_makes_no_key_before_topics_that_have_records(ledger: Bench, settings: Settings) -> None:
    settings.mac_keys_file.unlink()
    await ledger.pool.execute("DROP SCHEMA ledger CASCADE")
    told = ran(settings, "recorder", "serve")
    assert told.returncode == 1
    assert f"{settings.topic('events')} has records" in told.stderr.decode()
    assert not settings.mac_keys_file.exists()


async def test_nobody_is_asked_without_a_terminal(ledger: Bench, settings: Settings) -> None:
    told = ran(settings, "recorder", "mac-key", "--rotate")
    assert (told.returncode, b"--yes" in told.stderr) == (2, True)
    shown = ran(settings, "recorder", "mac-key")
    assert (shown.returncode, shown.stdout.count(b"\n"), b"writes" in shown.stdout) == (0, 1, True)
    assert ledger.ledger.shards == SHARDS


async def test_where_every_copy_is_lost_others_are_made_and_the_topics_filled_again(
    ledger: Bench, settings: Settings
) -> None:
    there = ran(settings, "recorder", "mac-key", "--anew", "--yes")
    assert (there.returncode, b"is there" in there.stderr) == (1, True)
    old = mac_keys.MacKeys.load(settings.mac_keys_file, Misconfigured).ids
    values = [record.value for record in await _all(settings, "events")]
    settings.mac_keys_file.unlink()
    made = ran(settings, "recorder", "mac-key", "--anew", "--yes", "--json")
    assert made.returncode == 0, made.stderr
    assert [key["id"] for key in json.loads(made.stdout)["keys"]] != old
    assert b"recorder republish --yes" in made.stderr
    told = ran(settings, "recorder", "republish", "--yes")
    assert told.returncode == 0, told.stderr
    assert await _checked(settings, "events") == 3
    assert [record.value for record in await _all(settings, "events")] == values
    assert ledger.ledger.shards == SHARDS
