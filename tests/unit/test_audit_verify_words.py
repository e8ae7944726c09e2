"""What ``recorder audit verify`` says to people, in either language: what was checked, what is wrong, what was not."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from services.common.commands import Lang
from services.recorder.audit import verify
from services.recorder.audit.verifying.problems import MOST, Findings, Kind, Problem
from services.recorder.audit.verifying.report import COUNTED, Report
from services.recorder.cli import cli

_NOWHERE = "postgresql://nobody@127.0.0.1:9/none"
_CHECKED = dict.fromkeys(COUNTED, 1234567) | {"hashed_per_s": 150_000, "seconds": 12.5, "lag_events": 7}


@pytest.mark.parametrize(
    ("lang", "fine", "lag"), [("en", "What was checked holds.", "7 events"), ("zh", "已核验的部分一致。", "7 条事件")]
)
def test_all_is_well(capsys: pytest.CaptureFixture[str], lang: str, fine: str, lag: str) -> None:
    verify._show(Report(checked=_CHECKED, skipped={"kafka": "--without-kafka"}), verify._WORDS[Lang(lang)])
    said = capsys.readouterr().out
    assert fine in said
    assert lag in said
    assert said.count("1,234,567") == len(COUNTED) - 2  # neither topic
    assert "--without-kafka" in said


def test_all_is_well_with_the_read_models(capsys: pytest.CaptureFixture[str]) -> None:
    checked = _CHECKED | {"read_models": {"read_model_rows": 1234567}}
    verify._show(Report(checked=checked), verify._WORDS[Lang.EN])
    said = capsys.readouterr().out
    assert "Everything holds." in said
    assert said.count("1,234,567") == len(COUNTED) + 1


def test_problems_are_listed_up_to_a_screenful(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(Kind.HASH, 3, at, bytes(32), b"\xff" * 32) for at in range(30)]
    report = Report(checked=_CHECKED, problems=problems, unlisted={"hash": 5, "gap": 1})
    verify._show(report, verify._WORDS[Lang.EN])
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
        (["--without-kafka"], {"CHENGZHANG_DATABASE_URL": _NOWHERE}, 3, "can't be reached"),
        ([], {"CHENGZHANG_KAFKA": "127.0.0.1:9"}, 3, "Kafka can't be reached"),
        (["--checkpoints", "/nowhere", "--without-kafka"], {}, 1, "no such file of checkpoints"),
    ],
)  # fmt: skip
def test_what_keeps_it_from_verifying_is_told(
    arguments: list[str], environment: dict[str, str], code: int, said: str
) -> None:
    line = ["audit", "verify", "--without-read-models", "--lang", "en", "--home", "/nowhere", *arguments]
    ended = CliRunner(env=environment).invoke(cli, line)
    assert (ended.exit_code, said in " ".join(ended.output.replace("│", "").split())) == (code, True), ended.output
