"""The relay on a real Kafka and PostgreSQL: the topics hold what the ledger holds, first occurrences in order."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.common.telling.both import Both
from services.recorder.errors import Misconfigured, ReadOnly
from services.recorder.kafka import sending, topics
from services.recorder.kafka import tails as reading_back
from services.recorder.ledger import database, mode
from services.recorder.ledger.appending.appender import Appender
from services.recorder.ledger.reasons import reason
from services.recorder.recovery.republishing.republish import empty
from services.recorder.relay import relay as relay_module
from services.recorder.relay.relay import LEASE_CLASS, Lane, Relay, wrap_receipt
from services.recorder.trust import history
from tests.support.access import as_admin
from tests.support.ledger import OFFICE, Bench, action, appended, bench, section
from tests.support.marked import marked
from tests.support.patience import PATIENCE, patient_producer
from tests.support.service import Service

SHARD = shard_of(OFFICE, 8)


@dataclass
class Recorder:
    """A recorder's inner half: append and relay, with a pool of its own."""

    relay: Relay
    appender: Appender
    pool: database.Pool


@asynccontextmanager
async def recorder(ledger: Bench, settings: Settings) -> AsyncIterator[Recorder]:
    pool = await database.connect(settings.database_url)
    reasons = await history.check_all(pool, ledger.ledger, settings)
    relay = Relay(pool, ledger.ledger, settings, reasons)
    appender = Appender(pool, ledger.ledger, relay, reasons)
    await relay.start()
    try:
        yield Recorder(relay, appender, pool)
    finally:
        await appender.stop()
        await relay.stop()
        pool.terminate()


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    async with bench(settings.database_url) as found:
        await topics.ensure(settings)
        yield found


async def _records(settings: Settings, name: str, shard: int = SHARD) -> list[Any]:
    at = TopicPartition(settings.topic(name), shard)
    async with AIOKafkaConsumer(**as_admin(settings), enable_auto_commit=False) as consumer:
        consumer.assign([at])
        consumer.seek(at, 0)
        end, found = (await consumer.end_offsets([at]))[at], list[Any]()
        while await consumer.position(at) < end:
            found += (await consumer.getmany(at, timeout_ms=500)).get(at, [])
        return found


def _firsts(records: list[Any], number: Callable[[dict[str, Any]], int]) -> list[bytes]:
    """The values as they occur for the first time, which must be in order and without a hole."""
    found: list[bytes] = []
    for record in records:
        at = number(json.loads(record.value))
        assert at <= len(found), f"{at} came before {len(found)}"
        if at == len(found):
            found.append(record.value)
        else:
            assert record.value == found[at]
    return found


async def _events(settings: Settings, shard: int = SHARD) -> list[bytes]:
    return _firsts(await _records(settings, "events", shard), lambda event: int(event["sequence"]))


async def _receipts(settings: Settings, shard: int = SHARD) -> list[bytes]:
    return _firsts(await _records(settings, "receipts", shard), lambda receipt: receipt["data"]["number"])


