"""`office sample` and what `office publish` says of a file that it cannot use."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from deploy.local.publish import publish
from deploy.local.sample.cli import sample

app = typer.Typer()
app.command("sample")(sample)
app.command("publish")(publish)


def run(*arguments: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, arguments)
    return ended.exit_code, ended.stdout, ended.stderr


def test_a_sample_goes_to_standard_output_as_lines_of_json() -> None:
    code, out, told = run("sample", "--year", "2025", "--cadres", "6", "--lang", "en")
    lines = out.splitlines()
    assert code == 0
    assert all(orjson.loads(line)["specversion"] == "1.0" for line in lines)
    assert f"{len(lines)} actions" in told


def test_a_sample_goes_into_a_file_until_a_day(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    code, out, _ = run("sample", "--year", "2025", "--cadres", "6", "--until", "2025-01-31", "--out", str(file))
    assert (code, out) == (0, "")
    assert {orjson.loads(line)["time"][:7] for line in file.read_bytes().splitlines()} == {"2025-01"}


def test_a_sample_that_reaches_into_the_future_says_so() -> None:
    assert "--until" in run("sample", "--year", "2150", "--cadres", "6", "--lang", "zh")[2]


def test_an_office_needs_six() -> None:
    assert run("sample", "--cadres", "5")[0] == 2


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    code, _, told = run("publish", str(tmp_path / "none.jsonl"), "--lang", "en")
    assert code == 1
    assert "cannot be read" in told


def test_without_a_stack_publishing_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHENGZHANG_TOKENS", raising=False)
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"{}\n")
    monkeypatch.chdir(tmp_path)
    code, _, told = run("publish", str(file), "--home", str(tmp_path), "--lang", "en")
    assert code == 3
    assert "office up" in told
