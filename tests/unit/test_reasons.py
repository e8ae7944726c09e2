"""Why a shard is read-only, or not signed: people read it in their language, programs in English as ever."""

from __future__ import annotations

import pickle
from pathlib import Path
from string import Formatter

import pytest
from typer.testing import CliRunner

from services.common.commands import Lang, Words
from services.common.telling.both import Both, both
from services.recorder.archive import words as archive
from services.recorder.audit.verifying import skipping
from services.recorder.cli import cli
from services.recorder.cli_errors import worded
from services.recorder.errors import Hole, Missing, Unavailable, silent, unreadable
from services.recorder.ledger import reasons
from services.recorder.ledger.reasons import reason
from services.recorder.recovery import cli as recovery_cli
from services.recorder.recovery import refusals as recovery
from services.recorder.status import command as cli_status
from services.recorder.status.figures import Refold, Shard, Status


@pytest.mark.parametrize(
    "words",
    [
        reasons._WORDS, archive.WORDS, recovery._WORDS, recovery_cli._WORDS, skipping._PARTS, skipping._WHY,
        cli_status._WORDS,
    ],
    ids=["reasons", "archive", "recovery", "recovery cli", "parts", "why", "status"],
)  # fmt: skip
def test_every_sentence_is_in_both_languages_and_names_the_same(words: Words) -> None:
    said = {lang: {word: _names(text) for word, text in words[lang].items()} for lang in Lang}
    assert said[Lang.EN] == said[Lang.ZH]


def _names(text: str) -> set[str]:
    return {name.removesuffix("_zh") for _, name, _, _ in Formatter().parse(text) if name}


def test_a_sentence_within_another_is_in_its_language() -> None:
    words = {Lang.EN: {"closed": "closed: {why}"}, Lang.ZH: {"closed": "关闭：{why}"}}
    assert both(words, "closed", why=Both("ahead", "领先")) == Both("closed: ahead", "关闭：领先", "closed")


def test_what_a_foreign_record_says_is_shown_as_far_as_it_can_be_stored() -> None:
    said = reason("other-ledger", kind="events", theirs="urn:\0\n\u202e" + "x" * 1000, ours="urn:ours")
    assert said.en.startswith("the events topic belongs to urn:\ufffd\ufffd\ufffdxxx")
    assert len(said.en) < 1000
    assert "\0" not in said.zh


def _status() -> Status:
    why, unsigned = reason("ahead", kind="events", shard=3, at=7), Both("shard 3: no root", "分片 3：没有根")
    shard = Shard(3, 7, 8, 7, 8, "read-only", why.en, why.zh, None, unsigned.en, unsigned.zh)
    return Status("running", "an id", 0, 0, [shard], 0)


@pytest.mark.parametrize(
    ("lang", "why", "unsigned"),
    [
        (Lang.ZH, "分片 3：events 主题领先于账本：其中有 3:7", "分片 3：没有根"),
        (Lang.EN, "shard 3: the events topic is ahead of the ledger: it holds 3:7", "shard 3: no root"),
    ],
)
def test_the_status_says_it_in_the_language_asked_for(
    capsys: pytest.CaptureFixture[str],
    lang: Lang,
    why: str,
    unsigned: str,  # a case
) -> None:
    cli_status._show(_status(), lang)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(why) for line in lines)
    assert unsigned in lines


def test_programs_read_it_in_english() -> None:
    (shard,) = _status().as_json()["shards"]
    assert set(shard) == {
        "shard", "next", "next_receipt", "relayed", "relayed_receipts", "mode", "reason", "checkpoint", "unsigned",
        "refold", "foreign",
    }  # fmt: skip
    assert shard["reason"].startswith("the events topic is ahead")


def test_a_fold_under_way_is_told_with_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    why, far = reason("older-states", stored=1, ours=2), Refold(1, 2, 420, 1000)
    shards = [Shard(n, 1000, 8, 7, 8, "read-only", why.en, why.zh, None, None, None, far) for n in range(2)]
    told = Status("running", "an id", 0, 0, shards, 0)
    assert told.as_json()["shards"][1]["refold"] == {"stored": 1, "into": 2, "folded": 420, "events": 1000}
    for lang, mode in ((Lang.EN, "folding 42%"), (Lang.ZH, "折叠中 42%")):
        cli_status._show(told, lang)
        out = capsys.readouterr().out
        assert out.count(mode) == 2
        assert [line for line in out.splitlines() if line == why.spoken(lang)], "once, for both"


def test_what_all_shards_say_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    why = reason("restoring")
    shards = [Shard(n, 7, 8, 7, 8, "read-only", why.en, why.zh, None, None, None) for n in range(3)]
    cli_status._show(Status("stopped", "an id", 0, 0, shards, 0), Lang.ZH)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "restore --from kafka" in line] == [why.zh]
    assert any("记录服务：已停止" in line for line in lines)


def test_an_error_is_said_in_the_language_asked_for_also_from_another_process() -> None:
    for error in (unreadable(OSError()), silent("t", 3), Hole("kafka", 3, 7, 9), Missing("none", "没有")):
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), again.zh) == (str(error), error.zh)
        assert worded(again, Lang.EN) == str(error)
        assert worded(again, Lang.ZH) == error.zh != str(error)
    assert worded(Unavailable("for programs"), Lang.ZH) == "for programs"


def test_an_interrupted_restore_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(recovery_cli, "restore_", interrupted)
    monkeypatch.setenv("CHENGZHANG_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("CHENGZHANG_DATABASE_URL", "postgresql://127.0.0.1:1/nobody")
    for lang, said in (("en", "Interrupted. Nothing is lost: run the command again"), ("zh", "失败：已中断。")):
        asked = ["restore", "--from", "kafka", "--home", str(tmp_path), "--lang", lang]
        ended = CliRunner().invoke(cli, asked)
        assert (ended.exit_code, said in ended.stderr) == (1, True), ended.output
