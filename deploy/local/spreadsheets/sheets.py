"""A sheet an action: its columns, from what its type declares. A row is one action; it has one part of a list."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any, Final, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from schemas import declared
from schemas.base import ActionData
from schemas.catalogue import ACTIONS, EVENTS
from schemas.declared import New, Ref, Words

HELP: Final = "说明"  # the page that explains
NOTE: Final = "remark"  # the first column: what stands in it is not read, and a row with the word for an example isn't
TIME: Final = "time"
WORDS: Final[Mapping[str, Words]] = {NOTE: Words("备注", "remark"), TIME: Words("发生时间", "time")}
EXAMPLE: Final = "示例"
ROLL: Final = "roll"  # the one list of parts of which each part is a fact of its own
_LONGEST: Final = 31  # of a sheet's title
_WITHOUT: Final = (  # what is about a recorded event, or can't be undone: one by one, over the API
    "request-erasure", "erase-person", "place-hold", "lift-hold", "revoke-entry", "correct-entry", "propose-entry",
    "verify-entry", "dispute-entry", "settle-dispute", "declare-import",
)  # fmt: skip
_MONTH: Final = "2026-03"
_DAYS: Final = ("on", "from_on", "event_on")  # from which it follows when something happened, where no time is given


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the way to its member, its words, its form.

    ``form``: ``day``, ``instant``, ``month``, ``whole``, ``yes``, ``counts``, ``text`` or ``id``.

    ``many``: several values in a cell; ``values``: what the codes of a closed list are called.
    """

    path: tuple[str, ...]
    zh: str
    en: str
    form: str
    required: bool
    many: bool = False
    values: Mapping[str, Words] = field(default_factory=dict)
    kind: str = ""

    @property
    def words(self) -> Mapping[str, str]:
        """All that may stand in it, where that is a closed list."""
        every = self.values.values()
        return {"zh": "、".join(each.zh for each in every), "en": ", ".join(each.en for each in every)}

    def code(self, said: str) -> str | None:
        """The code of what people call it."""
        every = self.values.items()
        return next((code for code, each in every if said.casefold() in {each.zh, each.en.casefold(), code}), None)

    @property
    def name(self) -> str:
        """Its member, dotted."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One type of action. ``parts``: the members that list parts, of which a row has one; ``key`` tells rows apart."""

    title: str
    model: type[ActionData]
    columns: tuple[Column, ...]
    parts: tuple[str, ...]
    key: tuple[str, ...]

    def found(self, heading: str) -> Column | None:
        """The column that is headed so: in Chinese, in English, or by its member."""
        said = _bare(heading)
        return next((c for c in self.columns if said in map(_bare, (c.zh, c.en, c.name))), None)


def _bare(heading: str) -> str:
    """Without blanks, line breaks, the star of what is needed; signs narrow, letters small."""
    return "".join(unicodedata.normalize("NFKC", heading).split()).rstrip("*").casefold()


@cache
def sheets() -> dict[str, Sheet]:
    """All sheets by their titles, in the order in which what they name comes before what names it."""
    found: dict[str, Sheet] = {}
    for type_, model in ACTIONS.items():
        if type_.split(".")[2] not in _WITHOUT:
            title = model.WORDS.zh[:_LONGEST]
            title = title if title not in found else f"{title}（{type_.split('.')[2]}）"[:_LONGEST]
            found[title] = _sheet(title, model)
    return found


def of(name: str) -> Sheet | None:
    """The sheet of that title, or of the action called so."""
    said = name.strip()
    every = sheets().values()
    return sheets().get(said) or next(
        (s for s in every if said in {s.model.TYPE, ".".join(s.model.TYPE.split(".")[1:3])}), None
    )


def _sheet(title: str, model: type[ActionData]) -> Sheet:
    parts = tuple(_parts(model))
    columns = [
        Column((NOTE,), WORDS[NOTE].zh, WORDS[NOTE].en, "text", required=False),
        Column((TIME,), WORDS[TIME].zh, WORDS[TIME].en, "instant", required=not _day(model)),
        *_unlike(_columns(model, parts)),
    ]
    return Sheet(title, model, tuple(columns), parts, _key(model, parts))


def _parts(model: type[ActionData]) -> list[str]:
    """The members that list parts."""
    return [name for name, info in model.model_fields.items() if any(declared.models(info.annotation))]


def _day(model: type[ActionData]) -> str | None:
    fields = model.model_fields
    return next((name for name in _DAYS if name in fields and not declared.optional(fields[name])), None)


def day_of(sheet: Sheet) -> str | None:
    """The member from which it follows when it happened."""
    return _day(sheet.model)


def _columns(model: type[ActionData], parts: tuple[str, ...]) -> Iterator[Column]:
    for name, info in model.model_fields.items():
        if name not in parts:
            yield _column(model, (info.alias or name,), name, info)
            continue
        (inner,) = declared.models(info.annotation)
        needed = info.is_required() and len(parts) == 1  # of two lists a row may have a part of either
        of = declared.words_of(model, name)
        for member, each in inner.model_fields.items():
            made = _column(inner, (info.alias or name, each.alias or member), member, each)
            said = (made.zh, made.en) if len(parts) == 1 else (f"{of.zh}：{made.zh}", f"{of.en}: {made.en}")
            yield replace(made, zh=said[0], en=said[1], required=made.required and needed)


def _column(model: type[BaseModel], way: tuple[str, ...], name: str, info: FieldInfo) -> Column:
    words, values = declared.words_of(model, name), declared.values_of(model, name)
    marks = declared.marks(info)
    kind = next((mark.kind for mark in marks if isinstance(mark, Ref | New)), "")
    form = "id" if kind else _form(info)
    return Column(way, words.zh, words.en, form, info.is_required(), _many(info.annotation), values, kind)


def _unlike(columns: Iterator[Column]) -> Iterator[Column]:
    """Columns that are called alike are told apart by their members."""
    seen: set[str] = set()
    for column in columns:
        zh = column.zh if column.zh not in seen else f"{column.zh}（{column.name}）"
        seen.add(zh)
        yield replace(column, zh=zh)


def _many(annotation: Any) -> bool:  # noqa: ANN401  # any annotation
    return getattr(annotation, "__origin__", None) is tuple or any(map(_many, get_args(annotation)))


def _form(info: FieldInfo) -> str:
    schema = _schema(info)
    kinds = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    first = kinds[0].get("items", kinds[0]) if kinds else {}
    forms = {"date": "day", "date-time": "instant", "integer": "whole", "boolean": "yes", "object": "counts"}
    form = first.get("pattern", "")
    month = re.fullmatch(form, _MONTH) and not re.fullmatch(form, "any")  # a spreadsheet makes a day of it
    return "month" if month else forms.get(first.get("format", first.get("type", "")), "text")


def _schema(info: FieldInfo) -> dict[str, Any]:
    annotated: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(annotated).json_schema()


def _key(model: type[ActionData], parts: tuple[str, ...]) -> tuple[str, ...]:
    """What tells one row's fact from another's: the id that it makes, what it is once for; nothing but all it says."""
    made = [place.path[0] for place in model.NAMES if isinstance(place.mark, New) and len(place.path) == 1]
    needed = [name for name in made if not declared.optional(model.model_fields[name])]
    if needed and not any(place.mark.again for place in model.NAMES if isinstance(place.mark, New)):
        return tuple(needed[:1])
    if parts == (ROLL,):
        return "session", f"{ROLL}.person"
    event = next(event for event in EVENTS.values() if event.ACTION is model)
    return tuple(event.ONCE)
