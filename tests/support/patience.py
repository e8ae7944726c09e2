"""How long a test waits for what must come: no test is about time, and a loaded machine may be very slow."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 300.0  # seconds until something hangs for certain
