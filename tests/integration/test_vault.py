"""The vault on a real PostgreSQL: one key a person and office, made once, and nothing opens that should not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag

from schemas.base import Sealed
from services.recorder.errors import Misconfigured, Unavailable
from services.recorder.vault.vault import DataKey, Failed, Owner, Vault, load_kek, migrate

EVENT = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"
OTHER = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ac"
KEK = bytes(range(32))


class Counting:
    """Counts the statements on the vault, of every connection of a pool; not what the driver does for itself."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    async def watch(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        connection.add_query_logger(lambda query: self._note(query.query))

    def _note(self, query: str) -> None:
        if "vault.data_key" in query:
            self.statements.append(query)


@pytest.fixture
async def counting() -> Counting:
    return Counting()


@pytest.fixture
async def pool(database: str, counting: Counting) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    async with asyncpg.create_pool(database, min_size=1, max_size=8, init=counting.watch) as pool:
        async with pool.acquire() as connection:
            await migrate(connection)
            await migrate(connection)  # at every start
        counting.statements.clear()
        yield pool


@pytest.fixture
def vault(pool: asyncpg.Pool[asyncpg.Record]) -> Vault:
    return Vault(pool, KEK)


def _of(*persons: str, office: str = "o-1") -> list[Owner]:
    return [Owner(office, person) for person in persons]


async def _key(vault: Vault, person: str = "p-1", office: str = "o-1") -> DataKey:
    return (await vault.keys(_of(person, office=office)))[Owner(office, person)]


async def test_what_is_sealed_opens_again(vault: Vault) -> None:
    sealed = (await _key(vault)).seal("王小明", EVENT)
    assert await vault.open([sealed]) == ["王小明"]


async def test_the_same_text_is_sealed_differently_every_time(vault: Vault) -> None:
    key = await _key(vault)
    assert key.seal("x", EVENT) != key.seal("x", EVENT)


async def test_a_person_keeps_the_key(vault: Vault, pool: asyncpg.Pool[asyncpg.Record]) -> None:
    first = await _key(vault)
    assert await _key(Vault(pool, KEK)) == first
    assert (await _key(vault, "p-2")).kid != first.kid


async def test_a_person_has_a_key_of_each_office_and_none_opens_what_another_sealed(vault: Vault) -> None:
    here, there = await _key(vault), await _key(vault, office="o-2")
    assert (here.kid, here.secret) != (there.kid, there.secret)
    assert here.mac(b"x") != there.mac(b"x")
    forged = here.seal("x", EVENT).model_copy(update={"kid": there.kid})
    assert await vault.open([forged]) == [Failed("unreadable")]


@pytest.mark.parametrize(("column", "value"), [("office", "o-2"), ("person", "p-2")])
async def test_a_key_is_nobody_elses_whatever_its_row_says(
    vault: Vault, pool: asyncpg.Pool[asyncpg.Record], column: str, value: str
) -> None:
    sealed = (await _key(vault)).seal("x", EVENT)
    await pool.execute(f"UPDATE vault.data_key SET {column} = $1", value)
    with pytest.raises(Misconfigured):
        await vault.open([sealed])


async def test_all_known_is_one_statement_and_some_new_are_two(vault: Vault, counting: Counting) -> None:
    owners = _of(*(f"p-{n}" for n in range(50)))
    await vault.keys(set(owners))
    assert len(counting.statements) == 2
    counting.statements.clear()
    await vault.keys(owners)
    assert len(counting.statements) == 1
    counting.statements.clear()
    assert await vault.keys([]) == {}
    assert not counting.statements


async def test_many_at_once_agree_on_one_key(vault: Vault) -> None:
    owners = _of(*(f"p-{n}" for n in range(20)))
    found = await asyncio.gather(*(vault.keys(owners[::step]) for step in (1, -1, 1, -1, 1, -1)))
    assert len({(o, keys[o].kid) for keys in found for o in owners}) == len(owners)


async def test_any_number_opens_in_one_statement(vault: Vault, counting: Counting) -> None:
    keys = await vault.keys(_of(*(f"p-{n}" for n in range(30))))
    items = [key.seal(owner.person, EVENT) for owner, key in keys.items()]
    counting.statements.clear()
    assert await vault.open(items) == [owner.person for owner in keys]
    assert len(counting.statements) == 1


async def test_a_destroyed_key_erases_for_ever(vault: Vault) -> None:
    owners = _of("p-1", "p-9")
    sealed = (await _key(vault)).seal("x", EVENT)
    assert await vault.not_destroyed(owners) == set(owners)
    await vault.destroy(dict(zip(owners, (EVENT, OTHER), strict=True)))
    assert not await vault.not_destroyed(owners)
    assert await vault.open([sealed]) == [Failed("erased")]
    assert not await vault.keys(owners)


