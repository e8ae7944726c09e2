"""A guide's page, tried literally: its shell blocks one after the other in one shell, on a running pair."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END: Final = "--- so far ---"


@dataclass(frozen=True)
class Step:
    """A block that is run, and what the page shows as its answer."""

    run: str
    shown: str | None


def steps(page: Path) -> list[Step]:
    """Each ``sh`` block, with the ``text`` block that follows it."""
    blocks = _FENCE.findall(page.read_text("utf-8"))
    following = [*blocks[1:], ("", "")]
    return [
        Step(body, answer if language == "text" else None)
        for (kind, body), (language, answer) in zip(blocks, following, strict=True)
        if kind == "sh"
    ]


class Shell:
    """A shell in a folder, in which one block leaves to the next what it has defined."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """``environment``: all of it."""
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, block: str) -> str:
        """What the block prints."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{block}\necho; echo '{_END}'\n")
        self._process.stdin.flush()
        lines = list(iter(self._process.stdout.readline, f"{_END}\n"))
        assert all(lines), "the shell ended"
        return "".join(lines).removesuffix("\n")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
