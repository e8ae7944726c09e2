"""The file of keys that MAC records on the topics: newest first, mode 0600.

    {"keys": [{"id": "2-6f1c…", "key": "<base64>", "made_at": "…Z"}, {"id": "1-09ab…", "key": "<base64>", …}]}

The newest writes. All of them verify, for ever: a topic keeps what was written under each. An id has the key's number,
and a MAC of it under the first key; so whoever has an older copy of the file can tell a key that the copy lacks from
one that somebody made up.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.common.durable import write_whole

_BYTES: Final = 32
_MEND: Final = "Put the file back from its backup; CHENGZHANG_MAC_KEYS_FILE names it."
_MEND_ZH: Final = "请从备份放回该文件；其位置由 CHENGZHANG_MAC_KEYS_FILE 指定。"
Wrong = Callable[[str, str], Exception]  # makes a service's own error of a sentence in English and in Chinese


class MacKey(BaseModel):
    """One key of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str
    key: str = Field(repr=False)
    made_at: str

    @property
    def secret(self) -> bytes:
        """The key itself. Raises ValueError."""
        return base64.b64decode(self.key, validate=True)


class MacKeys(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    keys: tuple[MacKey, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _all_there(self) -> Self:
        first = self.keys[-1].secret
        for number, key in enumerate(reversed(self.keys), 1):
            if len(key.secret) != _BYTES:
                raise ValueError(f"key {number} has another length than {_BYTES} bytes")
            if key.id != id_of(first, number):
                raise ValueError(f"key {number} is missing, or is another installation's")
        return self

    @property
    def first(self) -> bytes:
        """The key that vouches for the others' ids."""
        return self.keys[-1].secret

    @property
    def ids(self) -> list[str]:
        """All ids, newest first."""
        return [key.id for key in self.keys]

    @classmethod
    def load(cls, path: Path, wrong: Wrong) -> Self:
        """Read the file. Raises ``wrong``, which says what, never a key."""
        try:
            if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXO | stat.S_IWGRP):
                raise wrong(
                    f"{path}: others may read or change the keys of MACs: `chmod 600 {path}`.",
                    f"{path}：其他用户可读写 MAC 密钥：请执行 `chmod 600 {path}`。",
                )
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise wrong(
                f"{path}: the keys of MACs can't be read ({error.strerror}). {_MEND}",
                f"{path}：无法读取 MAC 密钥（{error.strerror}）。{_MEND_ZH}",
            ) from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            raise wrong(
                f"{path}: not a file of keys of MACs: {'/'.join(map(str, first['loc']))} {first['msg']}. {_MEND}",
                f"{path}：不是完整的 MAC 密钥文件（{first['msg']}）。{_MEND_ZH}",
            ) from None


def id_of(first: bytes, number: int) -> str:
    """The id of an installation's key of that number, counted from 1."""
    return f"{number}-{hmac.digest(first, b'chengzhang-mackid%d' % number, 'sha256')[:8].hex()}"


def ensure(path: Path, wrong: Wrong) -> MacKeys:
    """The keys; a first one is made where there is no file, once, whoever else starts. Raises ``wrong``."""
    if not path.exists():
        _write(path, (_new(None, 1),), wrong, anew=True)
    return MacKeys.load(path, wrong)


def rotate(path: Path, wrong: Wrong) -> MacKeys:
    """Add a key, which writes from now on. Raises ``wrong``."""
    if not path.exists():
        return ensure(path, wrong)
    kept = MacKeys.load(path, wrong)
    _write(path, (_new(kept.first, len(kept.keys) + 1), *kept.keys), wrong, anew=False)
    return MacKeys.load(path, wrong)


def _new(first: bytes | None, number: int) -> MacKey:
    key = secrets.token_bytes(_BYTES)
    made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return MacKey(id=id_of(first or key, number), key=base64.b64encode(key).decode(), made_at=made_at)


def _write(path: Path, keys: tuple[MacKey, ...], wrong: Wrong, *, anew: bool) -> None:
    try:
        write_whole(path, MacKeys(keys=keys).model_dump_json(indent=2).encode() + b"\n", anew=anew)
    except OSError as error:
        raise wrong(
            f"{path}: the keys of MACs can't be written ({error.strerror}). CHENGZHANG_MAC_KEYS_FILE names the file.",
            f"{path}：无法写入 MAC 密钥（{error.strerror}）。该文件由 CHENGZHANG_MAC_KEYS_FILE 指定。",
        ) from error
