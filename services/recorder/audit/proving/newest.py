"""``recorder audit checkpoint``: a shard's newest checkpoint."""

from __future__ import annotations

import orjson
import typer

from services.common.commands import AsJson, Home, Language
from services.recorder.audit.proving.commands import Shard, asked
from services.recorder.audit.proving.proofs import encoded
from services.recorder.trust.checkpoint import Checkpoint


def checkpoint(*, shard: Shard, home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:
    """Print a shard's newest checkpoint, a signed note to keep aside (分片最新的检查点，宜另行保存)."""
    kept = asked(home, lang, lambda log: log.checkpoint(shard))
    note = kept.note.decode()
    if not as_json:
        typer.echo(note, nl=False)
        return
    told = {
        "shard": shard,
        "origin": Checkpoint.parse(note.partition("\n\n")[0] + "\n").origin,
        "size": kept.size,
        "root": encoded(kept.root),
        "made_at": kept.made_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "note": note,
    }
    typer.echo(orjson.dumps(told))
