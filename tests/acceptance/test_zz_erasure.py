"""A person is erased: from then on the planted texts open for nobody, and are nowhere; nor after an older backup."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.consumer import fetcher

from services.common.kafka.patch import Records
from tests.acceptance.hidden import copied, disguises, files_with, tables
from tests.acceptance.pair import Json, Office, Pair, unique
from tests.support.service import Service
from tests.support.stack import OwnServers

_HIDDEN = "Erased9c4e17d2"
TEXT = f"抹去{_HIDDEN}"
DISGUISES = disguises(_HIDDEN.encode())


@dataclass
class Erased:
    """Whom, what was sealed of the person, and what the vault held before."""

    office: Office
    person: str
    other: str
    registration: Json
    receipt: Json
    sealed: list[Json] = field(default_factory=list)
    backup: list[tuple[Any, ...]] = field(default_factory=list)


@pytest.fixture(scope="module")
def erased(pair: Pair) -> Erased:
    """Somebody of whom name, talk and visit were recorded, and who was then erased, after a hold."""
    office = Office(pair)
    person, other = unique("p"), office.register()
    registration = office.registration(person, name=f"{TEXT}名")
    found = Erased(office, person, other, registration, pair.accepted(registration))
    talk = {
        "talk": unique("t"), "initiator": other, "participants": [person], "mode": "one-to-one",
        "topics": [f"{TEXT}一"], "note": f"{TEXT}二",
    }  # fmt: skip
    visit = {
        "visit": unique("v"), "person": person, "occasion": f"{TEXT}三", "class": "event", "fen": 0,
        "event_on": "2026-03-01", "fund": "none",
    }  # fmt: skip
    receipts = [pair.accepted(office.action("talk.hold-talk", talk))]
    receipts.append(pair.accepted(office.action("welfare.make-home-visit", visit)))
    pair.seen(receipts[-1])
    assert pair.read(f"/people/{person}/growth-file")["name"] == f"{TEXT}名"
    for event in pair.events(str(office), found.receipt["shard"]):
        data = event["data"]
        if event["id"] in {e["id"] for r in (found.receipt, *receipts) for e in r["events"]}:
            found.sealed += [data[name] for name in ("name", "topics", "note", "occasion") if name in data]
    found.backup = [tuple(row) for row in pair.sql("SELECT * FROM vault.data_key")]
    with Service("recorder", pair.settings) as second:
        second.wait_ready()
        for url in (second.url, pair.recorder.url):
            assert [item["text"][-1] for item in _opened(pair, found.sealed, url)] == ["名", "一", "二", "三"]
        _erase(pair, found)
        assert _opened(pair, found.sealed, second.url) == [{"error": "erased"}] * 4, "a recorder that took no part"
        second.stop()
    return found


def _erase(pair: Pair, found: Erased) -> None:
    about = {"person": found.person, "basis": "令"}
    pair.accepted(found.office.action("people.place-hold", about), "eraser")
    pair.accepted(found.office.action("people.request-erasure", about))
    refused = pair.post(found.office.action("people.erase-person", about), token="eraser")
    assert (refused.status_code, refused.json()["code"], refused.json()["receipt"]["final"]) == (422, "on-hold", False)
    assert "text" in _opened(pair, found.sealed)[0]
    pair.accepted(found.office.action("people.lift-hold", about), "eraser")
    pair.seen(pair.accepted(found.office.action("people.erase-person", about), "eraser"))


def _opened(pair: Pair, items: list[Json], url: str = "") -> list[Json]:
    answer = pair.http.post(f"{url}/open", json={"items": items}, headers=pair.bearer("reader"))
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


def test_nothing_of_the_person_opens(pair: Pair, erased: Erased) -> None:
    assert _opened(pair, erased.sealed) == [{"error": "erased"}] * 4
    file = pair.read(f"/people/{erased.person}/growth-file")
    assert (file["name"], file["erased"], len(file["entries"])) == (None, [erased.person], 1)
    page = pair.read(f"/offices/{erased.office}/growth-entries")
    assert page["erased"] == [erased.person]
    assert {item["name"] is None for item in page["items"] if item["person"] == erased.other} == {False}


def test_a_repeat_gets_the_first_receipt_and_anything_new_a_clear_no(pair: Pair, erased: Erased) -> None:
    again = pair.post(erased.registration)
    assert (again.status_code, again.json()) == (200, erased.receipt)
    new = pair.post(erased.registration | {"id": unique("a")})
    assert (new.status_code, new.json()["code"], new.json()["receipt"]["final"]) == (422, "erased", True)


def test_a_replay_is_the_exact_bytes_and_opened_it_says_what_is_erased(pair: Pair, erased: Erased) -> None:
    about = ("recorder", "audit", "replay", "--office", str(erased.office))
    rows = pair.sql("SELECT body FROM ledger.event WHERE shard = $1 ORDER BY position", erased.receipt["shard"])
    ours = [row["body"].decode() for row in rows if json.loads(row["body"])["office"] == str(erased.office)]
    assert pair.command(*about).stdout.splitlines() == ours
    opened = [json.loads(line) for line in pair.command(*about, "--opened").stdout.splitlines()]
    assert len(opened) == len(ours)
    assert all(event["opened"] for event in opened)
    names = {event["data"]["person"]: event["data"]["name"] for event in opened if "name" in event["data"]}
    assert names[erased.person] == {"erased": True}
    assert names[erased.other]["text"].endswith(erased.other)
    (talk,) = (event["data"] for event in opened if event["type"] == "chengzhang.talk.talk-held.v1")
    assert (talk["note"], talk["topics"]) == ({"erased": True}, {"erased": True})


@pytest.mark.usefixtures("erased")
def test_history_is_as_whole_as_before(pair: Pair) -> None:
    verified = pair.command("recorder", "audit", "verify", "--json")
    assert (verified.returncode, json.loads(verified.stdout)["problems"]) == (0, [])


@pytest.mark.usefixtures("erased")
def test_the_text_is_nowhere(pair: Pair, process_servers: OwnServers, monkeypatch: pytest.MonkeyPatch) -> None:
    _assert_nowhere(pair, process_servers, monkeypatch)


def test_a_vault_restored_from_an_older_backup_is_erased_again(
    pair: Pair, process_servers: OwnServers, erased: Erased, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.recorder.stop()
    pair.sql("TRUNCATE vault.data_key")
    pair.run(_restored(pair, erased.backup))
    assert _wrapped(pair, erased.person) is not None
    pair.recorder.start().wait_ready()
    assert _opened(pair, erased.sealed) == [{"error": "erased"}] * 4
    assert _wrapped(pair, erased.person) is None
    _assert_nowhere(pair, process_servers, monkeypatch)


def _assert_nowhere(pair: Pair, process_servers: OwnServers, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in sorted(tables(pair)):
        raw = copied(pair, table)
        assert not [hidden for hidden in DISGUISES if hidden in raw], table
    monkeypatch.setattr(fetcher, "MemoryRecords", Records)  # other tests left header names that aiokafka can't read
    for name, partitions in (("actions", 8), ("events", 8), ("receipts", 8), ("quarantine", 1)):
        for partition in range(partitions):
            for record in pair.topic(name, partition):
                assert not [hidden for hidden in DISGUISES if hidden in (record.value or b"")], (name, partition)
    pair.sql("CHECKPOINT")
    # Data files, write-ahead log, Kafka's segments, every log, and whatever else lies in either home.
    assert not files_with(DISGUISES, process_servers.home.root, pair.home)


async def _restored(pair: Pair, rows: list[tuple[Any, ...]]) -> None:
    async with pair.pool.acquire() as connection:
        await connection.copy_records_to_table("data_key", schema_name="vault", records=rows)


def _wrapped(pair: Pair, person: str) -> bytes | None:
    (row,) = pair.sql("SELECT wrapped FROM vault.data_key WHERE person = $1", person)
    found: bytes | None = row["wrapped"]
    return found


def test_what_looks_for_it_would_find_it(pair: Pair) -> None:
    file = pair.home / "planted"
    for disguise in DISGUISES:
        file.write_bytes(b"\0" + disguise + b"\xff")
        assert files_with(DISGUISES, pair.home) == [str(file)]
    file.unlink()
