"""A cadre's token: own entries are proposed and disputed, others' aren't."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from services.common.tokens.grants import Grant
from services.recorder.intake.reading import Readable, read
from services.recorder.intake.sealing import Sent, prepare
from services.recorder.ledger.owners import Owners
from services.recorder.ledger.submission import Answer
from tests.support.ledger import Bench, Json, action, bench, person

OUTPUT = {"output": "u-1", "lead": "p-1", "line": "information", "title": "信息", "level": "city", "effect": "pending"}
CADRE = Grant("zhang", "cadre", person="p-1")


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


async def _said(ledger: Bench, fields: Json, sender: Grant = CADRE) -> Json:
    readable = read(fields, json.dumps(fields).encode())
    assert isinstance(readable, Readable)
    owners = Owners(ledger.pool, ledger.ledger.shards)
    submissions = await prepare([Sent(readable, sender)], ledger.vault, owners, plaintext_allowed=True)
    (outcome,) = await ledger.appender.submit(submissions)
    assert isinstance(outcome, Answer)
    found: Json = json.loads(outcome.receipt)
    return found


def _proposal(lead: str) -> Json:
    data = {"type": "chengzhang.work.file-output.v1", "data": OUTPUT | {"lead": lead}}
    return action("any.propose-entry", data, actor=lead)


async def test_a_cadre_proposes_for_nobody_else(ledger: Bench) -> None:
    await ledger.receipts([person("p-1"), person("p-2")])
    assert (await _said(ledger, _proposal("p-2")))["code"] == "not-yours"
    mine = await _said(ledger, _proposal("p-1"))
    assert mine["outcome"] == "accepted"


async def test_a_cadre_disputes_own_entries_and_the_text_is_the_own(ledger: Bench) -> None:
    outputs = [action("work.file-output", OUTPUT | {"output": f"u-{who}", "lead": who}) for who in ("p-1", "p-2")]
    *_, mine, others = await ledger.receipts([person("p-1"), person("p-2"), *outputs])
    disputes = [action("any.dispute-entry", {"event": r["events"][0]["id"], "what": "有误"}) for r in (mine, others)]
    assert (await _said(ledger, disputes[1]))["code"] == "not-yours"
    accepted = await _said(ledger, disputes[0])
    assert accepted["outcome"] == "accepted"
    assert accepted["events"][0]["stream"] == "output/u-p-1"


async def test_who_disputes_or_settles_reaches_the_entry(ledger: Bench) -> None:
    """Whoever may dispute anything may not say so of what others recorded: a dispute takes it out of the file."""
    filed = action("work.file-output", OUTPUT)
    *_, output = await ledger.receipts([person("p-1"), filed])
    event = output["events"][0]["id"]
    others = Grant("x", "publisher", types=frozenset({"chengzhang.any.*"}))
    elsewhere = Grant("y", "publisher", sources=frozenset({"/elsewhere"}))
    dispute = {"event": event, "what": "有误"}
    assert (await _said(ledger, action("any.dispute-entry", dispute), others))["code"] == "not-yours"
    by_source = action("any.dispute-entry", dispute, source="/elsewhere")
    assert (await _said(ledger, by_source, elsewhere))["code"] == "not-yours"
    said = await _said(ledger, action("any.dispute-entry", dispute))
    again = await _said(ledger, action("any.dispute-entry", dispute), others)
    assert (again["code"], event in str(again), said["events"][0]["id"] in str(again)) == ("not-yours", False, False)
    for settled in (event, said["events"][0]["id"]):
        upheld = action("any.settle-dispute", {"event": settled, "upheld": True})
        assert (await _said(ledger, upheld, elsewhere))["code"] == "not-yours"
    upheld = action("any.settle-dispute", {"event": event, "upheld": True})
    assert (await _said(ledger, upheld, others))["code"] == "not-yours"
    whole = Grant("z", "organiser", types=frozenset({"chengzhang.any.*", filed["type"]}))
    assert (await _said(ledger, upheld, whole))["outcome"] == "accepted"


async def test_who_verifies_records_what_was_proposed_and_needs_a_grant_for_it(ledger: Bench) -> None:
    await ledger.receipts([person("p-1")])
    proposal = await _said(ledger, _proposal("p-1"))
    verify = action("any.verify-entry", {"event": proposal["events"][0]["id"]}, source="/oa")
    learning = Grant("x", "organiser", types=frozenset({"chengzhang.learning.*", "chengzhang.any.*"}))
    assert (await _said(ledger, verify, learning))["code"] == "not-yours"
    whole = Grant("y", "organiser", sources=frozenset({"/oa"}))
    verified = await _said(ledger, verify, whole)
    assert [event["type"].split(".")[2] for event in verified["events"]] == ["entry-verified", "output-filed"]
