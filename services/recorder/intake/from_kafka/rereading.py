"""What a restore has the intake read again, and which of it was answered before.

An action that was refused for now doesn't bind its id: sent again, it is decided anew. Read again because of a restore
it must not be, since nobody sent it: by now it might pass. Nothing in an action tells the two apart; where it stands
does. So the restore notes, for each partition, the offset before which everything had been answered. Of what comes
before it the first n deliveries of the same action are those that its n receipts answered; only what was never
answered, or lost its answer with the ledger, is decided.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from aiokafka import TopicPartition

from services.recorder.intake.from_kafka.record import Record
from services.recorder.ledger.database import QUERIES, Pool
from services.recorder.ledger.submission import Submission

_PATIENCE: Final = 600.0  # seconds for one look through all receipts
_Same = tuple[bytes, bytes]  # the action's key digest, its body digest


class Rereading:
    """The partitions that are read again; none, but for the first moments after a restore."""

    def __init__(self, pool: Pool) -> None:
        """Nothing is read again, as far as is known."""
        self._pool = pool
        self._until: dict[TopicPartition, int] = {}
        self._receipts: Counter[_Same] = Counter()
        self._places: dict[_Same, dict[tuple[str, int, int], int]] = {}

    async def begin(self) -> None:
        """Look at what a restore noted, and at the receipts as they are now. Raises what a lost database raises."""
        async with self._pool.acquire(timeout=10) as connection:
            rows = QUERIES.rereading(connection)
            self._until = {TopicPartition(row["topic"], row["partition"]): row["until"] async for row in rows}
            self._receipts.clear()
            self._places.clear()
            if self._until:
                rows = await connection.fetch(QUERIES.unbound_receipts.sql, timeout=_PATIENCE)
                self._receipts.update({(row["digest"], row["body_digest"]): row["receipts"] for row in rows})

    def answered(self, record: Record, submission: Submission) -> bool:
        """Whether this delivery was answered before. Asked again about the same one, it says the same."""
        if not self.covers(TopicPartition(record.topic, record.partition), record.offset):
            return False
        same = (submission.key_digest, submission.body_digest)
        receipts = self._receipts[same] + self._receipts[submission.key_digest, b""]  # one without a digest: any body
        if not receipts:
            return False
        places = self._places.setdefault(same, {})
        return places.setdefault((record.topic, record.partition, record.offset), len(places)) < receipts

    def covers(self, partition: TopicPartition, offset: int) -> bool:
        """Whether that record is read again. No offset up to there is committed: counting begins at the beginning."""
        return offset < self._until.get(partition, 0)

    async def passed(self, committed: Mapping[TopicPartition, int]) -> None:
        """Forget the partitions that have been read again. Raises what a lost database raises."""
        done = [at for at, offset in committed.items() if offset >= self._until.get(at, offset + 1)]
        if done:
            async with self._pool.acquire(timeout=10) as connection:
                topics, partitions = zip(*done, strict=True)
                await QUERIES.reread(connection, topics=topics, partitions=partitions)
            for partition in done:
                del self._until[partition]
