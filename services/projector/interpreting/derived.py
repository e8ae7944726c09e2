"""A read model's SELECT as text, and the clauses that what is derived from it has in common."""

from collections.abc import Iterator
from typing import Final

from services.projector.read_models import SUMMED, ReadModel
from services.projector.relations import Source, filled, made, quoted

NOW: Final = "'9999-12-31'::timestamptz"  # what is known now is what will be known then, as far as we know
STANDING: Final = "known_to = 'infinity'"


def over(model: ReadModel, source: Source) -> str:
    """Its SELECT over the rows of a source."""
    told = {
        name: relation.rows(relation.types.intersection(model.types), source)
        for name, relation in model.relations.items()
    }
    if model.kind in {"asked", "log"}:  # its relation may be joined with itself
        told["moment"] = f"SELECT {source.instant} AS known"
    shared = (f"{name} AS ({made(name, model.relation_name)})" for name in model.shared)
    return filled(
        "all" if model.kind in {"recompute", "asked"} else "one",
        named=",\n".join((*(f"{name} AS NOT MATERIALIZED ({rows})" for name, rows in told.items()), *shared)),
        columns=expressions(model),
        tail=model.tail,
    )


def sums(model: ReadModel) -> Iterator[tuple[str, str, str]]:
    """Of each stored sum its name, its type, its SQL over the SELECT's rows."""
    for column in model.having(*SUMMED):
        name = quote(column.name)
        for value in column.values if column.role == "counts" else ():
            yield (
                f"{column.name}.{value}",
                "integer",
                f"coalesce(sum(_sign) FILTER (WHERE {name} ? {quoted(value)}), 0)",
            )
        if column.role != "counts":
            yield column.name, "bigint", f"coalesce(sum(_sign * {name}), 0)"


def quote(name: str) -> str:
    """A column's name: figures within others have dots."""
    return f'"{name}"'


def keys(model: ReadModel, of: str = "") -> str:
    """The key's columns after the office."""
    return ", ".join(of + quote(column.name) for column in model.key)


def same(model: ReadModel, one: str, other: str) -> str:
    """Two rows of one key."""
    return " AND ".join(f"{one}.{quote(column.name)} = {other}.{quote(column.name)}" for column in model.key)


def latest(model: ReadModel, of: str) -> str:
    """How of several facts of one key one is taken."""
    return f"{of}{quote(model.settings['latest'])} DESC, " if "latest" in model.settings else ""


def expressions(model: ReadModel) -> str:
    """The columns that its SELECT tells of each row of its relation."""
    told = (*(column for column in model.columns if not column.naming), *model.behind)
    return ", ".join(f"{column.expression} AS {quote(column.name)}" for column in told)


def text(said: str) -> str:
    """A literal of what people read."""
    return quoted(said.replace("'", "''"))
