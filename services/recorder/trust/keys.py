"""The file of keys that sign checkpoints: newest first, mode 0600.

    {"keys": [{"verifier": "name+hash+base64", "made_at": "…Z", "private": "<base64>"},
              {"verifier": "name+hash+base64", "made_at": "…Z", "retired_at": "…Z"}]}

The name is the installation's; a shard's checkpoints are signed by the same keys under the name of their origin.
The newest two sign: who knows only the key before the last rotation can still believe, and see by which key the next is
vouched for. Older ones are retired: their private part is gone, their old signatures stay verifiable.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.common.durable import write_whole
from services.recorder.errors import Misconfigured, Untrusted
from services.recorder.trust.note import SigningKey, VerifierKey

SIGNING: Final = 2  # keys that sign at the same time
_MEND: Final = (
    "Restore the file from its backup; or, where it is lost, move away what is left of it, make a new key with "
    "`recorder audit key --rotate`, and tell the auditors."
)
_MEND_ZH: Final = (
    "请从备份恢复该文件；如已丢失，请移走残余部分，用 `recorder audit key --rotate` 生成新密钥，并告知审计人员。"
)


class StoredKey(BaseModel):
    """One key of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    verifier: str
    made_at: str
    private: str | None = Field(default=None, repr=False)
    retired_at: str | None = None

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        try:
            VerifierKey.parse(self.verifier)
        except Untrusted as error:
            raise ValueError(str(error)) from None
        key = self.signing()
        if key is not None and str(key.verifier) != self.verifier:
            raise ValueError("the private key is another key's")
        return self

    def named(self, origin: str) -> VerifierKey:
        """As it is handed to those who verify that shard's checkpoints."""
        return replace(VerifierKey.parse(self.verifier), name=origin)

    def retired(self, now: str) -> StoredKey:
        """Without its private part."""
        return self if self.private is None else StoredKey(verifier=self.verifier, made_at=self.made_at, retired_at=now)

    def signing(self) -> SigningKey | None:
        """The key to sign with; None where it is retired. Raises ValueError."""
        if self.private is None:
            return None
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.private, validate=True))
        return SigningKey(VerifierKey.parse(self.verifier).name, private)


class Keys(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    keys: tuple[StoredKey, ...] = Field(min_length=1)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file. Raises Misconfigured, which says what, never a key."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise Misconfigured(
                f"{path}: the checkpoint keys can't be read ({error.strerror}). {_MEND}",
                f"{path}：无法读取检查点密钥（{error.strerror}）。{_MEND_ZH}",
            ) from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = "/".join(map(str, first["loc"]))
            raise Misconfigured(
                f"{path}: not a file of checkpoint keys: {where}: {first['msg']}. {_MEND}",
                f"{path}：不是检查点密钥文件（{where}）。{_MEND_ZH}",
            ) from None

    @property
    def signing(self) -> list[SigningKey]:
        """Those that sign, newest first."""
        return [key for each in self.keys if (key := each.signing()) is not None]

    @property
    def verifiers(self) -> list[VerifierKey]:
        """All of them, newest first."""
        return [VerifierKey.parse(each.verifier) for each in self.keys]


def ensure(path: Path, name: str) -> Keys:
    """The keys; a first one is made where there is no file, once, whoever else starts. Raises Misconfigured."""
    if not path.exists():
        _write(path, Keys(keys=(_new(name, _now()),)), anew=True)
    return Keys.load(path)


def rotate(path: Path, name: str) -> Keys:
    """Add a new key; the one before it goes on signing beside it, older ones are retired. Raises Misconfigured."""
    if not path.exists():
        return ensure(path, name)
    now = _now()
    kept = Keys.load(path).keys
    keys = (_new(name, now), *kept[: SIGNING - 1], *(key.retired(now) for key in kept[SIGNING - 1 :]))
    _write(path, Keys(keys=keys), anew=False)
    return Keys.load(path)


def _new(name: str, now: str) -> StoredKey:
    key = SigningKey.generate(name)
    private = base64.b64encode(key.private.private_bytes_raw()).decode()
    return StoredKey(verifier=str(key.verifier), made_at=now, private=private)


def _write(path: Path, keys: Keys, *, anew: bool) -> None:
    """Whole or not at all, and on disk before anything is signed. ``anew``: not over a file that came meanwhile."""
    try:
        write_whole(path, keys.model_dump_json(indent=2, exclude_none=True).encode() + b"\n", anew=anew)
    except OSError as error:
        raise Misconfigured(
            f"{path}: the checkpoint keys can't be written ({error.strerror}). "
            "CHENGZHANG_CHECKPOINT_KEYS_FILE names the file.",
            f"{path}：无法写入检查点密钥（{error.strerror}）。该文件由 CHENGZHANG_CHECKPOINT_KEYS_FILE 指定。",
        ) from error


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
