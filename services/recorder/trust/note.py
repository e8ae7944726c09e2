"""Signed notes: C2SP signed-note, with Ed25519 (signature type 0x01).

A note is a text that ends in a newline, an empty line, and a line a signature: ``— name base64(key id ‖ signature)``.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.recorder.errors import Untrusted

_ED25519: Final = b"\x01"
_PUBLIC_BYTES: Final = 32
_ID_BYTES: Final = 4
_DASH: Final = "— "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whose signatures are believed: a name and a public key."""

    name: str
    public: bytes

    @property
    def ledger(self) -> str:
        """Whose it is: the installation, of ``<installation>/<shard>``."""
        return self.name.partition("/")[0]

    @property
    def id(self) -> bytes:
        """SHA-256(name ‖ newline ‖ 0x01 ‖ public key), its first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """As it is handed to others: ``name+hash+base64``."""
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``name+hash+base64``. Raises Untrusted."""
        name, plus, rest = text.strip().partition("+")
        ident, _, encoded = rest.partition("+")
        raw = _bytes(encoded)
        if not name or not plus or raw is None or raw[:1] != _ED25519 or len(raw) != 1 + _PUBLIC_BYTES:
            raise Untrusted(
                f"{text.strip()!r} is no verifier key: origin+hash+base64, as `recorder audit key` prints it",
                f"{text.strip()!r} 不是验证公钥：应为 来源+哈希+base64，如 `recorder audit key` 所输出",
            )
        key = cls(name, raw[1:])
        if key.id.hex() != ident:
            raise Untrusted(
                f"the verifier key {text.strip()!r} was changed on its way: its hash should be {key.id.hex()}",
                f"验证公钥 {text.strip()!r} 在传递中被改动：其哈希应为 {key.id.hex()}",
            )
        return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A name and a private key."""

    name: str
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new one."""
        return cls(name, Ed25519PrivateKey.generate())

    @property
    def verifier(self) -> VerifierKey:
        """What others check its signatures with."""
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw())

    def line(self, text: str) -> str:
        """The signature line under that text."""
        return f"{_DASH}{self.name} {_base64(self.verifier.id + self.private.sign(text.encode()))}\n"


def sign(text: str, keys: Sequence[SigningKey]) -> bytes:
    """The note with a signature of each key. The text ends in a newline."""
    return (text + "\n" + "".join(key.line(text) for key in keys)).encode()


def opened(note: bytes, keys: Iterable[VerifierKey]) -> str:
    """The text of a note that one of these keys signed; signatures of other keys are passed over.

    Raises Untrusted where none of them did, or where a signature of theirs doesn't hold.
    """
    known = {(key.name, key.id): key for key in keys}
    text, lines = _parts(note)
    believed = False
    for name, ident, signature in lines:
        key = known.get((name, ident))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
        except InvalidSignature:
            raise Untrusted(f"the signature of {name} ({ident.hex()}) does not hold: the note was changed") from None
        believed = True
    if not believed:
        signers = ", ".join(f"{name} ({ident.hex()})" for name, ident, _ in lines)
        raise Untrusted(f"none of the trusted keys signed this note, but {signers or 'nobody'}")
    return text


def _parts(note: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Text, and name, key id and signature of each line under it. Raises Untrusted."""
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise Untrusted("not a signed note: not UTF-8") from None
    text, empty, signatures = whole.rpartition("\n\n")
    if not empty or not signatures.endswith("\n"):
        raise Untrusted("not a signed note: text, an empty line, and signatures, each line ended")
    return text + "\n", list(_signatures(signatures))


def _signatures(lines: str) -> Iterator[tuple[str, bytes, bytes]]:
    for line in lines.removesuffix("\n").split("\n"):
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        raw = _bytes(encoded)
        if not line.startswith(_DASH) or not name or not space or raw is None or len(raw) <= _ID_BYTES:
            raise Untrusted("not a signed note: a signature line reads — name base64")
        yield name, raw[:_ID_BYTES], raw[_ID_BYTES:]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
