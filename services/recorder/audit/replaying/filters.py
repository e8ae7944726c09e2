"""Which events a replay is about: decided upon their bytes alone, so that either store gives the same.

An event is *about a person* where it stands in the person's stream, or where its data name the person's id anywhere:
as its subject, in its stamps, on a roll, in the fact that it takes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final

import orjson

from schemas.base import instant
from schemas.trust.identity import shard_of

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """What an event must be; None is not asked. ``type`` may end in ``*``; the times are the last and first that count.

    ``happened_from`` and ``happened_to`` are about the event's ``time``, ``as_of`` about its ``recordedtime``.
    """

    office: str | None = None
    person: str | None = None
    stream: str | None = None
    type: str | None = None
    by: str | None = None
    happened_from: datetime | None = None
    happened_to: datetime | None = None
    as_of: datetime | None = None

    def shards(self, count: int) -> list[int]:
        """The shards in which such events can be: an office lives in one."""
        return list(range(count)) if self.office is None else [shard_of(self.office, count)]

    def named(self) -> Iterator[tuple[str, Filter]]:
        """What is asked for by name, each by itself: office, person, stream and sender."""
        for name in ("office", "person", "stream", "by"):
            if (value := getattr(self, name)) is not None:
                yield value, Filter(**{name: value})

    def kept(self, bodies: list[bytes]) -> list[bytes]:
        """Those of these events that are asked for. ValueError, KeyError where one is no event."""
        asked = [(test, value) for name, test in _TESTS.items() if (value := getattr(self, name)) is not None]
        if not asked:
            return bodies
        for needle in self._needles():
            bodies = [body for body in bodies if needle in body]
        parsed = ((body, orjson.loads(body)) for body in bodies)
        return [body for body, fields in parsed if all(test(fields, value) for test, value in asked)]

    def _needles(self) -> list[bytes]:
        """What must stand in an event's bytes: to parse only those that can be meant."""
        needles = [orjson.dumps(text) for text in (self.office, self.stream, self.by) if text is not None]
        if self.type is not None:
            needles.append(orjson.dumps(self.type).rstrip(b'*"'))
        if self.person is not None:
            needles.append(orjson.dumps(self.person)[1:])  # the id in data, or the end of the stream's name
        return needles


def about(event: Event, person: str) -> bool:
    """Whether an event is about a person."""
    return event["partitionkey"] == f"person/{person}" or _names(event["data"], person)


def _names(value: Any, person: str) -> bool:  # noqa: ANN401  # JSON
    if isinstance(value, dict):
        return person in value or any(_names(each, person) for each in value.values())  # votes are counted by person
    return any(_names(each, person) for each in value) if isinstance(value, list) else bool(value == person)


_TESTS: Final[Mapping[str, Callable[[Event, Any], bool]]] = {
    "office": lambda event, office: event["office"] == office,
    "stream": lambda event, stream: event["partitionkey"] == stream,
    "type": lambda event, type_: fnmatchcase(event["type"], type_),
    "person": about,
    "by": lambda event, by: event["by"] == by,
    "happened_from": lambda event, at: instant(event["time"]) >= at,
    "happened_to": lambda event, at: instant(event["time"]) <= at,
    "as_of": lambda event, at: instant(event["recordedtime"]) <= at,
}
