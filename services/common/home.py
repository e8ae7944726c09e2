"""Where the data folder is, all that some commands need of the settings; and commands that name it, to be copied."""

import os
import re
import shlex
from pathlib import Path
from typing import Final

DEFAULT_HOME = Path(".local")
_COMMAND: Final = re.compile(r"`(make (?=(?:up|down|status)`)|(?:office|recorder|projector)\b)([^`]*)`")


def home_folder(given: Path | None = None) -> Path:
    """The data folder: what was given, else ``CHENGZHANG_HOME``, else ``.local`` in the working directory."""
    return given or Path(os.environ.get("CHENGZHANG_HOME") or DEFAULT_HOME)


def home_option(home: Path) -> str:
    """What a command needs behind it in order to mean this folder; nothing where that is the default one."""
    return "" if home.absolute() == DEFAULT_HOME.absolute() else f" --home {shlex.quote(str(home))}"


def pasteable(text: str) -> str:
    """The text, its commands between backticks naming the folder that this one was called with.

    A program's ``--home`` is its ``CHENGZHANG_HOME``; see ``lazy.run``.
    """
    if "`" not in text or not (option := home_option(home_folder())):
        return text
    return _COMMAND.sub(lambda found: f"`{_program(found[1])}{found[2]}{option}`", text)


def _program(name: str) -> str:
    return ".venv/bin/office " if name.startswith("make") else name
