"""Why a shard is read-only, or not signed: people read it in their language, programs in English as ever."""

from __future__ import annotations

from string import Formatter

import pytest

from services.common.both import Both, both
from services.common.commands import Lang, Words
from services.recorder import cli_status, reasons
from services.recorder.archive import words as archive
from services.recorder.audit.verifying import skipping
from services.recorder.reasons import reason
from services.recorder.recovery import words as recovery
from services.recorder.status import Shard, Status


@pytest.mark.parametrize(
    "words", [reasons._WORDS, archive.WORDS, recovery._WORDS, skipping._PARTS, skipping._WHY],
    ids=["reasons", "archive", "recovery", "parts", "why"],
)  # fmt: skip
def test_every_sentence_is_in_both_languages_and_names_the_same(words: Words) -> None:
    said = {lang: {word: _names(text) for word, text in words[lang].items()} for lang in Lang}
    assert said[Lang.EN] == said[Lang.ZH]


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_a_sentence_within_another_is_in_its_language() -> None:
    words = {Lang.EN: {"closed": "closed: {why}"}, Lang.ZH: {"closed": "关闭：{why}"}}
    assert both(words, "closed", why=Both("ahead", "领先")) == Both("closed: ahead", "关闭：领先", "closed")


def _status(*, zh: bool) -> Status:
    why, unsigned = reason("ahead", kind="events", shard=3, at=7), Both("shard 3: no root", "分片 3：没有根")
    noted = (why.zh, unsigned.zh) if zh else (None, None)
    shard = Shard(3, 7, 8, 7, 8, "read-only", why.en, noted[0], None, unsigned.en, noted[1])
    return Status("running", "an id", 0, 0, [shard], 0)


@pytest.mark.parametrize(
    ("lang", "zh", "why", "unsigned"),
    [
        (Lang.ZH, True, "分片 3: events 主题领先于账本：其中有 3:7", "分片 3: 没有根"),
        (Lang.EN, True, "shard 3: the events topic is ahead of the ledger: it holds 3:7", "shard 3: no root"),
        (Lang.ZH, False, "分片 3: the events topic is ahead of the ledger", "分片 3: no root"),
    ],
)
def test_the_status_says_it_in_the_language_asked_for(
    capsys: pytest.CaptureFixture[str],
    lang: Lang,
    zh: bool,
    why: str,
    unsigned: str,  # a case
) -> None:
    cli_status._show(_status(zh=zh), lang)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(why) for line in lines)
    assert unsigned in lines


def test_programs_read_it_in_english() -> None:
    (shard,) = _status(zh=True).as_json()["shards"]
    assert set(shard) == {
        "shard", "next", "next_receipt", "relayed", "relayed_receipts", "mode", "reason", "checkpoint", "unsigned",
    }  # fmt: skip
    assert shard["reason"].startswith("the events topic is ahead")
