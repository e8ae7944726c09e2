"""From a read model's one SELECT: its table, its folds, its view, its rows as of an instant, the facts behind a figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from services.projector.read_models import COLLECTED, SUMMED, Column, ReadModel
from services.projector.relations import (
    AMENDMENTS,
    RELATIONS,
    TABLES,
    Amendment,
    Source,
    changed,
    filled,
    known,
    listed,
    quoted,
    table_of,
)

NOW: Final = "'9999-12-31'::timestamptz"  # what is known now is what will be known then, as far as we know
AS_OF: Final = "$2::timestamptz"
_STANDING: Final = "known_to = 'infinity'"
_STOOD: Final = f"office = $1 AND known_from <= {AS_OF} AND known_to > {AS_OF}"
_STOOD_OR_NOT: Final = f"office = $1 AND known_from <= {AS_OF} AND (known_to > {AS_OF} OR revoked_at <= {AS_OF})"
_ORDERED: Final = 'text COLLATE "C"'
_GIVEN: Final = {
    "office": "机关 · the office in which the facts were recorded",
    "shard": "分片 · the shard of the office",
    "position": "序号 · position of the event behind the row",
    "last_position": "最近序号 · position of the latest event that touched the row",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of a batch. It is run where the batch has facts of these types (none: always); ``revoking``: and revokes.

    What it gives as rows are the types of further facts that it has changed.
    """

    sql: str
    types: frozenset[str] = frozenset()
    revoking: bool = False


# --- a batch ---


def batch(models: Iterable[ReadModel]) -> Iterator[Step]:
    """All statements of a batch, in their order: first the facts, then what rests on them."""
    yield Step(filled("years"))
    for name in TABLES:
        held = RELATIONS[name].types
        yield Step(filled("arrive", table=name), held)
        yield Step(filled("revoke", table=name), held, revoking=True)
    for amendment in AMENDMENTS:
        yield Step(_amending(amendment), frozenset((amendment.type,)))
    for model in models:
        yield from steps(model)


def _amending(amendment: Amendment) -> str:
    members = ", ".join(f"{quoted(name)}, a.data -> {quoted(name)}" for name in amendment.fields)
    return filled(
        "amend",
        table=table_of(amendment.type),
        type=amendment.type,
        when=amendment.when,
        member=amendment.member,
        fields=members,
    )


# --- its table and its folds ---


def table(model: ReadModel) -> str:
    """The statement that creates its table."""
    typed = ", ".join(f"{quote(name)} {type_}" for name, type_ in _stored(model))
    return filled("table", name=model.name, columns=typed, keys=_keys(model))


def _stored(model: ReadModel) -> Iterator[tuple[str, str]]:
    """Its table's columns and their types, after the office."""
    for column in model.key:
        yield column.name, f"{_ORDERED if column.type == 'text' else column.type} NOT NULL"
    if model.kind == "sum":
        yield "facts", "bigint NOT NULL"  # how many count here; without any the row isn't shown
        yield from ((name, f"{type_} NOT NULL") for name, type_, _ in _sums(model))
        yield from (("shard", "integer NOT NULL"), ("last_position", "bigint NOT NULL"))
    else:
        yield from ((column.name, column.type) for column in model.having(""))
    if model.kind == "rows":
        yield from (("shard", "integer NOT NULL"), ("position", "bigint NOT NULL"))


def steps(model: ReadModel) -> Iterator[Step]:
    """What a batch does to its rows."""
    types = frozenset(model.types)
    if model.kind == "sum":
        yield Step(_summing(model), types)
    elif model.stored:
        touched = {"name": model.name, "keys": _keys(model), "one": over(model, changed)}
        yield Step(filled("clear", **touched, same=_same(model, "t", "q")), types)
        yield Step(_entering(model, touched), types)


def _summing(model: ReadModel) -> str:
    names = [quote(name) for name, _, _ in _sums(model)]
    return filled(
        "sum",
        name=model.name,
        keys=_keys(model),
        one=over(model, changed),
        figures=", ".join(names),
        sums=", ".join(sql for _, _, sql in _sums(model)),
        added=", ".join(f"{name} = t.{name} + excluded.{name}" for name in names),
    )


