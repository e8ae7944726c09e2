"""The vault: one data key for each person of an office, wrapped under a key that the database never sees.

    key-encryption key (32 bytes, in a file)
    ├── HKDF "wrap"        wraps the data keys
    ├── HKDF "quarantine"  encrypts what could not be read
    └── HKDF "digest"      digests of bodies that nobody owns
    data key of a person in an office
    ├── itself             seals texts: A256GCM, so that any JOSE library can open them with the key
    └── HKDF "digest"      digests of bodies with sealed fields: a plain hash of guessable text would give it away

Ids of persons are installation-wide, keys are not: whoever may write for one office reaches nothing that another has
sealed, whatever ids it registers. Destroying a key erases one office's texts about that person; nothing else has to
change. Its row stays, so that nobody who was erased ever gets a new key there. No key is kept between two calls: a
destroyed one is gone for every process from that moment on.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self
from uuid import UUID, uuid4

import aiosql
import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.base import Sealed
from services.recorder.domain.deciding.core import NO_TERMS, Terms
from services.recorder.errors import Misconfigured, Unavailable
from services.recorder.ledger.database import Connection, Pool
from services.recorder.vault import names

Failure = Literal["erased", "unreadable", "forbidden"]
_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")
_MIGRATION_LOCK: Final = 0x7661756C74  # one process at a time creates what is missing
_KEY_BYTES: Final = 32
_IV_BYTES: Final = 12
_UNREACHABLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


async def migrate(connection: Connection) -> None:
    """Create what is missing of the vault's schema."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        await _QUERIES.migrate(connection)
        await names.QUERIES.migrate(connection)


def load_kek(path: Path) -> bytes:
    """The key-encryption key: 32 bytes. Misconfigured where the file is not there or has another length."""
    try:
        kek = path.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"{path}: the wrapping key can't be read ({error.strerror}). CHENGZHANG_KEK_FILE names the file.",
            f"{path}：无法读取主密钥（{error.strerror}）。该文件由 CHENGZHANG_KEK_FILE 指定。",
        ) from error
    if len(kek) != _KEY_BYTES:
        raise Misconfigured(
            f"{path}: the wrapping key has {len(kek)} bytes, not {_KEY_BYTES}. Without the right one no name opens.",
            f"{path}：主密钥有 {len(kek)} 字节，应为 {_KEY_BYTES} 字节。没有正确的密钥，任何姓名都无法解封。",
        )
    return kek


class Owner(NamedTuple):
    """Whose key it is: a person, as one office has the person."""

    office: str
    person: str


May = Callable[[Collection[Owner]], Awaitable[Collection[Owner]]]  # of these owners, those whose texts may be opened


