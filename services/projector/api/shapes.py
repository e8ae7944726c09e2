"""What the API answers, member by member: the source of its OpenAPI description. Rows are as their read models say."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from services.projector.read_models import Column, ReadModel, plain

T = TypeVar("T")
Y = TypeVar("Y")
E = TypeVar("E")
Name = Annotated[
    str | None, Field(description="null where the reader may not know it, it can't be had now, or it was erased")
]
Erased = Annotated[
    list[str],
    Field(
        exclude_if=lambda persons: not persons,
        description="those in this answer whose names were erased, for ever; left out where there are none",
    ),
]
Elsewhere = Annotated[
    list[str],
    Field(
        exclude_if=lambda offices: not offices,
        description="other offices in your reach that know somebody by this id, whose files don't join this one, "
        "since no move between them was recorded by both: ask with `office`; left out where there are none",
    ),
]
Seen = Annotated[
    dict[str, int],
    Field(description="next position by shard: everything before it is in this answer", examples=[{"3": 125}]),
]
Next = Annotated[str | None, Field(description="the next page's `after`; null on the last one")]
PYTHON: Final[dict[str, Any]] = {
    "text": str, "text[]": list[str], "integer": int, "bigint": int, "boolean": bool, "date": date,
    "timestamptz": datetime, "jsonb": Any,
}  # fmt: skip
_SUMS: Final[dict[str, Any]] = {"sum": int, "counts": dict[str, int]}


class Shape(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True)


def row_of(model: ReadModel, without: Collection[str] = ()) -> type[Shape]:
    """The shape of a read model's rows, with a name beside each person."""
    members: dict[str, Any] = {"office": (Annotated[str, Field(title="机关 · office")], ...)}
    for column in model.answered:
        if column.name not in without:
            members[column.name] = (_member(column), ...)
            members |= {name_of(column): (_name(column), ...)} if column.person else {}
    return create_model(model.name, __base__=Shape, __doc__=f"{model.words.zh}: {model.question}", **members)


def _member(column: Column) -> Any:  # noqa: ANN401  # a type
    type_ = _SUMS.get(column.role) or (PYTHON[column.type] if column.role == "key" else PYTHON[column.type] | None)
    heading, words = column.heading, column.words
    return Annotated[type_, Field(title=f"{heading.zh} · {heading.en}", description=f"{words.zh} · {words.en}")]


def _name(column: Column) -> Any:  # noqa: ANN401  # a type
    return Annotated[Name, Field(title=f"{column.words.zh}姓名 · {plain(name_of(column))}")]


def name_of(column: Column) -> str:
    """Where the name of a person stands: ``person_a`` has ``name_a``, ``subject`` has ``subject_name``."""
    return column.name.replace("person", "name") if "person" in column.name else f"{column.name}_name"


class Behind(Shape):
    """An event behind a figure, and what it counts in it."""

    event_id: str
    event: str
    shard: int
    position: int
    occurred_at: datetime
    counts: int


class Explanation(Shape):
    """The events behind a figure: their counts add up to it, or ``rule`` makes it of them."""

    figure: str
    value: Any
    rule: Annotated[str | None, Field(exclude_if=lambda rule: rule is None)] = None
    events: list[Behind]
    next: Next
    seen: Seen


class Training(Shape):
    """What was credited in a year to one account, by all offices of the file."""

    year: int
    account: str
    centi_xueshi: Annotated[int, Field(description="1/100 study hour (学时)")]


class File(Shape, Generic[Y, E]):
    """成长档案: a cadre's growth file, joined over the offices that recorded the moves between them."""

    person: str
    name: Name
    as_of: str | None
    years: list[Y]
    training: Annotated[list[Training], Field(exclude_if=lambda credited: not credited)]
    entries: list[E]
    next: Next
    seen: Seen
    elsewhere: Elsewhere = []
    erased: Erased = []


class Offices(Shape):
    """A page of offices."""

    items: list[dict[str, str]]
    next: Next
    seen: Seen


class Page(Shape, Generic[T]):
    """A page of an office's rows."""

    office: str
    items: list[T]
    next: Next
    seen: Seen
    erased: Erased = []