def _entering(model: ReadModel, touched: dict[str, str]) -> str:
    within = model.settings.get("within", "stream")
    near = known(f"office = s.office AND {within} = s.{within} AND {_STANDING}", NOW)
    (held,) = model.relation.tables
    return filled(
        "enter" if model.kind == "rows" else "recompute",
        **touched,
        columns=", ".join(quote(column.name) for column in model.having("key", "")),
        qualified=", ".join(f"q.{quote(column.name)}" for column in model.having("key", "")),
        key=_keys(model, "q."),
        within=within,
        table=held,
        types=listed(model.types),
        standing=over(model, near),
        latest=_latest(model, "q."),
    )


def _sums(model: ReadModel) -> Iterator[tuple[str, str, str]]:
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


def over(model: ReadModel, source: Source) -> str:
    """Its SELECT over the rows of a source."""
    return filled(
        "all" if model.kind == "recompute" else "one",
        name=model.relation_name,
        relation=model.relation.rows(model.types, source),
        columns=_expressions(model),
        tail=model.tail,
    )


# --- its rows, as they are and as they were ---


def view(model: ReadModel) -> str:
    """The statements that create its public view, with a comment on each column."""
    name = f"office.{model.name}"
    told = _GIVEN | {column.name: f"{column.words.zh} · {column.words.en}" for column in model.columns}
    about = f"{model.words.zh} · {model.words.en}. {model.question} Key (office, {_keys(model)})"
    comments = [f"COMMENT ON VIEW {name} IS {_text(about)}"]
    comments += [f"COMMENT ON COLUMN {name}.{quote(column)} IS {_text(told[column])}" for column in _seen(model)]
    return ";\n".join((f"CREATE OR REPLACE VIEW {name} AS {rows(model)}", *comments))


def rows(model: ReadModel, as_of: str | None = None) -> str:
    """Its rows: as they are, of all offices; ``as_of`` an instant as they were known then, of the office ``$1``."""
    collected = as_of is None and bool(model.having(*COLLECTED))
    columns = {column.name: _shown(column, "b" if collected else "k") for column in model.columns}
    shown = [f"{columns.get(name, f'k.{name}')} AS {quote(name)}" for name in _seen(model)]
    joins = [_collecting(model)] if collected else []
    if "beside" in model.settings:
        joins.append(f"LEFT JOIN LATERAL {model.settings['beside']} ON true")
    return filled(
        "rows", shown=", ".join(shown), instant=as_of or NOW, kept=_kept(model, as_of), joins="\n".join(joins)
    )


def _seen(model: ReadModel) -> tuple[str, ...]:
    """The view's columns."""
    more = {"sum": ("shard", "last_position"), "rows": ("shard", "position")}.get(model.kind, ())
    return ("office", *(column.name for column in model.columns), *more)


def _shown(column: Column, collected: str) -> str:
    """A column as it is shown, of a row ``k``."""
    name = quote(column.name)
    stored = ", ".join(f"k.{quote(figure)}" for figure in column.figures)
    return {
        "row": column.expression,
        "sum": f"coalesce(k.{name}, 0)",
        "reaches": f"coalesce(k.{name}, 0) >= {column.least}",
        "counts": f"counts(ARRAY[{listed(column.values)}], ARRAY[{stored}])",
        "events": f"coalesce({collected}.{name}, '{{}}')",
        "latest": f"{collected}.{name}",
    }.get(column.role, f"k.{name}")


def _kept(model: ReadModel, as_of: str | None) -> str:
    """Its rows before they are shown: out of its table, or out of the facts as known at an instant."""
    if model.kind == "log":
        standing = _STOOD_OR_NOT if as_of else f"({_STANDING} OR revoked_at IS NOT NULL)"
        return over(model, known(standing, as_of or NOW))
    if as_of is None:
        kept = filled("shown", name=model.name, standing="WHERE facts <> 0" if model.kind == "sum" else "")
    else:
        kept = _told(model, over(model, known(_STOOD, as_of)))
    return _holding(model, kept, as_of) if "years" in model.settings else kept


def _told(model: ReadModel, one: str) -> str:
    """Its rows out of the facts of its SELECT."""
    if model.kind == "recompute":
        return one
    if model.kind == "rows":
        return filled("latest", keys=_keys(model), one=one, latest=_latest(model, ""))
    sums = [f"{sql} AS {quote(name)}" for name, _, sql in _sums(model)]
    return filled("summed", keys=_keys(model), one=one, sums=", ".join((*sums, *_collected(model))))


