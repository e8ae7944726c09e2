"""How the consumer gets on: for readiness, metrics and logs."""

import time
from dataclasses import dataclass, field

from prometheus_client import Counter, Gauge, Histogram

from services.projector.settings import STALLED_SECONDS

EVENTS = Counter("projector_events_total", "Events applied", ["shard"])
BATCH_SECONDS = Histogram(
    "projector_batch_seconds",
    "Time of one batch's transaction",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
RETRIES = Counter("projector_retries_total", "Batches tried again, because PostgreSQL could not take them")
FOREIGN = Counter("projector_foreign_records_total", "Records on the events topic that no recorder wrote", ["shard"])
NEXT = Gauge("projector_next_position", "Position that comes next", ["shard"])
HALTED = Gauge("projector_shard_halted", "1 while a shard is halted", ["shard"])


@dataclass(slots=True)
class Progress:
    """Where the consumer stands, as far as it knows by itself. Times are monotonic seconds."""

    running: bool = False
    watched_at: float | None = None
    waiting_since: float | None = None
    halted: dict[int, str] = field(default_factory=dict)
    next: dict[int, int] = field(default_factory=dict)

    def busy(self) -> None:
        """There is something to do."""
        if self.waiting_since is None:
            self.waiting_since = time.monotonic()

    def idle(self) -> None:
        """It is done, or some of it."""
        self.waiting_since = None

    def watched(self) -> None:
        """Kafka and PostgreSQL both told where they stand."""
        self.watched_at = time.monotonic()

    @property
    def following(self) -> bool:
        """Whether it has begun to follow the ledger."""
        return self.running and self.watched_at is not None

    @property
    def stalled(self) -> bool:
        """Whether for long nothing came of what there is to do, or it can't even be told what there is."""
        oldest = min(time.monotonic() if since is None else since for since in (self.waiting_since, self.watched_at))
        return time.monotonic() - oldest > STALLED_SECONDS

    def stands(self, shard: int, position: int, error: str | None, applied: int = 0) -> None:
        """Note where a shard stands."""
        self.next[shard] = position
        NEXT.labels(shard).set(position)
        if applied:
            EVENTS.labels(shard).inc(applied)
        if error is None:
            self.halted.pop(shard, None)
        else:
            self.halted[shard] = error
        HALTED.labels(shard).set(error is not None)
