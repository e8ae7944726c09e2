"""Records on our topics that no recorder wrote: told and passed over; never imported, signed, or a reason to halt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from schemas.trust.canonical import canonical
from schemas.trust.identity import shard_of
from schemas.trust.merkle import root_of
from services.common.kafka import mac_keys
from services.common.settings import Settings
from services.recorder.audit.verifying.plan import Options
from services.recorder.audit.verifying.problems import Kind
from services.recorder.audit.verifying.report import verify
from services.recorder.audit.verifying.running import here
from services.recorder.errors import Misconfigured, Refused
from services.recorder.kafka import topics
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.tails import tails
from services.recorder.recovery.refilling.recover import recover
from services.recorder.recovery.refilling.restore import restore
from services.recorder.recovery.republishing.republish import KINDS, Consent, republish
from services.recorder.relay.relay import wrap_receipt
from services.recorder.status.figures import status
from services.recorder.trust import history
from services.recorder.trust.signing import Checkpoints
from services.recorder.vault import ahead
from tests.faults.topic import read_topic
from tests.support.access import as_admin
from tests.support.history import publish
from tests.support.ledger import OFFICE, Bench, Json, bench, person, section
from tests.support.patience import PATIENCE, patient_producer
from tests.support.service import Service, ran

SHARDS = 3
SHARD = shard_of(OFFICE, SHARDS)
BEYOND = 7  # forged behind the end


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"shards": SHARDS})


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    """Something recorded and published."""
    async with bench(settings.database_url, SHARDS) as found:
        await topics.ensure(settings)
        await found.accepted(person("p-1"), person("p-2"), *[section() for _ in range(5)])
        await publish(found, settings)
        yield found


async def _put(settings: Settings, kind: str, *values: bytes, headers: Any = ()) -> None:  # noqa: ANN401
    async with patient_producer(settings) as producer:
        for value in values:
            await producer.send_and_wait(settings.topic(kind), value, b"k", partition=SHARD, headers=headers)


async def _forged(ledger: Bench) -> tuple[list[bytes], list[bytes]]:
    """Events and their receipts behind the ledger's end, as like the recorder's own as whoever reads can make them."""
    last, receipt = (await ledger.events())[-1], (await _receipts(ledger))[-1]
    events, receipts = [], []
    for number in range(BEYOND):
        at = int(last["sequence"]) + 1 + number
        ident = f"00000000-0000-5000-8000-{number:012d}"
        more = {"sequence": f"{at:019d}", "id": ident, "causationid": f"forged-{number}"}
        stream = f"section/forged-{number}"
        fields = last | more | {"data": last["data"] | {"section": f"forged-{number}"}, "partitionkey": stream}
        events.append(canonical(fields))
        listed = receipt["events"][0] | {"id": ident, "stream": stream, "position": at}
        told = receipt | {"id": f"forged-{number}", "number": receipt["number"] + 1 + number, "events": [listed]}
        receipts.append(wrap_receipt(ledger.ledger.source, bytes(32), canonical(told))[1])
    return events, receipts


async def _receipts(ledger: Bench) -> list[Json]:
    rows = await ledger.rows("SELECT receipt FROM ledger.receipt WHERE shard = $1 ORDER BY number", SHARD)
    return [json.loads(row["receipt"]) for row in rows]


async def _rows(ledger: Bench) -> list[Any]:
    tables = (("event", "position"), ("receipt", "number"))
    return [await ledger.rows(f"SELECT * FROM ledger.{name} ORDER BY shard, {order}") for name, order in tables]


async def _reasons(ledger: Bench, settings: Settings) -> list[str]:
    found = await history.check_all(ledger.pool, ledger.ledger, settings)
    return [str(reason) for reason in found.values() if reason is not None]


async def test_what_is_forged_behind_the_end_is_neither_recovered_nor_signed_nor_called_well(
    ledger: Bench, settings: Settings
) -> None:
    before = await _rows(ledger)
    for kind, values in zip(KINDS, await _forged(ledger), strict=True):
        await _put(settings, kind, *values)
    assert await _reasons(ledger, settings) == [], "nor does it halt anything"
    report = await recover(settings, (), lambda _: None, lambda _: None)
    assert report.ok
    assert report.shards == []
    assert [(remark.kind, remark.shard, remark.grave) for remark in report.remarks] == [("foreign", SHARD, "note")] * 2
    assert f"{settings.topic('events')}, partition {SHARD}, offset {7 + BEYOND - 1} (no-mac)" in report.remarks[0].en
    assert "chengzhang.people.section-defined.v1 0000000000000000013" in report.remarks[0].en
    assert await _rows(ledger) == before
    signed = await Checkpoints(ledger.pool, ledger.ledger, settings).make(SHARD)
    (row,) = await ledger.rows("SELECT size, peaks FROM ledger.shard WHERE shard = $1", SHARD)
    assert (signed.size, signed.root) == (7, root_of(row["peaks"])) == (row["size"], signed.root)
    found = await asyncio.to_thread(verify, settings, Options(read_models=False), run=here)
    assert {problem.kind for problem in found.problems} == {Kind.TOPIC_FOREIGN}
    assert [p.position for p in found.problems if p.more["topic"] == "events"] == list(range(7, 7 + BEYOND))


async def test_a_restore_passes_over_whatever_stands_between(ledger: Bench, settings: Settings) -> None:
    for kind, values in zip(KINDS, await _forged(ledger), strict=True):
        await _put(settings, kind, *values, b"\xff", b"", b"[]")
    await ledger.accepted(*[section() for _ in range(4)])
    await publish(ledger, settings)
    before = await _rows(ledger)
    await ledger.pool.execute("DROP SCHEMA ledger CASCADE")
    report = await restore(settings, lambda _: None, lambda _: None)
    assert report.ok, report.remarks
    assert sum(remark.kind == "foreign" for remark in report.remarks) == 2
    assert await _rows(ledger) == before


async def test_a_restore_without_the_right_keys_fails_in_words(ledger: Bench, settings: Settings) -> None:
    await ledger.pool.execute("DROP SCHEMA ledger CASCADE")
    kept = settings.mac_keys_file.read_bytes()
    settings.mac_keys_file.unlink()
    with pytest.raises(Misconfigured, match=r"can't be read.*Put the file back") as told:
        await restore(settings, lambda _: None, lambda _: None)
    assert "请从备份放回" in told.value.zh
    mac_keys.ensure(settings.mac_keys_file, Misconfigured)
    with pytest.raises(Refused, match="none of the 14 records at the ends") as refused:
        await restore(settings, lambda _: None, lambda _: None)
    assert str(settings.mac_keys_file) in f"{refused.value} {refused.value.zh}"
    settings.mac_keys_file.write_bytes(kept)
    assert (await restore(settings, lambda _: None, lambda _: None)).ok


async def test_a_copy_of_the_keys_from_before_a_rotation_brings_nothing_back_and_forks_nothing(
    ledger: Bench, settings: Settings
) -> None:
    old = settings.mac_keys_file.read_bytes()
    mac_keys.rotate(settings.mac_keys_file, Misconfigured)
    await ledger.accepted(section())
    await publish(ledger, settings)
    new = settings.mac_keys_file.read_bytes()
    settings.mac_keys_file.write_bytes(old)
    (reason,) = await _reasons(ledger, settings)
    assert "lacks the key 2-" in reason
    with pytest.raises(Misconfigured, match="lacks the key 2-"):
        await republish(settings, KINDS, (), Consent(), lambda _: None, lambda _: None)
    await ledger.pool.execute("DROP SCHEMA ledger CASCADE")
    with pytest.raises(Misconfigured, match="lacks the key 2-"):
        await restore(settings, lambda _: None, lambda _: None)
    settings.mac_keys_file.write_bytes(new)
    assert (await restore(settings, lambda _: None, lambda _: None)).ok


async def _until(true: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    end = asyncio.get_running_loop().time() + PATIENCE
    while not await true():
        assert asyncio.get_running_loop().time() < end, otherwise
        await asyncio.sleep(0.1)


async def test_one_byte_at_the_end_stops_nothing_and_is_told(ledger: Bench, settings: Settings) -> None:
    """Neither while a recorder runs nor after a restart: it goes on behind it, and says whose records are there."""
    topic = settings.topic("events")
    await _put(settings, "events", b"x")
    with Service("recorder", settings) as recorder:
        recorder.wait_ready()
        for number in (2, 3):
            await _put(settings, "events", b"x" * number)
            async with patient_producer(settings) as producer:
                value = json.dumps(section()).encode()
                await producer.send_and_wait(settings.topic("actions"), value, OFFICE.encode())

            async def published(count: int = 7 + number - 1) -> bool:
                found = await read_topic(settings, topic, SHARDS)
                return sum(any(name == "mac" for name, _ in record.headers) for record in found[SHARD]) >= count

            await _until(published, "not published behind it")
        told = f"{topic}, partition {SHARD}, offset 10 (no-mac): 3 bytes"

        async def noted() -> bool:
            (shard,) = [each for each in (await status(settings)).shards if each.shard == SHARD]
            assert shard.mode == "writable"
            return [(each.topic, each.count, each.offset, each.told) for each in shard.foreign] == [
                (topic, 3, 10, told)
            ]

        await _until(noted, "not noted")
        log = recorder.log()
    assert "foreign-records" in log
    assert await _reasons(ledger, settings) == []
    shown = ran(settings, "recorder", "status")
    assert f"3 records on {topic} were passed over" in " ".join(shown.stdout.decode().split())


async def test_the_end_is_found_behind_any_number_of_them(ledger: Bench, settings: Settings) -> None:
    ours = (await read_topic(settings, settings.topic("events"), SHARDS))[SHARD][-1]
    stolen = [(name, value) for name, value in ours.headers if name.startswith("mac")]
    async with patient_producer(settings) as producer:
        for number in range(3000):
            await producer.send(settings.topic("events"), b"%d" % number, partition=SHARD, headers=stolen)
        await producer.flush()
    found = (await tails(settings, "events", range(SHARDS), macs_of(settings)))[SHARD]
    assert (found.end, found.last and found.last.offset) == (3007, 6)
    assert (found.strangers.count, found.strangers.last and found.strangers.last.why) == (3000, "wrong-mac")
    assert ledger.ledger.shards == SHARDS


async def test_nobody_is_erased_by_what_is_forged(ledger: Bench, settings: Settings) -> None:
    registered = [event for event in await ledger.events() if event["type"].endswith("person-registered.v1")]
    forged = [
        canonical(
            event
            | {"type": "chengzhang.people.person-erased.v1", "data": {"person": event["data"]["person"], "basis": "x"}}
            | {"sequence": f"{100 + number:019d}"}
        )
        for number, event in enumerate(registered)
    ]
    await _put(settings, "events", *forged)
    assert await ahead.erasures(ledger.pool, ledger.ledger, settings, [SHARD]) == []


async def test_a_recovery_that_changes_nothing_says_so_and_why_the_shard_stays_as_it_is(
    ledger: Bench, settings: Settings
) -> None:
    """A topic that was made anew while a recorder ran has its last records only."""
    last = (await read_topic(settings, settings.topic("events"), SHARDS))[SHARD][-1]
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    await admin.delete_topics([settings.topic("events")])
    await admin.close()

    async def made() -> bool:
        await topics.ensure(settings)
        return not any((await read_topic(settings, settings.topic("events"), SHARDS)).values())

    await _until(made, "the topic is not empty again")
    await _put(settings, "events", last.value or b"", headers=[*last.headers])
    told = ran(settings, "recorder", "recover")
    assert told.returncode == 1
    assert "Nothing is missing" not in told.stdout.decode()
    assert "recorder republish --topic events" in told.stdout.decode()
    assert ledger.ledger.shards == SHARDS


async def test_they_are_cleared_away_with_consent_and_never_taken_for_something_newer(
    ledger: Bench, settings: Settings
) -> None:
    before = (await read_topic(settings, settings.topic("events"), SHARDS))[SHARD]
    events, _ = await _forged(ledger)
    await _put(settings, "events", *events)
    assert await _reasons(ledger, settings) == []
    assert any(shard.foreign for shard in (await status(settings)).shards)
    with pytest.raises(Refused, match="with --yes"):
        await republish(settings, KINDS, (), Consent(), lambda _: None, lambda _: None)
    done = await republish(settings, KINDS, (), Consent(emptying=True), lambda _: None, lambda _: None)
    assert done.published == len(before)
    after = (await read_topic(settings, settings.topic("events"), SHARDS))[SHARD]
    assert [(each.key, each.value, each.headers) for each in after] == [
        (each.key, each.value, each.headers) for each in before
    ]
    assert not any(shard.foreign for shard in (await status(settings)).shards)


async def test_a_replay_from_kafka_passes_over_them_and_says_so(ledger: Bench, settings: Settings) -> None:
    events, _ = await _forged(ledger)
    await _put(settings, "events", *events, b"x")
    told = ran(settings, "recorder", "audit", "replay", "--source", "kafka")
    rows = await ledger.rows("SELECT body FROM ledger.event ORDER BY shard, position")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [row["body"] for row in rows]
    assert f"{BEYOND + 1} records of shard {SHARD} were passed over" in told.stderr.decode()
    settings.mac_keys_file.rename(settings.mac_keys_file.with_suffix(".away"))
    told = ran(settings, "recorder", "audit", "replay", "--source", "kafka")
    assert "Whether a recorder wrote these is not known" in told.stderr.decode()
