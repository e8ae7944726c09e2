"""Who wrote a record: MACs are made and judged here. What they cover: ``schemas/trust/mac.py``.

A record that carries no MAC of ours was written by somebody else, whatever it says: it is foreign, told, and passed
over. One that names a key of ours which the file lacks is another matter: then the file is too old.
"""

from __future__ import annotations

import hmac
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import orjson

from schemas.trust import mac as framing
from schemas.trust.mac import KEY_ID, MAC, Key
from services.common.kafka.mac_keys import MacKeys, Wrong, id_of

Why = Literal["no-mac", "wrong-mac", "unknown-key", "other-ledger"]
Headers = Sequence[tuple[str, bytes | None]]
_LONGEST: Final = 80  # characters of what is repeated of a foreign record
_FEW_DIGITS: Final = 9


class Record(Protocol):
    """What this needs of a Kafka record."""

    @property
    def topic(self) -> str:
        """The topic's full name."""

    @property
    def partition(self) -> int:
        """Its number."""

    @property
    def offset(self) -> int:
        """Where it stands in the partition."""

    @property
    def value(self) -> bytes | None:
        """Its bytes."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names and values."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A record that we didn't write: where it is, why that is known, and what it pretends to be."""

    topic: str
    partition: int
    offset: int
    why: Why
    claims: str

    @classmethod
    def of(cls, record: Record, why: Why) -> Foreign:
        """That record."""
        return cls(record.topic, record.partition, record.offset, why, _claims(record.value))

    def __str__(self) -> str:
        return f"{self.topic}, partition {self.partition}, offset {self.offset} ({self.why}): {self.claims}"


@dataclass(slots=True)
class Strangers:
    """Foreign records of one partition: where those are that were seen, in whatever order, and the last of them."""

    offsets: array[int] = field(default_factory=lambda: array("q"))  # there may be millions
    last: Foreign | None = None

    def see(self, foreign: Foreign) -> None:
        """One more."""
        self.offsets.append(foreign.offset)
        if self.last is None or foreign.offset > self.last.offset:
            self.last = foreign

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.offsets)

    def after(self, offset: int) -> int:
        """How many are behind that offset."""
        return sum(each > offset for each in self.offsets)


class Macs:
    """The keys of a file; read again where it has changed, so that a new key needs no restart."""

    def __init__(self, path: Path, wrong: Wrong) -> None:
        """Raises ``wrong`` where the file is not as it should be; afterwards, too, where it has changed."""
        self._path = path
        self._wrong = wrong
        self._seen = (0, 0)
        self._keyed: dict[bytes, Key] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the file again, if it isn't the one that was read."""
        try:
            found = self._path.stat()
        except OSError:
            found = None
        state = (found.st_ino, found.st_mtime_ns) if found else (0, 0)
        if state != self._seen or not self._keyed:
            keys = MacKeys.load(self._path, self._wrong)
            self._keyed = {key.id.encode(): Key(key.secret) for key in keys.keys}
            self._first, self._seen = keys.first, state

    def at(self, topic: str, shard: int) -> Place:
        """The MACs of a topic's shard, to judge by."""
        return Place(self, framing.begin(topic, shard))

    def writing(self, topic: str, shard: int) -> Place:
        """The same, to write the next few records with: by the newest key that there is now."""
        self.refresh()
        return self.at(topic, shard)

    @property
    def newest(self) -> tuple[bytes, Key]:
        """The id and the key that write."""
        return next(iter(self._keyed.items()))

    def named(self, key_id: bytes) -> Key | None:
        """The key of that id; None where it is none of ours. Raises ``wrong`` where it is, and the file lacks it."""
        if key_id not in self._keyed and self._ours(key_id):
            self.refresh()
            if key_id not in self._keyed:
                raise self._wrong(
                    f"{self._path} lacks the key {key_id.decode()}, under which records were written: it is an older "
                    "copy. Put the newest one there; nothing else is needed.",
                    f"{self._path} 中没有密钥 {key_id.decode()}，而有消息使用它：该文件是较早的副本。请放入最新副本，"
                    "无需其他操作。",
                )
        return self._keyed.get(key_id)

    def _ours(self, key_id: bytes) -> bool:
        number = key_id.partition(b"-")[0]
        if not number.isdigit() or len(number) > _FEW_DIGITS:
            return False
        return hmac.compare_digest(id_of(self._first, int(number)).encode(), key_id)


class Place:
    """The MACs of one topic's shard."""

    __slots__ = ("_begun", "_macs")

    def __init__(self, macs: Macs, begun: bytes) -> None:
        self._macs = macs
        self._begun = begun

    def headers(self, position: int | str, value: bytes) -> list[tuple[str, bytes]]:
        """What a record of ours carries."""
        key_id, keyed = self._macs.newest
        return [(MAC, framing.mac(keyed, self._begun, position, value)), (KEY_ID, key_id)]

    def foreign(self, headers: Headers, position: int | str | None, value: bytes | None) -> Why | None:
        """Why a record is not ours; None where it is. ``position``: where it says that it is.

        Raises ``wrong`` where the file is too old to tell.
        """
        mac = key_id = None
        for name, content in headers:
            if name == MAC:
                mac = content
            elif name == KEY_ID:
                key_id = content
        if mac is None or key_id is None:
            return "no-mac"
        keyed = self._macs.named(key_id)
        if keyed is None:
            return "unknown-key"
        if position is None or value is None:
            return "wrong-mac"
        return None if hmac.compare_digest(mac, framing.mac(keyed, self._begun, position, value)) else "wrong-mac"


def _claims(value: bytes | None) -> str:
    """What a record says that it is, as far as it can be shown."""
    try:
        fields: dict[str, Any] = orjson.loads(value or b"")
        number = fields.get("sequence") or fields.get("id")
        told = f"{fields['type']} {number}"
    except (ValueError, TypeError, LookupError, AttributeError):
        return f"{len(value or b'')} bytes"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in told[:_LONGEST])
