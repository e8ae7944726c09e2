"""A read model: one file, one SELECT.

    -- 谈心谈话 · heart-to-heart talks
    -- Who has talked with whom, month by month? Never contents.
    -- resource: talk-coverage
    -- kind: sum
    -- whose: person_a, person_b
    -- types: chengzhang.talk.talk-held.v1

    SELECT
        expression AS column, -- role type · 中文 · what it means
        …
    FROM care
    WHERE …

``kind``: how its rows follow from the rows of its relation.

    sum        each counts in the row of its key
    rows       each is a row; of several with one key the latest (by ``latest``, else as recorded)
    recompute  the SELECT sums up by itself, GROUP BY office and the key
    log        each is a row, revoked ones too, and nothing is stored twice
    asked      the SELECT is run whenever it is asked, over all facts of the office: it may join its relation with
               itself and with ``evidence``, ask ``(SELECT known FROM moment)`` as known when, and name what is made of
               its relation (``relations.SHARED``); nothing is folded and nothing stored

``whose``: the columns with the persons whose rows they are: who reads one file, or one section, reads those; or
``office``: they are nobody's, and for everybody who reads the office. ``types``: what it looks at, where not all of its
relation. ``within``: what all facts of one key have in
common, ``person`` (so where that is part of the key) or ``stream``. ``order``: of the pages, where it isn't the key.

A column's role: ``key``; in a sum ``sum``, ``counts`` (how often each value of a closed list, a JSON string or array),
``latest``. In what is asked ``counts`` is a JSON object of such counts; ``own`` is shown to the ``subject`` alone;
``place`` is in the view alone, and says where a row stands; ``behind`` is no column: a JSON object of event ids and
what each counts (of counts one object each), which explains the figures that it names, or else all that nothing else
explains. Its type is one of SQL, ``group``, or one of the contract's (``base.Guide``),
whose words it has unless it brings its own. Above it stands its 中文, in English its name: ``due on``. The columns
``office``, ``shard`` and ``position`` are given, and beside a section what it is called: ``section_name``.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import WithJsonSchema

from schemas.declared import Ref, Values, Words
from services.projector.errors import Unloadable
from services.projector.relations import BESIDE, RELATIONS, SHARED, TABLES, Relation, is_care, made

FOLDER: Final = Path(__file__).parent
KINDS: Final = ("sum", "rows", "recompute", "log", "asked")
OFFICE: Final = "office"
# What grades or chooses people rests on facts, and never on care.
JUDGING: Final = frozenset({"appraisal_summary", "quota_board", "selection_list"})
SETTINGS: Final = frozenset({"resource", "kind", "whose", "types", "within", "latest", "order"})
ROLES: Final = frozenset({"key", "sum", "counts", "latest", "own", "place", "behind"})
SUMMED: Final = ("sum", "counts")
_SQL: Final = frozenset({"text", "text[]", "integer", "bigint", "boolean", "date", "timestamptz", "jsonb"})
_SETTING: Final = re.compile(r"-- ([a-z]+): (.+)")
_COLUMN: Final = re.compile(r'(?P<expression>.+?)(?: AS "?(?P<name>\w+)"?)?,? -- (?P<said>.*)', re.DOTALL)
_WORD: Final = re.compile(r"\w+")
_UNREAD: Final = re.compile(r"'[^']*'| -- .*")  # literals, comments
_TABLES: Final = frozenset({*TABLES, *(f"{table}_change" for table in TABLES)})
_FORMATS: Final = {"date": "date", "date-time": "timestamptz"}  # of the contract's texts
_BEHIND: Final = Words("依据", "the events behind it")
_IMPLIED: Final = {"sum": "bigint"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``type`` is SQL's; ``values`` those of a closed list.

    ``refers``: to the kind of thing whose id it is; ``naming``: it is but what another column is called; ``explains``:
    the figures behind which are the events that it has.
    """

    name: str
    expression: str
    role: str
    type: str
    words: Words
    values: Mapping[str, Words] = field(default_factory=dict)
    refers: str = ""
    naming: bool = False
    explains: tuple[str, ...] = ()

    @property
    def heading(self) -> Words:
        """What stands above it, in a word or three; ``words`` explain it."""
        return Words(self.words.zh, plain(self.name))

    @property
    def person(self) -> bool:
        """Whether it names persons."""
        return self.refers == "person"

    @property
    def figures(self) -> tuple[str, ...]:
        """What of it can be explained."""
        if self.naming or self.role == "place":
            return ()
        return tuple(f"{self.name}.{value}" for value in self.values) if self.role == "counts" else (self.name,)


