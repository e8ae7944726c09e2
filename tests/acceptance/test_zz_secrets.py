"""After all else: what was to stay sealed is plain nowhere; neither in tables, nor in topics, nor in logs."""

from __future__ import annotations

import pytest
from aiokafka.consumer import fetcher

from services.common.kafka.patch import Records
from tests.acceptance.hidden import copied, disguises, tables
from tests.acceptance.pair import PLANTED, Office, Pair, Sent, line, unique

_MARK = PLANTED.encode().split(b"Secret")[1]  # the ASCII part: JSON may escape the rest
_HIDDEN = b"Secret" + _MARK


DISGUISES = disguises(_HIDDEN)


@pytest.fixture(scope="module")
def planted(pair: Pair) -> Office:
    """An office whose sealed fields all hold the mark: accepted, refused, repeated, in conflict, on both ways in."""
    office = Office(pair)
    person, other = office.register(), office.register()
    session = office.convened(person)
    pair.accepted(office.attendance(session, line(person)))
    talk = {
        "talk": unique("t"), "initiator": person, "participants": [other], "mode": "one-to-one",
        "topics": [f"{PLANTED}一", f"{PLANTED}二"], "note": f"{PLANTED}三",
    }  # fmt: skip
    held = office.action("talk.hold-talk", talk)
    pair.accepted(held)
    pair.post(held)
    pair.post(held | {"data": talk | {"note": f"{PLANTED}四"}})
    visit = {
        "visit": unique("v"), "person": person, "occasion": f"{PLANTED}五", "class": "event", "fen": 0,
        "event_on": "2026-03-01", "fund": "none",
    }  # fmt: skip
    made = pair.accepted(office.action("welfare.make-home-visit", visit))["events"][0]["id"]
    replacement = {"type": "chengzhang.welfare.make-home-visit.v1", "time": "2026-03-02T10:00:00+08:00"}
    replacement |= {"data": visit | {"occasion": f"{PLANTED}六"}}  # type: ignore[dict-item]
    pair.accepted(office.action("any.correct-entry", {"event": made, "reason": "mistake", "replacement": replacement}))
    for wrong in (
        office.registration(unique("p"), birth_year="x"),
        office.registration(unique("p"), name=f"{PLANTED}\x00"),
        office.registration(unique("p"), name=PLANTED * 100),
        office.registration(unique("p")) | {"type": "chengzhang.people.register-persn.v1"},
        office.action("talk.hold-talk", talk | {"talk": unique("t"), "participants": ["p-nobody"]}),
        office.action("talk.hold-talk", talk | {"talk": unique("t"), "mode": PLANTED}),
    ):
        assert pair.post(wrong).status_code == 422
    pair.told([
        office.registration(unique("p")),
        office.registration(unique("p"), birth_year=PLANTED),
        Sent(f'{{"name": "{PLANTED}"'.encode()),
        Sent(f'{{"specversion":"1.0","office":"{PLANTED}"}}'.encode()),
        Sent(b"{}", [("content-type", b"\xff" + PLANTED.encode())]),
        office.action("people.register-persn", {"name": PLANTED}),
    ])  # fmt: skip
    pair.seen(pair.accepted(office.section()))
    pair.read(f"/people/{person}/growth-file")
    return office


def _found(raw: bytes) -> list[bytes]:
    return [disguise for disguise in DISGUISES if disguise in raw]


@pytest.mark.usefixtures("planted")
def test_no_table_holds_it(pair: Pair) -> None:
    assert {"ledger.event", "ledger.receipt", "ledger.state", "ledger.quarantine", "vault.data_key"} <= tables(pair)
    assert {"office_v1.fact", "office_v1.care"} <= tables(pair)
    for table in sorted(tables(pair)):
        raw = copied(pair, table)
        assert not _found(raw), table


@pytest.mark.usefixtures("planted")
def test_no_topic_holds_it_but_the_intake_of_what_was_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "MemoryRecords", Records)  # other tests left header names that aiokafka can't read
    for name, partitions in (("events", 8), ("receipts", 8), ("quarantine", 1)):
        for partition in range(partitions):
            for record in pair.topic(name, partition):
                assert not _found(record.value + (record.key or b"")), (name, record.value)
    assert any(_found(record.value or b"") for record in pair.topic("actions", 0))


@pytest.mark.usefixtures("planted")
def test_no_log_holds_it(pair: Pair) -> None:
    for service in (pair.recorder, pair.projector):
        log = service.log()
        assert not _found(log.encode())
        assert "Traceback" not in log


def test_whoever_may_still_reads_it(pair: Pair, planted: Office) -> None:
    items = pair.read(f"/offices/{planted}/growth-entries")["items"]
    names = {item["name"] for item in items}
    assert names
    assert all(name.startswith(PLANTED) for name in names)


def test_every_digest_of_a_secret_is_keyed(pair: Pair, planted: Office) -> None:
    """A plain hash of a name can be found by trying names: equal bodies of two owners must differ."""
    first, second = (planted.action("talk.hold-talk", {
        "talk": "t-x", "initiator": "p-a", "participants": [who], "mode": "one-to-one", "note": PLANTED,
    }) for who in ("p-b", "p-c"))  # fmt: skip
    receipts = [pair.post(fields).json()["receipt"] for fields in (first, second)]
    assert [receipt["code"] for receipt in receipts] == ["unknown-reference"] * 2
    rows = [
        pair.sql("SELECT body_digest FROM ledger.receipt WHERE shard = $1 AND number = $2", r["shard"], r["number"])
        for r in receipts
    ]
    assert rows[0] != rows[1]


@pytest.mark.usefixtures("planted")
def test_the_services_are_well_after_all_this(pair: Pair) -> None:
    assert pair.recorder.alive
    assert pair.projector.alive
    assert pair.http.get("/readyz").json()["status"] == "ready"
    assert pair.reads.get("/readyz").status_code == 200
