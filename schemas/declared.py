"""What types say of themselves, in their fields' annotations and a few class members; the rest is derived.

    Ref("person")        this names something that must exist when the fact happens, and stays while the fact stands
    New("session")       this id begins to exist with the fact
    Secret("person")     text that is sealed under the key of the person whom that field names
    Words("人员", "…")    what a field or type is called; Values(...) what its values are called
    Once("person", …)    the fact is recorded once for these fields' values
    Entry("work")        the fact enters the growth file of everybody whom it stamps

All of it is checked when a class is made: what lacks words, names an unknown kind or an absent field never imports.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


class Undeclared(TypeError):
    """A type that doesn't say what it must: raised at import, naming the class and the field."""


@dataclass(frozen=True, slots=True)
class Words:
    """What something is called, in both languages."""

    zh: str
    en: str


# Every kind of thing that facts create or name. An office's own; a post is its person's.
KINDS: Final[Mapping[str, Words]] = {
    "office": Words("机关", "office"),
    "person": Words("人员", "person"),
    "branch": Words("党支部", "branch"),
    "section": Words("科室", "section"),
    "post": Words("职务", "post"),
    "secondment": Words("借调挂职", "secondment"),
    "leave": Words("长期休假", "long leave"),
    "measure": Words("处分", "disciplinary measure"),
    "session": Words("学习活动", "session"),
    "course": Words("培训班", "course"),
    "plan": Words("学习计划", "plan"),
    "item": Words("计划项目", "plan item"),
    "talk": Words("谈话", "talk"),
    "duty": Words("谈话任务", "talk duty"),
    "output": Words("工作成果", "output"),
    "report": Words("述职报告", "duty report"),
    "follow-up": Words("后续事项", "follow-up"),
    "exchange": Words("科室交流", "section exchange"),
    "research": Words("调研课题", "research"),
    "decision": Words("决策", "decision"),
    "line": Words("工作条线", "work line"),
    "procedure": Words("制度", "procedure"),
    "goal": Words("年度目标", "goal"),
    "team": Words("团队", "team"),
    "activity": Words("团队活动", "team activity"),
    "sharing": Words("知识分享", "sharing"),
    "pairing": Words("结对帮带", "pairing"),
    "visit": Words("家访", "visit"),
    "need": Words("需求", "need"),
    "gathering": Words("联欢活动", "gathering"),
    "phrase": Words("用语", "phrase"),
    "spirit": Words("机关精神", "spirit"),
    "recognition": Words("表彰", "recognition"),
    "hold": Words("保全", "hold"),
    "event": Words("事件", "event"),
    "batch": Words("批次", "batch"),
    "cycle": Words("年度考核", "cycle"),
    "objection": Words("公示异议", "objection"),
    "selection": Words("评先", "selection"),
    "award": Words("荣誉", "award"),
}


@dataclass(frozen=True, slots=True)
class _Naming:
    """The field names things of this kind. ``stamped``: persons whose section and tier the event carries.

    ``within`` is the field whose thing has it: a post is its person's. ``other``: they may be of that kind instead.
    """

    kind: str
    stamped: bool = False
    within: str | None = None
    other: str | None = None
    kinds: tuple[str, ...] = field(init=False, repr=False, compare=False)  # of which the things may be

    def __post_init__(self) -> None:
        """Only kinds that there are."""
        object.__setattr__(self, "kinds", (self.kind, self.other) if self.other else (self.kind,))
        for kind in self.kinds:
            if kind not in KINDS:
                raise Undeclared(f"there is no kind {kind!r}; the kinds are in schemas/declared.py")


@dataclass(frozen=True, slots=True)
class Ref(_Naming):
    """The field names things that must exist when the fact happens."""


