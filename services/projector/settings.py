"""What the projector sets beyond the common settings."""

from typing import Final

from services.common.settings import Settings

NAME: Final = "projector"  # on Kafka
MAX_RECORDS: Final = 20_000  # a batch: beyond this, a larger one gains nothing and only takes memory
CHUNK: Final = 500  # records parsed before others get their turn: 3 ms
PARTITION_BYTES: Final = 1536 * 1024  # fetched ahead, a partition
FETCH_BYTES: Final = 12 * 1024 * 1024  # fetched ahead, a request
FETCH_WAIT_MS: Final = 500  # a fetch under way asks nothing of the partitions that had data when it left
FOREVER_MS: Final = 10**12  # FastStream sleeps as long as it polled, deaf, where a poll brought nothing: so none does
FEW: Final = 500  # records: after so few, others gather
GATHER_SECONDS: Final = (
    0.02  # at the broker, before they are fetched: at a steady pace few batches matter more than haste
)
SESSION_MS: Final = 6_000  # after which a projector that was killed gives up its shards
METADATA_MS: Final = 5_000  # how soon it is noticed that the topic was deleted and made again; by default 5 minutes
HALTED_SECONDS: Final = 5.0  # until a halted shard is looked at again; doubled each time
HALTED_AT_MOST: Final = 300.0
WATCH_SECONDS: Final = 1.0  # how often the cursors are compared with where we read
STALLED_SECONDS: Final = 30.0  # without progress, though there is something to do: not ready


def consumer_name(settings: Settings) -> str:
    """The Kafka group, and whose cursors these are."""
    return f"{settings.topic_prefix}-projector"
