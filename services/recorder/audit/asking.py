"""What people write after an option, as values; what is none ends the command: code 2, and how it is written."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Final, NamedTuple

import typer

from schemas.base import ID
from schemas.catalogue import EVENTS
from schemas.envelope import IDENTITY
from services.common.commands import Lang, Words, spoken
from services.common.telling.moments import first_of, last_of

_WORDS: Final[Words] = {
    Lang.EN: {
        "moment": "{value} is neither a day (2026-06-30) nor an RFC 3339 instant (2026-06-30T12:00:00+08:00).",
        "order": "--from {value} is later than --to {to}: nothing can be both.",
        "place": "{value} is no place; write shard:position, such as 3:124.",
        "type": "{value} is no type of event. Near: {near}. A * at the end stands for any ending.",
        "stream": "{value} is no stream; write kind/id, such as session/s-1.",
        "alone": "--source kafka is read by itself: leave {others} out.",
        "ident": "{value} is no id: letters, digits and hyphens, at most 64.",
        "identity": "{value} is no token's or principal's name: letters, digits and . _ @ : / + -, at most 64.",
    },
    Lang.ZH: {
        "moment": "{value} 既不是日期（2026-06-30），也不是 RFC 3339 时间（2026-06-30T12:00:00+08:00）。",
        "order": "--from {value} 晚于 --to {to}：不会有任何事件。",
        "place": "{value} 不是位置；请写作 分片:位置，例如 3:124。",
        "type": "{value} 不是事件类型。相近的有：{near}。末尾的 * 代表任意结尾。",
        "stream": "{value} 不是事件流；请写作 种类/编号，例如 session/s-1。",
        "alone": "--source kafka 只能单独读取：请去掉 {others}。",
        "ident": "{value} 不是编号：只能是字母、数字和连字符，最多 64 个。",
        "identity": "{value} 不是令牌或主体的名称：只能是字母、数字和 . _ @ : / + -，最多 64 个。",
    },
}
_PATTERNS: Final = {"ident": re.compile(ID), "stream": re.compile(f"[a-z-]+/{ID}"), "identity": re.compile(IDENTITY)}
_PLACE: Final = re.compile(r"(\d{1,4}):(\d{1,18})")


class Place(NamedTuple):
    """An event's place; as text ``shard:position``."""

    shard: int
    position: int

    def __str__(self) -> str:
        return f"{self.shard}:{self.position}"


class Asked:
    """Reads options; complains in one language. Every method gives None for None."""

    def __init__(self, lang: Lang | None) -> None:
        self._words = _WORDS[spoken(lang)]

    def ident(self, value: str | None) -> str | None:
        """An id."""
        return self._matching("ident", value)

    def stream(self, value: str | None) -> str | None:
        """A stream's name, kind/id."""
        return self._matching("stream", value)

    def identity(self, value: str | None) -> str | None:
        """The name of a token or Kafka principal."""
        return self._matching("identity", value)

    def type(self, value: str | None) -> str | None:
        """A type of event, or the beginning of some and ``*``."""
        if value is None or value in EVENTS:
            return value
        if value.endswith("*") and any(type_.startswith(value[:-1]) for type_ in EVENTS):
            return value
        near = get_close_matches(value, EVENTS, cutoff=0.3)
        raise self._wrong("type", value, near=", ".join(near) or ", ".join(list(EVENTS)[:3]))

    def last(self, value: str | None) -> datetime | None:
        """The last instant that counts."""
        return self._moment(last_of, value)

    def between(self, first: str | None, last: str | None) -> tuple[datetime | None, datetime | None]:
        """The first and the last instant that count."""
        begin, end = self._moment(first_of, first), self.last(last)
        if begin is not None and end is not None and begin > end:
            raise self._wrong("order", first, to=str(last))
        return begin, end

    def place(self, value: str | None) -> Place | None:
        """An event's place."""
        if value is None:
            return None
        found = _PLACE.fullmatch(value)
        if found is None:
            raise self._wrong("place", value)
        return Place(int(found[1]), int(found[2]))

    def stores(self, values: Sequence[str] | None) -> list[str]:
        """Stores that can be read together; the ledger where none is named."""
        others = [value for value in values or () if value != "kafka"]
        if values and others and len(others) < len(values):
            raise self._wrong("alone", "kafka", others=", ".join(others))
        return others or ["kafka" if values else "ledger"]

    def _moment(self, read: Callable[[str], datetime], value: str | None) -> datetime | None:
        try:
            return None if value is None else read(value)
        except (ValueError, OverflowError):
            raise self._wrong("moment", value) from None

    def _matching(self, what: str, value: str | None) -> str | None:
        if value is None or _PATTERNS[what].fullmatch(value):
            return value
        raise self._wrong(what, value)

    def _wrong(self, what: str, value: str | None, **more: str) -> typer.BadParameter:
        return typer.BadParameter(self._words[what].format(value=value, **more))
