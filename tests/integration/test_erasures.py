"""Erasures on a real PostgreSQL: the ledger says who is erased, and the vault follows, whatever happened to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from schemas.base import Sealed
from schemas.identity import shard_of
from services.recorder.errors import Unavailable
from services.recorder.ledger.submission import UNCOMPARED
from services.recorder.vault import erasures as module
from services.recorder.vault.ahead import Fact, Kind
from services.recorder.vault.erasures import Erasures
from services.recorder.vault.vault import Failed, Vault
from tests.support.ledger import Bench, Json, action, bench, person
from tests.support.patience import PATIENCE

NAME = "王小明"
OTHER = "o-2"


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


@pytest.fixture
def erasures(ledger: Bench) -> Erasures:
    return Erasures(ledger.pool, ledger.vault)


def _about(name: str, who: str = "p-1", office: str = "o-1") -> Json:
    return action(f"people.{name}", {"person": who, "basis": "令"}, office)


async def _registered(ledger: Bench, who: str = "p-1", office: str = "o-1") -> Sealed:
    """Register somebody; the name as it was sealed."""
    (receipt,) = await ledger.accepted(person(who, office))
    found = [event for event in await ledger.events() if event["id"] == receipt["events"][0]["id"]]
    return Sealed.model_validate(found[0]["data"]["name"])


async def _keys(ledger: Bench) -> list[asyncpg.Record]:
    return await ledger.rows("SELECT * FROM vault.data_key ORDER BY owner")


async def test_the_key_goes_and_its_row_stays(ledger: Bench, erasures: Erasures) -> None:
    sealed, neighbour = await _registered(ledger), await _registered(ledger, "p-2")
    (receipt,) = await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await ledger.vault.open([sealed, neighbour]) == [Failed("erased"), "王"]
    row, other = await _keys(ledger)
    assert (str(row["kid"]), row["owner"], row["wrapped"]) == (sealed.kid, "p-1", None)
    assert str(row["event"]) == receipt["events"][0]["id"]
    assert other["wrapped"] is not None
    await erasures.apply()
    assert (await _keys(ledger))[0] == row


async def test_another_recorder_opens_nothing_from_that_moment_on(ledger: Bench, erasures: Erasures) -> None:
    """No process keeps keys: one that has used this one a moment ago doesn't have it any more either."""
    sealed = await _registered(ledger)
    elsewhere = Vault(ledger.pool, bytes(32))
    assert await elsewhere.open([sealed]) == ["王"]
    assert "p-1" in await elsewhere.keys(["p-1"])
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await elsewhere.open([sealed]) == [Failed("erased")]
    assert not await elsewhere.keys(["p-1"])


