"""Check history with tools of your own: replay, verify, keep checkpoints, get proofs (重放、核验、检查点与证明)."""

from __future__ import annotations

from services.common.commands import group
from services.recorder.audit import keying, proving, replay, signed, verify
from services.recorder.audit.bundle.command import bundle

cli = group(__doc__)
cli.command()(replay.replay)
cli.command()(verify.verify)
cli.command()(keying.key)
cli.command()(signed.checkpoint)
cli.command()(proving.prove)
cli.command()(proving.consistency)
cli.command()(bundle)
