"""After a restore, the intake reads the last day's actions again.

An action that was recorded but not published when the ledger was lost is gone from it, while Kafka may have noted it as
read. Read again it is recorded again; what is known already is a repeat. What was refused for now has been answered,
too, so the ledger notes up to where all had been (``intake/from_kafka/rereading.py``).
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, UnknownMemberIdError

from services.common.kafka import patch
from services.common.settings import Settings
from services.recorder.kafka import topics
from services.recorder.ledger.database import Pool
from services.recorder.recovery.subject import QUERIES

BACK: Final = timedelta(days=1)  # before the newest thing recorded
_TRIES: Final = 30  # a second apart: a recorder that was killed is a member of its group for a while
_OCCUPIED: Final = (CommitFailedError, UnknownMemberIdError, IllegalStateError)
Log: Final = structlog.get_logger("restore")


async def set_back(settings: Settings, pool: Pool, newest: datetime) -> bool:
    """Have the intake begin a day before ``newest``, where it is further. False where a recorder holds the group."""
    places = await topics.intake_places(settings)
    if not places:
        return True
    for _ in range(_TRIES):
        try:
            await _set_back(settings, pool, places, int((newest - BACK).timestamp() * 1000))
        except _OCCUPIED:
            await asyncio.sleep(1)
        except KafkaError as error:
            Log.warning("intake-not-set-back", error=type(error).__name__)
            return False
        else:
            return True
    return False


async def _set_back(settings: Settings, pool: Pool, places: list[TopicPartition], since: int) -> None:
    patch.install()
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        **topics.login(settings), group_id=f"{settings.topic_prefix}-recorder", enable_auto_commit=False
    )
    try:
        await consumer.start()
        consumer.assign(places)
        found = await consumer.offsets_for_times(dict.fromkeys(places, since))
        ends = await consumer.end_offsets(places)
        committed = {place: await consumer.committed(place) for place in places}
        back = {
            place: at.offset for place, at in found.items() if at is not None and at.offset < (committed[place] or 0)
        }
        # Where Kafka forgot how far the intake was, it begins at the beginning: any of it may have been answered.
        forgotten = {place: ends[place] for place in places if committed[place] is None}
        untils = {place: committed[place] or 0 for place in back} | forgotten
        async with pool.acquire() as connection:
            await QUERIES.note_rereading(
                connection,
                topics=[place.topic for place in untils],
                partitions=[place.partition for place in untils],
                untils=list(untils.values()),
            )
        if back:
            await consumer.commit(back)
    finally:
        await consumer.stop()
