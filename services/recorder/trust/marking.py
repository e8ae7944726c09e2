"""Under which keys this ledger's records were MACed: noted in the ledger, so that a file that lacks one is noticed.

With another file, or an older one, the ledger's own records would be foreign to it.
"""

from pathlib import Path
from typing import Any, Final

import aiosql

from services.common.kafka import mac_keys
from services.common.kafka.mac_keys import MacKeys
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from services.recorder.kafka.fetching import ends_of
from services.recorder.ledger.database import Connection, Pool

_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg", mandatory_parameters=False)
_MEND: Final = (
    "Put the newest copy of it back from your backups. Where there is none, and the ledger is whole, "
    "`recorder mac-key --anew` makes a first key again, and says how the topics are filled again under it."
)
_MEND_ZH: Final = (
    "请从备份放回其最新副本。若没有备份而账本完整，可用 `recorder mac-key --anew` 重新生成首个密钥，"
    "该命令会说明如何以其重新发布主题。"
)


async def ready(pool: Pool, settings: Settings) -> None:
    """Have keys to write with: a first one is made where this ledger never wrote. Raises Misconfigured."""
    async with pool.acquire(timeout=10) as connection:
        known = await noted(connection)
        if not known and not settings.mac_keys_file.exists():
            await _make(settings)
        await note(connection, whole(settings, known))


async def _make(settings: Settings) -> None:
    """A first key, where there is nothing yet that could have been written under another."""
    topic = settings.topic("events")
    if any(await ends_of(settings, topic) or ()):
        path = settings.mac_keys_file
        raise Misconfigured(
            f"{path} is missing, but the topic {topic} has records: without the keys nobody can tell whether they are "
            f"a recorder's. Put the file back from its backup, then, if the ledger was lost, run "
            "`recorder restore --from kafka`. For a new ledger name other topics in CHENGZHANG_TOPIC_PREFIX.",
            f"缺少 {path}，而主题 {topic} 中已有消息：没有密钥就无法判断它们是否为记录服务所写。请从备份放回该文件；"
            "如账本已丢失，再执行 `recorder restore --from kafka`。如要新建账本，"
            "请用 CHENGZHANG_TOPIC_PREFIX 指定其他主题。",
        )
    mac_keys.ensure(settings.mac_keys_file, Misconfigured)


async def checked(pool: Pool, settings: Settings) -> None:
    """See that the file has every key that this ledger's records are under. Raises Misconfigured."""
    async with pool.acquire(timeout=10) as connection:
        whole(settings, await noted(connection))


async def noted(connection: Connection) -> list[str]:
    """The ids of the keys that this ledger has written under."""
    return [row["id"] async for row in _QUERIES.noted(connection)]


async def note(connection: Connection, keys: MacKeys) -> None:
    """Note the keys of a file that is whole."""
    await _QUERIES.note(connection, ids=keys.ids)


async def forget(connection: Connection) -> None:
    """Forget what was noted: the keys are lost, and others will be made."""
    await _QUERIES.forget(connection)


def whole(settings: Settings, known: list[str]) -> MacKeys:
    """The file's keys, if those are all there that are known. Raises Misconfigured."""
    path = settings.mac_keys_file
    keys = MacKeys.load(path, Misconfigured)
    if lacking := sorted({*known} - {*keys.ids}):
        raise Misconfigured(
            f"{path} lacks the key {lacking[0]}, under which records of this ledger were written: it is an older copy, "
            f"or another installation's. {_MEND}",
            f"{path} 缺少密钥 {lacking[0]}，而本账本有记录使用它：该文件是较早的副本，或属于另一套系统。{_MEND_ZH}",
        )
    return keys
