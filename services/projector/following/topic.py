"""The events topic, which the recorder makes."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiokafka.admin import AIOKafkaAdminClient

from services.projector.errors import Misfit

_LOOK_SECONDS: Final = 0.5
_log = structlog.get_logger(__name__)


async def created(servers: str, topic: str, shards: int) -> None:
    """Wait until the topic is there. Raises Misfit where partitions and shards differ in number.

    To subscribe earlier would do no good: aiokafka looks for what wasn't there only every five minutes.
    """
    if (found := await partitions(servers, topic, awaited=True)) != shards:
        raise Misfit(f"The topic {topic} has {found} partitions, but CHENGZHANG_SHARDS is {shards}.")


async def partitions(servers: str, topic: str, *, awaited: bool = False) -> int:
    """How many partitions it has; 0 where there is no such topic, unless it is ``awaited``."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        while True:
            described = await admin.describe_topics([topic])
            found = sum(len(each["partitions"]) for each in described if not each["error_code"])
            if found or not awaited:
                return found
            _log.info("waiting-for-topic", topic=topic)
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await admin.close()
