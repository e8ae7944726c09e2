"""What readers see of a read model: its rows as they are and as they were, and the facts behind a figure."""

from collections.abc import Iterator
from typing import Final

from services.projector.interpreting.derived import (
    NOW,
    STANDING,
    expressions,
    keys,
    latest,
    over,
    quote,
    same,
    sums,
    text,
)
from services.projector.read_models import Column, ReadModel
from services.projector.relations import AMENDMENTS, filled, known, listed, quoted

AS_OF: Final = "$2::timestamptz"
_STOOD: Final = f"office = $1 AND known_from <= {AS_OF} AND known_to > {AS_OF}"
_STOOD_OR_NOT: Final = f"office = $1 AND known_from <= {AS_OF} AND (known_to > {AS_OF} OR revoked_at <= {AS_OF})"
_GIVEN: Final = {
    "office": "机关 · the office in which the facts were recorded",
    "shard": "分片 · the shard of the office",
    "position": "序号 · position of the event behind the row",
    "last_position": "最近序号 · position of the latest event that touched the row",
}


def view(model: ReadModel) -> str:
    """The statements that create its public view, with a comment on each column."""
    name = f"office.{model.name}"
    told = _GIVEN | {column.name: f"{column.words.zh} · {column.words.en}" for column in model.columns}
    about = f"{model.words.zh} · {model.words.en}. {model.question} Key (office, {keys(model)})"
    comments = [f"COMMENT ON VIEW {name} IS {text(about)}"]
    comments += [f"COMMENT ON COLUMN {name}.{quote(column)} IS {text(told[column])}" for column in _seen(model)]
    return ";\n".join((f"CREATE OR REPLACE VIEW {name} AS {rows(model)}", *comments))


def rows(model: ReadModel, as_of: str | None = None, own: str = "NULL") -> str:
    """Its rows: as they are, of all offices; ``as_of`` an instant as they were known then, of the office ``$1``.

    ``own``: the person who asks, and is shown what nobody else is.
    """
    collected = as_of is None and bool(model.having("latest"))
    columns = {column.name: _shown(model, column, "b" if collected else "k", own) for column in model.columns}
    shown = [f"{columns.get(name, f'k.{name}')} AS {quote(name)}" for name in _seen(model)]
    joins = _collecting(model) if collected else ""
    return filled("rows", shown=", ".join(shown), instant=as_of or NOW, kept=_kept(model, as_of), joins=joins)


def _seen(model: ReadModel) -> tuple[str, ...]:
    """The view's columns; what things are called comes last."""
    more = {"sum": ("shard", "last_position"), "rows": ("shard", "position")}.get(model.kind, ())
    own, naming = ([c.name for c in model.columns if c.naming is naming] for naming in (False, True))
    return ("office", *own, *more, *naming)


def _shown(model: ReadModel, column: Column, collected: str, own: str) -> str:
    """A column as it is shown, of a row ``k``."""
    name = quote(column.name)
    if column.naming:
        return column.expression
    if model.kind == "asked" and column.role != "own":
        return f"k.{name}"
    stored = ", ".join(f"k.{quote(figure)}" for figure in column.figures)
    return {
        "own": f"CASE WHEN k.subject = {own} THEN k.{name} END",
        "sum": f"coalesce(k.{name}, 0)",
        "counts": f"counts(ARRAY[{listed(column.values)}], ARRAY[{stored}])",
        "latest": f"{collected}.{name}",
    }.get(column.role, f"k.{name}")


def _kept(model: ReadModel, as_of: str | None) -> str:
    """Its rows before they are shown: out of its table, or out of the facts as known at an instant."""
    if model.kind == "asked":
        return over(model, known(_STOOD if as_of else STANDING, as_of or NOW))
    if model.kind == "log":
        standing = _STOOD_OR_NOT if as_of else f"({STANDING} OR revoked_at IS NOT NULL)"
        return over(model, known(standing, as_of or NOW))
    if as_of is None:
        return filled("shown", name=model.name, standing="WHERE facts <> 0" if model.kind == "sum" else "")
    return _told(model, over(model, known(_STOOD, as_of)))


def _told(model: ReadModel, one: str) -> str:
    """Its rows out of the facts of its SELECT."""
    if model.kind == "recompute":
        return one
    if model.kind == "rows":
        return filled("latest", keys=keys(model), one=one, latest=latest(model, ""))
    summed = [f"{sql} AS {quote(name)}" for name, _, sql in sums(model)]
    return filled("summed", keys=keys(model), one=one, sums=", ".join((*summed, *_collected(model))))


def _collecting(model: ReadModel) -> str:
    one = over(model, known(STANDING, NOW))
    where = [same(model, "q", "k"), *_within_year(model)]
    return filled("collected", collected=", ".join(_collected(model)), one=one, same=" AND ".join(where))


def _collected(model: ReadModel) -> Iterator[str]:
    """What is no sum, out of the SELECT's rows."""
    for column in model.having("latest"):
        yield f"max({quote(column.name)}) AS {quote(column.name)}"


def _within_year(model: ReadModel) -> Iterator[str]:
    """Where a year is part of the key, an index finds its facts."""
    for column in model.key:
        if column.expression == "shanghai_year(occurred_at)":
            year = f"k.{quote(column.name)}"
            yield f"q._occurred_at >= make_timestamptz({year}, 1, 1, 0, 0, 0, 'Asia/Shanghai')"
            yield f"q._occurred_at < make_timestamptz({year} + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai')"


def explained(model: ReadModel, figure: str) -> str:
    """The facts behind a figure of the row of the office ``$1`` with the key ``$6`` and on, as known at ``$2``.

    A page of them: up to ``$5``, after those of the instant ``$3`` and the position ``$4``.
    """
    tables = {(table, other) for table in model.relation.tables for other in (table, "fact")}
    preceding = ", ".join(f"({quoted(each.of)}, {quoted(each.type)})" for each in AMENDMENTS if each.of)
    changing = [filled("changing", table=table, other=other, preceding=preceding) for table, other in sorted(tables)]
    return filled("explained", found=_found(model, figure), changing=" ".join(changing))


def _found(model: ReadModel, figure: str) -> str:
    column = model.figures[figure]
    where = " AND ".join(f"q.{quote(key.name)} = ${place}::{key.type}" for place, key in enumerate(model.key, 6))
    if model.points(figure):
        stood = known(_STOOD_OR_NOT if model.kind == "log" else _STOOD, AS_OF)
        one, behind = over(model, stood), quote(model.pointing(figure).name)
        relation = model.relation.rows(model.types, stood)
        if column.role == "counts":
            behind += f" -> {quoted(figure.rpartition('.')[2])}"
        return filled("pointed", one=one, relation=relation, behind=behind, same=where)
    if model.kind == "recompute":
        relation = model.relation.rows(model.types, known(_STOOD, AS_OF))
        names = {"name": model.relation_name, "columns": expressions(model), "tail": model.tail}
        return filled("alone", relation=relation, same=where, **names)
    one = over(model, known(_STOOD_OR_NOT if model.kind == "log" else _STOOD, AS_OF))
    if model.kind == "rows":
        one = _told(model, one)
    counting = "counts <> 0" if model.kind == "sum" else "true"
    return filled("found", counts=_counts(column, figure), one=one, same=where, counting=counting)


def _counts(column: Column, figure: str) -> str:
    """What one fact counts in a figure."""
    name = quote(column.name)
    return {
        "sum": f"coalesce({name}, 0)",
        "counts": f"({name} ? {quoted(figure.rpartition('.')[2])})::integer",
        "latest": f"({name} = max({name}) OVER ())::integer",
    }.get(column.role, "1")
