"""Files of logs stay within bounds."""

import os
import shutil
from pathlib import Path
from typing import Final

LARGEST: Final = 16 * 1024 * 1024  # bytes of a file


def rotate(file: Path) -> None:
    """Begin a file anew that has become too large, whoever goes on to append to it."""
    try:
        if file.stat().st_size >= LARGEST:
            shutil.copyfile(file, file.with_name(f"{file.name}.1"))
            os.truncate(file, 0)
    except OSError:  # a log that can't be begun anew goes on
        return
