"""The recorder's topics, described. The intake reads the one; relay, quarantine and checkpointer write the others."""

from typing import Any, Final

from services.common.http import asyncapi
from services.common.settings import Settings

READ: Final = {
    "actions": "Actions in CloudEvents structured or binary mode. This is the local publisher's; each app has one of "
    "its own, with its name behind this and a dot, that it alone may write."
}
_MARKED: Final = (
    " Headers mac and mackid: base64url of HMAC-SHA-256 over chengzhang-mac-1, topic, shard (0 where there is none), "
    "position and value, a zero byte between them, and the key's id; position: {at}."
)
PUBLISHED: Final = {
    "events": "Every event, as canonical bytes. Key: the stream. Partition: the shard. Each position comes at least "
    "once, in order and without a hole the first time: drop a sequence below the next one, stop at a gap."
    + _MARKED.format(at="the sequence as a number"),
    "receipts": "The answer to each action. Key: the action's id. Partition: the shard, by the receipts' numbers."
    + _MARKED.format(at="the receipt's number"),
    "quarantine": "What could not be read as an action. Key: topic/partition/offset. Never what was in it."
    + _MARKED.format(at="the key"),
    "checkpoints": "The signed root of a shard's tree at some size (C2SP tlog-checkpoint). Key: the origin, "
    "<installation>/<shard>. Each comes at least once." + _MARKED.format(at="the size"),
}
_NOTE: Final = """\
0f5d4c2e-6c0f-4b1a-9d0e-0123456789ab/3
124
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— 0f5d4c2e-6c0f-4b1a-9d0e-0123456789ab Az3grlgt…
"""
_TEXTS: Final = {
    "checkpoints": {
        "type": "string",
        "description": "A C2SP signed note: origin, size, root in base64; an empty line; a line a signature.",
        "examples": [_NOTE],
    }
}


def document(settings: Settings) -> dict[str, Any]:
    """The AsyncAPI document."""
    return asyncapi.document(settings, "Chengzhang recorder", reads=READ, writes=PUBLISHED, texts=_TEXTS)
