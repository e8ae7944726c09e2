"""``recorder audit key``: the keys that checkpoints are verified with, and a new one."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from services.common.commands import AUDITOR, AsJson, Home, Lang, Language, Words, confirm, settings_of, spoken
from services.common.settings import Settings
from services.recorder.audit.proving.commands import tell
from services.recorder.cli_errors import said
from services.recorder.ledger import database
from services.recorder.ledger.database import Ledger, ledger_of
from services.recorder.trust import keys
from services.recorder.trust.checkpoint import origin_of
from services.recorder.trust.keys import Keys

Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate", help="Add a new key; the one before it signs beside it, older ones are retired · 生成新密钥"
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="With --rotate: don't ask · 不再询问")]
_WORDS: Final[Words] = {
    Lang.EN: {
        "plan": "Make a new key in {file}? It signs from the next checkpoint on, beside the newest of {count} there. "
        "The private part of those before is destroyed.",
        "ask": "--rotate destroys the private part of older keys: add --yes where nobody can be asked.",
        "stopped": "Nothing was changed.",
        "done": "Made the key {new}. It signs from the next checkpoint on, without a restart; {beside} sign beside it, "
        "{retired} retired. Hand the new verifier keys below to your auditors, and keep a copy of {file}.",
    },
    Lang.ZH: {
        "plan": "在 {file} 中生成新密钥？它自下一个检查点起签名，现有 {count} 个中最新的一个与之并用，"
        "更早的将销毁私钥。",
        "ask": "--rotate 会销毁较早密钥的私钥：无人可问时请加 --yes。",
        "stopped": "没有作任何改动。",
        "done": "已生成密钥 {new}，自下一个检查点起签名，无需重启；与之并用 {beside} 个，已停用 {retired} 个。"
        "请将下列新的核验公钥交给审计人员，并备份 {file}。",
    },
}


def key(
    *, rotate: Rotate = False, yes: Yes = False, home: Home = None, lang: Language = None, as_json: AsJson = False
) -> None:
    """Print the verifier keys, newest first, one a shard: origin+hash+base64 (核验公钥，每分片一行)."""
    settings, words = settings_of(home, lang, AUDITOR), _WORDS[spoken(lang)]
    with said(lang):
        ledger = asyncio.run(_ledger(settings))
        if rotate:
            if not yes:
                _confirm(settings, words)
            found = keys.rotate(settings.checkpoint_keys_file, str(ledger.id))
            typer.echo(words["done"].format(**_done(found), file=settings.checkpoint_keys_file), err=True)
        else:
            found = Keys.load(settings.checkpoint_keys_file)
    told = [
        {
            "key": str(each.named(origin_of(ledger.id, shard))),
            "shard": shard,
            "state": "retired" if each.private is None else "signing",
            "made_at": each.made_at,
            "retired_at": each.retired_at,
        }
        for each in found.keys
        for shard in range(ledger.shards)
    ]
    tell({"keys": told}, "\n".join(str(each["key"]) for each in told), as_json=as_json)


async def _ledger(settings: Settings) -> Ledger:
    pool = await database.connect(settings.database_url, largest=1)
    try:
        return await ledger_of(pool)
    finally:
        pool.terminate()


def _confirm(settings: Settings, words: Mapping[str, str]) -> None:
    file = settings.checkpoint_keys_file
    count = len(Keys.load(file).keys) if file.exists() else 0
    confirm(words, words["plan"].format(file=file, count=count))


def _done(found: Keys) -> dict[str, Any]:
    new = found.signing[0].verifier.public.hex()[:16]
    return {"new": new, "beside": len(found.signing) - 1, "retired": len(found.keys) - len(found.signing)}
