"""What a shard's events and receipts say, in one snapshot: rows and bytes, versions, receipts ↔ events, states.

Events are read once, in order; receipts beside them, for they list events in the same order.
"""

from contextlib import closing

from services.recorder.audit.verifying.checks.events import Events
from services.recorder.audit.verifying.checks.receipts import Receipts
from services.recorder.audit.verifying.checks.states import Folds
from services.recorder.audit.verifying.problems import Findings
from services.recorder.audit.verifying.work import QUERIES, Rows, Tick, Whole, Work, connected


async def contents(part: Whole, tick: Tick) -> Findings:
    """Check a shard; ``tick`` is told how many events and receipts were read."""
    findings = Findings(part.shard)
    async with connected(part.url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(QUERIES.heads.sql, [part.shard])
        assert head is not None  # a shard has its row from the founding on
        work = Work(connection, Rows(connection, part.shard, part.archive), part, findings, tick)
        with closing(Folds(work)) as folds:
            events = Events(work, head["size"], folds)
            await Receipts(work, head["next_receipt"], events).check()
            await events.claim(head["size"])  # no further receipt lists any: they are read to the end
            if part.states:
                await folds.compare(head["size"])
    return findings
