"""From JSON to an action checked against its schema: pure, and never raising for what a sender did.

What cannot even be addressed (no JSON, no office, no id …) is ``Unreadable``: quarantined from Kafka, refused over
HTTP. What has an address gets a receipt, whatever else is wrong with it.
"""

import re
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from schemas.base import ActionData, Id, instant
from schemas.catalogue import ACTIONS
from schemas.entries.taking import CorrectEntry, ProposeEntry
from schemas.envelope import EXTENSION, ActionEnvelope, Token
from schemas.trust.canonical import canonical
from services.common.telling.explain import said
from services.recorder.domain.deciding.core import Action, Rejection, day_at
from services.recorder.domain.proposing import PROPOSABLE
from services.recorder.intake.binary import MOST_ATTRIBUTES
from services.recorder.intake.explain import FieldError, explain, says
from services.recorder.intake.parsing import Unreadable, made_whole, too_deep
from services.recorder.intake.unseen import unseen_in

_ID: Final = TypeAdapter(Id)
_TOKEN: Final = TypeAdapter(Token)
_ATTRIBUTES: Final = ActionEnvelope.model_fields.keys()
_EXTENSION: Final = re.compile(EXTENSION)
_LIKE_OURS: Final = 0.8
_NOT_A_FACT: Final = FieldError(
    "/data/replacement/type",
    "is about another entry, not a fact of its own",
    "针对另一条记录，本身不是事实",
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
_NOT_PROPOSED: Final = FieldError(
    "/data/type",
    "is no type that a cadre proposes",
    "不是可自行申报的类型",
    "propose what enters growth files as learning, work or activity; the organiser enters rolls",
    "请申报成长档案中学习、工作、活动类的事项；签到由组织者登记",
)
_SEALED: Final = FieldError(
    "/data/data",
    "has text that would be sealed",
    "含有须密封的文字",
    "leave it out; whoever verifies it can record it",
    "请去掉该文字，由核实人另行登记",
)
Address = tuple[str, str, str, str]  # office, source, id, type


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


def read(fields: dict[str, Any], raw: bytes) -> Readable | Unreadable:
    """Check an action's members: the envelope, then the data by their type. ``raw`` is what they were parsed from."""
    found = _as_written(fields, raw)
    if isinstance(found, Readable) and found.refusal is None:
        return found
    return _as_written(fields, raw) if made_whole(fields) else found


def _as_written(fields: dict[str, Any], raw: bytes) -> Readable | Unreadable:
    if len(fields) <= MOST_ATTRIBUTES and not fields.keys() <= _ATTRIBUTES:
        fields = {name: value for name, value in fields.items() if not _foreign(name, value)}
    try:
        body = canonical({name: fields.get(name) for name in ("type", "time", "actor", "data")})
    except TypeError:  # the one thing that can be parsed and not written
        return too_deep()
    hidden = unseen_in(fields, raw)
    try:
        envelope = ActionEnvelope.model_validate(fields)
    except ValidationError as error:
        told = {each.pointer: each for each in (*explain(error, fields, "", ActionEnvelope), *hidden)}  # one a place
        return _misaddressed(fields, body, tuple(told.values()))
    address = (envelope.office, envelope.source, envelope.id, envelope.type)
    if hidden:
        return _refused(address, body, hidden)
    model = ACTIONS.get(envelope.type)
    if model is None:
        return Readable(*address, body, refusal=_unknown_type(envelope.type))
    return _checked(envelope, model, address, body)


def _foreign(name: str, value: Any) -> bool:  # noqa: ANN401  # anything that JSON holds
    """Whether it is an extension attribute of somebody else's, which senders may add: here it says nothing.

    What looks like one of ours, written wrongly, is none.
    """
    return (
        name not in _ATTRIBUTES
        and _EXTENSION.fullmatch(name) is not None
        and isinstance(value, str | int)
        and not get_close_matches(name, _ATTRIBUTES, n=1, cutoff=_LIKE_OURS)
    )


def _misaddressed(fields: dict[str, Any], body: bytes, errors: tuple[FieldError, ...]) -> Readable | Unreadable:
    """An envelope that doesn't hold: refused with a receipt where it still says whom to answer."""
    address, lacking = _address(fields)
    if address is not None:
        return _refused(address, body, errors)
    en, zh = says(lacking)
    return Unreadable("no-address", f"Not an action: {en}", f"不是有效的操作：{zh}", errors)


def _checked(envelope: ActionEnvelope, model: type[ActionData], address: Address, body: bytes) -> Readable:
    try:
        data = model.model_validate(envelope.data)
    except ValidationError as error:
        return _refused(address, body, explain(error, envelope.data, "/data", model))
    if type(data) is ProposeEntry:
        return _proposed(envelope, data, address, body)
    if type(data) is not CorrectEntry:
        return Readable(*address, body, _action(envelope, envelope.type, envelope.time, data, _typed(envelope)))
    replacement = _replacement(envelope, data)
    if isinstance(replacement, Rejection):
        return Readable(*address, body, refusal=replacement)
    if not isinstance(replacement, Action):
        return _refused(address, body, replacement)
    action = _action(envelope, envelope.type, envelope.time, data, _typed(envelope))
    return Readable(*address, body, action=action._replace(replacement=replacement))


def _replacement(envelope: ActionEnvelope, data: CorrectEntry) -> Action | Rejection | tuple[FieldError, ...]:
    given = data.replacement
    model = ACTIONS.get(given.type)
    if model is None:
        return _unknown_type(given.type)
    if "event" in model.model_fields or model is ProposeEntry:
        return (_NOT_A_FACT,)
    try:
        fact = model.model_validate(given.data)
    except ValidationError as error:
        return explain(error, given.data, "/data/replacement/data", model)
    if len(getattr(fact, "roll", (1,))) != 1:
        return (_ONE_LINE,)
    return _action(envelope, given.type, given.time, fact)._replace(first_index=1)


def _proposed(envelope: ActionEnvelope, data: ProposeEntry, address: Address, body: bytes) -> Readable:
    """A proposal, with what it proposes as an action of its own."""
    model = ACTIONS.get(data.type)
    if model is None:
        return Readable(*address, body, refusal=_unknown_type(data.type))
    if data.type not in PROPOSABLE:
        return _refused(address, body, (_NOT_PROPOSED,))
    try:
        fact = model.model_validate(data.data)
    except ValidationError as error:
        return _refused(address, body, explain(error, data.data, "/data/data", model))
    if any(getattr(fact, name) is not None for name in model.SEALED):
        return _refused(address, body, (_SEALED,))
    action = _action(envelope, envelope.type, envelope.time, data, _typed(envelope))
    proposed = _action(envelope, data.type, envelope.time, fact)
    return Readable(*address, body, action=action._replace(replacement=proposed))


def _refused(address: Address, body: bytes, errors: tuple[FieldError, ...]) -> Readable:
    return Readable(*address, body, refusal=Rejection("invalid-field", *says(errors)), errors=errors)


def _action(envelope: ActionEnvelope, type_: str, time: str, data: ActionData, typed: int | None = None) -> Action:
    return Action(
        envelope.office, envelope.source, envelope.id, type_, time, envelope.actor, data,
        instant(time), day_at(time), {}, envelope.expectedversion, envelope.entry, envelope.traceparent, typed=typed,
    )  # fmt: skip


def _typed(envelope: ActionEnvelope) -> int | None:
    """How many values there are in the data, where it is said who gave them: somebody by hand, or a program."""
    return None if envelope.entry is None else _values(envelope.data)


def _values(data: object) -> int:
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return sum([_values(part) if isinstance(part, dict | list) else 1 for part in parts])


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


def _unknown_type(name: str) -> Rejection:
    close = get_close_matches(name, ACTIONS, n=1)
    hint_en, hint_zh = (f" Did you mean {close[0]}?", f"是否应为 {close[0]}？") if close else ("", "")
    return Rejection(
        "unknown-type",
        f"There is no action type {name} here.{hint_en} The types are in schemas/json; a newer recorder may know it.",
        f"没有操作类型 {name}。{hint_zh}类型见 schemas/json；新版记录服务可能支持。",
    )
