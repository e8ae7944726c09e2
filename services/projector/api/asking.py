"""What is asked of a read model, as SQL: its rows, or the facts behind a figure, of whoever may read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from services.common.tokens.grants import Grant
from services.projector.database import Connection
from services.projector.interpreting.derived import NOW, quote
from services.projector.interpreting.view import AS_OF, explained, rows
from services.projector.read_models import OFFICE, ReadModel

Row = dict[str, Any]
ALWAYS: Final = datetime(9999, 12, 31, tzinfo=UTC)  # what is known now is what will be known then, as far as we know
_LISTED: Final = "SELECT {columns} FROM {source} AS r WHERE {conditions} ORDER BY {order} LIMIT {limit}::bigint"
_KNOWS: Final = (
    "EXISTS (SELECT FROM fact AS f WHERE f.office = r.office AND f.person = {person}"
    " AND f.type = 'chengzhang.people.person-registered.v1' AND f.known_to = 'infinity')"
)
_SITS: Final = (
    "EXISTS (SELECT FROM seat AS s WHERE s.office = r.office AND s.section = {section} AND s.person IN ({whose}))"
)
_SAT: Final = (
    "EXISTS (SELECT FROM unnest(ARRAY[{whose}]) AS w (person)"
    " CROSS JOIN LATERAL last_seat(r.office, w.person, shanghai_day({at}), {at}) AS s"
    " WHERE s.section = {section} AND s.until = shanghai_day({at}))"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which office, by whom, as of when (now, where none), narrowed to what.

    ``order`` is that of the pages, ``after`` the last key of the one before, ``limit`` how many rows there may be.
    """

    office: str
    grant: Grant
    at: datetime | None = None
    where: Mapping[str, object] = field(default_factory=dict)
    person: str | None = None
    section: str | None = None
    order: tuple[str, ...] = ()
    after: Sequence[str] | None = None
    limit: int | None = None


async def listed(connection: Connection, model: ReadModel, asked: Asked) -> list[Row]:
    """Its rows, in the order of their key."""
    order = asked.order or model.order
    shown = asked.at is None and model.kind != "asked"  # what is asked finds its office's facts first
    values: list[object] = [asked.office] if shown else [asked.office, asked.at or ALWAYS]
    own = _value(values, asked.grant.person) if any(column.role == "own" for column in model.columns) else "NULL"
    conditions = ["r.office = $1", *_conditions(model, asked, order, values)]
    statement = _LISTED.format(
        columns=", ".join(f"r.{quote(name)}" for name in (OFFICE, *(column.name for column in model.answered))),
        source=f"office.{model.name}" if shown else f"({rows(model, AS_OF, own)})",
        conditions=" AND ".join(conditions),
        order=", ".join(f"r.{quote(name)}" for name in order),
        limit=_value(values, asked.limit),
    )
    return [dict(row) for row in await connection.fetch(statement, *values)]


def _conditions(model: ReadModel, asked: Asked, order: Sequence[str], values: list[object]) -> Iterator[str]:
    for name, wanted in asked.where.items():
        yield f"r.{quote(name)} = {_value(values, wanted)}"
    # The access rule: rows that are nobody's are everybody's who reads the office, or is in it.
    if not model.whose and asked.grant.person is not None:
        yield _KNOWS.format(person=_value(values, asked.grant.person))
    if model.whose and asked.grant.person is not None:
        yield _whose(model, _value(values, asked.grant.person))
    if model.whose and asked.grant.section is not None:
        yield _of_section(model, _value(values, asked.grant.section))
    if asked.person is not None:
        yield _whose(model, _value(values, asked.person))
    if asked.section is not None:
        yield _section(model, _value(values, asked.section), NOW if asked.at is None else AS_OF)
    if asked.after is not None:
        types = {OFFICE: "text"} | {column.name: column.type for column in model.columns}
        key = (f"{_value(values, part)}::text::{types[name]}" for name, part in zip(order, asked.after, strict=True))
        yield f"({', '.join(f'r.{quote(name)}' for name in order)}) > ({', '.join(key)})"


def _whose(model: ReadModel, person: str) -> str:
    return f"{person} IN ({_persons(model)})" if len(model.whose) > 1 else f"{_persons(model)} = {person}"


def _of_section(model: ReadModel, section: str) -> str:
    """Rows of those who sit there; of what is asked also the section's own, which are no person's."""
    sits = _SITS.format(whose=_persons(model), section=section)
    if model.kind != "asked" or not model.sectioned:
        return sits
    return f"({sits} OR r.section = {section} AND coalesce({_persons(model)}, r.section) = r.section)"


def _section(model: ReadModel, section: str, at: str) -> str:
    """Of a fact that says where it was, that section; else where those whose it is sat then."""
    if model.sectioned:
        return f"r.section = {section}"
    at = "now()" if at == NOW else at
    return _SAT.format(whose=_persons(model), section=section, at=at)


def _persons(model: ReadModel) -> str:
    return ", ".join(f"r.{quote(name)}" for name in model.whose)


def _value(values: list[object], value: object) -> str:
    values.append(value)
    return f"${len(values)}"


async def behind(connection: Connection, model: ReadModel, figure: str, asked: Asked) -> list[Row]:
    """The facts behind a figure of the one row that ``asked.where`` names, each with what it counts; a page of them."""
    after = asked.after or (None, None)
    keys = [asked.where[column.name] for column in model.key]
    found = await connection.fetch(
        explained(model, figure), asked.office, asked.at or ALWAYS, *after, asked.limit, *keys
    )
    return [dict(row) for row in found]


def rule_of(model: ReadModel, figure: str) -> str | None:
    """What makes the figure of the facts listed; None where they add up to it.

    ``latest``: the time of the latest; ``fact``: what the one that counts says; ``facts``: what they say together.
    """
    column = model.figures[figure]
    if model.points(figure):
        summed = column.type in {"bigint", "integer"} or column.role == "counts"
        return None if summed and figure.partition(".")[0] in model.pointing(figure).explains else "facts"
    return None if column.role in {"sum", "counts"} else column.role or "fact"


def value_of(row: Mapping[str, Any], figure: str) -> Any:  # noqa: ANN401  # any figure
    """A figure of a row; what is zero is left out of counts."""
    name, dot, value = figure.partition(".")
    return row[name].get(value, 0) if dot else row[name]