@dataclass(frozen=True)
class ReadModel:
    """One file, loaded and checked."""

    name: str
    words: Words
    question: str
    settings: Mapping[str, str]
    columns: tuple[Column, ...]
    relation_name: str
    tail: str  # of the SELECT, from FROM on
    types: tuple[str, ...]
    behind: tuple[Column, ...] = ()

    @classmethod
    def load(cls, path: Path) -> ReadModel:
        """Read one file. Raises Unloadable, which says what it lacks."""
        try:
            return _read(path.stem, path.read_text(encoding="utf-8"))
        except Unloadable as error:
            raise Unloadable(f"{path.name}: {error}") from None

    @property
    def kind(self) -> str:
        """One of KINDS."""
        return self.settings["kind"]

    @property
    def stored(self) -> bool:
        """Whether it has a table."""
        return self.kind not in {"log", "asked"}

    @cached_property
    def relation(self) -> Relation:
        """What it is told from."""
        return RELATIONS[self.relation_name]

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """What it names that is made of its relation, each after what it is made of itself."""
        named = set(_WORD.findall(self.tail))
        for name in reversed(SHARED):
            if name in named:
                named |= set(_WORD.findall(made(name, self.relation_name)))
        return tuple(name for name in SHARED if name in named)

    @cached_property
    def relations(self) -> Mapping[str, Relation]:
        """All that it is told from, by name: evidence beside it, then its own, whose name may be its table's."""
        beside = [name for name in BESIDE if name in _WORD.findall(self.tail) and name != self.relation_name]
        return {name: RELATIONS[name] for name in (*beside, self.relation_name)}

    @cached_property
    def key(self) -> tuple[Column, ...]:
        """After the office."""
        return tuple(column for column in self.columns if column.role == "key")

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The columns by which pages go."""
        return _names(self.settings.get("order")) or tuple(column.name for column in self.key)

    @cached_property
    def within(self) -> str:
        """What the facts of one key have in common, by which they are found."""
        by_person = any(column.expression == "person" for column in self.key)
        return self.settings.get("within", "person" if by_person else "stream")

    @cached_property
    def whose(self) -> tuple[str, ...]:
        """The columns with the persons whose rows they are; none where they are the office's."""
        return () if self.settings["whose"] == OFFICE else _names(self.settings["whose"])

    @cached_property
    def sectioned(self) -> bool:
        """Whether each row names a section."""
        return any(column.name == "section" for column in self.columns)

    @cached_property
    def figures(self) -> Mapping[str, Column]:
        """What can be explained, by name."""
        return {name: column for column in self.columns if column.role != "key" for name in column.figures}

    @cached_property
    def answered(self) -> tuple[Column, ...]:
        """The columns of its rows, but for where these stand."""
        return tuple(column for column in self.columns if column.role != "place")

    def points(self, figure: str) -> bool:
        """Whether a figure is explained by events that its row names."""
        return self.kind == "asked" or any(figure in column.explains for column in self.behind)

    def pointing(self, figure: str) -> Column:
        """What has the events behind a figure."""
        named = [column for column in self.behind if figure.partition(".")[0] in column.explains]
        return next(iter((*named, *(column for column in self.behind if not column.explains))))

    def having(self, *roles: str) -> tuple[Column, ...]:
        """The columns of these roles."""
        return tuple(column for column in self.columns if column.role in roles)


def plain(name: str) -> str:
    """A column's name, as people read it."""
    return name.replace("_", " ")


def load(folder: Path = FOLDER) -> tuple[ReadModel, ...]:
    """All read models. Raises Unloadable."""
    return tuple(map(ReadModel.load, sorted(folder.rglob("*.sql"), key=lambda path: path.stem)))


def _read(name: str, text: str) -> ReadModel:
    head, _, select = text.partition("\n\n")
    listed, _, rest = select.removeprefix("SELECT\n").partition("\nFROM ")
    tail = f"FROM {rest}".rstrip().rstrip(";")
    words, question, settings = _head(head.splitlines())
    relation = _relation(name, select, asked=settings.get("kind") == "asked")
    told = tuple(_columns(listed.splitlines(), RELATIONS[relation]))
    columns = tuple(column for column in told if column.role != "behind")
    behind = tuple(column for column in told if column.role == "behind")
    types = _names(settings.get("types")) or tuple(sorted(RELATIONS[relation].types))
    made = ReadModel(name, words, question, settings, columns, relation, tail, types, behind)
    _check(made)
    return made


def _head(lines: list[str]) -> tuple[Words, str, dict[str, str]]:
    """Its words, its question, its settings."""
    zh, dot, en = lines[0].removeprefix("-- ").partition(" · ")
    if not dot:
        raise Unloadable("the first line names it: `-- 中文 · English`")
    found = {line: _SETTING.fullmatch(line) for line in lines[1:]}
    question = " ".join(line.removeprefix("-- ") for line, setting in found.items() if setting is None)
    settings = {setting[1]: setting[2] for setting in found.values() if setting is not None}
    if unknown := settings.keys() - SETTINGS:
        raise Unloadable(f"there is no setting {', '.join(sorted(unknown))}")
    return Words(zh, en), question, settings


