"""The actions: a sample year of each of several offices, as many in every shard and every partition, in turn.

Sealed ones, and those about people (posts are wanted before talks), come over HTTP; all else waits on the intake topic.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from aiokafka.partitioner import DefaultPartitioner

from deploy.local.publishing.publisher import sealed
from deploy.local.sample import year
from schemas.catalogue import ACTIONS
from schemas.declared import New
from schemas.trust.identity import event_id, shard_of
from services.common.kafka.actions import PARTITIONS as ACTIONS_PARTITIONS

Json = dict[str, Any]
YEAR: Final = datetime.now(UTC).year - 1  # nothing of it lies in the future
SEED: Final = 7
_choose: Final = DefaultPartitioner()  # as every client of Kafka chooses by default


@dataclass(slots=True)
class Workload:
    """``over_http``: each office's actions in order; ``over_kafka``: office and bytes, in the order of sending."""

    over_http: dict[str, list[Json]] = field(default_factory=dict)
    over_kafka: list[tuple[str, bytes]] = field(default_factory=list)
    persons: list[tuple[str, str]] = field(default_factory=list)  # office, person

    @property
    def actions(self) -> int:
        """How many there are."""
        return sum(map(len, self.over_http.values())) + len(self.over_kafka)


def make(
    a_shard: int, shards: int, cadres: int, prefix: str = "o-b", types: Collection[str] = ACTIONS.keys()
) -> Workload:
    """Make a workload with ``a_shard`` offices in each shard; actions of these types wait on the intake topic."""
    made = Workload()
    for action in _in_turn([_apart(year.actions(size), types) for size in _sizes(a_shard, shards, cadres, prefix)]):
        office = action["office"]
        if _over_http(action, types):
            made.over_http.setdefault(office, []).append(action)
        else:
            made.over_kafka.append((office, orjson.dumps(action)))
        if action["type"].endswith(".register-person.v1"):
            made.persons.append((office, action["data"]["person"]))
    return made


def _over_http(action: Json, types: Collection[str]) -> bool:
    return ".people." in action["type"] or sealed(action) or action["type"] not in types


def _apart(actions: Iterable[Json], types: Collection[str]) -> Iterator[Json]:
    """Without what comes over HTTP and rests on what will wait on the topic, and without what rests on that in turn.

    Nor what is about entries and doesn't wait on the topic: its order is that of all else about them.
    """
    waiting, lost = set[str](), set[str]()
    for action in actions:
        names = [named for named in ACTIONS[action["type"]].NAMES if named.mark.kind not in {"person", "section"}]
        own = {ident for named in names if isinstance(named.mark, New) for ident in named.ids(action["data"])}
        own |= {event_id(action["office"], action["source"], action["id"], index) for index in (0, 1)}
        all_of_it = own | {ident for named in names for ident in named.ids(action["data"])}
        about = {action["data"]["event"]} if "event" in action["data"] else set()  # an entry that is judged, or changed
        all_of_it |= about
        http = _over_http(action, types)
        if all_of_it & lost or (http and (all_of_it & waiting or (about and action["type"] not in types))):
            lost |= own | about
            continue
        if not http:
            waiting |= all_of_it
        yield action


def _sizes(a_shard: int, shards: int, cadres: int, prefix: str) -> Iterator[year.Size]:
    """Offices until every shard and every partition has its share; a size's only office is called prefix and 1."""
    partitions = list(range(ACTIONS_PARTITIONS))
    in_shard = [a_shard] * shards
    in_partition = [-(-a_shard * shards // ACTIONS_PARTITIONS)] * ACTIONS_PARTITIONS
    for number in itertools.count(1):
        size = year.Size(YEAR, 1, cadres, SEED, f"{prefix}{number}-")
        office = f"{size.prefix}1"
        shard, partition = shard_of(office, shards), _choose(office.encode(), partitions, partitions)
        if in_shard[shard] and in_partition[partition]:
            in_shard[shard] -= 1
            in_partition[partition] -= 1
            yield size
        if not any(in_shard):
            return


def _in_turn(streams: Iterable[Iterator[Json]]) -> Iterator[Json]:
    for together in itertools.zip_longest(*streams):
        yield from (action for action in together if action is not None)
