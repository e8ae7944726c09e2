"""``recorder audit key``: the key that checkpoints are verified with, and a new one."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
import typer

from services.common.commands import AsJson, Home, Language, settings_of
from services.common.settings import Settings
from services.recorder.cli_errors import said
from services.recorder.ledger import database
from services.recorder.ledger.database import ledger_of
from services.recorder.trust import keys
from services.recorder.trust.keys import Keys, StoredKey

Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate",
        help="Add a new key; the one before it signs beside it, older ones are retired · 生成新密钥",
    ),
]


def key(
    *,
    rotate: Rotate = False,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Print the verifier keys, newest first: name+hash+base64 (核验检查点用的公钥，新的在前)."""
    settings = settings_of(home, lang)
    with said(lang):
        found = asyncio.run(_rotated(settings)) if rotate else Keys.load(settings.checkpoint_keys_file)
    if as_json:
        typer.echo(orjson.dumps({"keys": [_told(each) for each in found.keys]}))
        return
    for each in found.keys:
        typer.echo(each.verifier)


def _told(stored: StoredKey) -> dict[str, str | None]:
    state = "retired" if stored.private is None else "signing"
    return {"key": stored.verifier, "state": state, "made_at": stored.made_at, "retired_at": stored.retired_at}


async def _rotated(settings: Settings) -> Keys:
    pool = await database.connect(settings.database_url, largest=1)
    try:
        ledger = await ledger_of(pool)
    finally:
        pool.terminate()
    return keys.rotate(settings.checkpoint_keys_file, str(ledger.id))
