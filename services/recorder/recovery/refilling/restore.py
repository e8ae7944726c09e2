"""A lost ledger from its topics: into an empty database, under its old id, byte for byte.

Killed at any step, the same command goes on where it was: each portion is a transaction, and a mark in the ledger says
that it is being restored, which also keeps recorders from appending to it.
"""

from collections.abc import Callable
from uuid import UUID

import orjson

from services.common.faults import fault
from services.common.settings import Settings
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Refused
from services.recorder.kafka import topics
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.tails import tails
from services.recorder.ledger import database, founding
from services.recorder.ledger.database import QUERIES, Ledger, Pool
from services.recorder.ledger.rows import UNREADABLE
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.refilling.filling import Told
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.setback import set_back
from services.recorder.recovery.refilling.shards import Work, fill
from services.recorder.recovery.refilling.telling import Report, remark
from services.recorder.recovery.refusals import refused
from services.recorder.recovery.subject import QUERIES as RECOVERY
from services.recorder.recovery.subject import leased
from services.recorder.vault import vault

_SOURCE = "urn:chengzhang:ledger:"


async def restore(settings: Settings, told: Told, total: Callable[[int], None]) -> Report:
    """Do it. Raises Refused where the ledger isn't empty or a recorder runs; Unavailable, Misconfigured."""
    ledger = await _lost(settings)
    pool = await database.connect(settings.database_url)
    try:
        keys = Keys()
        if await _found(pool, ledger):  # this is not the first try: what came back before has its keys, too
            await keys.see_all(pool, ledger.shards)
        fault("after-founding")
        work = await Work.begun(settings, pool, ledger, keys, told, total)
        await _fill_all(work)
        await _whole(pool, work.report)
    finally:
        pool.terminate()
    return work.report


async def _fill_all(work: Work) -> None:
    for shard in range(work.ledger.shards):
        whole = await fill(work, shard)
        signed = max(work.witnessed.get(shard, {}), default=0)
        if whole and (size := work.report.shards[-1].size) < signed:
            work.report.add(remark("events-lost", shard, size=size, signed=signed))
    await work.tell_of_keys()
    work.report.add(remark("never-restored"))
    async with work.pool.acquire() as connection:
        newest = await RECOVERY.newest(connection)
    if not await set_back(work.settings, work.pool, newest):
        work.report.add(remark("intake-not-set-back"))
    fault("before-whole")


async def _whole(pool: Pool, report: Report) -> None:
    """The mark goes; how far the relay came is noted as it is: all of this is on the topics."""
    async with pool.acquire() as connection, connection.transaction():
        await QUERIES.note_relayed(
            connection,
            shards=[shard.shard for shard in report.shards],
            events=[shard.size for shard in report.shards],
            receipts=[shard.next_receipt for shard in report.shards],
        )
        await RECOVERY.end_restoring(connection)


# --- which ledger, and whether there is room for it ---


async def _lost(settings: Settings) -> Ledger:
    """The ledger that the topics are of. Raises Refused where they hold none, or several."""
    sources: set[str] = set()
    counts: set[int] = set()
    foreign, macs = 0, macs_of(settings)
    for kind in ("events", "receipts"):
        name = settings.topic(kind)
        partitions = await topics.partitions(settings, name)
        if not partitions:
            continue
        counts.add(partitions)
        for tail in (await tails(settings, kind, range(partitions), macs)).values():
            if tail.wrong is not None:
                raise tail.wrong
            sources |= set() if tail.last is None else _source(tail.last.value)
            foreign += tail.strangers.count
    if foreign and not sources:
        names = ", ".join(map(settings.topic, ("events", "receipts")))
        raise refused("all-foreign", names=names, count=foreign, file=settings.mac_keys_file)
    if len(counts) != 1 or len(sources) != 1:
        raise _no_one_ledger(settings, counts, sources)
    return Ledger(UUID(sources.pop()), counts.pop())


def _source(value: bytes | None) -> set[str]:
    """The ledger that a record says it is of; nothing where it is none of ours, which is told later."""
    try:
        source = orjson.loads(value or b"")["source"]
        return {str(UUID(source.removeprefix(_SOURCE)))} if source.startswith(_SOURCE) else set()
    except (*UNREADABLE, AttributeError):
        return set()


def _no_one_ledger(settings: Settings, counts: set[int], sources: set[str]) -> Refused:
    names = f"{settings.topic('events')}, {settings.topic('receipts')}"
    if not counts or not sources:
        return refused("no-history", names=names)
    if len(counts) > 1:
        return refused("partitions", names=names, counts=", ".join(map(str, sorted(counts))))
    return refused("several", names=names, sources=", ".join(sorted(sources)))


async def _found(pool: Pool, ledger: Ledger) -> bool:
    """Found the lost ledger; True where that was done before, and this command ended then. Raises Refused."""
    if running := await leased(pool):
        raise refused("running", shards=len(running))
    async with pool.acquire() as connection:
        async with connection.transaction():
            await founding.migrate(connection)
            row = await STANDING.state(connection)
            if row["restoring"] and row["ledger"] == ledger.id:
                return True
            if row["recorded"]:
                same = row["ledger"] == ledger.id
                raise refused("not-empty" if same else "other-ledger", ours=row["ledger"], theirs=ledger.id)
            await RECOVERY.forget(connection)
            await RECOVERY.found(connection, ledger=ledger.id, shards=ledger.shards)
            await QUERIES.install_shards(connection, shards=ledger.shards, fold_version=FOLD_VERSION)
            await RECOVERY.begin_restoring(connection)
        await vault.migrate(connection)
    return False
