"""What the `office` commands say: in both languages, whole, and of what cannot be used."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from deploy.local import bootstrap, kafka_tool
from deploy.local.cli import app
from deploy.local.errors import StackError
from deploy.local.paths import Home
from deploy.local.running.overview import overview, table
from deploy.local.speaking import messages, words
from deploy.local.speaking.messages import Lang
from deploy.local.speaking.say import Say
from deploy.local.speaking.steps import explained
from deploy.local.views.appraisal import appraisal
from services.common import commands
from services.projector.commands import cli_status as projector
from services.projector.versioning import status as projected
from services.recorder.status import command as recorder
from services.recorder.status.figures import Shard, Status

_SHARD = Shard(0, 123456, 123456, 123456, 123456, "read-only", None, None, 123456, None, None)
_STILL = projected.ShardStatus(0, 1234567, 1234567, 0, "halted", "attendance-recorded.v1-at-1234567-and-much-more")
_HALTED = projected.Status("halted", 0, [_STILL], 1, current=True, building=None, old=[])
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_COMMAND = re.compile(r"\b(office|recorder|projector|make) (up|down|status|appraisal|file|publish|sample|rebuild)\b")
_ASCII_MARKS = re.compile(r"[\u4e00-\u9fff}][,;:]|[,;:(][\u4e00-\u9fff]")


@pytest.mark.parametrize("texts", [messages._TEXTS, words._TEXTS, bootstrap.TEXTS])
def test_chinese_has_its_own_punctuation(texts: dict[str, tuple[str, str]]) -> None:
    for english, chinese in texts.values():
        assert not _CHINESE.search(english)
        assert not _ASCII_MARKS.search(chinese), chinese


@pytest.mark.parametrize("texts", [messages._TEXTS, words._TEXTS, *({"": said} for said in commands._WORDS.values())])
def test_a_command_that_is_named_can_be_told_from_the_rest(texts: dict[str, Any]) -> None:
    for said in texts.values():
        for text in said.values() if isinstance(said, dict) else said:
            assert not _COMMAND.search(re.sub("`[^`]*`", "", text)), text


@pytest.mark.parametrize("width", [60, 72, 80])
@pytest.mark.parametrize("lang", list(commands.Lang))
def test_headings_are_whole_where_it_is_narrow(
    width: int, lang: commands.Lang, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    recorder._show(Status("running", "l", 0, 0, [_SHARD], 0), lang)
    projector._show(_HALTED, projector._words(lang))
    item = dict.fromkeys(("section_name", "name", "grade", "proposed_grade"))
    item |= {"section": "zonghe", "tier": "staff", "person": "p-w1-006", "stage": "not-opened"}
    row: dict[str, Any] = {**item, "requirement_met": True}
    found = {"office": "o-1", "items": [row | {"evidence_by_group": {"learning": 7, "work": 9, "activity": 1}}]}
    Console().print(appraisal(2026, found, lang.value))
    page = set(re.sub("[┃│]", " ", capsys.readouterr().out).split())
    told = [*_figures(recorder._WORDS[lang]), *_figures(projector._WORDS[lang])]
    told += [words.say(lang.value, name) for name in ("section", "tier", "person", "name", "requirement")]
    told += [words.term(lang.value, "entry_group", group) for group in ("learning", "work", "activity")]
    assert {word for heading in told for word in heading.split()} <= page


def _figures(said: Mapping[str, str]) -> list[str]:
    names = (
        "shard",
        "next",
        "next_receipt",
        "relayed",
        "relayed_receipts",
        "checkpoint",
        "mode",
        "end",
        "lag",
        "error",
    )
    return [said[name] for name in names if name in said]


@pytest.mark.parametrize(("lang", "title", "state"), [("zh", "：已停止", "已停止"), ("en", ": stopped", "stopped")])
def test_the_state_is_told_in_the_language(lang: Lang, title: str, state: str, tmp_path: Path) -> None:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table(overview(Home.at(tmp_path)), lang))
    page = capture.get()
    assert f"{tmp_path}{title}".replace(" ", "") in "".join(page.split())  # a long title is wrapped, at a blank too
    assert page.count(f" {state} ") >= 4


@pytest.mark.parametrize(
    ("readyz", "en", "zh"),
    [
        (
            {"status": "stuck", "stuck": ["database", "relay"]},
            "not-ready: database, relay",
            "未就绪（数据库、事件发布）",
        ),
        ({"status": "starting"}, "not-ready: starting", "未就绪（启动中）"),
        ({"status": "not-ready", "consuming": True, "database": False}, "not-ready: database", "未就绪（数据库）"),
        ({"status": "ready", "stuck": ["tokens"]}, "not-ready: tokens", "未就绪（令牌文件）"),
    ],
)
def test_what_a_service_says_of_itself_is_told(readyz: dict[str, Any], en: str, zh: str, tmp_path: Path) -> None:
    found = overview(Home.at(tmp_path))
    found["services"]["recorder"] = {"pid": 1, "state": "not-ready", "readyz": readyz}
    for lang, said in (("en", en), ("zh", zh)):
        console = Console(width=200)
        with console.capture() as capture:
            console.print(table(found, cast("Lang", lang)))
        assert f" {said} " in capture.get()


@pytest.mark.parametrize("command", ["up", "down"])
@pytest.mark.parametrize(("lang", "said"), [("en", "a file stands in its place"), ("zh", "该处是一个文件")])
def test_a_file_cannot_be_the_home(command: str, lang: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    ended = CliRunner().invoke(app, [command, "--home", str(file), "--lang", lang])
    assert (ended.exit_code, said in ended.output, str(file) in ended.output) == (1, True, True), ended.output


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EACCES, "Permission denied", "/there/kek"), "not possible: /there/kek: Permission denied."),
        (OSError(errno.EFBIG, "File too large"), "The disk is full (File too large)."),
    ],
)
def test_trouble_with_files_is_told_without_numbers(
    error: OSError, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit), explained("en"):
        raise error
    told = capsys.readouterr().err
    assert said in told
    assert "Errno" not in told


def test_kafkas_tools_say_that_they_are_downloaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch(_: str, say: Say) -> Path:
        say("jars", folder="the cache")
        raise StackError("jars_differ", jars="one.jar")

    monkeypatch.setattr(kafka_tool, "fetch", fetch)
    monkeypatch.setattr("sys.argv", ["kafka_tool", "topics"])
    monkeypatch.setenv("LC_ALL", "C")
    with pytest.raises(SystemExit, match="1"):
        kafka_tool.main()
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[0]) == ("", "downloading Kafka (45 MB, once; kept in the cache)")
    assert "one.jar" in said.err


@pytest.mark.parametrize("lang", list(commands.Lang))
def test_a_shards_mode_is_whole_where_it_is_narrow(
    lang: commands.Lang, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    recorder._show(Status("running", "l", 0, 0, [_SHARD], 0), lang)
    said = capsys.readouterr().out
    assert recorder._WORDS[lang]["read-only"] in said
    assert "…" not in said
    projector._show(_HALTED, projector._words(lang))
    said = capsys.readouterr().out
    assert said.count(projector._WORDS[lang]["halted"]) == 2
    assert "…" not in said


def test_a_chinese_full_stop_is_followed_by_no_blank(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        commands.not_running(commands.Lang.ZH, "读不到。")
    assert capsys.readouterr().err == "未运行：读不到。请用 `office up` 启动。\n"
