"""What the persons of an office are called, as far as it takes to see that a text is somebody's name.

Of each name an HMAC is kept, under a key of the office that is derived from the wrapping key: who has the database
alone can't try names, and the same name in two offices looks like two. It goes with the person's key.
"""

import hmac
import re
import time
import unicodedata
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import aiosql

from services.recorder.ledger.database import Connection, Pool

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")
_TRUSTED_FOR: Final = 1.0  # seconds that nobody is called so: how late another recorder learns of a new name
_MOST_TRUSTED: Final = 50_000
# Unicode takes these for visible, and nobody sees them: fillers, joiners, a blank of Braille, and what says how the
# character before is drawn.
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
Said = tuple[str, str]  # an office, and a text that was said there


class Names:
    """The names of all offices; ``key`` derives a key of its own for each use."""

    def __init__(self, pool: Pool, key: Callable[[str], bytes]) -> None:
        self._pool = pool
        self._key = lru_cache(maxsize=1024)(key)
        self._nobodys: dict[Said, float] = {}  # until when that is trusted

    async def named(self, said: Collection[Said]) -> set[Said]:
        """Those of these texts that are somebody's name in that office. Raises what the driver raises."""
        now = time.monotonic()
        asked = [each for each in said if self._nobodys.get(each, 0.0) < now]
        if not asked:
            return set()
        macs = {each: self._mac(*each) for each in asked}
        offices = [office for office, _ in asked]
        async with self._pool.acquire() as connection:
            rows = QUERIES.named(connection, offices=offices, macs=list(macs.values()))
            names = {(row["office"], row["mac"]) async for row in rows}
        found = {each for each in asked if (each[0], macs[each]) in names}
        if len(self._nobodys) > _MOST_TRUSTED:
            self._nobodys.clear()
        self._nobodys |= dict.fromkeys(set(asked) - found, now + _TRUSTED_FOR)
        return found

    async def remember(self, names: Mapping[tuple[str, str], str]) -> None:
        """What these persons (by office and id) are called. Raises what the driver raises."""
        columns = _columns(names)
        macs = [self._mac(office, name) for (office, _), name in names.items()]
        async with self._pool.acquire() as connection:
            await QUERIES.remember(connection, **columns, macs=macs)
        self._nobodys.clear()

    @staticmethod
    async def forget(connection: Connection, persons: Collection[tuple[str, str]]) -> None:
        """Nobody is called as these were on their account any more: within the transaction that destroys their keys."""
        await QUERIES.forget(connection, **_columns(persons))

    def _mac(self, office: str, text: str) -> bytes:
        return hmac.digest(self._key(f"names/{office}"), plain(text).encode("utf-8", "surrogatepass"), "sha256")


def _columns(persons: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    return {"offices": [office for office, _ in persons], "persons": [person for _, person in persons]}


def plain(text: str) -> str:
    """What counts as the same name: NFKC, small letters, without what nobody sees, such as the blank in 王　芳."""
    seen = (each for each in unicodedata.normalize("NFKC", text) if each.isprintable() and not each.isspace())
    return _UNSEEN.sub("", "".join(seen)).casefold()
