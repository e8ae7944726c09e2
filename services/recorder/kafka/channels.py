"""What the recorder publishes, said to FastStream, which describes it; the relay and the quarantine write it."""

from __future__ import annotations

from typing import Final

from faststream.kafka import KafkaBroker

from services.common.settings import Settings

_EVENTS: Final = (
    "Every event, as canonical bytes. Key: the stream. Partition: the shard. Each position comes at least once, in "
    "order and without a hole the first time: drop a sequence below the next one, stop at a gap."
)
_RECEIPTS: Final = "The answer to each action. Key: the action's id. Partition: the shard, by the receipts' numbers."
_QUARANTINE: Final = "What could not be read as an action. Key: topic/partition/offset. Never what was in it."
_CHECKPOINTS: Final = (
    "The signed root of a shard's tree at some size (C2SP tlog-checkpoint). Key: the origin, <installation>/<shard>. "
    "Each comes at least once."
)

# Topic → the schema of its values, and what a reader must know.
PUBLISHED: Final = {
    "events": ("Event", _EVENTS),
    "receipts": ("ReceiptEnvelope", _RECEIPTS),
    "quarantine": ("QuarantinedEnvelope", _QUARANTINE),
    "checkpoints": ("SignedCheckpoint", _CHECKPOINTS),
}
# What is no CloudEvent: the schema and content type of its values.
_NOTE: Final = """\
0f5d4c2e-6c0f-4b1a-9d0e-0123456789ab/3
124
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— 0f5d4c2e-6c0f-4b1a-9d0e-0123456789ab Az3grlgt…
"""
TEXTS: Final = {
    "SignedCheckpoint": {
        "type": "string",
        "description": "A C2SP signed note: origin, size, root in base64; an empty line; a line a signature.",
        "examples": [_NOTE],
    }
}
TEXT: Final = "text/plain; charset=utf-8"


def declare(broker: KafkaBroker, settings: Settings) -> None:
    """Declare the topics on a broker that is described, not started."""
    for name, (_, description) in PUBLISHED.items():
        broker.publisher(settings.topic(name), title=name, description=description)
