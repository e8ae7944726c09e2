"""What the append takes, and what it gives back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from schemas.canonical import canonical
from services.recorder.domain.core import Action, Rejection

UNCOMPARED: Final = bytes(32)  # stands for the digest of a body about an erased person: the key that made it is gone


@dataclass(frozen=True, slots=True)
class Submission:
    """A sealed action, or one refused before it came to the ledger; either takes a receipt.

    ``body_digest``: SHA-256 of the body, or its HMAC under the owner's key where it has sealed fields (32 bytes);
    ``UNCOMPARED`` where the owner was erased.
    """

    office: str
    source: str
    id: str
    type: str
    body_digest: bytes
    action: Action | None = None
    refusal: Rejection | None = None
    key_digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        """``key_digest``, what makes the action itself, for ever: SHA-256 of the JSON array [office, source, id]."""
        digest = hashlib.sha256(canonical([self.office, self.source, self.id])).digest()
        object.__setattr__(self, "key_digest", digest)


@dataclass(frozen=True, slots=True)
class Answer:
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
