"""Who a test is on the run's Kafka: its administrator, where it needn't be anybody else."""

from __future__ import annotations

from typing import Any

from deploy.local.access.principals import ADMIN
from services.common.kafka.login import login
from services.common.settings import Settings


def as_admin(settings: Settings) -> dict[str, Any]:
    """Arguments for any of aiokafka's clients, that may do everything."""
    return login(settings, ADMIN)
