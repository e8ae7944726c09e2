"""The topics that actions come by, and whose each is.

Kafka tells a consumer nothing of who wrote a record. So each app has a topic of its own that it alone may write, and
what came by a topic is its owner's. ``<prefix>.actions`` is the local publisher's.
"""

import re
from typing import Final

from services.common.settings import Settings

PUBLISHER: Final = "publisher"
DAY_MS: Final = 24 * 60 * 60 * 1000
KEPT: Final = 30 * DAY_MS
PARTITIONS: Final = 8
LARGEST_MESSAGE: Final = 16 * 1024 * 1024
CONFIGS: Final = {
    "retention.ms": str(KEPT),
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
    "max.message.bytes": str(LARGEST_MESSAGE),
}


def topic_of(prefix: str, app: str) -> str:
    """Where that app publishes, and nobody else."""
    return f"{prefix}.actions.{app}"


def pattern(settings: Settings) -> str:
    """The regular expression of their names, all of each."""
    return rf"^{re.escape(settings.topic('actions'))}(\.[a-z0-9-]+)?$"


def owner(settings: Settings, topic: str) -> str:
    """Whose that one is."""
    return topic.removeprefix(settings.topic("actions")).removeprefix(".") or PUBLISHER
