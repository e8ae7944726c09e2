"""Where the data folder is: all that some commands need of the settings."""

import os
from pathlib import Path

DEFAULT_HOME = Path(".local")


def home_folder(given: Path | None = None) -> Path:
    """The data folder: what was given, else ``CHENGZHANG_HOME``, else ``.local`` in the working directory."""
    return given or Path(os.environ.get("CHENGZHANG_HOME") or DEFAULT_HOME)
