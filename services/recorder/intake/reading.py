"""From bytes to an action checked against its schema: pure, and never raising for what a sender did.

What cannot even be addressed (no JSON, no office, no id …) is ``Unreadable``: quarantined from Kafka, refused over HTTP. What has an
address gets a receipt, whatever else is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from schemas.base import ActionData, Id, instant
from schemas.canonical import canonical
from schemas.catalogue import ACTIONS
from schemas.entries import CorrectEntry
from schemas.envelope import LARGEST_ACTION, ActionEnvelope, Token
from services.recorder.domain.core import Action, Rejection, day_of
from services.recorder.intake.explain import FieldError, explain, says

_ID: Final = TypeAdapter(Id)
_TOKEN: Final = TypeAdapter(Token)
_NUL: Final = b"\\u0000"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What has no address: a code, and a sentence in both languages that says what, where and how to mend it."""

    code: str
    en: str
    zh: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Readable:
    """What has an address. Exactly one of ``action`` (unsealed yet) and ``refusal`` is set.

    ``body`` is the canonical form of type, time, actor and plaintext data: what "the same body" means.
    """

    office: str
    source: str
    id: str
    type: str
    body: bytes
    action: Action | None = None
    refusal: Rejection | None = None
    errors: tuple[FieldError, ...] = ()


def read_json(raw: bytes) -> dict[str, Any] | Unreadable:
    """Parse a JSON object of at most 64 KiB."""
    if len(raw) > LARGEST_ACTION:
        return Unreadable(
            "too-large",
            f"The action has {len(raw)} bytes; at most {LARGEST_ACTION} are taken. Split it.",
            f"操作有 {len(raw)} 字节，最多 {LARGEST_ACTION} 字节。请拆分。",
        )
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _not_json(raw, error)
    if not isinstance(value, dict):
        return Unreadable(
            "not-an-object",
            f"The value is a JSON {type(value).__name__}, not an object with specversion, id, source, type …",
            "内容不是 JSON 对象（应含 specversion、id、source、type 等）。",
        )
    return value


def read(fields: dict[str, Any], raw: bytes) -> Readable | Unreadable:
    """Check an action's members: the envelope, then the data by their type. ``raw`` is what they were parsed from."""
    address, errors = _address(fields)
    if address is None:
        en, zh = says(errors)
        return Unreadable("no-address", f"Not an action: {en}", f"不是有效的操作：{zh}", errors)
    errors = _nul(fields) if _NUL in raw else ()
    body = canonical({name: fields.get(name) for name in ("type", "time", "actor", "data")})
    try:
        envelope = ActionEnvelope.model_validate(fields)
    except ValidationError as error:
        errors = (*errors, *explain(error, ""))
        return Readable(*address, body, refusal=_invalid(errors), errors=errors)
    if errors:
        return Readable(*address, body, refusal=_invalid(errors), errors=errors)
    model = ACTIONS.get(envelope.type)
    if model is None:
        return Readable(*address, body, refusal=_unknown_type(envelope.type))
    return _typed(envelope, model, address, body)


def _typed(
    envelope: ActionEnvelope, model: type[ActionData], address: tuple[str, str, str, str], body: bytes
) -> Readable:
    replacement: Action | None = None
    try:
        data = model.model_validate(envelope.data)
        if isinstance(data, CorrectEntry):
            replaced = _replacement(envelope, data)
            if isinstance(replaced, Rejection):
                return Readable(*address, body, refusal=replaced)
            replacement = replaced
    except ValidationError as error:
        errors = explain(error, "/data" if error.title == model.__name__ else "/data/replacement/data")
        return Readable(*address, body, refusal=_invalid(errors), errors=errors)
    return Readable(*address, body, action=_action(envelope, envelope.type, envelope.time, data, 0, replacement))


def _replacement(envelope: ActionEnvelope, data: CorrectEntry) -> Action | Rejection:
    model = ACTIONS.get(data.replacement.type)
    if model is None:
        return _unknown_type(data.replacement.type)
    if model.TYPE.startswith("chengzhang.any."):
        return Rejection(
            "invalid-field",
            "A correction's replacement is a fact, not a revocation or correction (/data/replacement/type).",
            "更正内容须为事实，不能是撤销或更正（/data/replacement/type）。",
        )
    fact = model.model_validate(data.replacement.data)
    roll = getattr(fact, "roll", None)
    if roll is not None and len(roll) != 1:
        return Rejection(
            "invalid-field",
            "A correction replaces one fact: its roll has one line (/data/replacement/data/roll).",
            "更正只替换一条事实：签到表应只有一行（/data/replacement/data/roll）。",
        )
    return _action(envelope, data.replacement.type, data.replacement.time, fact, 1, None)


def _action(  # noqa: PLR0913  # an action's parts
    envelope: ActionEnvelope, type_: str, time: str, data: ActionData, first_index: int, replacement: Action | None
) -> Action:
    moment = instant(time)
    return Action(
        office=envelope.office, source=envelope.source, id=envelope.id, type=type_, time=time, actor=envelope.actor,
        data=data, moment=moment, day=day_of(moment), expectedversion=envelope.expectedversion, entry=envelope.entry,
        traceparent=envelope.traceparent, first_index=first_index, replacement=replacement,
    )  # fmt: skip


def _address(fields: dict[str, Any]) -> tuple[tuple[str, str, str, str] | None, tuple[FieldError, ...]]:
    errors: list[FieldError] = []
    found: list[str] = []
    for name, adapter in (("office", _ID), ("source", _TOKEN), ("id", _TOKEN), ("type", _TOKEN)):
        try:
            found.append(adapter.validate_python(fields.get(name), strict=True))
        except ValidationError as error:
            errors.extend(explain(error, f"/{name}", missing=name not in fields))
    if errors:
        return None, tuple(errors)
    office, source, ident, type_ = found
    return (office, source, ident, type_), ()


def _nul(value: Any, pointer: str = "") -> tuple[FieldError, ...]:  # noqa: ANN401  # anything that JSON holds
    if isinstance(value, str) and "\x00" in value:
        return (FieldError.nul(pointer),)
    if isinstance(value, dict):
        return tuple(e for k, v in value.items() for e in (*_nul(k, f"{pointer}/{k}"), *_nul(v, f"{pointer}/{k}")))
    if isinstance(value, list):
        return tuple(e for i, v in enumerate(value) for e in _nul(v, f"{pointer}/{i}"))
    return ()


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


def _invalid(errors: tuple[FieldError, ...]) -> Rejection:
    en, zh = says(errors)
    return Rejection("invalid-field", en, zh)


def _unknown_type(name: str) -> Rejection:
    return Rejection(
        "unknown-type",
        f"There is no action type {name} here. The types are in schemas/json; a newer recorder may know it.",
        f"没有操作类型 {name}。类型见 schemas/json；新版记录服务可能支持。",
    )
