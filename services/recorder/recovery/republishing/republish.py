"""Lost topics from the ledger: the same bytes, under the same keys, in the same order.

A partition that lacks only its end is published on. One that is damaged (its beginning is gone, something is missing in
between, somebody else wrote into it) is emptied first, in place: readers that know the positions go on where they are.
Recorders may run: they hand over a shard's lease, go on recording, and take the lease back afterwards.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from services.common.faults import fault
from services.common.settings import Settings
from services.common.telling.both import Both
from services.recorder.errors import Refused
from services.recorder.kafka import topics
from services.recorder.kafka.marks import macs_of
from services.recorder.ledger.database import Ledger
from services.recorder.recovery.refusals import refused
from services.recorder.recovery.republishing.partition import Partition, Records
from services.recorder.recovery.subject import chosen, lease, opened
from services.recorder.trust import history, marking, strangers

Kind = Literal["events", "receipts"]
KINDS: Final[tuple[Kind, ...]] = ("events", "receipts")  # events first: a receipt says that its events are there
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Consent:
    """What may be emptied: damaged partitions; those, too, that hold what the ledger doesn't."""

    emptying: bool = False
    discarding: bool = False


@dataclass(slots=True)
class Republished:
    """What was done: each partition as it was found, how many records were published; whether all are whole now."""

    ok: bool
    ledger: str
    found: list[Partition]
    published: int = 0


async def republish(  # noqa: PLR0917  # what a command asks
    settings: Settings, kinds: Iterable[Kind], only: Iterable[int], consent: Consent, told: Progress, total: Progress
) -> Republished:
    """Fill the topics again. Raises Refused where it needs a consent that wasn't given, Unavailable, Misconfigured."""
    async with opened(settings) as (pool, row):
        if row["shards"] != settings.shards:
            raise refused("shards", shards=row["shards"])
        ledger = Ledger(row["ledger"], row["shards"])
        shards = chosen(only, ledger.shards)
        await topics.ensure(settings)
        await marking.checked(pool, settings)
        macs = macs_of(settings)
        signed = await history.signed_outside(settings, ledger)
        done = Republished(ok=True, ledger=str(ledger.id), found=[])
        for shard in shards:
            async with lease(settings, shard):
                for kind in [kind for kind in KINDS if kind in set(kinds)]:
                    records = Records(settings, pool, ledger, kind, shard, macs)
                    done.found.append(found := await records.assess())
                    if found.state != "whole":
                        await _refuse(records, found, signed, consent)
                        done.published += await _fill(records, found, told, total)
        return done


async def _refuse(records: Records, found: Partition, signed: history.Signed, consent: Consent) -> None:
    """Raise Refused where the partition must not be touched, or not without a consent.

    Where the ledger contradicts what was signed the topic may be the only copy that is right.
    """
    async with records.pool.acquire() as connection:
        why = await history.unlike_signed(connection, found.shard, signed)
    if why is not None:
        raise refused("not-signed", kind=found.kind, shard=found.shard, why=why)
    if found.state == "ahead" and not consent.discarding:
        raise _refused("ahead", found)
    if found.state != "behind" and not consent.emptying:
        raise _refused("damaged", found)


async def _fill(records: Records, found: Partition, told: Progress, total: Progress) -> int:
    """Empty the partition where need be, publish what is missing, look again; how many were published."""
    if found.state != "behind":
        await empty(records.settings, found.kind, found.shard)
        async with records.pool.acquire() as connection:
            await strangers.cleared(connection, records.place.topic, found.shard)
        fault("after-emptying")
    first = found.next if found.state == "behind" else 0
    total(found.size - first)
    published = await records.publish(first, told)
    after = await records.assess()
    if after.state not in {"whole", "behind"}:  # behind: more was recorded meanwhile, and is the relay's to publish
        raise _refused("others-write", after)
    return published


def _refused(word: str, found: Partition) -> Refused:
    return refused(word, kind=found.kind, shard=found.shard, why=Both(found.why, found.why_zh))


async def empty(settings: Settings, kind: str, shard: int) -> None:
    """Delete all records of one partition, in place."""
    async with topics.administering(settings) as admin:
        await admin.delete_records({TopicPartition(settings.topic(kind), shard): RecordsToDelete(before_offset=-1)})


def needed(found: Iterable[Partition]) -> Iterator[Partition]:
    """Those that were not whole."""
    return (each for each in found if each.state != "whole")
