"""Which figures of a pack decide: two packs' differences, and each tried alone."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from schemas.packs import Certainty, Figure, Pack

SURE: Final[Certainty] = "sure"
_TRIED: Final = "supposed-0001"


class Deciding(NamedTuple):
    """A figure that makes a difference: what it was, would be, and how sure that is."""

    figure: str
    was: Any
    would: Any
    certainty: str


class Figures:
    """The figures of one pack, against those of others."""

    def __init__(self, pack: Pack) -> None:
        """``pack``: the one that is supposed."""
        self._pack = pack
        self._tried: dict[str, list[tuple[str, Pack]]] = {}  # by the pack that it was

    def deciding(self, was: Pack, differs: Callable[[Pack], bool]) -> tuple[Deciding, ...]:
        """Those that alone make the difference; all that differ, where only several together do."""
        if was.pack not in self._tried:
            self._tried[was.pack] = list(self._trying(was))
        tried = self._tried[was.pack]
        ways = [way for way, pack in tried if differs(pack)] or [way for way, _ in tried]
        return tuple(each for way in ways for each in _told(way, part(was, way), part(self._pack, way)))

    def _trying(self, was: Pack) -> Iterator[tuple[str, Pack]]:
        """The other pack with one part of this one at a time, where they differ."""
        ways = dict.fromkeys(_shared(was, self._pack, way) for pack in (was, self._pack) for way, _ in pack.figures())
        for way in ways:
            if _value(part(was, way)) != _value(part(self._pack, way)):
                yield way, _with(was, way.split("."), part(self._pack, way))


def part(pack: Pack, way: str) -> Any:  # noqa: ANN401  # a figure, a part, or nothing
    """What stands there, if anything does."""
    found: Any = pack
    for name in way.split("."):
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    return found


def _shared(one: Pack, other: Pack, way: str) -> str:
    """The way as far as both have what leads there: a part that one of them lacks is taken whole."""
    parent = way.rpartition(".")[0]
    while parent and (part(one, parent) is None or part(other, parent) is None):
        way, parent = parent, parent.rpartition(".")[0]
    return way


def _with(whole: Any, way: list[str], new: Any) -> Any:  # noqa: ANN401  # a part with a part of it changed
    name, *rest = way
    if isinstance(whole, Mapping):
        changed = _with(whole[name], rest, new) if rest else new
        kept = {each: value for each, value in whole.items() if each != name}
        return kept if changed is None else kept | {name: changed}
    changed = _with(getattr(whole, name), rest, new) if rest else new
    more = {"pack": _TRIED} if isinstance(whole, Pack) else {}
    return whole.model_copy(update={name: changed, **more})


def _told(way: str, was: Any, would: Any) -> Iterator[Deciding]:  # noqa: ANN401  # of either
    figure = would if would is not None else was
    if isinstance(figure, Figure):
        yield Deciding(way, _value(was), _value(would), figure.certainty)
    else:
        for name in type(figure).model_fields:
            yield from _told(f"{way}.{name}", getattr(was, name, None), getattr(would, name, None))


def _value(found: Any) -> Any:  # noqa: ANN401  # of a figure or a part
    value = found.value if isinstance(found, Figure) else found
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    return value if isinstance(value, int | str | bool) or value is None else str(value)
