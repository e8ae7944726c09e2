"""From bytes to an action checked against its schema: pure, and never raising for what a sender did.

What cannot even be addressed (no JSON, no office, no id …) is ``Unreadable``: quarantined from Kafka, refused over
HTTP. What has an address gets a receipt, whatever else is wrong with it.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError

from schemas.base import ActionData, Id, instant
from schemas.canonical import canonical
from schemas.catalogue import ACTIONS
from schemas.entries import CorrectEntry
from schemas.envelope import LARGEST_ACTION, ActionEnvelope, Token
from services.common.explain import escaped, said
from services.recorder.domain.core import Action, Rejection, day_at
from services.recorder.intake.explain import MOST_TOLD, FieldError, explain, says

_ID: Final = TypeAdapter(Id)
_TOKEN: Final = TypeAdapter(Token)
_NUL: Final = b"\\u0000"
_NOT_A_FACT: Final = FieldError(
    "/data/replacement/type",
    "is a revocation or correction, not a fact",
    "是撤销或更正，不是事实",
    "give the type of the event that is corrected",
    "请填写被更正事件对应的操作类型",
)
_ONE_LINE: Final = FieldError(
    "/data/replacement/data/roll",
    "has more than one line, but a correction replaces one fact",
    "签到表多于一行，而更正只替换一条事实",
    "give the one line of the person concerned",
    "请只填写当事人的一行",
)
Address = tuple[str, str, str, str]  # office, source, id, type


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What has no address: a code, and a sentence in both languages that says what, where and how to mend it."""

    code: str
    en: str
    zh: str
    errors: tuple[FieldError, ...] = ()


class Readable(NamedTuple):
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
    try:
        body = canonical({name: fields.get(name) for name in ("type", "time", "actor", "data")})
    except TypeError:  # the one thing that can be parsed and not written
        return too_deep()
    nuls = _nul(fields) if _NUL in raw else ()
    try:
        envelope = ActionEnvelope.model_validate(fields)
    except ValidationError as error:
        return _misaddressed(fields, body, (*nuls, *explain(error, fields, "", ActionEnvelope)))
    address = (envelope.office, envelope.source, envelope.id, envelope.type)
    if nuls:
        return _refused(address, body, nuls)
    model = ACTIONS.get(envelope.type)
    if model is None:
        return Readable(*address, body, refusal=_unknown_type(envelope.type))
    return _typed(envelope, model, address, body)


def _misaddressed(fields: dict[str, Any], body: bytes, errors: tuple[FieldError, ...]) -> Readable | Unreadable:
    """An envelope that doesn't hold: refused with a receipt where it still says whom to answer."""
    address, lacking = _address(fields)
    if address is not None:
        return _refused(address, body, errors)
    en, zh = says(lacking)
    return Unreadable("no-address", f"Not an action: {en}", f"不是有效的操作：{zh}", errors)


def _typed(envelope: ActionEnvelope, model: type[ActionData], address: Address, body: bytes) -> Readable:
    try:
        data = model.model_validate(envelope.data)
    except ValidationError as error:
        return _refused(address, body, explain(error, envelope.data, "/data", model))
    if not isinstance(data, CorrectEntry):
        return Readable(*address, body, action=_action(envelope, envelope.type, envelope.time, data))
    replacement = _replacement(envelope, data)
    if isinstance(replacement, Rejection):
        return Readable(*address, body, refusal=replacement)
    if not isinstance(replacement, Action):
        return _refused(address, body, replacement)
    action = _action(envelope, envelope.type, envelope.time, data)
    return Readable(*address, body, action=action._replace(replacement=replacement))


def _replacement(envelope: ActionEnvelope, data: CorrectEntry) -> Action | Rejection | tuple[FieldError, ...]:
    given = data.replacement
    model = ACTIONS.get(given.type)
    if model is None:
        return _unknown_type(given.type)
    if model.TYPE.startswith("chengzhang.any."):
        return (_NOT_A_FACT,)
    try:
        fact = model.model_validate(given.data)
    except ValidationError as error:
        return explain(error, given.data, "/data/replacement/data", model)
    if len(getattr(fact, "roll", (1,))) != 1:
        return (_ONE_LINE,)
    return _action(envelope, given.type, given.time, fact)._replace(first_index=1)


def _refused(address: Address, body: bytes, errors: tuple[FieldError, ...]) -> Readable:
    return Readable(*address, body, refusal=Rejection("invalid-field", *says(errors)), errors=errors)


def _action(envelope: ActionEnvelope, type_: str, time: str, data: ActionData) -> Action:
    return Action(
        envelope.office, envelope.source, envelope.id, type_, time, envelope.actor, data,
        instant(time), day_at(time), {}, envelope.expectedversion, envelope.entry, envelope.traceparent,
    )  # fmt: skip


def _address(fields: dict[str, Any]) -> tuple[Address | None, tuple[FieldError, ...]]:
    errors: list[FieldError] = []
    found: list[str] = []
    for name, adapter in (("office", _ID), ("source", _TOKEN), ("id", _TOKEN), ("type", _TOKEN)):
        try:
            found.append(adapter.validate_python(fields.get(name), strict=True))
        except ValidationError as error:
            here = f"/{name}"
            errors.extend(explain(error, fields[name], here) if name in fields else (said("missing", here),))
    if errors:
        return None, tuple(errors)
    office, source, ident, type_ = found
    return (office, source, ident, type_), ()


def _nul(fields: dict[str, Any]) -> tuple[FieldError, ...]:
    """Where NUL characters are. A stack of its own: what can be parsed may be deeper than Python's."""
    found: list[FieldError] = []
    waiting: list[tuple[str, Any]] = [("", fields)]
    while waiting and len(found) < MOST_TOLD:
        pointer, value = waiting.pop()
        if isinstance(value, str) and "\x00" in value:
            found.append(said("nul", pointer))
        elif isinstance(value, dict):
            found.extend(said("nul", f"{pointer}/{escaped(name)}") for name in value if "\x00" in name)
            waiting.extend((f"{pointer}/{escaped(name)}", item) for name, item in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{pointer}/{index}", item) for index, item in enumerate(value))
    return tuple(found)


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


def _unknown_type(name: str) -> Rejection:
    close = get_close_matches(name, ACTIONS, n=1)
    hint_en, hint_zh = (f" Did you mean {close[0]}?", f"是否应为 {close[0]}？") if close else ("", "")
    return Rejection(
        "unknown-type",
        f"There is no action type {name} here.{hint_en} The types are in schemas/json; a newer recorder may know it.",
        f"没有操作类型 {name}。{hint_zh}类型见 schemas/json；新版记录服务可能支持。",
    )
