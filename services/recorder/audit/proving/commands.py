"""What the audit's commands share: the log at hand, and files."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer

from services.common.commands import AUDITOR, Lang, settings_of
from services.common.settings import Settings
from services.recorder.audit import files
from services.recorder.audit.offline.program import program
from services.recorder.audit.proving.log import AuditLog
from services.recorder.cli_errors import said
from services.recorder.ledger import database
from services.recorder.ledger.database import ledger_of
from services.recorder.trust.delivery import Delivery
from services.recorder.trust.signing import Checkpoints, Kept

Shard = Annotated[int | None, typer.Option(min=0, max=1023, help="The shard's number · 分片号")]
Office = Annotated[str | None, typer.Option(help="Or an office: the shard that it is in · 或机关，即其所在分片")]
Out = Annotated[Path, typer.Option(help="The folder to write to; it is made · 写入的文件夹")]
Archives = Annotated[
    list[Path] | None,
    typer.Option(
        "--source",
        metavar="FOLDER",
        help="An archive: what left the ledger is taken from there; may be given again · 归档目录，可多次给出",
    ),
]
_T = TypeVar("_T")
_CONNECTIONS: Final = 2
_PROGRAM: Final = "verify.py"


async def place(log: AuditLog, shard: int | None, office: str | None) -> int:
    """The shard that is meant, by number or by office."""
    if shard is not None and office is None:
        return shard
    if office is not None and shard is None:
        return await log.shard(office)
    raise typer.BadParameter("give either --shard or --office · 请给出 --shard 或 --office 之一")


def asked(home: Path | None, lang: Lang | None, ask: Callable[[AuditLog], Awaitable[_T]]) -> _T:
    """Ask the log; exit 1 or 3 where it has no answer."""
    settings = settings_of(home, lang, AUDITOR)

    async def answer() -> _T:
        async with opened(settings) as log:
            return await ask(log)

    with said(lang):
        return asyncio.run(answer())


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[AuditLog]:
    """The log in the settings' ledger, which also signs where that is needed. Raises Unavailable, NotAllowed."""
    pool = await database.connect(settings.database_url, largest=_CONNECTIONS)
    try:
        ledger = await ledger_of(pool)

        async def sign(shard: int) -> Kept:
            kept = await Checkpoints(pool, ledger, settings).make(shard)
            await Delivery(pool, ledger, settings).file()  # onto the topic it gets by the recorder
            return kept

        with database.allowed():
            yield AuditLog(pool, ledger.shards, sign)
    finally:
        pool.terminate()


def tell(told: dict[str, Any], text: str, *, as_json: bool) -> None:
    """What came of a command: for programs, or for people."""
    typer.echo(orjson.dumps(told) if as_json else text)


def written(lang: Lang | None, folder: Path, contents: dict[str, bytes]) -> list[str]:
    """Write these files, and what checks them, into the folder; their paths. Exit 1 where that can't be done."""
    checks = program()
    title = checks.partition(b"\n")[0]
    with said(lang):
        files.make(folder)
        for name in contents:
            files.check(folder / name)
        files.check(folder / _PROGRAM, lambda file: file.read_bytes().startswith(title))
        for name, content in {_PROGRAM: checks, **contents}.items():
            files.write(folder / name, content)
    return [str(folder / name) for name in contents]
