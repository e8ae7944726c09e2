"""Files that a command writes for people: whole or not at all, and never over what isn't an earlier one of them."""

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.common.commands import Lang, Words
from services.common.telling.both import both
from services.recorder.errors import Refused

_WORDS: Final[Words] = {
    Lang.EN: {
        "no-folder": "There is no folder {folder}. Make it, or name another file.",
        "special": "{file} is no regular file. Nothing was written: name another file.",
        "other": "{file} is there, and isn't what this command writes. Nothing was written: name another file, or move "
        "it away.",
        "unwritable": "{file} can't be written ({why}).",
    },
    Lang.ZH: {
        "no-folder": "没有文件夹 {folder}。请先建立，或另指定文件。",
        "special": "{file} 不是普通文件。没有写入任何内容：请另指定文件。",
        "other": "{file} 已存在，且不是本命令所写的文件。没有写入任何内容：请另指定文件，或先移走它。",
        "unwritable": "无法写入 {file}（{why}）。",
    },
}


def make(folder: Path) -> None:
    """Make it where it is missing, but not the one that it is to be in. Raises Refused."""
    with _able(folder):
        folder.mkdir(exist_ok=True)


def check(file: Path, ours: Callable[[Path], bool] = lambda _: True) -> None:
    """Whether it may be written there. ``ours``: whether what is there may go. Raises Refused."""
    with _able(file):
        try:
            mode = file.lstat().st_mode
        except FileNotFoundError:
            if file.parent.is_dir():
                return
            raise
    if not stat.S_ISREG(mode):
        raise _refused("special", file=file)
    if not ours(file):
        raise _refused("other", file=file)


def write(file: Path, content: bytes) -> None:
    """Write it, where ``check`` has nothing against it. Raises Refused."""
    part = file.with_name(f".{file.name}.part")
    with _able(file):
        try:
            part.unlink(missing_ok=True)  # of one that was killed
            with part.open("xb") as written:
                written.write(content)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _able(file: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _refused("no-folder", folder=file.parent) from None
    except OSError as error:
        raise _refused("unwritable", file=file, why=error.strerror) from error


def _refused(word: str, /, **values: object) -> Refused:
    said = both(_WORDS, word, **values)
    return Refused(said.en, said.zh)
