"""What the append takes, and what it gives back."""

import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from services.common.tokens.grants import Grant
from services.recorder.domain.deciding.core import Action, Rejection

UNCOMPARED: Final = bytes(32)  # stands for the digest of a body about an erased person: the key that made it is gone


class Submission(NamedTuple):
    """A sealed action, or one refused before it came to the ledger; either takes a receipt.

    ``body_digest``: SHA-256 of the body, or its HMAC under the owner's key where it has sealed fields (32 bytes);
    ``UNCOMPARED`` where the owner was erased. ``key_digest``: what makes the action itself, for ever.
    ``sender``: who was let in, and what that one may.
    """

    office: str
    source: str
    id: str
    type: str
    body_digest: bytes
    key_digest: bytes
    sender: Grant
    action: Action | None = None
    refusal: Rejection | None = None

    @property
    def by(self) -> str:
        """Who sent it: the name of the token or Kafka principal, as events and receipts have it."""
        return self.sender.name


def key_digest(office: str, source: str, ident: str) -> bytes:
    """SHA-256 of the JSON array [office, source, action id] (32 bytes)."""
    return hashlib.sha256(orjson.dumps([office, source, ident])).digest()


class Answer(NamedTuple):
    """A receipt (JSON bytes, as in the interface) and whether it is the first one again."""

    receipt: bytes
    repeat: bool


@dataclass(frozen=True, slots=True)
class Unrecordable:
    """The recorder itself failed on this one submission (``error`` names how); nothing of it was recorded."""

    error: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The submission's shard is read-only (``reason`` says why): nothing was tried."""

    reason: str


Outcome = Answer | Unrecordable | Closed
