"""What Prometheus sees of the recorder."""

from typing import Final

from prometheus_client import Counter, Gauge

RECEIPTS: Final = Counter("recorder_receipts", "Receipts given, by outcome and code", ["outcome", "code"])
EVENTS: Final = Counter("recorder_events", "Events appended")
BATCHES: Final = Counter("recorder_batches", "Transactions of the append")
QUARANTINED: Final = Counter("recorder_quarantined", "Records that could not be read as actions", ["code"])
RELAYED: Final = Counter("recorder_relayed", "Records published, by topic", ["kind"])
DOUBTS: Final = Counter("recorder_relay_doubts", "Times the relay read a topic's end back", ["kind"])
FOREIGN: Final = Counter("recorder_foreign_records", "Records on our topics that no recorder wrote", ["topic"])
CHECKPOINTS: Final = Counter("recorder_checkpoints", "Checkpoints signed")
READ_ONLY: Final = Gauge("recorder_read_only_shards", "Shards that take nothing until an operator has acted")
