"""Check history with tools of your own: replay it from either store (重放与核验历史)."""

from __future__ import annotations

from services.common.commands import group
from services.recorder.audit import replay

cli = group(__doc__)
cli.command()(replay.replay)
