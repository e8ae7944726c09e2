"""Erasures on a real PostgreSQL: the ledger says who is erased, and the vault follows, whatever happened to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from schemas.base import Sealed
from schemas.trust.identity import shard_of
from services.recorder.errors import Unavailable
from services.recorder.ledger.submission import UNCOMPARED
from services.recorder.vault import erasures as module
from services.recorder.vault.ahead import Ahead
from services.recorder.vault.erasures import Erasures
from services.recorder.vault.seats import Seats
from services.recorder.vault.vault import Failed, Owner, Vault
from tests.support.ledger import Bench, Json, action, bench, person, section
from tests.support.patience import PATIENCE

NAME = "王小明"
OTHER = "o-2"
P1 = Owner("o-1", "p-1")


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
    return await ledger.rows("SELECT * FROM vault.data_key ORDER BY office, person")


async def test_the_key_goes_and_its_row_stays(ledger: Bench, erasures: Erasures) -> None:
    sealed, neighbour = await _registered(ledger), await _registered(ledger, "p-2")
    (receipt,) = await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await ledger.vault.open([sealed, neighbour]) == [Failed("erased"), "王"]
    row, other = await _keys(ledger)
    assert (str(row["kid"]), row["person"], row["wrapped"]) == (sealed.kid, "p-1", None)
    assert str(row["event"]) == receipt["events"][0]["id"]
    assert other["wrapped"] is not None
    await erasures.apply()
    assert (await _keys(ledger))[0] == row


async def test_another_recorder_opens_nothing_from_that_moment_on(ledger: Bench, erasures: Erasures) -> None:
    """No process keeps keys: one that has used this one a moment ago doesn't have it any more either."""
    sealed = await _registered(ledger)
    elsewhere = Vault(ledger.pool, bytes(32))
    assert await elsewhere.open([sealed]) == ["王"]
    assert P1 in await elsewhere.keys([P1])
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await elsewhere.open([sealed]) == [Failed("erased")]
    assert not await elsewhere.keys([P1])


