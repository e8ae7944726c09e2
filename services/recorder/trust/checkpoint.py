"""A checkpoint: size and root of a shard's tree, as C2SP tlog-checkpoint writes them into a signed note."""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from schemas.trust.merkle import HASH
from services.recorder.errors import Untrusted
from services.recorder.trust import note
from services.recorder.trust.note import SigningKey, VerifierKey

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES: Final = 3  # origin, size, root; ours never has more


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed. ``origin`` says of which shard of which installation."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text: three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From a note's text; further lines are extensions, which say nothing here. Raises Untrusted."""
        lines = text.split("\n")
        try:
            origin, size, encoded = lines[:_LINES]
            root = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise Untrusted("not a checkpoint: three lines, origin, size and root") from None
        if not origin or not _SIZE.fullmatch(size) or len(root) != HASH or not text.endswith("\n"):
            raise Untrusted("not a checkpoint: three lines, origin, size and root")
        return cls(origin, int(size), root)

    def signed(self, keys: Sequence[SigningKey]) -> bytes:
        """The signed note."""
        return signed(self.text(), keys)


def origin_of(ledger: UUID, shard: int) -> str:
    """The origin of a shard's checkpoints: ``<installation>/<shard>``."""
    return f"{ledger}/{shard}"


def signed(text: str, keys: Sequence[SigningKey]) -> bytes:
    """The note, signed under the name of its first line: clients and witnesses of a log ask for a key of that name."""
    return note.sign(text, [replace(key, name=text.partition("\n")[0]) for key in keys])


def verified(raw: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint of a note that one of these keys signed. Raises Untrusted.

    A key is believed of all shards of its installation, whichever it was printed for.
    """
    origin = raw.partition(b"\n")[0].decode(errors="replace")
    ours = [replace(key, name=origin) for key in keys if key.ledger == origin.partition("/")[0]]
    return Checkpoint.parse(note.opened(raw, ours))
