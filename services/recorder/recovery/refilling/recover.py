"""What a ledger lacks, back from the topics: for a ledger restored from an older backup.

Recorders may run: a shard that is behind its topic is read-only, and becomes writable again by itself a few seconds
after all of it is back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import asyncpg

from services.common.settings import Settings
from services.recorder.kafka import fetching
from services.recorder.ledger import database
from services.recorder.ledger.database import QUERIES, Ledger, Pool
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.choice import chosen
from services.recorder.recovery.leases import leased
from services.recorder.recovery.refilling import telling
from services.recorder.recovery.refilling.filling import Told
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.shards import Work, fill
from services.recorder.recovery.refilling.signed import unlike
from services.recorder.recovery.refilling.telling import Report
from services.recorder.recovery.refusals import refused
from services.recorder.trust import history
from services.recorder.trust.witness import all_witnessed


async def recover(settings: Settings, only: Iterable[int], told: Told, total: Callable[[int], None]) -> Report:
    """Bring back what these shards lack, all shards where none is named. Raises Refused, Unavailable."""
    pool = await database.connect(settings.database_url)
    try:
        ledger = await _ledger(pool)
        shards = chosen(only, ledger.shards)
        work = Work(settings, pool, ledger, await all_witnessed(settings, ledger.id), Keys(), told, total)
        return await _recover(work, shards)
    finally:
        pool.terminate()


async def _ledger(pool: Pool) -> Ledger:
    async with pool.acquire() as connection:
        try:
            row = await QUERIES.installation(connection)
            restoring = await STANDING.restoring(connection)
        except asyncpg.UndefinedTableError as error:
            raise refused("no-ledger") from error
    if row is None or restoring:
        raise refused("restoring")
    return Ledger(row["ledger"], row["shards"])


async def _recover(work: Work, shards: list[int]) -> Report:
    report = Report(ok=True, ledger=str(work.ledger.id))
    for shard in shards:
        if await _lacks(work, shard):
            report.add(await fill(work, shard))
        if (remark := await unlike(work, shard)) is not None:
            report.remark(remark)
    unknown = await work.keys.unknown(work.pool)
    if unknown[0]:
        report.remark(telling.keys_lost(*unknown))
    if any(shard.events or shard.receipts for shard in report.shards):
        report.remark(telling.always(restored=False))
    if not await leased(work.pool):  # a recorder that runs notes the mode itself, once it has seen it
        await history.check(work.pool, work.ledger, work.settings, shards, alone=True)
    return report


async def _lacks(work: Work, shard: int) -> bool:
    """Whether a topic holds something at its end that the shard lacks, or that differs from it."""
    for kind in ("events", "receipts"):
        tail = (await fetching.tails(work.settings.kafka, work.settings.topic(kind), [shard]))[shard]
        async with work.pool.acquire() as connection:
            found = await history.check_tail(connection, work.ledger, kind, shard, tail)
        if found.reason is not None:
            return True
    return False
