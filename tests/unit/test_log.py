"""Logs are JSON lines that say where something was raised, never with what."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from services.common.telling import log, rotating


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, told = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**told)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert not captured.out
    return [json.loads(line) for line in captured.err.splitlines()]


def _broken() -> None:
    try:
        dict[str, str]()["王小明"]
    except KeyError as error:
        raise ValueError("王小明") from error


def test_an_exception_is_told_by_type_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info")
    for told in (structlog.get_logger("ours"), logging.getLogger("theirs")):
        try:
            _broken()
        except ValueError:
            told.exception("broke")
    ours, theirs = _lines(capsys)
    for line in (ours, theirs):
        assert (line["event"], line["level"]) == ("broke", "error")
        raised = line["raised"]
        assert isinstance(raised, dict)
        assert (raised["type"], raised["cause"]["type"]) == ("ValueError", "KeyError")
        assert "test_log.py" in raised["at"][-1]
    assert "王小明" not in repr((ours, theirs))


def test_levels_and_the_noise_of_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("INFO")
    structlog.get_logger("ours").debug("too fine")
    structlog.get_logger("ours").info("told", office="o-1", n=3)
    logging.getLogger("aiokafka.consumer").warning("reconnecting")
    logging.getLogger("uvicorn.access").error("GET /receipts?id=…")
    (line,) = _lines(capsys)
    assert (line["event"], line["office"], line["n"], line["logger"]) == ("told", "o-1", 3, "ours")


def test_a_line_has_a_bound_and_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("INFO")
    structlog.get_logger("ours").info("told", path="\x1b[2J\u202e\x9b1m 张", client="x" * 100)
    structlog.get_logger("ours").info("long", path="\u202e" * 100_000)
    captured = capsys.readouterr().err
    assert all(letter.isprintable() or letter == "\n" for letter in captured)
    told, long = captured.splitlines()
    assert json.loads(told)["path"] == "\x1b[2J\u202e\x9b1m 张"
    assert len(long) <= log.LONGEST
    assert (json.loads(long)["event"], json.loads(long)["cut"] > 100_000) == ("long", True)


def test_a_file_that_has_become_large_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating, "LARGEST", 1_000)
    file = tmp_path / "recorder.log"
    with file.open("a", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        log.configure("INFO", file)
        for number in range(200):
            structlog.get_logger("ours").info("told", n=number)
    kept = [json.loads(line)["n"] for name in ("recorder.log.1", "recorder.log") for line in _read(tmp_path / name)]
    assert kept == list(range(kept[0], 200)), "nothing between is lost"
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3_000


def _read(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
