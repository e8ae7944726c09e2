"""The append on a real PostgreSQL: statements a batch, rows, bisection, two at once, and that cuts change nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from schemas.trust.identity import event_id, shard_of
from services.common.telling.both import Both
from services.recorder.domain import decider
from services.recorder.errors import Busy, Misconfigured, ReadOnly, Unavailable
from services.recorder.ledger import database as ledger_database
from services.recorder.ledger import founding, mode
from services.recorder.ledger import receipts as receipts_module
from services.recorder.ledger.appending import append as module
from services.recorder.ledger.appending import appender as appender_module
from services.recorder.ledger.appending import deciding as batch_module
from services.recorder.ledger.appending import preparing, writing
from services.recorder.ledger.appending.append import append
from services.recorder.ledger.appending.working import Working
from services.recorder.ledger.database import QUERIES
from services.recorder.ledger.receipts import Receipts
from services.recorder.ledger.submission import Answer, Closed, Submission, Unrecordable
from tests.support.ledger import OFFICE, Bench, Json, action, appended, attendance, bench, person, section, session

SHARD = shard_of(OFFICE, 8)
LATER = "2026-03-02T10:00:00+08:00"  # an hour into a session at its usual time


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


# --- statements ---


async def _statements(ledger: Bench, actions: Sequence[Json], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What one commit says to the database."""
    said: list[str] = []
    copy = writing._copy

    async def noted(connection: Any, table: str, *more: Any) -> None:  # noqa: ANN401
        said.append(f"COPY {table}")
        await copy(connection, table, *more)

    async def answered(submissions: list[Submission]) -> list[Answer]:
        parts: dict[int, list[Submission]] = {}
        for submission in submissions:
            parts.setdefault(shard_of(submission.office, 8), []).append(submission)
        working = {shard: Working() for shard in parts}
        told = await append(connection, parts, ledger=ledger.ledger, working=working, told=ledger)
        return [answer for answers in told.values() if isinstance(answers, list) for answer in answers]

    warm = await ledger.submissions([section()])
    submissions = await ledger.submissions(actions)
    with monkeypatch.context() as patched:
        patched.setattr(writing, "_copy", noted)
        patched.setattr(batch_module, "LONGEST", 60.0)
        async with ledger.pool.acquire() as connection:
            await answered(warm)  # asyncpg asks for the types once a connection
            said.clear()
            with connection.query_logger(lambda record: said.append(record.query)):
                answers = await answered(submissions)
    assert len(answers) == len(actions)
    assert {json.loads(answer.receipt)["outcome"] for answer in answers} == {"accepted"}
    return said


async def test_a_batch_takes_as_many_statements_whether_one_action_or_a_thousand(
    ledger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"p-{n}" for n in range(20)]
    await ledger.accepted(*[person(who) for who in people])
    await ledger.accepted(session("s-before", "p-0"))
    one = await _statements(ledger, [session("s-0", "p-0")], monkeypatch)
    mixed = [session(f"s-{n}", "p-0") for n in range(1, 101)]
    mixed += [attendance(f"s-{n}", people[n % 20]) for n in (1,)]
    mixed += [section(f"sec-{n}") for n in range(899)]
    thousand = await _statements(ledger, mixed, monkeypatch)
    assert len(one) == len(thousand) <= 10, one
    assert len(mixed) == 1000
    everywhere = [session("s-101", "p-0"), *[section("x", office=f"o-{n}") for n in range(40)]]
    assert len({shard_of(each["office"], 8) for each in everywhere}) == 8
    assert len(await _statements(ledger, everywhere, monkeypatch)) == len(one), "nor of how many shards they are"
    await ledger.gapless()


async def test_what_is_looked_up_is_planned_alike_however_little_there_is(ledger: Bench) -> None:
    """A plan is kept: made for the empty tables of a new ledger, it has to be right for those of ten years, too."""
    for query in (QUERIES.look_up, QUERIES.read_states, QUERIES.naming):
        nulls = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", query.sql))))
        async with ledger.pool.acquire() as connection:
            await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE asked AS {query.sql}")
            rows = await connection.fetch(f"EXPLAIN EXECUTE asked({nulls})")
            await connection.execute("DEALLOCATE asked; RESET plan_cache_mode")
        plan = "\n".join(row[0] for row in rows)
        assert not [line for line in plan.splitlines() if "Seq Scan" in line and " archived " not in line], plan
        assert "Hash" not in plan, plan
        assert "Merge" not in plan, plan


