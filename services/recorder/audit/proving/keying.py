"""``recorder audit key``: the key that checkpoints are verified with, and a new one."""

import asyncio
from typing import Annotated

import typer

from services.common.commands import AsJson, Home, Language, settings_of
from services.common.settings import Settings
from services.recorder.audit.proving.commands import tell
from services.recorder.cli_errors import said
from services.recorder.ledger import database
from services.recorder.ledger.database import ledger_of
from services.recorder.trust import keys
from services.recorder.trust.keys import Keys

Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate", help="Add a new key; the one before it signs beside it, older ones are retired · 生成新密钥"
    ),
]


def key(*, rotate: Rotate = False, home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:
    """Print the verifier keys, newest first: name+hash+base64 (核验检查点用的公钥，新的在前)."""
    settings = settings_of(home, lang)
    with said(lang):
        found = asyncio.run(_rotated(settings)) if rotate else Keys.load(settings.checkpoint_keys_file)
    told = [
        {
            "key": each.verifier,
            "state": "retired" if each.private is None else "signing",
            "made_at": each.made_at,
            "retired_at": each.retired_at,
        }
        for each in found.keys
    ]
    tell({"keys": told}, "\n".join(each.verifier for each in found.keys), as_json=as_json)


async def _rotated(settings: Settings) -> Keys:
    pool = await database.connect(settings.database_url, largest=1)
    try:
        ledger = await ledger_of(pool)
    finally:
        pool.terminate()
    return keys.rotate(settings.checkpoint_keys_file, str(ledger.id))
