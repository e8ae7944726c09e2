"""Either store from the other, on a real Kafka and PostgreSQL, byte for byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from schemas.trust import merkle
from schemas.trust.canonical import leaf_hash
from schemas.trust.identity import shard_of
from services.common.http.serving import background
from services.common.settings import Settings
from services.common.tokens.grants import Grants
from services.recorder.app import Recorder
from services.recorder.errors import Refused
from services.recorder.kafka import topics
from services.recorder.ledger import database, founding
from services.recorder.ledger.appending.appender import Appender
from services.recorder.ledger.database import Ledger
from services.recorder.recovery.refilling import portions
from services.recorder.recovery.refilling.recover import recover
from services.recorder.recovery.refilling.restore import restore
from services.recorder.recovery.refilling.telling import Report
from services.recorder.recovery.republishing.republish import KINDS, Consent, Republished, empty, needed, republish
from services.recorder.recovery.subject import leased
from services.recorder.relay import relay as relay_module
from services.recorder.relay.relay import Lane, Relay
from services.recorder.status.figures import status as recorder_status
from services.recorder.trust import history, outside
from services.recorder.trust import keys as checkpoint_keys
from services.recorder.trust.checkpoint import Checkpoint, origin_of
from services.recorder.vault.vault import Vault
from tests.faults.topic import read_topic
from tests.support.access import as_admin
from tests.support.ledger import OFFICE, Bench, Json, action, attendance, bench, person, section, session
from tests.support.marked import marked
from tests.support.patience import patient_producer

SHARDS = 3
SHARD = shard_of(OFFICE, SHARDS)
OTHER = next(office for n in range(99) if shard_of(office := f"o-{n}", SHARDS) not in {SHARD, 0})
TABLES = ("installation", "shard", "event", "receipt", "state")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"shards": SHARDS})


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    async with bench(settings.database_url, SHARDS) as found:
        await topics.ensure(settings)
        yield found


@asynccontextmanager
async def relaying(ledger: Ledger, settings: Settings) -> AsyncIterator[Appender]:
    """A recorder's inner half."""
    pool = await database.connect(settings.database_url)
    reasons = await history.check_all(pool, ledger, settings)
    relay = Relay(pool, ledger, settings, reasons)
    appender = Appender(pool, ledger, relay, reasons)
    await relay.start()
    try:
        yield appender
    finally:
        await appender.stop()
        await relay.stop()
        pool.terminate()


