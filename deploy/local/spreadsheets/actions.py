"""Rows as actions, or what is wrong with them: in which column, and how to mend it. Nothing is sent here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import orjson
from pydantic import ValidationError

from deploy.local.speaking.words import both
from deploy.local.spreadsheets.cells import instant_of
from deploy.local.spreadsheets.drafts import Draft, drafts
from deploy.local.spreadsheets.fates import Fate, Ready
from deploy.local.spreadsheets.files import Row
from deploy.local.spreadsheets.sheets import ROLL, TIME, Sheet, day_of
from services.common.telling.explain import field_errors

SOURCE: Final = "/import"
Json = dict[str, Any]


def read(rows: Iterable[Row], office: str) -> Iterator[Ready | Fate]:
    """Rows as actions, or why they aren't; rows that follow each other with parts of one thing are one action."""
    together: list[Draft] = []
    for each in drafts(rows):
        if isinstance(each, Draft) and together and _one(together[0], each):
            together.append(each)
            continue
        yield from _action(together, office)
        together = [each] if isinstance(each, Draft) else []
        if isinstance(each, Fate):
            yield each
    yield from _action(together, office)


def _one(first: Draft, each: Draft) -> bool:
    """Whether a row has but further parts of what the first says; a line of a roll is a fact of its own."""
    sheet = each.sheet
    if not sheet.parts or sheet.parts == (ROLL,) or sheet is not first.sheet:
        return False
    whole = {name: value for name, value in each.said.items() if name not in sheet.parts}
    return len(whole) < len(each.said) and all(first.said.get(name) == value for name, value in whole.items())


def _action(together: list[Draft], office: str) -> Iterator[Ready | Fate]:
    if not together:
        return
    sheet, rows = together[0].sheet, tuple(draft.row for draft in together)
    data = {name: value for name, value in together[0].said.items() if name not in sheet.parts}
    of_part = {part: [draft.row for draft in together if part in draft.said] for part in sheet.parts}
    for part, standing in of_part.items():
        if standing or sheet.model.model_fields[part].is_required():
            data[part] = [draft.said[part] for draft in together if part in draft.said]
    ready = Ready(rows, sheet, {"data": data}, of_part)
    time = data.pop(TIME, None)
    if time is None and (day := day_of(sheet)) and day in data:
        time = instant_of(data[day])
    if time is None:
        yield from ready.fates("refused", "invalid-field", both("no_time"), f"/data/{TIME}")
        return
    try:
        sheet.model.model_validate(data)
    except ValidationError as error:
        yield from _invalid(ready, error)
        return
    yield replace(ready, action=_envelope(sheet, data, time, office))


def _invalid(ready: Ready, error: ValidationError) -> Iterator[Fate]:
    found = error.errors(include_url=False, include_input=False)
    for each in field_errors(found, ready.action["data"], "/data"):
        message = {"en": f"{each.en} ({each.fix_en})", "zh": f"{each.zh}（{each.fix_zh}）"}
        yield from ready.fates("refused", "invalid-field", message, each.pointer)


def _envelope(sheet: Sheet, data: Json, time: str, office: str) -> Json:
    """Its id is the same whenever what the row is about is the same: sent again it is no second fact."""
    return {
        "specversion": "1.0", "id": _ident(sheet, data, time), "source": SOURCE, "type": sheet.model.TYPE, "time": time,
        "office": office, "actor": "import", "entry": "hand", "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def _ident(sheet: Sheet, data: Json, time: str) -> str:
    parts: list[Any] = [_at(data, name) for name in sheet.key]
    if not parts or any(part is None for part in parts):
        parts = [time, data]  # nothing tells it from another but what it says
    digest = hashlib.sha256(orjson.dumps([sheet.model.TYPE, parts], option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{sheet.model.TYPE.split('.')[2]}-{digest[:24]}"


def _at(data: Json, name: str) -> Any:  # noqa: ANN401  # JSON
    found: Any = data
    for part in name.split("."):
        if isinstance(found, list):
            found = found[0] if found else {}
        found = found.get(part) if isinstance(found, dict) else None
    return found
