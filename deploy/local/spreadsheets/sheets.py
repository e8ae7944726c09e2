"""A sheet an action: its columns, from what its type declares. A row is one action; of a list of parts it has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Final, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from schemas import declared
from schemas.base import ActionData
from schemas.catalogue import ACTIONS, EVENTS
from schemas.declared import New, Ref, Words

NOTE: Final = "note"  # the first column: what stands in it is not read, and a row with the word for an example isn't
TIME: Final = "time"
WORDS: Final[Mapping[str, Words]] = {NOTE: Words("备注", "note"), TIME: Words("发生时间", "time")}
EXAMPLE: Final = "示例"
ROLL: Final = "roll"  # the one list of parts of which each part is a fact of its own
_LONGEST: Final = 31  # of a sheet's title
_BY_HAND: Final = ("request-erasure", "erase-person", "place-hold", "lift-hold")  # what nobody does by the hundred
_DAYS: Final = ("on", "from_on", "event_on")  # from which it follows when something happened, where no time is given


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the way to its member, its words, its form.

    ``form``: ``day``, ``instant``, ``whole``, ``yes``, ``text`` or ``id``.

    ``many``: several values in a cell; ``values``: codes by what people call them.
    """

    path: tuple[str, ...]
    zh: str
    en: str
    form: str
    required: bool
    many: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""

    @property
    def name(self) -> str:
        """Its member, dotted."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One type of action. ``part``: the member that lists parts, of which a row has one; ``key`` tells rows apart."""

    title: str
    model: type[ActionData]
    columns: tuple[Column, ...]
    part: str | None
    key: tuple[str, ...]

    def found(self, heading: str) -> Column | None:
        """The column that is headed so: in Chinese, in English, or by its member."""
        said = heading.rstrip("*＊ ").strip().casefold()
        return next((c for c in self.columns if said in {c.zh.casefold(), c.en.casefold(), c.name.casefold()}), None)


@cache
def sheets() -> dict[str, Sheet]:
    """All sheets by their titles, in the order in which what they name comes before what names it."""
    found: dict[str, Sheet] = {}
    for type_, model in ACTIONS.items():
        if not type_.startswith("chengzhang.any.") and type_.split(".")[2] not in _BY_HAND and len(_parts(model)) <= 1:
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
    part = next(iter(_parts(model)), None)
    columns = [
        Column((NOTE,), WORDS[NOTE].zh, WORDS[NOTE].en, "text", required=False),
        Column((TIME,), WORDS[TIME].zh, WORDS[TIME].en, "instant", required=not _day(model)),
        *_unlike(_columns(model, (), part)),
    ]
    return Sheet(title, model, tuple(columns), part, _key(model, part))


def _parts(model: type[ActionData]) -> list[str]:
    """The members that list parts; no sheet has two."""
    return [name for name, info in model.model_fields.items() if any(declared.models(info.annotation))]


def _day(model: type[ActionData]) -> str | None:
    fields = model.model_fields
    return next((name for name in _DAYS if name in fields and not declared.optional(fields[name])), None)


def day_of(sheet: Sheet) -> str | None:
    """The member from which it follows when it happened."""
    return _day(sheet.model)


def _columns(model: type[BaseModel], way: tuple[str, ...], part: str | None) -> Iterator[Column]:
    for name, info in model.model_fields.items():
        if name == part:
            (inner,) = declared.models(info.annotation)
            yield from _columns(inner, (*way, info.alias or name), None)
        else:
            yield _column(model, (*way, info.alias or name), name, info)


def _column(model: type[BaseModel], way: tuple[str, ...], name: str, info: FieldInfo) -> Column:
    words, values = declared.words_of(model, name), declared.values_of(model, name)
    called = {word: code for code, each in values.items() for word in (each.zh, each.en, code)}
    marks = declared.marks(info)
    kind = next((mark.kind for mark in marks if isinstance(mark, Ref | New)), "")
    form = "id" if kind else _form(info)
    return Column(way, words.zh, words.en, form, info.is_required(), _many(info.annotation), called, kind)


def _unlike(columns: Iterator[Column]) -> Iterator[Column]:
    """Columns that are called alike are told apart by their members."""
    seen: set[str] = set()
    for column in columns:
        zh = column.zh if column.zh not in seen else f"{column.zh}（{column.name}）"
        seen.add(zh)
        yield Column(column.path, zh, column.en, column.form, column.required, column.many, column.values, column.kind)


def _many(annotation: Any) -> bool:  # noqa: ANN401  # any annotation
    return getattr(annotation, "__origin__", None) is tuple or any(map(_many, get_args(annotation)))


def _form(info: FieldInfo) -> str:
    schema = _schema(info)
    kinds = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    first = kinds[0].get("items", kinds[0]) if kinds else {}
    forms = {"date": "day", "date-time": "instant", "integer": "whole", "boolean": "yes"}
    return forms.get(first.get("format", first.get("type", "")), "text")


def _schema(info: FieldInfo) -> dict[str, Any]:
    annotated: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(annotated).json_schema()


def _key(model: type[ActionData], part: str | None) -> tuple[str, ...]:
    """What tells one row's fact from another's: the id that it makes, what it is once for; nothing but all it says."""
    made = [place.path[0] for place in model.NAMES if isinstance(place.mark, New) and len(place.path) == 1]
    needed = [name for name in made if not declared.optional(model.model_fields[name])]
    if needed and not any(place.mark.again for place in model.NAMES if isinstance(place.mark, New)):
        return tuple(needed[:1])
    if part == ROLL:
        return "session", f"{ROLL}.person"
    event = next(event for event in EVENTS.values() if event.ACTION is model)
    return tuple(event.ONCE)
