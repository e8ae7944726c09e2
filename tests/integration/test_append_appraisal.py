"""An appraisal through the real append: sent at once, by two recorders at once, and reopened after it was archived."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from schemas.trust.identity import event_id
from services.recorder.ledger import folding
from tests.support.ledger import MONDAY, OFFICE, Bench, Json, action, bench, person, section

LONG_AGO = "2020-01-01T09:00:00+08:00"
PERSONS = [f"p-{number}" for number in range(1, 6)]  # one seat


def _step(name: str, day: int, who: str | None = None, **more: object) -> Json:
    named = {"person": who} if who else {}
    return action(f"appraisal.{name}", {"cycle": "cy", **named, **more}, time=f"2026-01-{day:02}T09:00:00+08:00")


def _begun() -> list[Json]:
    """An office of five, and a cycle of 2025 with everybody proposed as excellent."""
    post = {"tier": "staff", "section": "s-1", "from_on": "2020-01-01"}
    found = [section("s-1", time=LONG_AGO)]
    for who in PERSONS:
        assumed = action("people.assume-post", {**post, "person": who, "post": f"post-{who}"}, time=LONG_AGO)
        found += [person(who, time=LONG_AGO), assumed]
    found.append(_step("open-cycle", 4, year=2025, rule_pack="national-2025", head="p-1", committee=["p-1"]))
    for who in PERSONS:
        found += [
            _step("submit-self-review", 5, who, text="一年来"),
            _step("verify-findings", 6, who, by="p-1", finding="属实"),
            _step("propose-grade", 7, who, grade="excellent", comment="优秀", appraised_by="office"),
        ]
    return found


def _decision(who: str, **more: Any) -> Json:  # noqa: ANN401
    return _step("decide-grade", 8, who, grade="excellent", by="head") | more


async def test_a_whole_cycle_sent_at_once_with_the_evidence_that_it_admits(database: str) -> None:
    filed = {"output": "u", "lead": "p-1", "line": "information", "title": "信息", "level": "city", "effect": "adopted"}
    output = action("work.file-output", filed, id="output", time="2025-05-06T09:00:00+08:00")
    made = event_id(OFFICE, "/test", "output", 0)
    posted = _step("post-excellent-list", 8, persons=["p-1"], from_on="2026-01-09", workdays=5)
    told = [_step("give-notice", 16, "p-1", on="2026-01-16"), _step("sign-notice", 17, "p-1", on="2026-01-17"),
            _step("archive-file", 18, "p-1")]  # fmt: skip
    async with bench(database) as ledger:
        await ledger.accepted(
            *_begun(), output, _step("admit-evidence", 7, "p-1", events=[made]), _decision("p-1"), posted, *told
        )
        (refused,) = await ledger.receipts([_decision("p-2")])
        assert (refused["code"], refused["final"]) == ("over-quota", False)
        (rests,) = await ledger.receipts([action("any.revoke-entry", {"event": made, "reason": "mistake"})])
        assert rests["code"] == "rests-on-it"
        (never,) = await ledger.receipts([_step("admit-evidence", 7, "p-1", events=[event_id("x", "/", "y", 0)])])
        assert never["code"] == "unknown-reference"
        await _reopened(ledger)
        await _folds_to_what_is_stored(ledger)


async def _reopened(ledger: Bench) -> None:
    """A correction of the decision takes archive, signature and notice back, in one decision."""
    decided = next(event for event in await ledger.events() if event["type"].endswith("grade-decided.v1"))
    competent = {"type": "chengzhang.appraisal.decide-grade.v1", "time": decided["time"],
                 "data": {"cycle": "cy", "person": "p-1", "grade": "competent", "by": "head"}}  # fmt: skip
    data = {"event": decided["id"], "reason": "mistake", "replacement": competent}
    (receipt,) = await ledger.accepted(action("any.correct-entry", data, time=MONDAY))
    types = [event["type"].split(".")[2] for event in receipt["events"]]
    assert types == ["entry-revoked", "grade-decided", "entry-revoked", "entry-revoked", "entry-revoked"]
    told = await ledger.events()
    revoked = [event["data"] for event in told if event["type"].endswith("entry-revoked.v1")]
    assert [data["fact"]["type"].split(".")[2] for data in revoked] == [
        "grade-decided", "file-archived", "notice-signed", "notice-given"
    ]  # fmt: skip
    archived = next(event for event in told if event["type"].endswith("file-archived.v1"))
    assert revoked[0]["reopens"] == [archived["id"]]
    # What is taken back is told as it was recorded, byte for byte.
    by_id = {event["id"]: event["data"] for event in told}
    assert all(data["fact"]["data"] == by_id[data["event"]] for data in revoked)
    await ledger.accepted(_decision("p-2"))  # the seat is free again


async def _folds_to_what_is_stored(ledger: Bench) -> None:
    bodies = [row["body"] for row in await ledger.rows("SELECT body FROM ledger.event ORDER BY shard, position")]
    stored = await ledger.rows(
        'SELECT kind, key, version, state FROM ledger.state ORDER BY kind COLLATE "C", key COLLATE "C"'
    )
    assert [tuple(row) for row in stored] == list(folding.states(bodies))


@pytest.mark.parametrize("attempt", range(3))
async def test_two_recorders_that_decide_at_once_never_exceed_the_seats(database: str, attempt: int) -> None:
    async with bench(database) as ledger:
        await ledger.accepted(*_begun())
        other = ledger.another(ledger.pool)
        try:
            found = await asyncio.gather(*(
                ledger.receipts([_decision(who, id=f"{attempt}-{who}")], appender)
                for who, appender in zip(PERSONS, (ledger.appender, other) * 3, strict=False)
            ))  # fmt: skip
        finally:
            await other.stop()
        codes = [receipt["code"] for (receipt,) in found]
        assert sorted(codes, key=str) == [None, *["over-quota"] * 4]
