"""Which events a replay is about: decided upon their bytes alone, so that either store gives the same.

An event is *about a person* where it stands in the person's stream, or where its data name the person's id anywhere:
as its subject, in its stamps, on a roll, in the fact that it takes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.base import instant
from schemas.identity import shard_of

Event = dict[str, Any]
Test = Callable[[Event], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """What an event must be; None is not asked. ``type`` may end in ``*``; the times are the last and first that count.

    ``happened_from`` and ``happened_to`` are about the event's ``time``, ``as_of`` about its ``recordedtime``.
    """

    office: str | None = None
    person: str | None = None
    stream: str | None = None
    type: str | None = None
    happened_from: datetime | None = None
    happened_to: datetime | None = None
    as_of: datetime | None = None

    def shards(self, count: int) -> list[int]:
        """The shards in which such events can be: an office lives in one."""
        return list(range(count)) if self.office is None else [shard_of(self.office, count)]

    def named(self) -> Iterator[tuple[str, Filter]]:
        """What is asked for by name, each by itself: office, person and stream."""
        if self.office is not None:
            yield self.office, Filter(office=self.office)
        if self.person is not None:
            yield self.person, Filter(person=self.person)
        if self.stream is not None:
            yield self.stream, Filter(stream=self.stream)

    def kept(self, bodies: list[bytes]) -> list[bytes]:
        """Those of these events that are asked for. ValueError, KeyError where one is no event."""
        tests = list(self._tests())
        if not tests:
            return bodies
        for needle in self._needles():
            bodies = [body for body in bodies if needle in body]
        parsed = ((body, orjson.loads(body)) for body in bodies)
        return [body for body, fields in parsed if all(test(fields) for test in tests)]

    def _needles(self) -> list[bytes]:
        """What must stand in an event's bytes: to parse only those that can be meant."""
        needles = [orjson.dumps(text) for text in (self.office, self.stream) if text is not None]
        if self.type is not None:
            needles.append(orjson.dumps(self.type).rstrip(b'*"'))
        if self.person is not None:
            needles.append(orjson.dumps(self.person)[1:])  # the id in data, or the end of the stream's name
        return needles

    def _tests(self) -> Iterator[Test]:
        office, person, stream, type_ = self.office, self.person, self.stream, self.type
        if office is not None:
            yield lambda event: event["office"] == office
        if stream is not None:
            yield lambda event: event["partitionkey"] == stream
        if type_ is not None:
            yield lambda event: _matches(event["type"], type_)
        if person is not None:
            yield lambda event: about(event, person)
        yield from self._times()

    def _times(self) -> Iterator[Test]:
        since, until, as_of = self.happened_from, self.happened_to, self.as_of
        if since is not None:
            yield lambda event: instant(event["time"]) >= since
        if until is not None:
            yield lambda event: instant(event["time"]) <= until
        if as_of is not None:
            yield lambda event: instant(event["recordedtime"]) <= as_of


def about(event: Event, person: str) -> bool:
    """Whether an event is about a person."""
    return event["partitionkey"] == f"person/{person}" or _names(event["data"], person)


def _matches(type_: str, pattern: str) -> bool:
    return type_.startswith(pattern[:-1]) if pattern.endswith("*") else type_ == pattern


def _names(value: Any, person: str) -> bool:  # noqa: ANN401  # JSON
    if isinstance(value, dict):
        return any(_names(inner, person) for inner in value.values())
    if isinstance(value, list):
        return any(_names(inner, person) for inner in value)
    return bool(value == person)
