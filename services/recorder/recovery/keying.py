"""``recorder mac-key``: the keys that MAC records on the topics, a new one, or others where all are lost."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from services.common.commands import AsJson, Home, Lang, Language, Words, confirm, settings_of, spoken
from services.common.home import pasteable
from services.common.kafka import mac_keys
from services.common.kafka.mac_keys import MacKeys
from services.common.settings import Settings
from services.recorder.cli_errors import said
from services.recorder.errors import Misconfigured
from services.recorder.ledger.database import Connection, reached
from services.recorder.recovery.refusals import refused
from services.recorder.recovery.subject import opened
from services.recorder.trust import marking

Rotate = Annotated[bool, typer.Option("--rotate", help="Add a key, which writes from now on · 增加一个密钥并启用")]
Anew = Annotated[
    bool,
    typer.Option("--anew", help="The file is lost, and every copy of it: make a first key · 已无副本，重新生成"),
]
Yes = Annotated[bool, typer.Option("--yes", help="With --rotate or --anew: don't ask · 不再询问")]
_WORDS: Final[Words] = {
    Lang.EN: {
        "rotate": "Add a key to {file}? Records carry their MAC under it from now on; the {count} before it stay, and "
        "go on verifying.",
        "anew": "Make a first key in {file}? What the topics hold was written under keys that are lost: nobody "
        "believes it any more, until `recorder republish --yes` has filled them again from the ledger.",
        "ask": "This can't be taken back: add --yes where nobody can be asked.",
        "stopped": "Nothing was changed.",
        "rotated": "Made the key {new}; no restart is needed. Back up {file}, and copy it to wherever a projector, or "
        "whoever else verifies, has a copy of it.",
        "made": "Made the key {new}. Now stop the recorders, run `recorder republish --yes`, then start them.",
        "writes": "writes", "verifies": "verifies",
    },
    Lang.ZH: {
        "rotate": "在 {file} 中增加一个密钥？此后的消息以它计算 MAC；先前的 {count} 个继续保留，用于核验。",
        "anew": "在 {file} 中重新生成首个密钥？主题中现有消息所用的密钥已丢失，不再可信，"
        "须用 `recorder republish --yes` 由账本重新发布。",
        "ask": "此操作无法撤回：无人可问时请加 --yes。",
        "stopped": "没有作任何改动。",
        "rotated": "已生成密钥 {new}，无需重启。请备份 {file}，并复制到投影服务等保存其副本之处。",
        "made": "已生成密钥 {new}。请停止记录服务，执行 `recorder republish --yes`，再启动。",
        "writes": "写入", "verifies": "核验",
    },
}  # fmt: skip


def mac_key(  # noqa: PLR0917  # a command's options
    rotate: Rotate = False,  # noqa: FBT002
    anew: Anew = False,  # noqa: FBT002
    yes: Yes = False,  # noqa: FBT002
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show the keys that MAC records on the topics, newest first; add one (主题消息的 MAC 密钥)."""
    settings, words = settings_of(home, lang), _WORDS[spoken(lang)]
    with said(lang):
        if not (rotate or anew):
            found = MacKeys.load(settings.mac_keys_file, Misconfigured)
        else:
            count = len(MacKeys.load(settings.mac_keys_file, Misconfigured).keys) if rotate else 0
            if not yes:
                confirm(words, words["rotate" if rotate else "anew"].format(file=settings.mac_keys_file, count=count))
            found = asyncio.run(_changed(settings, anew=not rotate))
            done = words["rotated" if rotate else "made"].format(new=found.ids[0], file=settings.mac_keys_file)
            typer.echo(pasteable(done), err=True)
    _tell(found, settings.mac_keys_file, lang, as_json=as_json)


async def _changed(settings: Settings, *, anew: bool) -> MacKeys:
    with reached():
        async with opened(settings) as (pool, _), pool.acquire() as connection:
            found = await (_made(settings, connection) if anew else _rotated(settings, connection))
            await marking.note(connection, found)
            return found


async def _rotated(settings: Settings, connection: Connection) -> MacKeys:
    marking.whole(settings, await marking.noted(connection))
    return mac_keys.rotate(settings.mac_keys_file, Misconfigured)


async def _made(settings: Settings, connection: Connection) -> MacKeys:
    if settings.mac_keys_file.exists():
        raise refused("mac-keys-there", file=settings.mac_keys_file)
    if not await marking.noted(connection):
        raise refused("mac-keys-none")
    await marking.forget(connection)
    return mac_keys.ensure(settings.mac_keys_file, Misconfigured)


def _tell(found: MacKeys, file: Path, lang: Lang | None, *, as_json: bool) -> None:
    states = ["writes", *["verifies"] * (len(found.keys) - 1)]
    keys = [
        {"id": key.id, "made_at": key.made_at, "state": state} for key, state in zip(found.keys, states, strict=True)
    ]
    if as_json:
        typer.echo(orjson.dumps({"file": str(file), "keys": keys}))
        return
    for key in keys:
        typer.echo(f"{key['id']}  {key['made_at']}  {_WORDS[spoken(lang)][key['state']]}")