@dataclass(frozen=True)
class DataKey:
    """One person's key in one office, unwrapped."""

    kid: str
    owner: Owner
    secret: bytes

    def __repr__(self) -> str:
        """Without the secret: a key in a traceback or a log would be a leak."""
        return f"DataKey({self.kid})"

    def seal(self, text: str, aad: str) -> Sealed:
        """The text, sealed for the event with the id ``aad``."""
        iv = os.urandom(_IV_BYTES)
        ct = self._aead.encrypt(iv, text.encode(), aad.encode())
        return Sealed.model_construct(alg="A256GCM", kid=self.kid, aad=aad, iv=_base64(iv), ct=_base64(ct))

    def open(self, sealed: Sealed) -> str:
        """The text. Raises InvalidTag or ValueError where it was not sealed with this key, or was changed."""
        return self._aead.decrypt(_bytes(sealed.iv), _bytes(sealed.ct), sealed.aad.encode()).decode()

    def mac(self, body: bytes) -> bytes:
        """HMAC-SHA256 under a subkey, 32 bytes."""
        return hmac.digest(self._mac_key, body, "sha256")

    @cached_property
    def _aead(self) -> AESGCM:
        return AESGCM(self.secret)

    @cached_property
    def _mac_key(self) -> bytes:
        return _subkey(self.secret, "digest")


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a sealed text does not open."""

    why: Failure


class Vault:
    """Seals and opens. Every method that asks the database raises Unavailable where it can't be asked.

    ``closed`` says why nothing may be sealed or opened now, if so: a vault that was restored from a backup may hold
    keys again that were destroyed. ``terms``: what the installation has settled about erasing.
    """

    def __init__(self, pool: Pool, kek: bytes, *, terms: Terms = NO_TERMS, closed: str | None = None) -> None:
        self.terms = terms
        self.closed = closed
        self._pool = pool
        self._wrap = AESGCM(_subkey(kek, "wrap"))
        self._quarantine = AESGCM(_subkey(kek, "quarantine"))
        self._mac_key = _subkey(kek, "digest")
        self._names = names.Names(pool, partial(_subkey, kek))

    @classmethod
    def at(cls, pool: Pool, kek_file: Path, terms: Terms) -> Self:
        """The vault in this database, under the key in that file, closed until erasures are applied.

        Raises Misconfigured.
        """
        closed = "the recorder is starting: erasures have not been applied yet"
        return cls(pool, load_kek(kek_file), terms=terms, closed=closed)

    async def keys(self, owners: Collection[Owner]) -> Mapping[Owner, DataKey]:
        """The owners' data keys; made where there are none: one statement, two where some are new.

        Who was erased has none.
        """
        wanted = set(owners)
        if not wanted:
            return {}
        self._must_be_open()
        rows = await self._asked(_QUERIES.keys_of, **_columns(sorted(wanted)))
        if new := sorted(wanted.difference(map(_owner, rows))):
            kids = [uuid4() for _ in new]
            wrapped = [
                _encrypted(self._wrap, os.urandom(_KEY_BYTES), _bound(kid, owner))
                for kid, owner in zip(kids, new, strict=True)
            ]
            rows += await self._asked(_QUERIES.add_keys, kids=kids, wrapped=wrapped, **_columns(new))
        return {_owner(row): self._unwrap(row) for row in rows if row["wrapped"] is not None}

    def unstored(self) -> Unstored:
        """The same keys for what is only tried: nothing is made in the database."""
        return Unstored(self)

    async def known(self, owners: Collection[Owner]) -> dict[Owner, DataKey | None]:
        """The data keys that there are; None for who was erased."""
        self._must_be_open()
        rows = await self._asked(_QUERIES.keys_of, **_columns(sorted(owners)))
        return {_owner(row): None if row["wrapped"] is None else self._unwrap(row) for row in rows}

    async def open(self, items: Sequence[Sealed], *, may: May | None = None) -> list[str | Failed]:
        """The texts in their order, or why not; in one statement. ``may`` narrows whose open, all where there is none.

        Raises what ``may`` raises.
        """
        kids = {kid for item in items if (kid := _uuid(item.kid))}
        if not kids:
            return [Failed("unreadable") for _ in items]
        self._must_be_open()
        rows = {row["kid"]: row for row in await self._asked(_QUERIES.keys_by_id, kids=list(kids))}
        if may is not None:
            near = await may({_owner(row) for row in rows.values()})
            rows = {kid: row for kid, row in rows.items() if _owner(row) in near}
        keys = {kid: self._unwrap(row) for kid, row in rows.items() if row["wrapped"] is not None and not row["closed"]}
        far = Failed("unreadable" if may is None else "forbidden")
        return [
            self._open(item, keys[kid])
            if (kid := _uuid(item.kid)) in keys
            else Failed("erased")
            if kid in rows
            else far
            for item in items
        ]

    async def not_destroyed(self, owners: Collection[Owner]) -> set[Owner]:
        """Those of these owners whose keys are not destroyed yet."""
        return {_owner(row) for row in await self._asked(_QUERIES.not_destroyed, **_columns(sorted(owners)))}

    async def close(self, owners: Collection[Owner]) -> None:
        """Open nothing more of these owners, and again what was closed of all others. Their keys stay."""
        async with self._connection() as connection:
            await _QUERIES.close(connection, **_columns(sorted(owners)))

    async def destroy(self, erased: Mapping[Owner, str]) -> None:
        """Destroy these owners' keys for ever; each with the event that erased the person. A second time nothing.

        What they were called goes with the keys: a statement of its own, which sees what was waiting for the first.
        """
        async with self._connection() as connection, connection.transaction():
            await _QUERIES.destroy(connection, events=list(erased.values()), **_columns(list(erased)))
            await self._names.forget(connection, erased)

    async def named(self, said: Collection[names.Said]) -> set[names.Said]:
        """Those of these texts, by office, that are somebody's name there."""
        with _reached():
            return await self._names.named(said)

    async def remember(self, called: Mapping[tuple[str, str], str]) -> None:
        """What these persons, by office and id, are called."""
        with _reached():
            await self._names.remember(called)

    def mac(self, body: bytes) -> bytes:
        """HMAC-SHA256 under the installation's own subkey, 32 bytes: for what nobody can be said to own."""
        return hmac.digest(self._mac_key, body, "sha256")

    def encrypt(self, raw: bytes) -> bytes:
        """Bytes for the quarantine: 12-byte iv, then ciphertext and tag."""
        return _encrypted(self._quarantine, raw)

    def decrypt(self, kept: bytes) -> bytes:
        """Bytes from the quarantine. Raises InvalidTag where they were not encrypted under this key."""
        return _decrypted(self._quarantine, kept)

    def _unwrap(self, row: Mapping[str, Any]) -> DataKey:
        kid, owner = row["kid"], _owner(row)
        try:
            secret = _decrypted(self._wrap, row["wrapped"], _bound(kid, owner))
        except InvalidTag as error:
            message = f"The data key {kid} is not wrapped under this wrapping key: CHENGZHANG_KEK_FILE names another."
            raise Misconfigured(message) from error
        return DataKey(str(kid), owner, secret)

    @staticmethod
    def _open(item: Sealed, key: DataKey) -> str | Failed:
        try:
            return key.open(item)
        except (InvalidTag, ValueError):
            return Failed("unreadable")

    def _must_be_open(self) -> None:
        if self.closed:
            raise Unavailable(self.closed)

    async def _asked(self, query: Callable[..., AsyncIterator[Any]], **values: object) -> list[Any]:
        async with self._connection() as connection:
            return [row async for row in query(connection, **values)]

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        with _reached():
            async with self._pool.acquire() as connection:
                yield connection


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except _UNREACHABLE as error:
        raise Unavailable("the vault can't be reached") from error


