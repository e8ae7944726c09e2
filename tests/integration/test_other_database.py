"""A database that isn't there: every command of the recorder says so in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final
from uuid import UUID

from typer.testing import CliRunner

from services.common.settings import Settings
from services.recorder.cli import cli
from tests.support.patience import PATIENCE

LINES: Final = (
    ("status", 3),
    ("audit replay", 3),
    ("audit verify --without-kafka --without-read-models", 3),
    (f"audit prove --event {UUID(int=1)} --out OUT", 3),
    ("audit checkpoint --shard 0", 3),
    ("audit key --rotate --yes", 3),
    ("audit bundle --person p-1 --year 2026 --out OUT/b.zip", 3),
    ("archive --before 2020 --out OUT --yes", 3),
    ("recover", 3),
    ("republish", 3),
)


def test_every_command_says_so(settings: Settings, tmp_path: Path) -> None:
    for line, code in LINES:
        words = [word.replace("OUT", str(tmp_path)) for word in line.split()]
        ended = CliRunner(env=_other(settings)).invoke(cli, [*words, "--lang", "en", "--home", str(settings.home)])
        assert ended.exit_code == code, (line, ended.output)
        assert "InvalidCatalogName" in ended.output, line
        assert "Traceback" not in ended.output, line


def test_a_recorder_ends_with_a_sentence(settings: Settings) -> None:
    line = [str(Path(sys.executable).with_name("recorder")), "serve", "--lang", "en", "--home", str(settings.home)]
    ended = subprocess.run(
        line, env=os.environ | _other(settings), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 1
    assert "names no database of ours" in ended.stderr.splitlines()[-1]


def _other(settings: Settings) -> dict[str, str]:
    return settings.model_copy(update={"database_url": f"{settings.database_url}_none"}).environment()
