"""The file outside the database: every checkpoint once more, appended, one signed note after another.

A blank line ends each. What a power cut left half written is passed over, never cut off: the file may be append-only.
"""

import os
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from services.common.durable import sync_folder
from services.recorder.errors import Misconfigured

_DASH: Final = "— ".encode()
_END: Final = b"\n\n"


def append(path: Path, notes: Collection[bytes]) -> None:
    """Write these notes behind the others, and have them on disk. Raises OSError."""
    anew = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        written = b"".join(note + b"\n" for note in notes)
        if not _ended(handle):
            written = _END + written
        while written:
            written = written[os.write(handle, written) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if anew:
        sync_folder(path.parent)


def _ended(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, len(_END), max(size - len(_END), 0)) == _END


def notes(path: Path) -> Iterator[bytes]:
    """All whole notes, oldest first, unverified; none where there is no file. Raises Misconfigured."""
    if not path.exists():
        return
    try:
        yield from _notes(path)
    except OSError as error:
        raise Misconfigured(
            f"{path}: the checkpoints can't be read ({error.strerror}).",
            f"{path}：无法读取检查点（{error.strerror}）。",
        ) from error


def _notes(path: Path) -> Iterator[bytes]:
    block: list[bytes] = []
    text = b""
    with path.open("rb") as file:
        for line in chain(file, (b"\n",)):  # a note that somebody kept by itself has no empty line behind it
            if line != b"\n":
                block.append(line)
                continue
            if block and all(each.startswith(_DASH) and each.endswith(b"\n") for each in block):
                if text:
                    yield text + b"\n" + b"".join(block)
                text = b""
            elif block:
                text = b"".join(block)
            block = []
