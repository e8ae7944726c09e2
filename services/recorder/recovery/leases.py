"""Whether recorders run on this ledger: whoever relays a shard holds its lease."""

from __future__ import annotations

from services.recorder.errors import Refused
from services.recorder.ledger.database import Pool
from services.recorder.recovery.queries import QUERIES
from services.recorder.relay import LEASE_CLASS


async def refuse_running(pool: Pool) -> None:
    """Raise Refused where a recorder holds a lease."""
    async with pool.acquire() as connection:
        held = [row["shard"] async for row in QUERIES.holders(connection, leases=LEASE_CLASS)]
    if held:
        raise Refused(
            f"a recorder is running on this database (it holds {len(held)} shards). Stop all recorders, then run this "
            "again: they would go on with the ledger that they know."
        )
