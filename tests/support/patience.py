"""How long a test waits for what must come: no test is about time, and a loaded machine may be very slow."""

from __future__ import annotations

from typing import Final

from aiokafka import AIOKafkaProducer

from services.common.settings import Settings
from tests.support.access import as_admin

PATIENCE: Final = 300.0  # seconds until something hangs for certain


def patient_producer(settings: Settings, **given: int) -> AIOKafkaProducer[bytes, bytes]:
    """A producer, not started, that gives a busy broker as long as that."""
    return AIOKafkaProducer(**as_admin(settings), request_timeout_ms=round(PATIENCE * 1000), **given)