async def test_what_came_over_kafka_or_to_another_recorder_is_applied_soon(
    ledger: Bench, erasures: Erasures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    await _registered(ledger)
    await erasures.start()
    try:
        await ledger.accepted(_about("erase-person"))
        async with asyncio.timeout(PATIENCE):
            while await ledger.vault.keys([P1]):  # noqa: ASYNC110  # the vault tells
                await asyncio.sleep(0.01)
    finally:
        await erasures.stop()


async def test_nobody_ever_makes_a_new_key(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    (refused,) = await ledger.receipts([person("p-1")])
    assert (refused["code"], refused["final"]) == ("erased", True)
    assert [row["wrapped"] for row in await _keys(ledger)] == [None]


async def test_an_erasure_meets_a_key_in_the_making(ledger: Bench) -> None:
    """However the two fall together: in the end there is one row, and no key in it."""
    event = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"
    for number in range(20):
        owner = Owner("o-1", f"p-{number}")
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
    assert not await ledger.vault.keys([P1])


def _ahead(office: str = "o-1") -> Ahead:
    """What the topic has, and the ledger of the office's shard doesn't."""
    return Ahead(shard_of(office, 8), 99, Owner(office, "p-1"))


async def test_what_only_the_topic_says_closes_and_destroys_nothing(ledger: Bench, erasures: Erasures) -> None:
    ours, theirs = await _registered(ledger), await _registered(ledger, office=OTHER)
    await erasures.apply([_ahead()])
    await erasures.apply()
    assert await ledger.vault.open([ours, theirs]) == [Failed("erased"), "王"]
    assert None not in {row["wrapped"] for row in await _keys(ledger)}


async def test_it_opens_again_where_the_ledger_goes_on_without_it(ledger: Bench, erasures: Erasures) -> None:
    """Whatever stood on the topic was no erasure of this ledger."""
    sealed = await _registered(ledger)
    await erasures.apply([_ahead()])
    await ledger.rows("UPDATE ledger.shard SET size = 100 WHERE shard = $1", shard_of("o-1", 8))
    await erasures.apply()
    assert await ledger.vault.open([sealed]) == ["王"]


async def test_a_recorder_that_starts_again_opens_what_another_had_closed(ledger: Bench, erasures: Erasures) -> None:
    sealed = await _registered(ledger)
    await erasures.apply([_ahead()])
    await Erasures(ledger.pool, ledger.vault).apply()
    assert await ledger.vault.open([sealed]) == ["王"]


# --- of several offices ---


async def test_no_office_takes_holds_or_erases_what_another_has(ledger: Bench, erasures: Erasures) -> None:
    """Whoever may write for one office only must not reach what is another's by registering its people there."""
    ours, theirs = await _registered(ledger), await _registered(ledger, office=OTHER)
    assert ours.kid != theirs.kid
    await ledger.accepted(_about("place-hold", office=OTHER), _about("erase-person"))
    await erasures.apply()
    assert await ledger.vault.open([ours, theirs]) == [Failed("erased"), "王"], "their hold keeps their key only"
    again = await ledger.receipts([person("p-1"), person("p-1", OTHER), _about("erase-person", office=OTHER)])
    assert [r["code"] for r in again] == ["erased", "id-reused", "on-hold"]
    await ledger.accepted(_about("lift-hold", office=OTHER), _about("erase-person", office=OTHER))
    await erasures.apply()
    assert await ledger.vault.open([ours, theirs]) == [Failed("erased"), Failed("erased")]


async def test_who_was_erased_in_one_office_is_registered_in_the_next(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await ledger.vault.open([await _registered(ledger, office=OTHER)]) == ["王"]


async def test_who_sits_in_a_section_by_the_states(ledger: Bench) -> None:
    """Of a main post held today, where it moved to; in that office only."""
    await ledger.accepted(section("s-1"), section("s-2"), section("s-1", OTHER))
    for who, office in (("p-1", "o-1"), ("p-2", "o-1"), ("p-3", "o-1"), ("p-1", OTHER), ("p-4", "o-1")):
        await ledger.accepted(person(who, office))
        fields = {"person": who, "post": f"post-{who}", "tier": "staff", "section": "s-1", "from_on": "2020-01-01"}
        if who != "p-4":
            await ledger.accepted(action("people.assume-post", fields, office))
    await ledger.accepted(
        action("people.transfer-person", {"person": "p-2", "to_section": "s-2", "on": "2026-02-01"}),
        action("people.end-post", {"person": "p-3", "post": "post-p-3", "on": "2026-02-01"}),
    )
    everybody = [Owner("o-1", f"p-{n}") for n in range(1, 6)]
    seats = Seats(ledger.pool, 8)
    assert await seats.sitting([*everybody, Owner(OTHER, "p-1")], "s-1") == {Owner("o-1", "p-1"), Owner(OTHER, "p-1")}
    assert await seats.sitting(everybody, "s-2") == {Owner("o-1", "p-2")}
    assert await seats.sitting([], "s-1") == set()


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
    assert not await ledger.vault.keys([P1])


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
        await closed.keys([P1])
    closed.closed = None
    assert await closed.open([sealed]) == ["王"]


# --- names ---


async def _called(ledger: Bench, office: str, text: str) -> bool:
    """Whether a recorder that knows nothing yet takes that for somebody's name."""
    return bool(await Vault(ledger.pool, bytes(32)).named([(office, text)]))


async def test_a_name_is_known_as_such_in_its_office_until_it_is_erased(ledger: Bench, erasures: Erasures) -> None:
    await _registered(ledger)
    await _registered(ledger, "p-2")  # of the same name
    assert await _called(ledger, "o-1", "\u738b")
    assert await _called(ledger, "o-1", " \u738b\u3000")
    assert not await _called(ledger, OTHER, "\u738b")
    (row, _) = await ledger.rows("SELECT * FROM vault.name ORDER BY person")
    assert (row["office"], row["person"], len(row["mac"])) == ("o-1", "p-1", 32)
    assert "\u738b".encode() not in row["mac"]
    (refused,) = await ledger.receipts([section(actor="\u738b")])
    assert (refused["code"], refused["final"]) == ("plaintext-sealed", True)
    await ledger.accepted(_about("erase-person"))
    await erasures.apply()
    assert await _called(ledger, "o-1", "\u738b"), "p-2 is called so"
    await ledger.accepted(_about("erase-person", "p-2"))
    await erasures.apply()
    assert await ledger.rows("SELECT * FROM vault.name") == []
    await ledger.accepted(section(actor="\u738b"))


async def test_what_came_before_the_name_was_known_gets_its_first_receipt_again(ledger: Bench) -> None:
    before = section(actor="\u738b")
    (first,) = await ledger.accepted(before)
    await _registered(ledger)
    assert await ledger.receipts([before]) == [first]


async def test_whoever_is_being_erased_is_called_nothing_afterwards(ledger: Bench) -> None:
    event = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"
    for number in range(20):
        owner = Owner("o-1", f"p-{number}")
        await ledger.vault.keys([owner])
        await asyncio.gather(ledger.vault.remember({owner: f"n-{number}"}), ledger.vault.destroy({owner: event}))
    assert await ledger.rows("SELECT * FROM vault.name") == []