async def test_what_came_over_kafka_or_to_another_recorder_is_applied_soon(
    ledger: Bench, erasures: Erasures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    await _registered(ledger)
    await erasures.start()
    try:
        await ledger.accepted(_about("erase-person"))
        async with asyncio.timeout(PATIENCE):
            while await ledger.vault.keys(["p-1"]):  # noqa: ASYNC110  # the vault tells
                await asyncio.sleep(0.01)
    finally:
        await erasures.stop()


async def test_nobody_ever_makes_a_new_key(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    (refused,) = await ledger.receipts([person("p-1", OTHER)])
    assert (refused["code"], refused["final"]) == ("erased", True)
    assert [row["wrapped"] for row in await _keys(ledger)] == [None]


async def test_an_erasure_meets_a_key_in_the_making(ledger: Bench) -> None:
    """However the two fall together: in the end there is one row, and no key in it."""
    event = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"
    for number in range(20):
        owner = f"p-{number}"
        await asyncio.gather(ledger.vault.keys([owner]), ledger.vault.destroy({owner: event}))
        assert not await ledger.vault.keys([owner])
    rows = await _keys(ledger)
    assert len(rows) == 20
    assert {row["wrapped"] for row in rows} == {None}


async def test_a_vault_from_an_older_backup_is_erased_again(ledger: Bench, erasures: Erasures) -> None:
    sealed = await _registered(ledger)
    await ledger.pool.execute("CREATE TABLE backup AS TABLE vault.data_key")
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    await ledger.pool.execute("TRUNCATE vault.data_key; INSERT INTO vault.data_key TABLE backup")
    assert await ledger.vault.open([sealed]) == ["王"]
    await erasures.apply()
    assert await ledger.vault.open([sealed]) == [Failed("erased")]


async def test_a_lost_vault_makes_no_key_for_the_erased(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    await ledger.pool.execute("TRUNCATE vault.data_key")
    await erasures.apply()
    assert not await ledger.vault.keys(["p-1"])


def _ahead(kind: Kind, office: str = "o-1") -> Fact:
    """What the topic has, and the ledger of the office's shard doesn't."""
    return Fact(kind, shard_of(office, 8), 99, office, "p-1", "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab")


async def test_what_is_only_on_the_topic_is_applied_too(ledger: Bench, erasures: Erasures) -> None:
    sealed = await _registered(ledger)
    await erasures.apply([_ahead("erased")])
    assert await ledger.vault.open([sealed]) == [Failed("erased")]


@pytest.mark.parametrize("kind", ["registered", "held"])
async def test_what_only_the_topic_knows_keeps_the_key_until_the_ledger_has_it(
    ledger: Bench, erasures: Erasures, kind: Kind
) -> None:
    """Another office's shard was restored from an older backup: that it has the person, too, isn't known there yet."""
    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply([_ahead(kind, OTHER)])
    await erasures.apply()
    assert await ledger.vault.keys(["p-1"])
    await ledger.rows("UPDATE ledger.shard SET size = 100 WHERE shard = $1", shard_of(OTHER, 8))
    await erasures.apply()
    assert not await ledger.vault.keys(["p-1"]), "by now the ledger says it all"


async def test_a_hold_in_another_office_keeps_the_key_until_it_is_lifted(ledger: Bench, erasures: Erasures) -> None:
    ours, theirs = await _registered(ledger), await _registered(ledger, office=OTHER)
    await ledger.accepted(_about("place-hold", office=OTHER), _about("erase-person"))
    await erasures.apply()
    assert await ledger.vault.open([ours, theirs]) == ["王", "王"]
    await ledger.accepted(_about("lift-hold", office=OTHER))
    await erasures.apply()
    assert await ledger.vault.open([ours, theirs]) == [Failed("erased"), "王"]


# --- of several offices ---


async def test_no_office_destroys_what_another_has_of_a_person(ledger: Bench, erasures: Erasures) -> None:
    """Whoever may write for one office only must not reach what is another's by registering its people there."""
    ours, theirs = await _registered(ledger), await _registered(ledger, office=OTHER)
    await ledger.accepted(_about("erase-person", office=OTHER))
    await erasures.apply()
    assert await ledger.vault.open([ours, theirs]) == ["王", Failed("erased")], "in its own office it is erased"
    again = await ledger.receipts([person("p-1"), person("p-1", OTHER)])
    assert [r["code"] for r in again] == ["id-reused", "erased"]
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await ledger.vault.open([ours, theirs]) == [Failed("erased"), Failed("erased")]
    (row,) = await _keys(ledger)
    assert row["wrapped"] is None


async def test_an_office_whose_registration_was_a_mistake_is_not_waited_for(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    (mistaken,) = await ledger.accepted(person("p-1", OTHER))
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await ledger.vault.keys(["p-1"])
    revocation = {"event": mistaken["events"][0]["id"], "reason": "mistake"}
    await ledger.accepted(action("any.revoke-entry", revocation, OTHER))
    await erasures.apply()
    assert not await ledger.vault.keys(["p-1"])


async def test_whose_an_archived_event_was_is_told_by_its_shard(ledger: Bench, erasures: Erasures) -> None:
    far = next(office for n in range(99) if shard_of(office := f"x-{n}", 8) != shard_of(OTHER, 8))
    assert shard_of("o-1", 8) == shard_of(OTHER, 8)
    sealed = [await _registered(ledger, office=office) for office in (far, OTHER, "o-1")]
    await ledger.accepted(_about("erase-person", office=OTHER))
    await erasures.apply()
    assert await ledger.vault.open(sealed) == ["王", Failed("erased"), "王"]
    await ledger.rows("INSERT INTO ledger.archived_event SELECT shard, id, position FROM ledger.event")
    await ledger.rows("DELETE FROM ledger.event")
    assert await ledger.vault.open(sealed) == ["王", Failed("erased"), Failed("erased")], "it may be of either"


async def test_between_record_and_destruction_nothing_is_sealed_any_more(ledger: Bench) -> None:
    await _registered(ledger)
    erased, refused, other = await ledger.receipts([_about("erase-person"), person("p-1"), person("p-3")])
    assert [r["code"] for r in (erased, refused, other)] == [None, "erased", None]


async def test_nobody_is_told_erased_while_the_key_may_be_there(
    ledger: Bench, erasures: Erasures, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: object) -> None:
        raise ConnectionResetError

    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    with monkeypatch.context() as patched:
        patched.setattr(ledger.vault, "destroy", gone)
        with pytest.raises(Unavailable, match="recorded"):
            await erasures.apply_now()
    await erasures.apply_now()
    assert not await ledger.vault.keys(["p-1"])


# --- repeats ---


async def test_a_repeat_gets_its_first_receipt_whatever_it_says(ledger: Bench, erasures: Erasures) -> None:
    registration = person("p-1")
    (first,) = await ledger.accepted(registration)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    size = len(await ledger.events())
    changed = registration | {"data": registration["data"] | {"name": NAME}}
    assert await ledger.receipts([registration, changed]) == [first, first]
    assert len(await ledger.events()) == size


async def test_a_refusal_repeats_too_and_the_id_is_used_up(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    late = person("p-1")
    (refused,) = await ledger.receipts([late])
    assert refused["code"] == "erased"
    assert await ledger.receipts([late]) == [refused]
    (conflict,) = await ledger.receipts([_about("place-hold") | {"id": late["id"]}])
    assert (conflict["code"], conflict["first"]) == ("key-conflict", refused["number"])
    rows = await ledger.rows("SELECT body_digest FROM ledger.receipt WHERE number = $1", refused["number"])
    assert rows[0]["body_digest"] == UNCOMPARED


async def test_a_receipt_names_no_text(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    late = person("p-1")
    (refused,) = await ledger.receipts([late | {"data": late["data"] | {"name": NAME}}])
    assert NAME not in json.dumps(refused, ensure_ascii=False)


# --- closed ---


async def test_a_closed_vault_neither_seals_nor_opens(ledger: Bench) -> None:
    sealed = await _registered(ledger)
    closed = Vault(ledger.pool, bytes(32), closed="erasures have not been applied yet")
    with pytest.raises(Unavailable, match="erasures"):
        await closed.open([sealed])
    with pytest.raises(Unavailable, match="erasures"):
        await closed.keys(["p-1"])
    closed.closed = None
    assert await closed.open([sealed]) == ["王"]