class Unstored:
    """A vault that makes up the keys that are not there: they seal as others do, and go with what they sealed."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.terms = vault.terms
        self.mac = vault.mac
        self.named = vault.named

    async def remember(self, called: Mapping[tuple[str, str], str]) -> None:
        """Nothing: it is only tried."""

    async def keys(self, owners: Collection[Owner]) -> Mapping[Owner, DataKey]:
        """The owners' data keys; none of who was erased. Raises Unavailable."""
        known = await self._vault.known(owners)
        new = {owner: DataKey(str(uuid4()), owner, os.urandom(_KEY_BYTES)) for owner in set(owners) - known.keys()}
        return {owner: key for owner, key in known.items() if key is not None} | new


def _owner(row: Mapping[str, Any]) -> Owner:
    return Owner(row["office"], row["person"])


def _columns(owners: Sequence[Owner]) -> dict[str, list[str]]:
    """The same for a query."""
    return {"offices": [owner.office for owner in owners], "persons": [owner.person for owner in owners]}


def _bound(kid: UUID, owner: Owner) -> bytes:
    """What a wrapped key is bound to: it opens in its own row only, and for nobody else."""
    return kid.bytes + "/".join(owner).encode()


def _encrypted(key: AESGCM, raw: bytes, bound_to: bytes | None = None) -> bytes:
    iv = os.urandom(_IV_BYTES)
    return iv + key.encrypt(iv, raw, bound_to)


def _decrypted(key: AESGCM, kept: bytes, bound_to: bytes | None = None) -> bytes:
    return key.decrypt(kept[:_IV_BYTES], kept[_IV_BYTES:], bound_to)


def _subkey(secret: bytes, use: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"chengzhang/{use}".encode()).derive(secret)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