async def _until(true: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    end = asyncio.get_running_loop().time() + 60
    while not await true():
        assert asyncio.get_running_loop().time() < end, otherwise
        await asyncio.sleep(0.1)


async def _published(ledger: Bench, settings: Settings) -> None:
    """Have the relay publish all that is recorded."""
    async with relaying(ledger.ledger, settings):
        await _until_published(ledger)


async def _until_published(ledger: Bench) -> None:
    async def done() -> bool:
        rows = await ledger.rows(
            "SELECT FROM ledger.shard s JOIN ledger.relay r USING (shard) "
            "WHERE (s.size, s.next_receipt) != (r.events, r.receipts)"
        )
        return not rows

    await _until(done, "not all is published")


async def _recorded(ledger: Bench) -> list[Json]:
    """Something of every kind: accepted, refused for now and for good, in conflict; corrected and taken back."""
    people = [person(f"p-{n}") for n in range(5)]
    await ledger.receipts([*people, section("s-1"), section("s-1"), session("s-1", "p-0"), session("s-2", "nobody")])
    roll = await ledger.accepted(attendance("s-1", "p-0", "p-1", "p-2"))
    gone = {"event": roll[0]["events"][1]["id"], "reason": "mistake"}
    other = section("s-9", OTHER)
    await ledger.receipts([action("any.revoke-entry", gone), other, other | {"actor": "p-else"}, action("no.such", {})])
    await ledger.accepted(*[section(office=OTHER) for _ in range(20)])
    return [*people, other]


async def _all(settings: Settings) -> dict[str, list[Any]]:
    """Every row of the ledger that matters."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        return {
            table: [tuple(row)[:2] if table == "installation" else tuple(row) for row in await connection.fetch(query)]
            for table, query in {
                "installation": "SELECT ledger, shards FROM ledger.installation",
                "shard": "SELECT shard, size, next_receipt, recorded_at, peaks FROM ledger.shard ORDER BY shard",
                "event": "SELECT * FROM ledger.event ORDER BY shard, position",
                "receipt": "SELECT * FROM ledger.receipt ORDER BY shard, number",
                "state": "SELECT shard, kind, key, fold_version, version, state::text FROM ledger.state ORDER BY 1,2,3",
            }.items()
        }
    finally:
        await connection.close()


async def _restored(settings: Settings) -> Report:
    return await restore(settings, lambda _: None, lambda _: None)


async def _recovered(settings: Settings, *shards: int) -> Report:
    return await recover(settings, shards, lambda _: None, lambda _: None)


async def _taken_up(ledger: Bench) -> None:
    """By a recorder that was started since: one that had seen more would take nothing."""
    await ledger.appender.stop()
    ledger.appender = ledger.another(ledger.pool)


async def _lose(ledger: Bench) -> None:
    await ledger.pool.execute("DROP SCHEMA ledger CASCADE")
    await _taken_up(ledger)


async def test_a_lost_ledger_comes_back_byte_for_byte(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "MOST_RECEIPTS", 4)
    sent = await _recorded(ledger)
    await _published(ledger, settings)
    before = await _all(settings)
    await _lose(ledger)
    report = await _restored(settings)
    assert report.ok, report.remarks
    assert {remark.kind for remark in report.remarks} == {"never-published"}
    assert await _all(settings) == before
    again = await ledger.outcomes(sent)
    assert all(getattr(outcome, "repeat", False) for outcome in again), "repeated actions are still known"
    (conflict,) = await ledger.receipts([sent[0] | {"actor": "p-else"}])
    assert conflict["code"] == "key-conflict"
    await _published(ledger, settings)


@asynccontextmanager
async def taking(settings: Settings) -> AsyncIterator[None]:
    """A whole recorder, which takes actions from Kafka."""
    pool = await database.connect(settings.database_url)
    try:
        async with background(Recorder(settings, pool, Vault(pool, bytes(32)), Grants.load(settings.tokens)).run()):
            yield
    finally:
        pool.terminate()


def post(who: str) -> Json:
    """The action that makes somebody a clerk."""
    data = {"person": who, "post": f"{who}-1", "tier": "staff", "section": "s-1", "concurrent": False}
    return action("people.assume-post", data | {"acting": False, "from_on": "2026-01-01"})


async def _sent(settings: Settings, *actions: Json) -> None:
    """Send actions over Kafka, and wait until the intake has come that far."""
    async with patient_producer(settings) as producer:
        for each in actions:
            value = json.dumps(each).encode()
            await producer.send_and_wait(settings.topic("actions"), value, each["office"].encode())

    async def taken() -> bool:
        return (await recorder_status(settings)).intake_lag == 0

    await _until(taken, "not all is taken")


async def _answers(ledger: Bench) -> list[tuple[str, str, str]]:
    found = [json.loads(row["receipt"]) for row in await ledger.rows("SELECT receipt FROM ledger.receipt")]
    return sorted((each["id"], each["outcome"], each["code"] or "") for each in found)


async def test_what_was_refused_for_now_is_not_decided_again_because_it_is_read_again(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, sent_again, once = post("p-1"), post("p-2"), section("s-1", id="once")
    async with taking(settings):
        await _sent(settings, once, given_up, sent_again, once | {"actor": "p-else"})
        await _until_published(ledger)
    await ledger.accepted(person("p-1"), person("p-2"))
    await _published(ledger, settings)
    with monkeypatch.context() as patched:
        patched.setattr(Relay, "_publish", _never)
        async with taking(settings):
            await _sent(settings, sent_again)
    before = await _answers(ledger)
    accepted, *refused = [code for ident, _, code in before if ident == sent_again["id"]]
    assert (accepted, set(refused)) == ("", {"unknown-reference"})  # what is read twice may be refused for now twice
    await _lose(ledger)
    assert (await _restored(settings)).ok
    assert await _answers(ledger) == [each for each in before if each[:2] != (sent_again["id"], "accepted")]
    assert await ledger.rows("SELECT FROM ledger.rereading")
    for _ in range(2):
        async with taking(settings):
            await _sent(settings, section("s-2", id="later"))
            await _until_published(ledger)
    assert await _answers(ledger) == sorted([*before, ("later", "accepted", "")]), "only what had lost its answer"
    assert not await ledger.rows("SELECT FROM ledger.rereading")
    async with taking(settings):
        await _sent(settings, given_up)
    assert (given_up["id"], "accepted", "") in await _answers(ledger), "sent again by its app it is decided anew"


async def _never(*_: Any) -> int:  # noqa: ANN401
    await asyncio.sleep(3600)
    return 0


async def test_a_restore_that_was_cut_short_shows_in_the_status(ledger: Bench, settings: Settings) -> None:
    await ledger.pool.execute("INSERT INTO ledger.restoring DEFAULT VALUES")
    found = await recorder_status(settings)
    assert {shard.mode for shard in found.shards} == {"read-only"}
    assert all("`recorder restore --from kafka`" in f"{shard.reason}" for shard in found.shards)
    assert all("账本正在由主题重建" in f"{shard.reason_zh}" for shard in found.shards)


async def test_it_is_restored_into_an_empty_ledger_only(ledger: Bench, settings: Settings) -> None:
    await _recorded(ledger)
    with pytest.raises(Refused, match="no history"):
        await _restored(settings)
    await _published(ledger, settings)
    with pytest.raises(Refused, match="recorder recover"):
        await _restored(settings)
    before = await _all(settings)
    await _lose(ledger)
    another = await founding.found(ledger.pool, SHARDS)  # as a recorder does that finds nothing
    async with relaying(another, settings) as appender:
        reasons = {appender._reasons[shard] for shard in range(SHARDS)}
        assert all("recorder restore" in str(reason) for reason in reasons), "even where the topic is empty"
        with pytest.raises(Refused, match="a recorder is running"):
            await _until_held(ledger, settings)
    assert (await _restored(settings)).ok
    assert await _all(settings) == before
    await ledger.pool.execute("UPDATE ledger.installation SET ledger = gen_random_uuid()")
    with pytest.raises(Refused, match="another ledger"):
        await _restored(settings)


async def _until_held(ledger: Bench, settings: Settings) -> None:
    async def held() -> bool:
        return bool(await leased(ledger.pool))

    await _until(held, "no lease is held")
    await _restored(settings)


# --- a ledger restored from an older backup ---


async def _back_up(ledger: Bench) -> None:
    await ledger.pool.execute("CREATE SCHEMA backup")
    for table in ("shard", "event", "receipt", "state"):
        await ledger.pool.execute(f"CREATE TABLE backup.{table} AS TABLE ledger.{table}")


async def _go_back(ledger: Bench) -> None:
    for table in ("shard", "event", "receipt", "state"):
        await ledger.pool.execute(
            f"DELETE FROM ledger.{table}; INSERT INTO ledger.{table} SELECT * FROM backup.{table}"
        )
    await _taken_up(ledger)


async def test_what_a_ledger_lacks_comes_back_and_its_shards_are_writable_again(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LOOK_AGAIN", 0.2)
    await _recorded(ledger)
    await _published(ledger, settings)
    await _back_up(ledger)
    await ledger.accepted(*[session(f"s-{n}", "p-0") for n in range(3, 30)])
    await ledger.accepted(*[attendance(f"s-{n}", "p-3") for n in (3,)], person("x-1", OTHER))
    await _published(ledger, settings)
    before = await _all(settings)
    await _go_back(ledger)
    async with relaying(ledger.ledger, settings) as appender:
        reasons = {shard: appender._reasons[shard] for shard in range(SHARDS)}
        assert {shard for shard, reason in reasons.items() if reason} == {SHARD, shard_of(OTHER, SHARDS)}
        assert f"recorder recover --shard {SHARD}" in str(reasons[SHARD])
        one = await _recovered(settings, SHARD)
        assert one.ok, one.remarks
        assert [shard.shard for shard in one.shards] == [SHARD]
        rest = await _recovered(settings)
        assert rest.ok, rest.remarks
        assert [shard.shard for shard in rest.shards] == [shard_of(OTHER, SHARDS)]
        assert await _all(settings) == before
        nothing = await _recovered(settings)
        assert (nothing.ok, nothing.shards) == (True, [])

        async def writable() -> bool:
            return not any(appender._reasons[shard] for shard in range(SHARDS))

        await _until(writable, "still read-only")
        await ledger.receipts([section()], appender)
    rows = await ledger.rows("SELECT reason FROM ledger.relay WHERE reason IS NOT NULL")
    assert not rows, "recorder status tells the same"


async def test_events_whose_receipts_had_not_reached_the_topic_get_receipts_made(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _recorded(ledger)
    await ledger.accepted(section(source="/other"))
    await _published(ledger, settings)
    late = [person("x-1"), person("x-2"), session("x-3", "p-0")]
    late += [section("y-1", id="twice"), section("y-2", id="twice", source="/other")]  # two apps, in one batch
    accepted = await ledger.accepted(*late, attendance("x-3", "p-3", "p-4"))
    publish = Relay._publish

    async def without_receipts(self: Relay, lane: Lane, *more: Any) -> int:  # noqa: ANN401
        if lane.kind == "receipts":
            await asyncio.sleep(3600)
        return await publish(self, lane, *more)

    with monkeypatch.context() as patched:
        patched.setattr(Relay, "_publish", without_receipts)
        async with relaying(ledger.ledger, settings):

            async def events_published() -> bool:
                query = "SELECT FROM ledger.shard s JOIN ledger.relay r USING (shard) WHERE s.size != r.events"
                return not await ledger.rows(query)

            await _until(events_published, "events are not published")
    before = await _all(settings)
    await _lose(ledger)
    report = await _restored(settings)
    assert report.ok
    assert "receipts-made" in {remark.kind for remark in report.remarks}
    after = await _all(settings)
    assert {name: rows for name, rows in after.items() if name != "receipt"} == {
        name: rows for name, rows in before.items() if name != "receipt"
    }
    assert [row[:3] + row[4:] for row in after["receipt"]] == [row[:3] + row[4:] for row in before["receipt"]]
    again = await ledger.receipts(late)
    assert again == accepted[:5]
    await ledger.gapless()
    await _published(ledger, settings)


async def test_two_histories_are_shown_and_nothing_is_changed(ledger: Bench, settings: Settings) -> None:
    await _recorded(ledger)
    await _published(ledger, settings)
    await _back_up(ledger)
    theirs = [section(f"t-{n}") for n in range(5)]
    await ledger.accepted(*theirs)
    await _published(ledger, settings)
    await _go_back(ledger)
    (at,) = [row["size"] for row in await ledger.rows("SELECT size FROM ledger.shard WHERE shard = $1", SHARD)]
    await ledger.accepted(*[section(f"m-{n}") for n in range(7)])
    before = await _all(settings)
    report = await _recovered(settings)
    assert not report.ok
    (fork,) = [remark for remark in report.remarks if remark.kind == "fork"]
    assert f"up to {SHARD}:{at}" in fork.en
    assert "ledger has 7 events" in fork.en
    assert "the topic 5," in fork.en
    assert await _all(settings) == before
    async with relaying(ledger.ledger, settings) as appender:
        assert "recorder recover" in str(appender._reasons[SHARD])


async def test_keys_that_the_vault_lacks_are_counted(ledger: Bench, settings: Settings) -> None:
    await ledger.accepted(*[person(f"p-{n}") for n in range(4)])
    await _published(ledger, settings)
    await _lose(ledger)
    await ledger.pool.execute("DELETE FROM vault.data_key WHERE person IN ('p-1', 'p-2')")
    report = await _restored(settings)
    assert not report.ok
    (lost,) = [remark for remark in report.remarks if remark.kind == "keys-unknown"]
    assert "2 sealed texts are under 2 keys" in lost.en


# --- topics from the ledger ---


async def _republished(settings: Settings, consent: Consent = Consent()) -> Republished:  # noqa: B008  # frozen
    return await republish(settings, KINDS, (), consent, lambda _: None, lambda _: None)


async def _topic(settings: Settings, kind: str) -> list[list[tuple[bytes, bytes]]]:
    found = await read_topic(settings, settings.topic(kind), SHARDS)
    return [[(record.key, record.value) for record in found[shard]] for shard in range(SHARDS)]


async def test_topics_are_filled_again_byte_for_byte_and_only_with_consent_where_something_goes(
    ledger: Bench, settings: Settings
) -> None:
    await _recorded(ledger)
    await _published(ledger, settings)
    before = [await _topic(settings, kind) for kind in KINDS]

    async def as_before() -> bool:
        return [await _topic(settings, kind) for kind in KINDS] == before

    for kind in KINDS:
        await empty(settings, kind, SHARD)
    again = await _republished(settings)
    assert [(each.kind, each.shard, each.state, each.next) for each in needed(again.found)] == [
        (kind, SHARD, "behind", 0) for kind in KINDS
    ]
    assert await as_before()
    assert (await _republished(settings)).published == 0, "what is whole is left alone"

    await _put(settings, "events", b"no event")
    with pytest.raises(Refused, match="with --yes") as why:
        await _republished(settings)
    assert "以下内容不是记录服务所写" in why.value.zh
    await _republished(settings, Consent(emptying=True))
    assert await as_before()

    key, value = before[0][SHARD][0]
    await _put(settings, "events", value, key)
    assert (await _republished(settings)).published == 0, "a repeat is normal"
    await _put(settings, "events", value.replace(b'"actor":"', b'"actor":"x'), key)
    with pytest.raises(Refused, match=r"again, with other bytes.* with --yes"):
        await _republished(settings)
    await _republished(settings, Consent(emptying=True))
    assert await as_before()

    await ledger.accepted(section("newer"))
    await _published(ledger, settings)
    await _undo(ledger)
    with pytest.raises(Refused, match="recorder recover"):
        await _republished(settings, Consent(emptying=True))
    await _republished(settings, Consent(emptying=True, discarding=True))
    assert await as_before()


async def _put(settings: Settings, kind: str, value: bytes, key: bytes | None = None) -> None:
    """As a recorder of ours would, where it is an event; anything else as somebody else."""
    headers = marked(settings, kind, SHARD, value) if kind == "events" and b"sequence" in value else []
    async with patient_producer(settings) as producer:
        await producer.send_and_wait(settings.topic(kind), value, key, partition=SHARD, headers=headers)


async def _undo(ledger: Bench) -> None:
    """The ledger without its last event and receipt, as an older backup has it."""
    (row,) = await ledger.rows(
        "SELECT size - 1 AS at, next_receipt - 1 AS number FROM ledger.shard WHERE shard = $1", SHARD
    )
    await ledger.pool.execute("DELETE FROM ledger.event WHERE shard = $1 AND position = $2", SHARD, row["at"])
    await ledger.pool.execute("DELETE FROM ledger.receipt WHERE shard = $1 AND number = $2", SHARD, row["number"])
    await ledger.pool.execute(
        "UPDATE ledger.shard SET size = $2, next_receipt = $3 WHERE shard = $1", SHARD, row["at"], row["number"]
    )


async def test_a_relay_hands_its_shard_over_and_takes_it_back(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LOOK_EVERY", 0.05)
    await _recorded(ledger)
    await _published(ledger, settings)
    async with relaying(ledger.ledger, settings) as appender:
        await ledger.receipts([section("first")], appender)
        await _until_published(ledger)
        await empty(settings, "events", SHARD)
        assert (await _republished(settings)).published > 0
        await ledger.receipts([section("later")], appender)
        await _until_published(ledger)
    (events,) = [rows for shard, rows in enumerate(await _topic(settings, "events")) if shard == SHARD]
    stored = await ledger.rows("SELECT body FROM ledger.event WHERE shard = $1 ORDER BY position", SHARD)
    assert [value for _, value in events] == [row["body"] for row in stored]


# --- what was signed outside ---


async def _sign(ledger: Bench, settings: Settings, size: int | None = None, root: bytes | None = None) -> int:
    """Have a checkpoint of the shard in the file outside; its size, the whole shard where none is given."""
    (row,) = await ledger.rows("SELECT size, peaks FROM ledger.shard WHERE shard = $1", SHARD)
    keys = checkpoint_keys.ensure(settings.checkpoint_keys_file, str(ledger.ledger.id))
    checkpoint = Checkpoint(
        origin_of(ledger.ledger.id, SHARD), size or row["size"], root or merkle.root_of(row["peaks"])
    )
    outside.append(settings.checkpoints_file, [checkpoint.signed(keys.signing)])
    return checkpoint.size


async def test_a_ledger_that_is_not_what_was_signed_is_read_only(ledger: Bench, settings: Settings) -> None:
    async def reasons() -> dict[int, str]:
        found = await history.check_all(ledger.pool, ledger.ledger, settings)
        return {shard: str(reason or "") for shard, reason in found.items()}

    await _recorded(ledger)
    await _published(ledger, settings)
    size = await _sign(ledger, settings)
    assert not any((await reasons()).values())
    await ledger.accepted(section("newer"))
    assert not any((await reasons()).values()), "a ledger that has grown since is as it should be"
    await _sign(ledger, settings, size + 7)
    assert "`recorder recover" in (short := (await reasons())[SHARD])
    assert f"signed for {size + 7} events of shard {SHARD}, the ledger has {size + 1}" in short
    settings.checkpoints_file.unlink()
    await _sign(ledger, settings, size, bytes(32))
    assert "history was changed" in (await reasons())[SHARD]
    settings.checkpoints_file.unlink()
    await _sign(ledger, settings, size)
    await ledger.pool.execute(
        "UPDATE ledger.event SET leaf_hash = sha256('x') WHERE shard = $1 AND position = $2", SHARD, size - 1
    )
    assert "history was changed" in (await reasons())[SHARD], "a rewritten tail"


async def test_a_topic_that_is_not_what_was_signed_is_not_taken(ledger: Bench, settings: Settings) -> None:
    await _recorded(ledger)
    await _published(ledger, settings)
    size = await _sign(ledger, settings)
    before = await _all(settings)
    await _lose(ledger)
    assert (await _restored(settings)).ok, "what was signed comes back"
    assert await _all(settings) == before

    await _sign(ledger, settings, size + 3)
    await _lose(ledger)
    report = await _restored(settings)
    assert not report.ok
    assert f"signed for {size + 3} events of shard {SHARD}; {size} could be had" in report.remarks[0].en

    settings.checkpoints_file.unlink()
    await _sign(ledger, settings, size - 2, bytes(32))
    await _lose(ledger)
    report = await _restored(settings)
    assert [(remark.kind, remark.shard) for remark in report.remarks if remark.grave == "loss"] == [
        ("checkpoint", SHARD)
    ]
    (row,) = await ledger.rows("SELECT size FROM ledger.shard WHERE shard = $1", SHARD)
    assert row["size"] < size


async def test_what_was_signed_is_found_on_its_topic_where_the_file_is_lost(ledger: Bench, settings: Settings) -> None:
    await _recorded(ledger)
    await _published(ledger, settings)
    await _sign(ledger, settings, 7, bytes(32))
    (note,) = outside.notes(settings.checkpoints_file)
    settings.checkpoints_file.unlink()
    assert (await _recovered(settings)).ok
    async with patient_producer(settings) as producer:
        await producer.send_and_wait(settings.topic("checkpoints"), note)
        await producer.send_and_wait(settings.topic("checkpoints"), note.replace(b"\n7\n", b"\n9\n"))  # not signed
    (remark,) = (await _recovered(settings)).remarks
    assert f"from {SHARD}:0 to {SHARD}:6 was changed" in remark.en
    await _sign(ledger, settings)
    settings.checkpoint_keys_file.write_text("no keys")
    assert not any((await history.check_all(ledger.pool, ledger.ledger, settings)).values()), "said, and gone on"


async def test_a_hole_in_a_topic_is_named(ledger: Bench, settings: Settings) -> None:
    await _recorded(ledger)
    await _published(ledger, settings)
    await _lose(ledger)
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    place = TopicPartition(settings.topic("events"), SHARD)
    await admin.delete_records({place: RecordsToDelete(before_offset=3)})
    await admin.close()
    report = await _restored(settings)
    assert not report.ok
    assert {"events-missing"} <= {remark.kind for remark in report.remarks if remark.shard == SHARD}
    assert f"lacks {SHARD}:0 to {SHARD}:2" in " ".join(remark.en for remark in report.remarks)


async def test_where_a_ledger_was_changed_after_it_was_signed_is_said_and_whether_the_topic_has_it(
    ledger: Bench, settings: Settings
) -> None:
    await _recorded(ledger)
    await _published(ledger, settings)
    size = await _sign(ledger, settings)
    body, leaf = b"changed", leaf_hash(b"changed")
    await ledger.pool.execute(
        "UPDATE ledger.event SET body = $1, leaf_hash = $2 WHERE shard = $3 AND position = 3", body, leaf, SHARD
    )
    report = await _recovered(settings)
    (remark,) = [remark for remark in report.remarks if remark.kind == "checkpoint"]
    assert f"from {SHARD}:0 to {SHARD}:{size - 1} was changed" in remark.en
    assert "The events topic holds what was signed" in remark.en
    await empty(settings, "events", SHARD)
    report = await _recovered(settings)
    assert "doesn't hold what was signed either" in report.remarks[0].en


async def test_a_ledger_that_contradicts_what_was_signed_never_replaces_a_topic(
    ledger: Bench, settings: Settings
) -> None:
    await _recorded(ledger)
    await _published(ledger, settings)
    await _sign(ledger, settings)
    before = await _topic(settings, "events")
    body = b"changed"
    await ledger.pool.execute(
        "UPDATE ledger.event SET body = $1, leaf_hash = $2 WHERE shard = $3 AND position = 3",
        body, leaf_hash(body), SHARD,
    )  # fmt: skip
    with pytest.raises(Refused, match="may be the only copy") as why:
        await _republished(settings, Consent(emptying=True, discarding=True))
    assert "history was changed" in str(why.value)
    assert "历史被改动过" in why.value.zh
    assert "唯一正确的副本" in why.value.zh
    assert await _topic(settings, "events") == before


async def test_what_was_signed_is_read_once_however_much_is_damaged(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a recorder beside it signs on meanwhile."""
    await _recorded(ledger)
    await _published(ledger, settings)
    await _sign(ledger, settings)
    for kind in KINDS:
        await _put(settings, kind, b"no record")
    read: list[Path] = []

    def notes(path: Path) -> list[bytes]:
        read.append(path)
        found = list(outside_notes(path))
        outside.append(path, found[-1:])
        return found

    outside_notes = outside.notes
    monkeypatch.setattr(outside, "notes", notes)
    again = await _republished(settings, Consent(emptying=True))
    assert [each.state for each in needed(again.found)] == ["damaged", "damaged"]
    assert len(read) == 1


async def test_without_the_receipts_topic_events_and_states_come_back(ledger: Bench, settings: Settings) -> None:
    sent = await _recorded(ledger)
    await _published(ledger, settings)
    before = await _all(settings)
    for shard in range(SHARDS):
        await empty(settings, "receipts", shard)
    await _lose(ledger)
    report = await _restored(settings)
    assert {remark.kind for remark in report.remarks if remark.grave == "loss"} == {"receipts-unknown"}
    after = await _all(settings)
    assert (after["event"], after["state"]) == (before["event"], before["state"])
    assert after["receipt"] == []
    (again,) = await ledger.receipts([sent[0]])
    assert again["code"] == "id-reused", "it is known by what it did, if not by its receipt"
    await _published(ledger, settings)
