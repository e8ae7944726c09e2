"""What must be on disk before the next step."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on disk, too. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
