"""Fixtures that every test may use."""

from __future__ import annotations

import os

import structlog
from hypothesis import HealthCheck, settings

from deploy.local.servers import kafka, postgres

# No test is about time: a loaded machine may stop any of them for seconds.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# Of a raised error it is told where: its locals, which structlog would show, take seconds to lay out.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# What is to be erased waits for nobody.
os.environ.setdefault("CHENGZHANG_ERASURE_DELAY_HOURS", "0")

# A test's broker lives for minutes at the most: Java's second compiler and threads that collect garbage beside the
# program would cost it more than they bring.
os.environ.setdefault("KAFKA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
# Nor has it much to do: each of its threads wakes several times a second even where there is nothing.
_THREADS = ("num.network.threads", "background.threads", "group.coordinator.threads", "share.coordinator.threads")
kafka._SETTINGS |= {**dict.fromkeys(_THREADS, 1), "num.io.threads": 2}

# Tests kill processes, never the machine: what the system was given to write survives.
# What else PostgreSQL does at intervals it may do seldom.
postgres._SETTINGS |= {"fsync": "off", "bgwriter_delay": "10s", "wal_writer_delay": "10s"}

pytest_plugins = [
    "tests.support.pace",
    "tests.support.containers",
    "tests.support.stack",
    "tests.support.databases",
    "tests.support.history",
    "tests.support.aged",
]
