"""What ``recorder audit verify`` says to people, in either language: what was checked, what is wrong, what was not."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from services.common.commands import Lang
from services.recorder.audit.verifying import skipping, verify
from services.recorder.audit.verifying.problems import MOST, Findings, Kind, Problem
from services.recorder.audit.verifying.report import COUNTED, Report
from services.recorder.audit.verifying.skipping import Skipped, skipped
from services.recorder.cli import cli

_NOWHERE = "postgresql://nobody@127.0.0.1:9/none"
_ADDRESSED = {"CHENGZHANG_DATABASE_URL": _NOWHERE}
_CHECKED = dict.fromkeys(COUNTED, 1234567) | {"hashed_per_s": 150_000, "seconds": 12.5, "lag_events": 7}


_WITHOUT_KAFKA = skipped("kafka", "left-out", option="--without-kafka")


@pytest.mark.parametrize(
    ("lang", "fine", "lag", "why"),
    [
        (Lang.EN, "What was checked holds. The check is incomplete: see above what was not checked (1)", "7 events",
         "Not checked: kafka; left out by --without-kafka: run this again without it."),
        (Lang.ZH, "已核验的部分一致。但核验不完整：未核验的内容（1 项）", "7 条事件",
         "未核验：Kafka；因 --without-kafka 未核验：去掉该选项再执行。"),
    ],
)  # fmt: skip
def test_all_is_well_as_far_as_it_was_checked(
    capsys: pytest.CaptureFixture[str], lang: Lang, fine: str, lag: str, why: str
) -> None:
    verify._show(Report(checked=_CHECKED, skipped=[_WITHOUT_KAFKA]), lang)
    said = capsys.readouterr().out
    assert said.splitlines()[-1].startswith(fine)
    assert lag in said
    assert said.count("1,234,567") == len(COUNTED) - 2  # neither topic
    assert why in said.splitlines()


def test_a_part_is_never_taken_for_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    verify._show(Report(checked=_CHECKED, problems=[Problem(Kind.GAP, 1, 2, 3, 4)], skipped=[_WITHOUT_KAFKA]), Lang.EN)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("1 problems: gap 1. The check is incomplete: see above what was not checked (1)")


def test_what_is_skipped_is_said_in_both_languages() -> None:
    for words in (skipping._PARTS, skipping._WHY):
        assert words[Lang.EN].keys() == words[Lang.ZH].keys()


@pytest.mark.parametrize(
    ("left_out", "option", "code"),
    [([], [], 0), ([], ["--complete"], 0), ([_WITHOUT_KAFKA], [], 0), ([_WITHOUT_KAFKA], ["--complete"], 1)],
)
def test_who_wants_it_complete_hears_by_the_exit_code_that_it_is_not(
    monkeypatch: pytest.MonkeyPatch, left_out: list[Skipped], option: list[str], code: int
) -> None:
    monkeypatch.setattr(verify, "verified", lambda *_, **__: Report(checked=_CHECKED, skipped=left_out))
    ended = CliRunner(env=_ADDRESSED).invoke(cli, ["audit", "verify", "--json", "--home", "/nowhere", *option])
    told = json.loads(ended.output)
    assert (ended.exit_code, told["ok"], told["complete"]) == (code, True, not left_out)
    assert set(told["skipped"]) == {each.part.en for each in left_out}


def test_all_is_well_with_the_read_models(capsys: pytest.CaptureFixture[str]) -> None:
    checked = _CHECKED | {"read_models": {"read_model_rows": 1234567}}
    verify._show(Report(checked=checked), Lang.EN)
    said = capsys.readouterr().out
    assert "Everything holds." in said
    assert said.count("1,234,567") == len(COUNTED) + 1


def test_problems_are_listed_up_to_a_screenful(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(Kind.HASH, 3, at, bytes(32), b"\xff" * 32) for at in range(30)]
    report = Report(checked=_CHECKED, problems=problems, unlisted={"hash": 5, "gap": 1})
    verify._show(report, Lang.EN)
    said = capsys.readouterr().out
    assert len(re.findall(r"^hash 3:\d+ · expected 0{64} · found f{64}$", said, re.MULTILINE)) == 20
    assert "16 more" in said
    assert "36 problems: hash 35, gap 1." in said


def test_of_a_kind_so_many_are_listed_and_the_rest_is_counted() -> None:
    findings = Findings(3)
    for at in range(MOST + 5):
        findings.add(Kind.GAP, at, "an event", None)
    findings.add(Kind.HASH, 1, b"", b"")
    assert (len(findings.problems), findings.unlisted) == (MOST + 1, {"gap": 5})


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "said"),
    [
        (["--key", "nonsense"], {}, 2, "no verifier key"),
        (["--without-kafka"], _ADDRESSED, 3, "can't be reached"),
        ([], {"CHENGZHANG_KAFKA": "127.0.0.1:9", "CHENGZHANG_KAFKA_PROTOCOL": "PLAINTEXT"}, 3, "can't be reached"),
        ([], {"CHENGZHANG_KAFKA": "127.0.0.1:9"}, 1, "kafka-passwords/auditor: can't be read"),
        (["--checkpoints", "/nowhere", "--without-kafka"], _ADDRESSED, 1, "no such file of checkpoints"),
    ],
)  # fmt: skip
def test_what_keeps_it_from_verifying_is_told(
    arguments: list[str], environment: dict[str, str], code: int, said: str
) -> None:
    line = ["audit", "verify", "--without-read-models", "--lang", "en", "--home", "/nowhere", *arguments]
    ended = CliRunner(env=environment).invoke(cli, line)
    assert (ended.exit_code, said in " ".join(ended.output.replace("│", "").split())) == (code, True), ended.output
