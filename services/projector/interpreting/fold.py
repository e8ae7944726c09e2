"""What a batch does: the statements that fold it, derived from the SELECTs of the read models."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from services.projector.interpreting.derived import NOW, STANDING, keys, latest, over, quote, same, sums
from services.projector.read_models import ReadModel
from services.projector.relations import (
    AMENDMENTS,
    JUDGED,
    RELATIONS,
    TABLES,
    Amendment,
    changed,
    filled,
    known,
    listed,
    quoted,
)

_ORDERED: Final = 'text COLLATE "C"'


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of a batch, run where the batch has facts of these types (none: always); ``revoking``: and revokes.

    What it gives as rows are the types of further facts that it has changed.
    """

    sql: str
    types: frozenset[str] = frozenset()
    revoking: bool = False


def batch(models: Iterable[ReadModel]) -> Iterator[Step]:
    """All statements of a batch, in their order: first the facts, then what rests on them."""
    yield Step(filled("months"))
    for name in TABLES:
        held = RELATIONS[name].types
        yield Step(filled("arrive", table=name), held)
        yield Step(filled("revoke", table=name), held, revoking=True)
    for amendment in AMENDMENTS:
        if amendment.of is not None:
            yield Step(_preceding(amendment), frozenset((amendment.of,)))
    for name, other in product(TABLES, TABLES):
        if amending := [each for each in AMENDMENTS if name in each.tables and each.table == other]:
            yield Step(_amending(name, other, amending), frozenset(each.type for each in amending))
    for model in models:
        yield from steps(model)


def _preceding(amendment: Amendment) -> str:
    """What lays it over facts that come after it."""
    over = f"({amendment.over}) -> {quoted(amendment.member)}"
    return filled(
        "precede",
        table=amendment.table,
        type=amendment.type,
        of=amendment.of or "",
        member=amendment.member,
        over=over,
        order=amendment.order,
    )


def _amending(table: str, other: str, amendments: Iterable[Amendment]) -> str:
    """What gives facts of a table another version at each that comes to the other."""
    each = [(f"c.type = {quoted(a.type)} AND {a.which}", a) for a in amendments]
    ordered = " ".join(f"WHEN {quoted(a.type)} THEN {a.order}" for _, a in each)
    told = {a.member for _, a in each if a.member}
    blank = [f"CASE WHEN o.data ? '{m}' THEN '{{\"{m}\": {{}}}}'::jsonb ELSE '{{}}'::jsonb END" for m in sorted(told)]
    return filled(
        "amend",
        table=table,
        other=other,
        types=listed(sorted({a.type for _, a in each})),
        changes=" OR ".join(f"{which} AND (c.sign = -1 OR {a.when})" for which, a in each),
        standing=" OR ".join(f"{which} AND {a.when}" for which, a in each),
        overlays=" ".join(f"WHEN {quoted(a.type)} THEN {a.over}" for _, a in each),
        order=f"CASE c.type {ordered} END, c.position",
        member=JUDGED,
        blank=" || ".join(blank) or "'{}'::jsonb",
    )


def table(model: ReadModel) -> str:
    """The statement that creates its table."""
    typed = ", ".join(f"{quote(name)} {type_}" for name, type_ in _stored(model))
    return filled("table", name=model.name, columns=typed, keys=keys(model))


def _stored(model: ReadModel) -> Iterator[tuple[str, str]]:
    """Its table's columns and their types, after the office."""
    for column in model.key:
        yield column.name, f"{_ORDERED if column.type == 'text' else column.type} NOT NULL"
    if model.kind == "sum":
        yield "facts", "bigint NOT NULL"  # how many count here; without any the row isn't shown
        yield from ((name, f"{type_} NOT NULL") for name, type_, _ in sums(model))
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
        touched = {"name": model.name, "keys": keys(model), "one": over(model, changed)}
        yield Step(filled("clear", **touched, same=same(model, "t", "q")), types)
        yield Step(_entering(model, touched), types)


def _summing(model: ReadModel) -> str:
    names = [quote(name) for name, _, _ in sums(model)]
    return filled(
        "sum",
        name=model.name,
        keys=keys(model),
        one=over(model, changed),
        figures=", ".join(names),
        sums=", ".join(sql for _, _, sql in sums(model)),
        added=", ".join(f"{name} = t.{name} + excluded.{name}" for name in names),
    )


def _entering(model: ReadModel, touched: dict[str, str]) -> str:
    within = model.within
    near = known(f"office = s.office AND {within} = s.{within} AND {STANDING}", NOW)
    (held,) = model.relation.tables
    return filled(
        "enter" if model.kind == "rows" else "recompute",
        **touched,
        columns=", ".join(quote(column.name) for column in model.having("key", "")),
        qualified=", ".join(f"q.{quote(column.name)}" for column in model.having("key", "")),
        key=keys(model, "q."),
        within=within,
        table=held,
        types=listed(model.types),
        standing=over(model, near),
        latest=latest(model, "q."),
    )
