"""Read models = a fresh replay: the projector verifies its own; it is asked as a command, for it is another service."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import orjson

from services.common.settings import Settings
from services.recorder.audit.verifying.problems import Kind, Problem
from services.recorder.audit.verifying.skipping import Skipped, skipped

_USAGE: Final = 2
_NAMED: Final = frozenset({"kind", "shard", "position", "expected", "found"})


class ReadModels:
    """``projector verify --json`` beside everything else. Ends with the block."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {**os.environ, **settings.environment()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = Path(sys.executable).with_name("projector")
        with suppress(OSError):  # it isn't installed here
            self._process = subprocess.Popen(
                [command, "verify", "--json"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def result(self) -> tuple[dict[str, Any], list[Problem]] | Skipped:
        """What was checked, and what is wrong; or why it wasn't checked."""
        if self._process is None:
            return skipped("read_models", "no-projector")
        out, said = self._process.communicate()
        if self._process.returncode == _USAGE:
            return skipped("read_models", "no-verify")
        try:
            report = orjson.loads(out)
            return report["checked"], [_problem(each) for each in report["problems"]]
        except (ValueError, KeyError, TypeError):
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            return skipped("read_models", "projector", code=self._process.returncode, said=last)


def _problem(told: Mapping[str, Any]) -> Problem:
    more = {name: value for name, value in told.items() if name not in _NAMED}
    return Problem(Kind.READ_MODEL, told["shard"], told["position"], told["expected"], told["found"], more)
