"""`office token list`: when a token was used last, whole on a terminal of 80 columns, in the time of Shanghai."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from services.common.tokens.uses import Uses


def test_the_last_use_is_a_whole_minute_of_shanghai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    types = ["chengzhang.people.erase-person.v1", "chengzhang.people.lift-hold.v1"]
    grant = {"sha256": hashlib.sha256(b"x").hexdigest(), "role": "publisher", "types": types}
    (tmp_path / "tokens.json").write_text(json.dumps({"study-platform": grant}))
    (tmp_path / "tokens.json").chmod(0o600)
    (tmp_path / "stack.env").touch()
    uses = Uses(tmp_path / "token-uses" / "recorder.json")
    uses.note("study-platform", datetime(2026, 3, 2, 16, 30, tzinfo=UTC))
    told = CliRunner().invoke(app, ["token", "list", "--home", str(tmp_path), "--lang", "en"]).output
    assert "2026-03-03 00:30" in told
    assert "2026-03-02" not in told


def test_the_hint_at_a_name_that_is_not_there_means_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = {"sha256": hashlib.sha256(b"x").hexdigest(), "role": "reader"}
    (tmp_path / "tokens.json").write_text(json.dumps({"reader": grant}))
    (tmp_path / "tokens.json").chmod(0o600)
    (tmp_path / "stack.env").touch()
    monkeypatch.setenv("CHENGZHANG_HOME", str(tmp_path))
    told = CliRunner().invoke(app, ["token", "revoke", "nobody", "--lang", "en"])
    assert told.exit_code == 1
    assert f"`officetokenlist--home{tmp_path}`" in "".join(told.output.split())  # wherever its lines end