async def test_an_office_destroys_its_own_key_only(vault: Vault) -> None:
    sealed = [(await _key(vault, office=office)).seal("x", EVENT) for office in ("o-1", "o-2")]
    await vault.destroy({Owner("o-2", "p-1"): EVENT})
    assert await vault.open(sealed) == ["x", Failed("erased")]


async def test_what_is_closed_opens_not_and_opens_again(vault: Vault) -> None:
    sealed = [(await _key(vault, office=office)).seal("x", EVENT) for office in ("o-1", "o-2")]
    await vault.close(_of("p-1", office="o-2"))
    assert await vault.open(sealed) == ["x", Failed("erased")]
    await vault.close(_of("p-1"))
    assert await vault.open(sealed) == [Failed("erased"), "x"]
    await vault.close([])
    assert await vault.open(sealed) == ["x", "x"]


@pytest.mark.parametrize(
    "change",
    [
        {"aad": OTHER},
        {"ct": "AAAAAAAAAAAAAAAAAAAAAAAA"},
        {"ct": "A"},
        {"ct": "秘"},
        {"iv": "AAAA"},
        {"kid": "not-a-uuid"},
        {"kid": OTHER},
    ],
)
async def test_what_was_changed_does_not_open_and_its_neighbour_does(vault: Vault, change: dict[str, str]) -> None:
    sealed = (await _key(vault)).seal("x", EVENT)
    broken = sealed.model_copy(update=change)
    assert await vault.open([broken, sealed]) == [Failed("unreadable"), "x"]


async def test_what_is_out_of_reach_is_forbidden_whether_it_is_there_or_not(vault: Vault) -> None:
    async def may(owners: Collection[Owner]) -> set[Owner]:
        assert {*owners} == {*_of("p-1", "p-2")}
        return {*_of("p-1")}

    mine, theirs = _of("p-1", "p-2")
    keys = await vault.keys([mine, theirs])
    items = [keys[mine].seal("mine", EVENT), keys[theirs].seal("theirs", EVENT)]
    unknown = items[0].model_copy(update={"kid": OTHER})
    assert await vault.open([*items, unknown], may=may) == ["mine", Failed("forbidden"), Failed("forbidden")]


async def test_the_database_alone_opens_nothing(vault: Vault, pool: asyncpg.Pool[asyncpg.Record]) -> None:
    key = await _key(vault)
    wrapped = await pool.fetchval("SELECT wrapped FROM vault.data_key")
    assert key.secret not in wrapped
    with pytest.raises(Misconfigured, match="CHENGZHANG_KEK_FILE"):
        await Vault(pool, bytes(32)).open([key.seal("x", EVENT)])


async def test_digests_differ_by_person_and_from_a_plain_hash(vault: Vault) -> None:
    first, second = await _key(vault), await _key(vault, "p-2")
    digests = {first.mac(b"x"), second.mac(b"x"), vault.mac(b"x")}
    assert len(digests) == 3
    assert {len(d) for d in digests} == {32}
    assert first.mac(b"x") == (await _key(vault)).mac(b"x")


async def test_quarantined_bytes_come_back_and_are_not_plain(vault: Vault) -> None:
    kept = vault.encrypt(b"\xff secret")
    assert b"secret" not in kept
    assert vault.decrypt(kept) == b"\xff secret"
    with pytest.raises(InvalidTag):
        vault.decrypt(kept[:-1] + bytes([kept[-1] ^ 1]))


async def test_a_database_that_is_gone_is_unavailable(database: str) -> None:
    pool = await asyncpg.create_pool(database, min_size=1)
    await pool.close()
    with pytest.raises(Unavailable):
        await Vault(pool, KEK).keys(_of("p-1"))


def test_a_wrapping_key_of_another_length_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="can't be read"):
        load_kek(tmp_path / "kek")
    (tmp_path / "kek").write_bytes(b"short")
    with pytest.raises(Misconfigured, match="5 bytes"):
        load_kek(tmp_path / "kek")


def test_a_key_does_not_print_its_secret() -> None:
    assert repr(DataKey("kid", Owner("o-1", "p-1"), KEK)) == "DataKey(kid)"


def test_sealed_members_are_what_the_contract_says() -> None:
    sealed = DataKey(OTHER, Owner("o-1", "p-1"), KEK).seal("x", EVENT)
    assert Sealed.model_validate(sealed.model_dump()) == sealed
