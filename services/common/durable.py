"""What must be on disk before the next step."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on disk, too. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes, *, anew: bool) -> None:
    """Write a file, mode 0600: whole or not at all, and on disk. Raises OSError.

    ``anew``: not over a file that came meanwhile; whoever was first has written one as good.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if anew:
            with suppress(FileExistsError):
                path.hardlink_to(written)
        else:
            written.replace(path)
    finally:
        written.unlink(missing_ok=True)
    sync_folder(path.parent)
