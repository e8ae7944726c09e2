"""Evidence bundles of a ledger without services around it: read models folded here, what is in the zip by name."""

from __future__ import annotations

import io
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg

from services.common.settings import Settings
from services.projector import read_models
from services.projector.following.batch import Slice
from services.projector.following.engine import Engine
from services.projector.settings import consumer_name
from services.recorder.audit.bundle.gathering import Whose
from services.recorder.audit.bundle.making import Bundle, Making
from services.recorder.audit.bundle.standing import Standing
from services.recorder.audit.offline import standalone as verify
from services.recorder.audit.proving.commands import opened
from services.recorder.trust.keys import Keys
from tests.integration.projector_world import Record
from tests.support.patience import PATIENCE

Files = dict[str, bytes]


async def folded(settings: Settings) -> dict[int, Standing]:
    """Fold all that is in the ledger into the read models; where they stand."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        rows = await connection.fetch("SELECT shard, position, body FROM ledger.event ORDER BY shard, position")
    finally:
        await connection.close()
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await engine.open(settings.shards)
    try:
        cursors = await engine.cursors()
        slices = [Slice(shard, 0).take(_records(rows, shard)) for shard in {row["shard"] for row in rows}]
        await engine.apply([each.after(cursors[each.shard]) for each in slices])
        return {shard: Standing(cursor.next, None) for shard, cursor in (await engine.cursors()).items()}
    finally:
        await engine.close()


def _records(rows: list[asyncpg.Record], shard: int) -> list[Record]:
    return [Record(shard, row["position"], row["body"]) for row in rows if row["shard"] == shard]


async def made(settings: Settings, person: str, year: int, at: Mapping[int, Standing], **more: Any) -> Bundle:  # noqa: ANN401
    """A bundle where the read models stand there."""

    async def standing() -> Mapping[int, Standing]:
        return at

    return await made_while(settings, person, year, standing, **more)


async def made_while(
    settings: Settings,
    person: str,
    year: int,
    standing: Callable[[], Awaitable[Mapping[int, Standing]]],
    *,
    office: str | None = None,
    **more: Any,  # noqa: ANN401
) -> Bundle:
    """A bundle; ``standing`` is called once the checkpoints are signed."""
    async with opened(settings) as log:
        return await Making(log, lambda: Keys.load(settings.checkpoint_keys_file), standing).make(
            Whose(person, year, office), **more
        )


def unzipped(content: bytes) -> Files:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def trusted(settings: Settings) -> list[verify.Key]:
    """The installation's verifier keys."""
    keys = Keys.load(settings.checkpoint_keys_file)
    return [verify.Key.parse(str(key.named(f"{keys.verifiers[0].ledger}/0"))) for key in keys.keys]


def stranger(folder: Path, program: Path, *arguments: str, code: int = 0) -> str:
    """Run it by a Python that has the standard library and cryptography, and no site-packages."""
    packages = Path(sysconfig.get_path("purelib"))
    only = folder / "only"
    only.mkdir(exist_ok=True)
    for each in (*packages.glob("cryptography*"), *packages.glob("cffi*"), *packages.glob("_cffi_backend*")):
        if not (only / each.name).exists():
            (only / each.name).symlink_to(each)
    run = (
        f"import runpy, sys; sys.path.append({str(only)!r}); sys.argv = {[str(program), *arguments]!r}; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", run], capture_output=True, cwd=folder, timeout=PATIENCE)  # noqa: PLW1510
    assert done.returncode == code, done.stderr.decode()
    return (done.stdout or done.stderr).decode()