def _holding(model: ReadModel, kept: str, as_of: str | None) -> str:
    names = [name for name, _, _ in _sums(model)]
    if as_of is not None:
        names += [column.name for column in model.having(*COLLECTED)]
    columns = [
        "h.office",
        *(f"h.{quote(column.name)}" for column in model.key),
        *(f"t.{quote(name)}" for name in names),
    ]
    return filled("holders", columns=", ".join(columns), rows=kept, instant=as_of or NOW, same=_same(model, "t", "h"))


def _collecting(model: ReadModel) -> str:
    one = over(model, known(_STANDING, NOW))
    same = [_same(model, "q", "k"), *_within_year(model)]
    return filled("collected", collected=", ".join(_collected(model)), one=one, same=" AND ".join(same))


def _collected(model: ReadModel) -> Iterator[str]:
    """What is no sum, out of the SELECT's rows."""
    for column in model.having(*COLLECTED):
        name = quote(column.name)
        if column.role == "latest":
            yield f"max({name}) AS {name}"
        else:
            yield f"array_agg(_event_id::text ORDER BY _occurred_at, _event_id) FILTER (WHERE {name}) AS {name}"


def _within_year(model: ReadModel) -> Iterator[str]:
    """Where a year is part of the key, an index finds its facts."""
    for column in model.key:
        if column.expression == "shanghai_year(occurred_at)":
            year = f"k.{quote(column.name)}"
            yield f"q._occurred_at >= make_timestamptz({year}, 1, 1, 0, 0, 0, 'Asia/Shanghai')"
            yield f"q._occurred_at < make_timestamptz({year} + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai')"


# --- the facts behind a figure ---


def explained(model: ReadModel, figure: str) -> str:
    """The facts behind a figure of the row of the office ``$1`` with the key ``$6`` and on, as known at ``$2``.

    A page of them: up to ``$5``, after those of the instant ``$3`` and the position ``$4``.
    """
    tables = {(table, other) for table in model.relation.tables for other in (table, "fact")}
    changing = [filled("changing", table=table, other=other) for table, other in sorted(tables)]
    return filled("explained", found=_found(model, figure), changing=" ".join(changing))


def _found(model: ReadModel, figure: str) -> str:
    column = model.figures[figure]
    values = {key.name: f"${place}::{key.type}" for place, key in enumerate(model.key, 6)}
    if column.role == "row":
        return filled("seats", source=known(_STOOD, AS_OF)("fact"), **values)
    same = " AND ".join(f"q.{quote(name)} = {value}" for name, value in values.items())
    if model.kind == "recompute":
        relation = model.relation.rows(model.types, known(_STOOD, AS_OF))
        names = {"name": model.relation_name, "columns": _expressions(model), "tail": model.tail}
        return filled("alone", relation=relation, same=same, **names)
    one = over(model, known(_STOOD_OR_NOT if model.kind == "log" else _STOOD, AS_OF))
    if model.kind == "rows":
        one = _told(model, one)
    counting = "counts <> 0" if model.kind == "sum" else "true"
    return filled("found", counts=_counts(column, figure), one=one, same=same, counting=counting)


def _counts(column: Column, figure: str) -> str:
    """What one fact counts in a figure."""
    name = quote(column.name)
    return {
        "sum": f"coalesce({name}, 0)",
        "reaches": f"coalesce({name}, 0)",
        "counts": f"({name} ? {quoted(figure.rpartition('.')[2])})::integer",
        "events": f"{name}::integer",
        "latest": f"({name} = max({name}) OVER ())::integer",
    }.get(column.role, "1")


# --- names ---


def quote(name: str) -> str:
    """A column's name: figures within others have dots."""
    return f'"{name}"'


def _keys(model: ReadModel, of: str = "") -> str:
    return ", ".join(of + quote(column.name) for column in model.key)


def _same(model: ReadModel, one: str, other: str) -> str:
    return " AND ".join(f"{one}.{quote(column.name)} = {other}.{quote(column.name)}" for column in model.key)


def _latest(model: ReadModel, of: str) -> str:
    return f"{of}{quote(model.settings['latest'])} DESC, " if "latest" in model.settings else ""


def _expressions(model: ReadModel) -> str:
    return ", ".join(f"{column.expression} AS {quote(column.name)}" for column in model.columns if column.role != "row")


def _text(said: str) -> str:
    return quoted(said.replace("'", "''"))
