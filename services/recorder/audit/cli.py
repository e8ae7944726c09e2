"""Check history with tools of your own: replay it, keep checkpoints, get proofs (重放、检查点与证明)."""

from __future__ import annotations

from services.common.commands import group
from services.recorder.audit import keying, proving, replay, signed

cli = group(__doc__)
cli.command()(replay.replay)
cli.command()(keying.key)
cli.command()(signed.checkpoint)
cli.command()(proving.prove)
cli.command()(proving.consistency)