@dataclass(frozen=True, slots=True)
class New(_Naming):
    """The field is the id of a thing that the fact makes.

    It exists from the fact's time on, or from the day or instant in ``since`` where that is earlier. ``again``: later
    facts of the type may name it, too, and it exists as long as one of them stands.
    """

    since: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that is sealed before it is stored; ``of`` is the field that names its owner.

    Where it names a thing and no person, the owner is who owns what that thing was made with: a need's person.
    """

    of: str


@dataclass(frozen=True, slots=True)
class Values:
    """What the values of a closed list are called."""

    words: Mapping[str, Words] = field(hash=False)

    @classmethod
    def of(cls, **words: str) -> Values:
        """``in_force="已施行"``: the code in-force; in English it is called by its code, with spaces."""
        codes = {name.rstrip("_").replace("_", "-"): zh for name, zh in words.items()}
        return cls({code: Words(zh, code.replace("-", " ")) for code, zh in codes.items()})


# The growth file's groups of entries. Talks are never evidence.
GROUPS: Final[Mapping[str, Words]] = {
    "learning": Words("学习", "learning"),
    "work": Words("工作", "work"),
    "activity": Words("活动", "activity"),
    "talk": Words("谈心", "talks"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in the growth file of each person whom the event stamps.

    ``title`` is the path of the member that it is called by; ``when``: only where these members have one of the values.
    """

    group: Literal["learning", "work", "activity", "talk"]
    title: str | None = None
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Named:
    """Where a type's data name a thing: the way to it, member by member, and what the field declares."""

    path: tuple[str, ...]
    mark: Ref | New
    optional: bool
    # The ids that members (an instance's ``__dict__``, or JSON) name; before each that of what has it.
    ids: Callable[[Mapping[str, Any]], Iterable[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the way there once: it is gone for each action, several times."""
        object.__setattr__(self, "ids", _way(self.path, self.mark.within))


def _way(path: tuple[str, ...], within: str | None) -> Callable[[Mapping[str, Any]], Iterable[str]]:
    first, rest = path[0], path[1:]

    def here(members: Mapping[str, Any]) -> Iterable[Any]:
        value = members.get(first)
        return () if value is None else (value,) if isinstance(value, str) else value

    if not rest:
        return (lambda members: [f"{members[within]}/{ident}" for ident in here(members)]) if within else here
    inner = _way(rest, within)
    return lambda members: [
        ident for part in here(members) for ident in inner(part if isinstance(part, dict) else part.__dict__)
    ]


def marks(info: FieldInfo) -> list[Any]:
    """All that a field's annotation bears, however deep: the outermost last, so that it wins."""
    return [*_deep(info.annotation), *info.metadata]


def _deep(annotation: Any) -> Iterator[Any]:  # noqa: ANN401  # any annotation
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *borne = get_args(annotation)
        yield from _deep(inner)
        yield from borne
    elif origin in {Union, types.UnionType, tuple}:
        for part in get_args(annotation):
            yield from _deep(part)


def optional(info: FieldInfo) -> bool:
    """Whether a field may be null."""
    return type(None) in get_args(info.annotation)


def models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  # any annotation
    """The models that an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def choices(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401  # any annotation
    """The values of a closed list, where the annotation has one."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((found for part in get_args(annotation) if (found := choices(part))), ())


def worded(annotation: Any) -> Mapping[str, Words]:  # noqa: ANN401  # a closed list
    """What its values are called."""
    return next((mark.words for mark in get_args(annotation) if isinstance(mark, Values)), {})


def words_of(model: type[BaseModel], name: str) -> Words:
    """What a field is called. Raises Undeclared."""
    found = [mark for mark in marks(model.model_fields[name]) if isinstance(mark, Words)]
    if not found:
        raise Undeclared(f"{model.__name__}.{name} has no words: annotate it with Words(zh, en)")
    return found[-1]


def values_of(model: type[BaseModel], name: str) -> Mapping[str, Words]:
    """What the values of a field with a closed list are called; none where it has none. Raises Undeclared."""
    codes = choices(model.model_fields[name].annotation)
    found = [mark for mark in marks(model.model_fields[name]) if isinstance(mark, Values)]
    if codes and (not found or set(found[-1].words) != set(codes)):
        raise Undeclared(f"{model.__name__}.{name}: Values must have words for exactly {', '.join(codes)}")
    return found[-1].words if codes else {}


def named(model: type[BaseModel]) -> tuple[Named, ...]:
    """Every place where instances of a model name things, parts included."""
    found: list[Named] = []
    for name, info in model.model_fields.items():
        found += [Named((name,), mark, optional(info)) for mark in marks(info) if isinstance(mark, Ref | New)]
        found += [
            Named((name, *inner.path), inner.mark, optional=True)
            for part in models(info.annotation)
            for inner in named(part)
        ]
    return tuple(found)


def secrets(model: type[BaseModel]) -> dict[str, Secret]:
    """The sealed fields of a model, and whose they are."""
    return {name: mark for name, info in model.model_fields.items() for mark in marks(info) if isinstance(mark, Secret)}


def owning(model: type[BaseModel]) -> Named | None:
    """The field that names what says whose a model's sealed fields are, where it names no person."""
    of = {secret.of for secret in secrets(model).values()}
    return next((n for n in named(model) if len(n.path) == 1 and n.path[0] in of and n.mark.kind != "person"), None)


def check(model: type[BaseModel], once: tuple[str, ...] = ()) -> None:
    """Raise Undeclared where a field lacks words or a declaration names a field that there is not."""
    for name, info in model.model_fields.items():
        words_of(model, name)
        values_of(model, name)
        for part in models(info.annotation):
            check(part)
    fields = [("Once", name) for name in once]
    fields += [("Secret", secret.of) for secret in secrets(model).values()]
    for place in named(model):
        if len(place.path) == 1:
            since = place.mark.since if isinstance(place.mark, New) else None
            fields += [(type(place.mark).__name__, name) for name in (place.mark.within, since) if name]
    for what, name in fields:
        if name not in model.model_fields:
            raise Undeclared(f"{model.__name__}: {what} names a field {name!r} that it has not")
