"""From bytes to JSON, as strictly as I-JSON (RFC 7493) has it and as plainly as RFC 8785 reads numbers.

An object that has a member twice says two things, and readers differ in which they take: it is refused. ``90``,
``90.0`` and ``9e1`` are one number; since nothing that is taken has fractions, whoever is to refuse looks for that.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from schemas.base import LARGEST
from schemas.envelope import LARGEST_ACTION
from services.recorder.intake.explain import FieldError

_MEMBER: Final = b'":'  # ends a name, where names and colons stand together as writers write them
_UNUSUAL: Final = re.compile(rb'"\s+:|\\u0022')  # where counting those doesn't tell


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What has no address: a code, and a sentence in both languages that says what, where and how to mend it."""

    code: str
    en: str
    zh: str
    errors: tuple[FieldError, ...] = ()


def read_json(raw: bytes) -> dict[str, Any] | Unreadable:
    """Parse a JSON object of at most 64 KiB."""
    if len(raw) > LARGEST_ACTION:
        return Unreadable(
            "too-large",
            f"The action has {len(raw)} bytes; at most {LARGEST_ACTION} are taken. Split it.",
            f"操作有 {len(raw)} 字节，最多 {LARGEST_ACTION} 字节。请拆分。",
        )
    value = parsed(raw)
    if isinstance(value, Unreadable | dict):
        return value
    return Unreadable(
        "not-an-object",
        f"The value is a JSON {type(value).__name__}, not an object with specversion, id, source, type …",
        "内容不是 JSON 对象（应含 specversion、id、source、type 等）。",
    )


def parsed(raw: bytes) -> Any:  # noqa: ANN401  # anything that JSON holds
    """The value; ``Unreadable`` where it is none, and in the place of an item of a list that is none by itself."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _not_json(raw, error)
    written = _written(value)
    if written == raw:  # as most programs write it: nothing was lost
        return value
    if written is None and not isinstance(value, list):
        return too_deep()
    if written is None or raw.count(_MEMBER) != written.count(_MEMBER) or _UNUSUAL.search(raw):
        return _doubled(raw, value)
    return value


def _written(value: Any) -> bytes | None:  # noqa: ANN401
    """None where it is too deep: the one thing that can be parsed and not written."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return None


class _Twice(dict[str, Any]):
    """An object that has a member twice: its name."""

    name = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            twice = _Twice(found)
            twice.name = name
            return twice
        found[name] = value
    return found


def _doubled(raw: bytes, value: Any) -> Any:  # noqa: ANN401
    """The value again, with what says a thing twice told: by the slow reader, which sees each member."""
    try:
        again = json.loads(raw, object_pairs_hook=_object, parse_int=float)  # Python reads no number of 5,000 digits
    except RecursionError:
        return too_deep()
    if isinstance(again, list):
        return [
            _told(seen) or (too_deep() if _written(item) is None else item)
            for seen, item in zip(again, value, strict=True)
        ]
    return _told(again) or value


def _told(value: Any) -> Unreadable | None:  # noqa: ANN401
    found = next((part for part in _parts(value) if isinstance(part, _Twice)), None)
    if found is None:
        return None
    shown = found.name[:64].encode("unicode_escape").decode()  # it may hold anything, at any length
    return Unreadable(
        "member-twice",
        f"An object has the member {shown} twice; readers differ in which of the two they take. Give it once.",
        f"JSON 对象中成员 {shown} 出现两次，读取方取哪一个并不确定。每个成员只能出现一次。",
    )


def made_whole(value: dict[str, Any]) -> bool:
    """Put integers in the place of all numbers that are whole, however they are written; whether there were any."""
    found = False
    for part in _parts(value):
        items: Any = part.items() if isinstance(part, dict) else enumerate(part)
        whole = {at: int(item) for at, item in items if isinstance(item, float) and _is_whole(item)}
        found = found or bool(whole)
        for at, item in whole.items():
            part[at] = item
    return found


def _is_whole(value: float) -> bool:
    return value.is_integer() and abs(value) <= LARGEST


def _parts(value: Any) -> Iterator[Any]:  # noqa: ANN401
    """It, and every object and list in it. A stack of its own: what can be parsed may be deeper than Python's."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        waiting.extend(item for item in inner if isinstance(item, dict | list))


def too_deep() -> Unreadable:
    """Parsed, but too deep to be written again."""
    return Unreadable(
        "too-deep",
        "The JSON text is nested more than 250 levels deep. No action needs that.",
        "JSON 嵌套超过 250 层，任何操作都不需要如此。",
    )


def failed(error: str) -> Unreadable:
    """An action on which the recorder itself failed; ``error`` names how."""
    return Unreadable(
        "internal-error",
        f"The recorder failed on this action ({error}); it was not recorded. Its log says more.",
        f"记录服务处理该操作时出错（{error}），未予记录。详见服务日志。",
    )


def _not_json(raw: bytes, error: orjson.JSONDecodeError) -> Unreadable:
    try:
        raw.decode()
    except UnicodeDecodeError as broken:
        return Unreadable(
            "not-utf8",
            f"Not UTF-8 at byte {broken.start}. Encode the JSON text as UTF-8.",
            f"第 {broken.start} 字节起不是 UTF-8。请用 UTF-8 编码 JSON 文本。",
        )
    return Unreadable(
        "not-json",
        f"Not JSON at line {error.lineno}, column {error.colno}: {error.msg}.",
        f"第 {error.lineno} 行第 {error.colno} 列起不是 JSON（{error.msg}）。",
    )