async def test_repeats_alone_write_nothing(ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    actions = [section() for _ in range(50)]
    first = await ledger.receipts(actions)
    said = await _statements(ledger, actions, monkeypatch)
    assert not [
        statement for statement in said if statement.startswith("COPY") or "UPDATE" in statement.split("FOR")[0]
    ]
    assert await ledger.receipts(actions) == first
    assert len(await ledger.events()) == 50 + 1


async def test_what_may_rest_on_a_registration_is_looked_for_in_one_statement_more_and_only_then(
    ledger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered, *_ = await ledger.accepted(person("p-1"), person("p-2"), section("s-1"))
    neighbour = await ledger.accepted(person("p-1", "o-11"))  # whose office's id begins like this one's
    await ledger.accepted(session("m-1", "p-2"))
    (there,) = await ledger.accepted(attendance("m-1", "p-1"))
    taking = _revoke(registered)
    plain = await _statements(ledger, [section("s-2")], monkeypatch)
    # A talk in the same batch names p-1, too: the revocation is decided after it, in a batch of its own.
    talk = action("talk.hold-talk", {"talk": "t-1", "initiator": "p-2", "participants": ["p-1"], "mode": "one-to-one"})
    held, refused = await ledger.receipts([talk, taking])
    assert refused["code"] == "rests-on-it"
    named = {event["id"] for receipt in (held, there) for event in receipt["events"]}
    assert all(event in refused["message"]["en"] for event in named)
    await ledger.accepted(_revoke(held), _revoke(there))
    said = await _statements(ledger, [_revoke(registered)], monkeypatch)
    assert len(said) == len(plain) + 1 <= 10, said
    assert neighbour[0]["events"][0]["id"] not in refused["message"]["en"]


def _revoke(receipt: Json) -> Json:
    return action("any.revoke-entry", {"event": receipt["events"][0]["id"], "reason": "mistake"})


# --- rows ---


async def test_the_rows_of_an_append(ledger: Bench) -> None:
    await ledger.accepted(person("p-1"))
    convened = session("s-1", "p-1")
    (receipt,) = await ledger.accepted(convened)
    (event,) = await ledger.rows("SELECT * FROM ledger.event WHERE stream = 'session/s-1'")
    assert (event["shard"], event["position"], event["version"]) == (SHARD, 1, 1)
    assert str(event["id"]) == receipt["events"][0]["id"]
    assert event["leaf_hash"] == hashlib.sha256(b"\x00" + event["body"]).digest()
    assert event["recorded_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ") == receipt["recorded_at"]
    (kept,) = await ledger.rows("SELECT * FROM ledger.receipt WHERE number = 1 AND shard = $1", SHARD)
    assert json.loads(kept["receipt"]) == receipt
    assert kept["binding"]
    key = json.dumps([OFFICE, "/test", convened["id"]], separators=(",", ":")).encode()
    assert kept["digest"] == hashlib.sha256(key).digest()
    states = await ledger.rows("SELECT kind, key, version FROM ledger.state ORDER BY kind, key")
    there = {("agenda", 0), ("person", 1), ("roster", 0), ("session", 1)}
    assert {(row["kind"], row["version"]) for row in states} == there
    assert all(row["key"].startswith(f"{OFFICE}/") for row in states)


async def test_retryable_refusals_bind_nothing(ledger: Bench) -> None:
    await ledger.receipts([session("s-1", "p-1"), action("no.such", {}), section(office="o-2")])
    rows = await ledger.rows("SELECT receipt, binding FROM ledger.receipt")
    found = {json.loads(row["receipt"])["code"]: row["binding"] for row in rows}
    assert found == {"unknown-reference": False, "unknown-type": False, None: True}
    assert await Receipts(ledger.pool, 8).find(OFFICE, "/test", "none") is None


async def test_the_receipts_of_a_source_in_their_order(ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    neighbour = next(office for office in (f"o-{n}" for n in range(2, 99)) if shard_of(office, 8) == SHARD)
    odd = 'a"source":"/test"'  # no text of theirs is taken for a member
    actions = [
        section(f"s-{n}", source=("/test", "/test/", odd)[n % 3], office=(OFFICE, OFFICE, OFFICE, neighbour)[n % 4])
        for n in range(24)
    ]
    told = await ledger.receipts([*actions, session("x-1", "p-9")])
    assert told[-1]["code"] == "unknown-reference", "what was refused for now is listed, too"
    receipts = Receipts(ledger.pool, 8)
    monkeypatch.setattr(receipts_module, "_LOOKED_AT", 7)
    monkeypatch.setattr(receipts_module, "_PAGE", 2)
    for source in ("/test", odd, "\x00"):
        found: list[Json] = []
        after: int | None = -1
        while after is not None:
            page, after = await receipts.following(OFFICE, source, after)
            assert len(page) <= 2
            found += map(json.loads, page)
        assert found == [each for each in told if (each["office"], each["source"]) == (OFFICE, source)]


async def test_an_id_that_a_refusal_used_up(ledger: Bench) -> None:
    """Whoever mends what was refused sends it under another id: the conflict says so, and which."""
    for ident, proposed in (("a-1", "a-1.2"), ("a.9", "a.10"), ("a.x", "a.x.2")):
        nonsense = person("p-1", id=ident) | {"data": {"nonsense": 1}}
        refused, taken = await ledger.receipts([nonsense, person("p-1", id=ident)])
        assert (refused["code"], refused["final"]) == ("invalid-field", True)
        assert (taken["code"], taken["first"]) == ("key-conflict", refused["number"])
        for said in taken["message"].values():
            assert "invalid-field" in said
            assert f" {proposed}" in said
    used, other = await ledger.receipts([section("s-1", id="b-1"), section("s-2", id="b-1")])
    assert "Use a new id for a new action" in other["message"]["en"]
    assert used["code"] is None


async def test_recorded_time_never_goes_back(ledger: Bench) -> None:
    await ledger.rows("UPDATE ledger.shard SET recorded_at = '2099-01-01T00:00:00Z' WHERE shard = $1", SHARD)
    (receipt,) = await ledger.accepted(section())
    assert receipt["recorded_at"] == "2099-01-01T00:00:00.000000Z"


async def test_each_office_in_its_shard_and_answers_in_order(ledger: Bench) -> None:
    actions = [section(office=f"o-{n}") for n in range(40)]
    receipts = await ledger.receipts(actions)
    assert [r["id"] for r in receipts] == [a["id"] for a in actions]
    assert [r["shard"] for r in receipts] == [shard_of(f"o-{n}", 8) for n in range(40)]
    assert len({r["shard"] for r in receipts}) == 8
    await ledger.gapless()


async def test_what_waits_for_several_shards_shares_a_commit(ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[list[int]] = []
    together = module.append

    async def noted(connection: Any, parts: Any, **more: Any) -> Any:  # noqa: ANN401
        commits.append(sorted(parts))
        return await together(connection, parts, **more)

    monkeypatch.setattr(appender_module, "append", noted)
    few = [section(office=f"o-{n}") for n in range(40)]
    await ledger.receipts(few)
    assert commits == [list(range(8))]
    commits.clear()
    appender = appender_module.Appender(ledger.pool, ledger.ledger, ledger, {}, most_shards=1)
    await appended(appender, await ledger.submissions([section(office=f"o-{n}") for n in range(40)]))
    assert sorted(commits) == [[shard] for shard in range(8)], "one at a time, where shards are of several databases"
    commits.clear()
    await ledger.receipts([section(office=f"o-{n % 40}") for n in range(40 * appender_module.ENOUGH)])
    assert max(map(len, commits)) == 1, "where enough waits for one it doesn't wait for the others"
    await ledger.gapless()


async def test_a_shard_that_takes_nothing_is_taken_out_of_the_commit(ledger: Bench) -> None:
    """Found under the locks, of which the others' are held already: these are recorded, in that same commit."""
    actions = [section(office=f"o-{n}") for n in range(40)]
    submissions = await ledger.submissions(actions)
    async with ledger.pool.acquire() as connection:
        await mode.note(connection, {SHARD: Both("the topic is ahead", "主题领先")})
    outcomes = await appended(ledger.appender, submissions)
    closed = [outcome for outcome in outcomes if isinstance(outcome, Closed)]
    assert {outcome.reason for outcome in closed} == {f"shard {SHARD} is read-only: the topic is ahead"}
    assert len(closed) == sum(shard_of(each["office"], 8) == SHARD for each in actions)
    recorded = await ledger.rows("SELECT DISTINCT shard FROM ledger.receipt")
    assert {row["shard"] for row in recorded} == set(range(8)) - {SHARD}
    assert len({batch.head.recorded_at for batch in ledger.batches}) == len(ledger.batches) == 7
    await ledger.gapless()


async def test_a_poisonous_action_stops_no_other_shard(ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    actions = [section(office=f"o-{n}") for n in range(40)]
    _poison(monkeypatch, actions[13]["id"], actions[14]["id"])
    outcomes = await ledger.outcomes(actions)
    failed = [number for number, outcome in enumerate(outcomes) if outcome == Unrecordable("ZeroDivisionError")]
    assert failed == [13, 14]
    assert len(await ledger.events()) == 38
    await ledger.gapless()


async def test_nothing_is_no_batch(ledger: Bench) -> None:
    assert await ledger.outcomes([]) == []


# --- what goes wrong ---


def _poison(monkeypatch: pytest.MonkeyPatch, *idents: str) -> None:
    decide = decider.decide

    def failing(states: Any, act: Any, now: Any) -> Any:  # noqa: ANN401
        if act.id in idents:
            raise ZeroDivisionError(act.id)
        return decide(states, act, now)

    monkeypatch.setattr(decider, "decide", failing)


@pytest.mark.parametrize("at", [[0], [63], [100], [199], [0, 1, 100, 198, 199]])
async def test_a_poisonous_action_is_found_and_its_neighbours_recorded(
    ledger: Bench, monkeypatch: pytest.MonkeyPatch, at: list[int]
) -> None:
    actions = [section() for _ in range(200)]
    _poison(monkeypatch, *[actions[n]["id"] for n in at])
    outcomes = await ledger.outcomes(actions)
    for number, outcome in enumerate(outcomes):
        if number in at:
            assert outcome == Unrecordable("ZeroDivisionError")
        else:
            assert isinstance(outcome, Answer)
            assert json.loads(outcome.receipt)["id"] == actions[number]["id"]
    assert len(await ledger.events()) == 200 - len(at)
    await ledger.gapless()
    monkeypatch.undo()
    assert [r["code"] for r in await ledger.receipts(actions)] == [None] * 200


async def test_a_failed_batch_leaves_nothing_at_hand_that_is_not_in_the_ledger(
    ledger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states of a batch that failed after it was decided must not be taken for recorded ones."""
    await ledger.accepted(person("p-1"))
    write, fails = writing.write, [OSError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError]

    async def failing(*args: Any) -> None:  # noqa: ANN401
        await write(*args)
        if fails:
            raise fails.pop()

    monkeypatch.setattr(module, "write", failing)
    monkeypatch.setattr(appender_module, "_RETRY", 0.0)
    receipts = await ledger.receipts([session("s-1", "p-1"), attendance("s-1", "p-1")])
    assert [r["code"] for r in receipts] == [None, None]
    assert not fails
    (state,) = await ledger.rows("SELECT version, state FROM ledger.state WHERE kind = 'session'")
    assert state["version"] == 2
    await ledger.gapless()


async def test_after_an_unknown_commit_the_receipts_tell(ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = [True]

    def failing(step: str) -> None:
        if step == "after-commit" and lost:
            lost.clear()
            raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(module, "fault", failing)
    actions = [section() for _ in range(10)]
    receipts = await ledger.receipts(actions)
    assert [r["number"] for r in receipts] == list(range(10))
    assert len(await ledger.events()) == 10


async def test_a_batch_is_cut_where_a_state_is_missing(ledger: Bench) -> None:
    """Sessions that overlap are known by what was loaded: here by what the same batch only makes."""
    people = [f"p-{n}" for n in range(4)]
    await ledger.accepted(*[person(who) for who in people])
    actions = [
        session("s-1", "p-0"),
        session("s-2", "p-0", starts_at=LATER),
        attendance("s-1", "p-1", "p-2"),
        attendance("s-2", "p-3", time=LATER),
        attendance("s-2", "p-1", time=LATER),
        section("after"),
    ]
    receipts = await ledger.receipts(actions)
    assert [r["code"] for r in receipts] == [None, None, None, None, "session-overlap", None]
    assert [r["number"] for r in receipts] == list(range(4, 10))
    await ledger.gapless()


async def test_a_batch_ends_when_its_time_is_up(ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "LONGEST", -1.0)
    await ledger.accepted(*[section() for _ in range(100)])
    assert [len(b.receipts) for b in ledger.batches] == [31, 31, 31, 7]
    await ledger.gapless()


async def test_a_roll_of_hundreds_counts_by_its_people_not_as_one(
    ledger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"p-{n}" for n in range(300)]
    await ledger.accepted(*map(person, people))
    at = [f"2026-03-{day:02d}T09:00:00+08:00" for day in range(2, 6)]
    await ledger.accepted(*[session(f"s-{n}", "p-0", starts_at=day) for n, day in enumerate(at)])
    ledger.batches.clear()
    with monkeypatch.context() as patched:
        patched.setattr(batch_module, "LONGEST", -1.0)
        await ledger.accepted(*[attendance(f"s-{n}", *people, time=at[n]) for n in range(2)])
    assert [len(b.receipts) for b in ledger.batches] == [1, 1], "the clock is looked at after each"
    ledger.batches.clear()
    with monkeypatch.context() as patched:
        patched.setattr(preparing, "MOST_KEYS", 300)
        await ledger.accepted(*[attendance(f"s-{n}", *people, time=at[n]) for n in range(2, 4)])
    assert [len(b.receipts) for b in ledger.batches] == [1, 1], "no more is loaded than a batch can use"
    await ledger.gapless()


async def test_no_batch_is_larger_than_a_thousand(ledger: Bench) -> None:
    await ledger.accepted(*[section() for _ in range(2500)])
    assert max(len(batch.receipts) for batch in ledger.batches) <= 1000
    await ledger.gapless()


async def test_a_read_only_shard_takes_nothing_and_says_why(ledger: Bench) -> None:
    reasons: dict[int, Both | None] = {SHARD: Both("the topic is ahead", "主题领先")}
    appender = appender_module.Appender(ledger.pool, ledger.ledger, ledger, reasons)
    why = f"shard {SHARD} is read-only: the topic is ahead"
    with pytest.raises(ReadOnly, match=why):
        await appender.submit(await ledger.submissions([section()]))
    elsewhere, closed = await appender.submit(await ledger.submissions([section(office="o-7"), section()]))
    assert isinstance(elsewhere, Answer)
    assert closed == Closed(why)
    shards = {row["shard"] for row in await ledger.rows("SELECT shard FROM ledger.receipt")}
    assert len(shards) == 1
    assert SHARD not in shards


async def test_what_another_recorder_noted_is_read_with_the_lock_and_closes_this_one(ledger: Bench) -> None:
    """Without a word to this process; and once it is found mended, it goes on."""
    await ledger.accepted(section())
    submissions = await ledger.submissions([section(), section()])
    async with ledger.pool.acquire() as connection:
        await mode.note(connection, {SHARD: Both("the topic is ahead", "主题领先")})
        closed = Closed(f"shard {SHARD} is read-only: the topic is ahead")
        assert await appended(ledger.appender, submissions) == [closed, closed]
        assert ledger.appender.closed(OFFICE) == closed, "so that the relay looks whether it was mended"
        assert ledger.behind == []
        await mode.note(connection, {SHARD: None})
    ledger.appender._reasons[SHARD] = None  # as the relay does then
    assert all(isinstance(outcome, Answer) for outcome in await appended(ledger.appender, submissions))
    assert len(await ledger.events()) == 3


async def test_a_ledger_that_went_back_gives_no_position_again(ledger: Bench) -> None:
    """A replica that lacks the last commit takes over, under a recorder that runs."""
    await ledger.accepted(section("a"), section("b"))
    (before,) = await ledger.rows("SELECT * FROM ledger.shard WHERE shard = $1", SHARD)
    await ledger.accepted(section("c"))
    await ledger.rows("DELETE FROM ledger.event WHERE position = 2")
    await ledger.rows("DELETE FROM ledger.receipt WHERE number = 2")
    await ledger.rows("DELETE FROM ledger.state WHERE key = 'o-1/c'")
    await ledger.rows(
        "UPDATE ledger.shard SET size = $1, next_receipt = $2, peaks = $3, recent = $4 WHERE shard = $5",
        before["size"], before["next_receipt"], before["peaks"], before["recent"], SHARD,
    )  # fmt: skip
    (outcome,) = await ledger.outcomes([section("d")])
    assert isinstance(outcome, Closed)
    assert "the ledger went back: 3 events and 3 receipts" in outcome.reason
    assert len(await ledger.events()) == 2
    assert ledger.behind == [SHARD], "the relay forgets what it has at hand"
    (noted,) = await ledger.rows("SELECT reason, reason_zh FROM ledger.relay WHERE shard = $1", SHARD)
    assert "the ledger went back" in noted["reason"]
    assert "账本倒退" in noted["reason_zh"]
    async with ledger.pool.acquire() as connection:
        await mode.note(connection, {SHARD: None})  # as a check does that finds ledger and topics fit
    ledger.appender._reasons[SHARD] = None
    again, unknown = await ledger.receipts([section("d"), action(
        "people.assume-post", {"person": "p-1", "post": "x", "tier": "staff", "section": "c", "from_on": "2020-01-01"}
    )])  # fmt: skip
    assert again["events"][0]["position"] == 2
    assert unknown["code"] == "unknown-reference", "nothing of the lost history is at hand any more"
    await ledger.gapless()


async def test_too_many_waiting_is_busy_and_too_long_unavailable(
    ledger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = await ledger.submissions([section()])
    monkeypatch.setattr(appender_module, "LARGEST_QUEUE", 0)
    with pytest.raises(Busy):
        await ledger.appender.submit(submissions)
    monkeypatch.undo()
    async with ledger.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM ledger.shard WHERE shard = $1 FOR UPDATE", SHARD)
        with pytest.raises(Unavailable, match="send it again"):
            await ledger.appender.submit(submissions, patience=0.3)
    (outcome,) = await ledger.appender.submit(submissions)
    assert isinstance(outcome, Answer)


async def test_another_shard_count_is_refused_in_plain_words(ledger: Bench) -> None:
    with pytest.raises(Misconfigured, match="8 shards for ever; set CHENGZHANG_SHARDS=8"):
        await founding.found(ledger.pool, 16)
    assert len(await ledger.rows("SELECT 1 FROM ledger.shard")) == 8
    assert await founding.found(ledger.pool, 8) == ledger.ledger


# --- two recorders, cuts ---


async def test_two_recorders_on_one_shard_leave_no_gap(ledger: Bench, database: str) -> None:
    other_pool = await ledger_database.connect(database)
    other = ledger.another(other_pool)
    try:
        await ledger.accepted(person("p-1"), *[session(f"s-{n}", "p-1", minutes=1) for n in range(3)])
        same = [section(f"same-{n}") for n in range(60)]
        sides = (ledger.appender, other)

        async def work(side: int) -> list[Json]:
            found: list[Json] = []
            for turn in range(20):
                mine = [section() for _ in range(5)]
                found += await ledger.receipts([*mine, *same[3 * turn : 3 * turn + 3]], sides[side])
            return found

        left, right = await asyncio.gather(work(0), work(1))
    finally:
        await other.stop()
        other_pool.terminate()
    assert {r["code"] for r in left + right} == {None}
    assert len(await ledger.events()) == 4 + 200 + 60
    first = {r["id"]: r for r in left}
    assert sum(first.get(r["id"], {}).get("number") == r["number"] for r in right) == 60
    await ledger.gapless()


async def test_what_another_recorder_did_is_seen_though_states_are_kept(ledger: Bench, database: str) -> None:
    other_pool = await ledger_database.connect(database)
    other = ledger.another(other_pool)
    try:
        await ledger.accepted(person("p-1"), person("p-2"), session("s-1", "p-1"))
        assert (await ledger.receipts([attendance("s-1", "p-1")], other))[0]["code"] is None
        assert (await ledger.receipts([attendance("s-1", "p-1")]))[0]["code"] == "second-attendance"
        assert (await ledger.receipts([attendance("s-1", "p-2")]))[0]["events"][0]["version"] == 3
        assert (await ledger.receipts([attendance("s-1", "p-2")], other))[0]["code"] == "second-attendance"
    finally:
        await other.stop()
        other_pool.terminate()


def _year() -> list[Json]:
    """Facts that rest on each other, their corrections and revocations."""
    credit = {"session": "s-1", "person": "p-1", "centi_xueshi": 200, "account": "study"}
    seen = attendance("s-1", "p-1", "p-2") | {"id": "attended"}
    credited = action("learning.credit-hours", credit, id="credited")
    first, mine, theirs = (
        event_id(OFFICE, "/test", a, n) for a, n in (("credited", 0), ("attended", 0), ("attended", 1))
    )
    again = {"type": credited["type"], "time": credited["time"], "data": credit | {"centi_xueshi": 100}}
    less = {
        "type": seen["type"], "time": seen["time"],
        "data": {"session": "s-1", "roll": [{"person": "p-1", "state": "partial", "minutes": 30}]},
    }  # fmt: skip
    corrected = event_id(OFFICE, "/test", "corrected", 1)
    return [
        person("p-1"), person("p-2"), section("a"), session("s-1", "p-1"),
        action("people.assume-post",
               {"person": "p-1", "post": "x", "tier": "staff", "section": "a", "from_on": "2020-01-01"}),
        seen, credited,
        action("any.revoke-entry", {"event": mine, "reason": "mistake"}),
        action("any.correct-entry", {"event": first, "reason": "mistake", "replacement": again}, id="corrected"),
        action("any.correct-entry", {"event": mine, "reason": "mistake", "replacement": less}),
        action("any.revoke-entry", {"event": theirs, "reason": "duplicate"}),
        action("any.revoke-entry", {"event": theirs, "reason": "duplicate"}),
        attendance("s-1", "p-2"),
        action("any.revoke-entry", {"event": corrected, "reason": "withdrawn"}),
        action("learning.credit-hours", credit),
        action("any.correct-entry", {"event": first, "reason": "mistake", "replacement": again}),
        session("s-2", "p-2", starts_at=LATER),
        attendance("s-2", "p-2", time=LATER), attendance("s-2", "p-1", time=LATER),
        action("people.transfer-person", {"person": "p-1", "to_section": "b", "on": "2026-03-02"}),
        section("b"),
        action("people.transfer-person", {"person": "p-1", "to_section": "b", "on": "2026-03-02"}),
        session("s-3", "p-1", expected=["p-1", "p-2"]),
    ]  # fmt: skip


async def _recorded(database: str, actions: Sequence[Json], cut: int) -> tuple[list[Any], list[Any], list[Any]]:
    async with bench(database) as ledger:
        receipts: list[Json] = []
        for begin in range(0, len(actions), cut):
            receipts += await ledger.receipts(actions[begin : begin + cut])
        await ledger.gapless()
        events = [_without(event) for event in await ledger.events()]
        states = await ledger.rows("SELECT kind, key, version, state::text FROM ledger.state ORDER BY kind, key")
        for schema in ("ledger", "vault"):
            await ledger.rows(f"DROP SCHEMA {schema} CASCADE")
        told = [(r["outcome"], r["code"], r["number"], r["events"]) for r in receipts]
        return told, events, [tuple(row) for row in states]


def _without(event: Json) -> Json:
    """An event without what is another each time: when, by which ledger, sealed how."""
    kept = {name: value for name, value in event.items() if name not in {"recordedtime", "source"}}
    if "name" in kept["data"] and isinstance(kept["data"]["name"], dict):
        kept["data"] = kept["data"] | {"name": kept["data"]["name"].keys()}
    return kept


async def test_all_in_one_batch_is_the_same_as_one_by_one(database: str) -> None:
    actions = _year()
    receipts, events, states = await _recorded(database, actions, len(actions))
    assert [code for _, code, _, _ in receipts] == [
        None, None, None, None, None, None, None, "rests-on-it", None, None, None, "already-revoked", None, None,
        None, "already-revoked", None, "session-overlap", None, "unknown-reference", None, None, None,
    ]  # fmt: skip
    for cut in (1, 2, 5, 7):
        again = await _recorded(database, actions, cut)
        assert again[0] == receipts, cut
        assert again[1] == events, cut
        assert again[2] == states, cut