async def _until(true: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    end = asyncio.get_running_loop().time() + PATIENCE
    while not await true():
        assert asyncio.get_running_loop().time() < end, otherwise
        await asyncio.sleep(0.1)


async def _whole(ledger: Bench, settings: Settings, shards: tuple[int, ...] = (SHARD,)) -> None:
    """Wait until the topics hold what the ledger holds; then compare byte by byte."""

    async def arrived() -> bool:
        for row in await ledger.rows("SELECT shard, size, next_receipt FROM ledger.shard"):
            if row["shard"] in shards:
                events, receipts = await _events(settings, row["shard"]), await _receipts(settings, row["shard"])
                if (len(events), len(receipts)) != (row["size"], row["next_receipt"]):
                    return False
        return True

    await _until(arrived, "the topics lack what the ledger holds")
    for shard in shards:
        rows = await ledger.rows("SELECT body FROM ledger.event WHERE shard = $1 ORDER BY position", shard)
        assert await _events(settings, shard) == [row["body"] for row in rows]
        query = "SELECT receipt, body_digest FROM ledger.receipt WHERE shard = $1 ORDER BY number"
        rows = await ledger.rows(query, shard)
        source = ledger.ledger.source
        wrapped = [wrap_receipt(source, row["body_digest"], row["receipt"])[1] for row in rows]
        assert await _receipts(settings, shard) == wrapped
        told = [json.loads(value) for value in wrapped]
        assert [t["data"] for t in told] == [json.loads(row["receipt"]) for row in rows]
        assert [bytes.fromhex(t["bodydigest"]) for t in told] == [row["body_digest"] for row in rows]


async def test_what_was_recorded_before_a_relay_ran_is_published_by_the_next(ledger: Bench, settings: Settings) -> None:
    await ledger.accepted(*[section() for _ in range(2100)], section(office="o-7"))
    async with recorder(ledger, settings):
        await _whole(ledger, settings, (SHARD, shard_of("o-7", 8)))
    async with recorder(ledger, settings) as again:
        await ledger.receipts([section()], again.appender)
        await _whole(ledger, settings)
    assert len(await _records(settings, "events")) == 2101, "a restart publishes nothing twice"


async def test_two_side_by_side_leave_no_hole(ledger: Bench, settings: Settings) -> None:
    async with recorder(ledger, settings) as left, recorder(ledger, settings) as right:

        async def work(one: Recorder) -> None:
            for _ in range(20):
                wrong = action("no.such", {})
                await ledger.receipts([section(), wrong, section(), section(office="o-7")], one.appender)

        await asyncio.gather(work(left), work(right))
        await _whole(ledger, settings, (SHARD, shard_of("o-7", 8)))
    await ledger.gapless()


async def test_a_slow_broker_is_given_more_and_more_time(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, given = sending.sent, list[float]()

    async def slow(producer: Any, batch: Any, to: TopicPartition, within: float) -> int:  # noqa: ANN401
        given.append(within)
        if within < 4 * sending.PATIENCE:
            raise TimeoutError
        return await sent(producer, batch, to, within)

    monkeypatch.setattr(sending, "sent", slow)
    async with recorder(ledger, settings) as one:
        await ledger.receipts([section()], one.appender)
        await _whole(ledger, settings)
    events = [sending.PATIENCE * times for times in (1, 2, 4)]
    assert sorted(given) == sorted(2 * events), "a lane each, and no more tries than it takes"


async def test_a_lane_that_cannot_be_read_back_leaves_the_others_their_producer(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tails, let_go, refused, discarded = reading_back.tails, topics.let_go, list[str](), list[object]()

    async def failing(settings: Settings, kind: str, *more: Any) -> Any:  # noqa: ANN401
        if kind == "receipts" and len(refused) < 5:
            refused.append(kind)
            raise TimeoutError
        return await tails(settings, kind, *more)

    async def noted(producer: Any) -> None:  # noqa: ANN401
        discarded.append(producer)
        await let_go(producer)

    monkeypatch.setattr(relay_module, "tails", failing)
    monkeypatch.setattr(topics, "let_go", noted)
    async with recorder(ledger, settings) as one:
        await ledger.receipts([section()], one.appender)
        await _whole(ledger, settings)
        assert len(refused) == 5
        assert not discarded


async def test_a_receipt_is_published_once_its_events_are(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a lost ledger can be had again from the topics with all that was answered there."""
    publish, opened, tried = Relay._publish, asyncio.Event(), asyncio.Event()

    async def held(self: Relay, lane: Lane, *more: Any) -> int:  # noqa: ANN401
        if lane.kind == "events":
            tried.set()
            await opened.wait()
        return await publish(self, lane, *more)

    monkeypatch.setattr(Relay, "_publish", held)
    await ledger.accepted(*[section() for _ in range(3)])
    async with recorder(ledger, settings) as one:
        await ledger.receipts([section() for _ in range(20)], one.appender)
        await tried.wait()
        receipts = one.relay._lanes[SHARD][1]
        await _until(lambda: _known(receipts), "the receipts' end is not read back")
        await asyncio.sleep(0.3)
        assert receipts.next == 0
        assert await _receipts(settings) == []
        opened.set()
        await _whole(ledger, settings)


async def _known(lane: Lane) -> bool:
    return lane.known


async def _holder(ledger: Bench) -> int | None:
    rows = await ledger.rows(
        "SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = $1 AND objid = $2 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        LEASE_CLASS, SHARD,
    )  # fmt: skip
    return rows[0]["pid"] if rows else None


async def test_a_lost_lease_hands_over_and_nothing_is_missing(ledger: Bench, settings: Settings) -> None:
    async with recorder(ledger, settings) as left:
        await _until(lambda: _held(ledger), "no lease is held")
        async with recorder(ledger, settings) as right:
            for _ in range(4):
                await ledger.receipts([section() for _ in range(50)], left.appender)
                await ledger.receipts([section() for _ in range(50)], right.appender)
                holder = await _holder(ledger)
                assert await ledger.rows("SELECT pg_terminate_backend($1)", holder)
                await ledger.receipts([section() for _ in range(50)], left.appender)
                await _until(lambda holder=holder: _held(ledger, holder), "nobody took the lease")  # type: ignore[misc]
            await _whole(ledger, settings)

            async def all_held() -> bool:
                return sum(len(one.relay._lanes) for one in (left, right)) == 8

            await _until(all_held, "each lease is held by one")
    assert len(await _events(settings)) == 600


async def _held(ledger: Bench, but: int | None = None) -> bool:
    return await _holder(ledger) not in {None, but}


async def test_when_a_recorder_ends_the_other_takes_its_leases(ledger: Bench, settings: Settings) -> None:
    async with recorder(ledger, settings) as right:
        async with recorder(ledger, settings) as left:
            await ledger.receipts([section()], left.appender)
        await ledger.receipts([section()], right.appender)
        await _whole(ledger, settings)

        async def all_held() -> bool:
            return len(right.relay._lanes) == 8

        await _until(all_held, "leases are left over")


async def test_a_late_producers_repeats_are_repeats(ledger: Bench, settings: Settings) -> None:
    """Somebody else's producer put old records behind: the relay reads back and goes on where the ledger is."""
    async with recorder(ledger, settings) as one:
        await ledger.receipts([section() for _ in range(10)], one.appender)
        await _whole(ledger, settings)
        old = (await _records(settings, "events"))[6:]
        async with patient_producer(settings) as producer:
            for record in old:
                await producer.send_and_wait(
                    settings.topic("events"), record.value, record.key, SHARD, headers=[*record.headers]
                )
        await ledger.receipts([section() for _ in range(10)], one.appender)
        await _whole(ledger, settings)
        assert one.relay.reasons[SHARD] is None


async def test_a_lost_topic_is_filled_again_from_the_ledger(ledger: Bench, settings: Settings) -> None:
    async with recorder(ledger, settings) as one:
        await ledger.receipts([section() for _ in range(30)], one.appender)
        await _whole(ledger, settings)
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    await admin.delete_topics([settings.topic("events")])
    await admin.close()

    async def made() -> bool:
        await topics.ensure(settings)
        return await _records(settings, "events") == []

    await _until(made, "the topic is not empty again")
    async with recorder(ledger, settings):
        await _whole(ledger, settings)


# --- what doesn't fit ---


async def _put(settings: Settings, event: dict[str, Any]) -> None:
    """As a recorder of ours would."""
    value = json.dumps(event, separators=(",", ":")).encode()
    headers = marked(settings, "events", SHARD, value)
    async with patient_producer(settings) as producer:
        await producer.send_and_wait(settings.topic("events"), value, partition=SHARD, headers=headers)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sequence": f"{7:019d}"}, "ahead of the ledger: it holds"),
        ({"actor": "p-else"}, "differ at"),
        ({"source": "urn:chengzhang:ledger:another"}, "belongs to urn:chengzhang:ledger:another"),
        ({"source": "what PostgreSQL\0takes not"}, "belongs to what PostgreSQL\ufffdtakes not"),
    ],
)
async def test_a_history_that_forked_makes_the_shard_read_only(
    ledger: Bench, settings: Settings, change: dict[str, str], words: str
) -> None:
    await ledger.accepted(section(), section(office="o-7"))
    (event,) = [e for e in await ledger.events() if e["shard"] == SHARD]
    await _put(settings, event | change)
    async with recorder(ledger, settings) as one:
        reason = one.relay.reasons[SHARD]
        assert reason is not None
        assert words in reason.en
        (noted,) = await ledger.rows("SELECT reason, reason_zh FROM ledger.relay WHERE shard = $1", SHARD)
        assert tuple(noted) == (reason.en, reason.zh)
        await ledger.receipts([section(office="o-7")], one.appender)
        await _whole(ledger, settings, (shard_of("o-7", 8),))
    assert len(await _records(settings, "events")) == 1, "nothing is published behind what doesn't fit"


async def test_a_fork_that_shows_while_the_relay_runs_is_noted_for_operators(ledger: Bench, settings: Settings) -> None:
    async with recorder(ledger, settings) as one:
        await ledger.receipts([section()], one.appender)
        await _until(lambda: _published(settings, 1), "not published")
        (event,) = [e for e in await ledger.events() if e["shard"] == SHARD]
        await _put(settings, event | {"actor": "p-else"})
        assert await ledger.rows("SELECT pg_terminate_backend($1)", await _holder(ledger))
        await _until(lambda: _noted(ledger, "differ at"), "recorder status would not tell")


async def test_what_one_recorder_found_closes_the_other_until_it_is_mended(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LOOK_AGAIN", 0.2)
    async with recorder(ledger, settings) as left, recorder(ledger, settings) as right:
        await ledger.receipts([section()], left.appender)
        await ledger.receipts([section()], right.appender)
        await _whole(ledger, settings)
        await _put(settings, (await ledger.events())[1] | {"actor": "p-else"})
        assert await ledger.rows("SELECT pg_terminate_backend($1)", await _holder(ledger))
        await _until(lambda: _noted(ledger, "differ at"), "nobody found it")
        for one in (left, right):
            with pytest.raises(ReadOnly, match="differ at"):
                await one.appender.submit(await ledger.submissions([section()]))
        assert len(await ledger.events()) == 2
        await empty(settings, "events", SHARD)

        async def writable() -> bool:
            return not left.relay.reasons[SHARD] and not right.relay.reasons[SHARD]

        await _until(writable, "still read-only")
        await ledger.receipts([section()], left.appender)
        await ledger.receipts([section()], right.appender)
    assert len(await ledger.events()) == 4


async def test_nothing_is_published_of_a_history_that_the_ledger_no_longer_has(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed and is at hand for the topic goes with it, before others give its position again."""
    publish, opened = Relay._publish, asyncio.Event()

    async def held(self: Relay, lane: Lane, *more: Any) -> int:  # noqa: ANN401
        await opened.wait()
        return await publish(self, lane, *more)

    async with recorder(ledger, settings) as one:
        await ledger.receipts([section(), section()], one.appender)
        await _whole(ledger, settings)
        (before,) = await ledger.rows("SELECT * FROM ledger.shard WHERE shard = $1", SHARD)
        monkeypatch.setattr(Relay, "_publish", held)
        await ledger.receipts([section("lost")], one.appender)
        await ledger.rows("DELETE FROM ledger.event WHERE position = 2")
        await ledger.rows("DELETE FROM ledger.receipt WHERE number = 2")
        await ledger.rows("DELETE FROM ledger.state WHERE key = 'o-1/lost'")
        await ledger.rows(
            "UPDATE ledger.shard SET size = 2, next_receipt = 2, peaks = $1, recent = $2 WHERE shard = $3",
            before["peaks"], before["recent"], SHARD,
        )  # fmt: skip

        async def seen() -> bool:
            return one.relay._lanes[SHARD][0].size == 2

        await _until(seen, "nobody saw that the ledger went back")
        await ledger.accepted(section("instead"))
        opened.set()
        await _whole(ledger, settings)
        assert (await ledger.events())[2]["data"]["section"] == "instead"


@pytest.mark.parametrize("alone", [False, True])
async def test_a_recorder_that_knows_no_such_checkpoint_takes_nothing_back(
    ledger: Bench, settings: Settings, alone: bool
) -> None:
    """Each has a file of its own: while one says that a signed event is missing, the others can't know better."""
    await ledger.accepted(section())
    why = reason("short", shard=SHARD, size=1, signed=5)
    async with ledger.pool.acquire() as connection:
        await mode.note(connection, {SHARD: why}, {SHARD: 5})
        await mode.note(connection, {SHARD: None}, known={SHARD: 4})
        assert await mode.standing(connection, {SHARD: None}) == {SHARD: Both(why.en, why.zh, "noted")}
    found = (await history.check_all(ledger.pool, ledger.ledger, settings, alone=alone))[SHARD]
    assert (found is None) == alone, "but where no other runs, what this one knows is all that there is"
    async with ledger.pool.acquire() as connection:
        await mode.note(connection, {SHARD: None}, known={SHARD: 5})
        assert await mode.standing(connection, {SHARD: None}) == {}


async def _noted(ledger: Bench, words: str) -> bool:
    (row,) = await ledger.rows("SELECT reason FROM ledger.relay WHERE shard = $1", SHARD)
    return words in (row["reason"] or "")


async def _configs(settings: Settings) -> dict[str, dict[str, str]]:
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    try:
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics.wanted(settings)]
        found = [r for answer in await admin.describe_configs(asked) for r in answer.resources]
        described = await admin.describe_topics([topic.name for topic in topics.wanted(settings)])
        counts = {d["topic"]: str(len(d["partitions"])) for d in described}
        return {r[3]: {entry[0]: entry[1] for entry in r[4]} | {"partitions": counts[r[3]]} for r in found}
    finally:
        await admin.close()


async def test_topics_are_made_as_promised(settings: Settings) -> None:
    await topics.ensure(settings)
    await topics.ensure(settings)
    found = await _configs(settings)
    for name in ("events", "receipts"):
        assert found[settings.topic(name)]["retention.ms"] == "-1"
        assert found[settings.topic(name)]["partitions"] == "8"
        assert found[settings.topic(name)]["cleanup.policy"] == "delete"
    actions = found[settings.topic("actions")]
    assert int(actions["retention.ms"]) >= 30 * 24 * 60 * 60 * 1000
    assert actions["max.message.bytes"] == str(16 * 1024 * 1024)
    assert {topic["cleanup.policy"] for topic in found.values()} == {"delete"}
    assert found[settings.topic("quarantine")]["retention.ms"] == "-1"


async def _make(settings: Settings, name: str, partitions: int, **configs: str) -> None:
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(settings.topic(name), partitions, 1, topic_configs=configs)])
    finally:
        await admin.close()


async def test_a_wrong_partition_count_is_refused_in_plain_words(settings: Settings) -> None:
    await _make(settings, "events", 5, **{"retention.ms": "-1"})
    with pytest.raises(Misconfigured, match=r"events has 5 partitions, the ledger 8 shards"):
        await topics.ensure(settings)


async def test_a_recorder_that_does_not_fit_its_topics_ends_with_1_and_says_why(settings: Settings) -> None:
    await _make(settings, "receipts", 3, **{"retention.ms": "-1"})
    with Service("recorder", settings) as process:
        assert await asyncio.to_thread(process.wait_exit, 60) == 1
    assert "receipts has 3 partitions, the ledger 8 shards" in process.log()
    assert "Traceback" not in process.log()


async def test_partitions_added_later_are_refused_too(settings: Settings) -> None:
    await topics.ensure(settings)
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    await admin.create_partitions({settings.topic("receipts"): NewPartitions(9)})
    await admin.close()

    async def nine() -> bool:
        return (await _configs(settings))[settings.topic("receipts")]["partitions"] == "9"

    await _until(nine, "no partition was added")
    with pytest.raises(Misconfigured, match=r"receipts has 9 partitions"):
        await topics.ensure(settings)


async def test_a_topic_that_forgets_is_refused(settings: Settings) -> None:
    await _make(settings, "events", 8, **{"retention.ms": "1000"})
    with pytest.raises(Misconfigured, match=r"keeps records 1000 ms; set its retention\.ms to -1"):
        await topics.ensure(settings)


@pytest.mark.parametrize(
    ("name", "configs", "says"),
    [
        ("events", {"cleanup.policy": "compact"}, "events has the cleanup.policy compact"),
        ("events", {"cleanup.policy": "compact,delete"}, "set it to delete"),
        ("receipts", {"retention.bytes": "1048576"}, "receipts keeps 1048576 bytes a partition"),
        ("actions", {"max.message.bytes": "1000"}, "actions takes 1000 bytes at once"),
        ("events", {"max.message.bytes": "70000"}, "set its max.message.bytes to 1048576 or more"),
        ("actions", {"cleanup.policy": "compact"}, "actions has the cleanup.policy compact"),
    ],
)
async def test_a_topic_that_loses_or_refuses_records_is_refused(
    settings: Settings, name: str, configs: dict[str, str], says: str
) -> None:
    await _make(settings, name, 8, **{"retention.ms": "-1"} | configs)
    with pytest.raises(Misconfigured, match=re.escape(says)) as told:
        await topics.ensure(settings)
    assert settings.topic(name) in told.value.zh


async def test_another_recorder_may_make_the_topics_at_the_same_time(settings: Settings) -> None:
    await asyncio.gather(*[topics.ensure(settings) for _ in range(3)])


async def test_the_lease_is_not_lost_with_a_pool_connection(ledger: Bench, settings: Settings) -> None:
    """All other connections of the recorder are cut: the append tries again, the relay goes on."""
    async with recorder(ledger, settings) as one:
        await _until(lambda: _held(ledger), "no lease is held")
        await ledger.receipts([section()], one.appender)
        keeper = await _holder(ledger)
        submissions = await _prepared(ledger)
        other = await asyncpg.connect(settings.database_url)
        try:
            await other.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), $1)",
                keeper,
            )
        finally:
            await other.close()
        await ledger.pool.expire_connections()  # the test's own were cut, too
        await appended(one.appender, submissions)
        await _until(lambda: _published(settings, 2), "not published")
        assert await _holder(ledger) == keeper


async def _prepared(ledger: Bench) -> Any:  # noqa: ANN401
    return await ledger.submissions([section()])


async def _published(settings: Settings, count: int) -> bool:
    return len(await _events(settings)) == count


async def test_a_producer_that_cannot_send_is_let_go_with_what_it_holds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = patient_producer(settings)
    await producer.start()
    monkeypatch.setattr(producer._message_accumulator, "close", asyncio.Event().wait)  # as if the broker were away
    await topics.let_go(producer, within=0.2)
    assert producer._sender.sender_task.done()
