"""Fixtures that every test may use."""

from __future__ import annotations

import os

# A test's broker lives for minutes at the most: Java's second compiler would cost it more than it brings.
os.environ.setdefault("KAFKA_OPTS", "-XX:TieredStopAtLevel=1")

pytest_plugins = ["tests.support.stack", "tests.support.history", "tests.support.aged"]
