"""The projector is another service: it is asked as a command, ``projector <command> --json``."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from services.common.settings import Settings


class Answer(NamedTuple):
    """Its exit code, None where it isn't installed here; what it told, if it is JSON; its last line to people."""

    code: int | None
    told: Any = None
    said: str = ""


@contextmanager
def asking(settings: Settings, command: str) -> Iterator[Callable[[], Answer]]:
    """It works beside everything else, until the block ends; what is given here waits for its answer."""
    program = Path(sys.executable).with_name("projector")
    environment, pipe = {**os.environ, **settings.environment()}, subprocess.PIPE
    try:
        process = subprocess.Popen(
            [program, command, "--json"], env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except OSError:
        yield lambda: Answer(None)
        return
    with process:
        try:
            yield lambda: _answer(process)
        finally:
            process.kill()


def _answer(process: subprocess.Popen[bytes]) -> Answer:
    out, said = process.communicate()
    try:
        told = orjson.loads(out)
    except ValueError:
        told = None
    return Answer(process.returncode, told, said.decode(errors="replace").strip().rpartition("\n")[2])
