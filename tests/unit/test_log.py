"""Logs are JSON lines that say where something was raised, never with what."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.common import log


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
