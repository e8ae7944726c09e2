"""`office sample` and what `office publish` says of a file that it cannot use."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from deploy.local.commands.publish import publish
from deploy.local.sample.cli import sample
from deploy.local.sample.days import FIRST_YEAR, LAST_YEAR

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
    assert "--until" in run("sample", "--cadres", "6", "--until", "2199-01-01", "--lang", "zh")[2]


@pytest.mark.parametrize(("unknown", "known"), [(FIRST_YEAR - 1, FIRST_YEAR), (LAST_YEAR + 1, LAST_YEAR)])
def test_a_year_whose_holidays_nobody_knows_is_refused(unknown: int, known: int) -> None:
    code, out, told = run("sample", "--year", str(unknown), "--cadres", "6")
    assert (code, out) == (2, "")
    assert str(known) in told


@pytest.mark.parametrize("prefix", ["王", "a b", "", "x" * 21])
def test_a_prefix_that_makes_no_ids_is_refused(prefix: str) -> None:
    code, out, told = run("sample", "--cadres", "6", "--prefix", prefix, "--lang", "en")
    assert (code, out) == (2, "")
    assert "--prefix" in told


def test_a_day_before_the_year_is_refused() -> None:
    code, out, told = run("sample", "--year", "2025", "--cadres", "6", "--until", "2024-12-31", "--lang", "zh")
    assert (code, out) == (2, "")
    assert "早于 2025 年" in told


def test_standard_output_and_input_are_called_so() -> None:
    assert "标准输出" in run("sample", "--year", "2025", "--cadres", "6", "--lang", "zh")[2]
    assert "written to standard output" in run("sample", "--year", "2025", "--cadres", "6", "--lang", "en")[2]


def test_a_file_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    code, _, told = run("sample", "--cadres", "6", "--out", str(tmp_path / "none" / "x"), "--lang", "en")
    assert code == 1
    assert "cannot be written: No such file" in told


@pytest.mark.parametrize("out", ["x.jsonl", "-"])
def test_a_disk_that_takes_no_more_is_said_so(out: str, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "deploy.local.cli", "sample", "--cadres", "6", "--lang", "en", "--out"]
    place = str(tmp_path / out) if out != "-" else out
    with (tmp_path / "piped").open("wb") as piped:
        ended = subprocess.run(
            [*line, place],
            stdout=piped,
            stderr=subprocess.PIPE,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
        )
    assert ended.returncode == 1
    assert b"Make room" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_an_office_needs_six() -> None:
    assert run("sample", "--cadres", "5")[0] == 2


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    code, _, told = run("publish", str(tmp_path / "none.jsonl"), "--lang", "en")
    assert code == 1
    assert "cannot be read" in told


def test_a_pipe_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHENGZHANG_KAFKA", "127.0.0.1:9")
    (tmp_path / "tokens.json").write_text('{"publisher": "t"}', encoding="utf-8")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", f"echo no action > {pipe}"]):
        code, _, told = run("publish", str(pipe), "--home", str(tmp_path), "--lang", "en")
    assert code == 3, told
    assert "Kafka at 127.0.0.1:9 cannot be reached" in told


def test_without_a_stack_publishing_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHENGZHANG_TOKENS", raising=False)
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"{}\n")
    monkeypatch.chdir(tmp_path)
    code, _, told = run("publish", str(file), "--home", str(tmp_path), "--lang", "en")
    assert code == 3
    assert "office up" in told
