"""Which stack a command means: the one in its home folder, or nobody's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy.local.cli import app as office
from services.common.commands import settings_of
from services.common.home import pasteable
from services.common.lazy import run
from services.common.settings import Settings
from services.projector.cli import cli as projector
from services.recorder.cli import cli as recorder


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CHENGZHANG_")]:
        monkeypatch.delenv(name)


def test_files_lie_in_the_home_folder(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    files = (
        settings.tokens, settings.kek_file, settings.checkpoint_keys_file, settings.checkpoints_file,
        settings.mac_keys_file,
    )  # fmt: skip
    names = ["tokens.json", "kek", "checkpoint-keys.json", "checkpoints", "mac-keys.json"]
    assert [file.name for file in files] == names
    assert {file.parent for file in files} == {tmp_path}


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (office, ["file", "p-1"]), (office, ["appraisal", "2026"]), (office, ["publish", os.devnull]),
        (recorder, ["status"]), (recorder, ["serve"]), (recorder, ["recover"]), (recorder, ["audit", "replay"]),
        (projector, ["status"]), (projector, ["serve"]), (projector, ["rebuild"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("lang", "said"), [("en", "There is no stack in {}."), ("zh", "{} 中没有系统。")])
def test_a_folder_without_a_stack_never_means_another_one(
    command: typer.Typer, line: list[str], lang: str, said: str, tmp_path: Path
) -> None:
    ended = CliRunner().invoke(command, [*line, "--home", str(tmp_path), "--lang", lang])
    assert (ended.exit_code, said.format(tmp_path) in ended.output) == (3, True), ended.output


@pytest.mark.parametrize("name", ["KAFKA", "DATABASE_URL", "RECORDER_URL", "PROJECTOR_URL"])
def test_an_address_in_the_environment_is_enough(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CHENGZHANG_{name}", "http://127.0.0.1:9")
    assert settings_of(tmp_path).home == tmp_path


def test_so_is_what_office_up_wrote(tmp_path: Path) -> None:
    (tmp_path / "stack.env").write_text("CHENGZHANG_KAFKA=127.0.0.1:9\n", encoding="utf-8")
    assert settings_of(tmp_path).kafka == "127.0.0.1:9"


def test_a_wrong_setting_is_told_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHENGZHANG_SHARDS", "abc")
    ended = CliRunner().invoke(office, ["up", "--home", str(tmp_path / "new"), "--lang", "en"])
    told = " ".join(ended.output.replace("│", "").split())
    assert ended.exit_code == 2
    assert "CHENGZHANG_SHARDS: Input should be a valid integer" in told
    assert "factory" not in told
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`office up` goes on", "`office up --home {}` goes on"),
        ("先运行 `make up`。", "先运行 `.venv/bin/office up --home {}`。"),
        ("`projector rebuild --yes`，`office down`", "`projector rebuild --yes --home {}`，`office down --home {}`"),
        ("`recorder` and `make run-environment`", "`recorder --home {}` and `make run-environment`"),
        ("office up, `psql`, `officer`", "office up, `psql`, `officer`"),
    ],
)  # fmt: skip
def test_a_command_that_is_named_means_the_same_home(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pasteable(text) == text
    monkeypatch.setenv("CHENGZHANG_HOME", ".local")
    assert pasteable(text) == text
    monkeypatch.setenv("CHENGZHANG_HOME", f"{tmp_path}/a home")
    assert pasteable(text) == told.replace("{}", f"'{tmp_path}/a home'")


@pytest.mark.parametrize("argument", ["--home={}", "--home {}"])
@pytest.mark.parametrize("line", ["file p-1", "appraisal 2026"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_home_that_was_given_is_in_what_mends_it(  # noqa: PLR0917  # a case
    argument: str,
    line: str,
    lang: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CHENGZHANG_HOME", "")  # put back afterwards
    monkeypatch.setattr("sys.argv", ["office", *line.split(), *argument.format(tmp_path).split(), "--lang", lang])
    with pytest.raises(SystemExit, match="3"):
        run(office)
    assert f"`office up --home {tmp_path}`" in capsys.readouterr().err