def _columns(lines: Iterable[str], relation: Relation) -> Iterator[Column]:
    """One at each comment; what has none goes on."""
    so_far: list[str] = []
    for line in lines:
        so_far.append(line.strip())
        if " -- " in line:
            found = _COLUMN.fullmatch(" ".join(so_far))
            if found is None:
                raise Unloadable(f"this is no column: {line.strip()}")
            name = found["name"] or found["expression"].rpartition(".")[2]
            made = _column(relation, name, found["expression"], *found["said"].split(" · "))
            yield made
            if made.refers == "section":
                yield _called(made)
            so_far = []
    if so_far:
        raise Unloadable(f"a column says what it is, `-- type · 中文 · English`: {' '.join(so_far)}")


def _column(relation: Relation, name: str, expression: str, said: str, *words: str) -> Column:
    role, *more = said.split()
    if role not in ROLES:
        role, more = "", [role, *more]
    if role == "behind":
        return Column(name, expression, role, "jsonb", _BEHIND, explains=tuple(more))
    type_, known, refers = _type(more[0] if more else _IMPLIED.get(role, ""), name, relation)
    own = Words(*words) if words else next((mark for mark in reversed(known) if isinstance(mark, Words)), None)
    if own is None:
        raise Unloadable(f"column {name} has no words: `-- type · 中文 · English`")
    values = next((mark.words for mark in reversed(known) if isinstance(mark, Values)), {})
    return Column(name, expression, role, "jsonb" if role == "counts" else type_, own, values, refers)


def _called(column: Column) -> Column:
    """What the section of a column is called, as known when it is read."""
    words = Words(f"{column.words.zh}名称", f"what it is called: the name of {column.name}")
    expression = f'section_name(k.office, k."{column.name}", k.known)'
    return Column(f"{column.name}_name", expression, "row", "text", words, naming=True)


def _type(name: str, column: str, relation: Relation) -> tuple[str, tuple[Any, ...], str]:
    """SQL's type, what the contract says of it, and to which kind of thing it refers."""
    if name in _SQL:
        return name, (), ""
    if name == "group":
        return "text", (Values(relation.groups),), ""
    module, _, member = name.rpartition(".")
    try:
        type_, *marks = get_args(getattr(importlib.import_module(f"schemas.{module}"), member))
    except (ImportError, AttributeError, ValueError):
        raise Unloadable(f"column {column}: there is no type {name!r}") from None
    refers = next((mark.kind for mark in marks if isinstance(mark, Ref)), "")
    form = next(
        (mark.json_schema.get("format") for mark in marks if isinstance(mark, WithJsonSchema) and mark.json_schema), ""
    )
    return _FORMATS.get(str(form), "integer" if type_ is int else "text"), tuple(marks), refers


def _relation(name: str, select: str, *, asked: bool) -> str:
    """The one relation that it names. Raises Unloadable where it names several, or one that it must not."""
    words = set(_WORD.findall(_UNREAD.sub("", select)))
    named = words & (RELATIONS.keys() | _TABLES) or ({"fact"} if words & {*SHARED} else set())
    if asked and len(named) > 1:
        named -= {*BESIDE}
    if len(named) != 1 or not named <= RELATIONS.keys():
        raise Unloadable(
            f"it is told from one of {', '.join(RELATIONS)}, not from {', '.join(sorted(named)) or 'none'}"
        )
    relation = str(*named)
    if name in JUDGING and any(map(is_care, RELATIONS[relation].types)):
        raise Unloadable(f"care is no evidence: what judges people is told from evidence or fact, not from {relation}")
    return relation


def _check(model: ReadModel) -> None:
    names = {column.name for column in model.columns}
    for setting, needed in (("resource", True), ("kind", True), ("whose", True)):
        if needed and setting not in model.settings:
            raise Unloadable(f"it doesn't say its {setting}")
    if model.kind not in KINDS:
        raise Unloadable(f"there is no kind {model.kind}")
    if unknown := sorted({*model.whose, *model.order} - names):
        raise Unloadable(f"it has no column {', '.join(unknown)}")
    if foreign := sorted(set(model.types) - model.relation.types):
        raise Unloadable(f"{model.relation_name} has no facts of type {', '.join(foreign)}")
    if not model.key:
        raise Unloadable("it has no key")
    if (model.kind == "asked") != any(not column.explains for column in model.behind):
        raise Unloadable("what is asked, and nothing else, says which events are behind its rows: `-- behind`")
    if model.kind in {"rows", "recompute"} and len(model.relation.tables) > 1:
        raise Unloadable(f"{model.kind} are told from one table, not from {model.relation_name}")
    summed = {column.name for column in model.having(*SUMMED, "latest")}
    if (summed and model.kind not in {"sum", "asked"}) or (model.kind == "sum" and not names - summed):
        raise Unloadable(f"{model.kind} has no such columns: {', '.join(sorted(summed))}")


def _names(listed: str | None) -> tuple[str, ...]:
    return tuple(re.split(r",\s*", listed)) if listed else ()
