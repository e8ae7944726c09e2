"""An archive's folder: plain formats, readable with standard tools for decades.

    README.txt                                        how to read all this, in English and Chinese
    <shard>/<year>/events-<first>-<last>.jsonl.gz     events' exact bytes, one a line, in order, gzip
    <shard>/<year>/checkpoint                         a signed note (C2SP tlog-checkpoint) that covers them
    <shard>/<year>/manifest.json                      what is here, and the hashes from these events to the checkpoint

A file has its name only once it is whole and on disk; the manifest is written last, once the rest was read back.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.common.durable import sync_folder
from services.recorder.archive.words import refused

FORMAT: Final = "chengzhang-archive/1"
MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "checkpoint"
README: Final = "README.txt"
LINES: Final = 4096  # a chunk: some 4 MB
_LEVEL: Final = 6  # of gzip: a fifth of the size, at twice the speed of 9
_TEXT: Final = Path(__file__).with_name("README.txt")

Position = Annotated[int, Field(ge=0)]
Hash = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]  # Base64 of 32 bytes


class File(BaseModel):
    """One file of events."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^events-[0-9]{12,19}-[0-9]{12,19}\.jsonl\.gz$")
    first: Position
    last: Position
    bytes: Position
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What the folder of a shard and year holds; hashes are of the RFC 6962 tree over the shard's events.

    ``peaks`` are the roots of the perfect subtrees over the events before ``first``. Extended by these events they make
    ``root``, the root at ``last`` + 1; ``consistency`` leads from there to the checkpoint's root.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["chengzhang-archive/1"] = FORMAT
    ledger: UUID
    shards: int
    shard: int
    year: int
    first: Position
    last: Position
    events: int
    files: tuple[File, ...]
    peaks: tuple[Hash, ...]
    root: Hash
    checkpoint_size: int
    consistency: tuple[Hash, ...]


class Folder:
    """An archive's folder."""

    def __init__(self, path: Path) -> None:
        """Look at nothing yet."""
        self.path = path

    def part(self, shard: int, year: int) -> Path:
        """Where a shard's year lies."""
        return self.path / str(shard) / str(year)

    def begin(self) -> None:
        """Make the folder, and say in it how to read it. Raises NotArchived."""
        write(self.path / README, _TEXT.read_bytes())

    def manifests(self) -> list[Manifest]:
        """All that are there, by shard and position. Raises NotArchived where one is none, or none is there."""
        found = [manifest_at(path.parent) for path in self.path.glob(f"*/*/{MANIFEST}")]
        if not found:
            raise refused("no-archive", folder=self.path)
        return sorted(found, key=lambda each: (each.shard, each.first))


def manifest_at(part: Path) -> Manifest:
    """The manifest of a shard's year. Raises NotArchived where there is none, or something else."""
    path = part / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise refused("unreadable", file=path, why=error.strerror) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        why = f"{'/'.join(map(str, first['loc']))}: {first['msg']}"
        raise refused("no-manifest", file=path, why=why) from None


def name_of(first: int, last: int) -> str:
    """The name of a file of events."""
    return f"events-{first:012d}-{last:012d}.jsonl.gz"


# --- writing ---


def write(path: Path, content: bytes) -> None:
    """Write a small file: whole or not at all, and on disk. Raises NotArchived."""
    with _whole(path) as file:
        file.write(content)


def write_manifest(part: Path, manifest: Manifest) -> None:
    """Write the manifest. Raises NotArchived."""
    content = orjson.dumps(orjson.loads(manifest.model_dump_json()), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    write(part / MANIFEST, content + b"\n")


async def write_events(path: Path, chunks: AsyncIterator[list[bytes]]) -> None:
    """Write a file of events: whole or not at all, and on disk. Raises NotArchived, and what the chunks raise."""
    # Neither name nor time in its header: the same events give the same file.
    with _whole(path) as file, gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
        async for bodies in chunks:
            packed.write(b"\n".join(bodies) + b"\n")


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # of one that was killed
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        for folder in (path.parent, *path.parent.parents[:2]):  # the year's, the shard's and the archive's own
            sync_folder(folder)
    except (ConnectionError, TimeoutError):
        raise  # not the disk's
    except OSError as error:
        raise refused("unwritable", file=path, why=error.strerror) from error


# --- reading ---


def digest(path: Path) -> tuple[int, str]:
    """A file's length and SHA-256 in hex. Raises NotArchived."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), found
    except OSError as error:
        raise refused("unreadable", file=path, why=error.strerror) from error


def read_events(path: Path, skip: int = 0) -> Iterator[list[bytes]]:
    """A file's events in chunks, without the first ``skip``. Raises NotArchived where it is no gzip file of lines."""
    try:
        with closing(gzip.open(path)) as file:
            lines = islice(file, skip, None)
            while chunk := list(islice(lines, LINES)):
                if not chunk[-1].endswith(b"\n"):
                    raise refused("damaged", file=path, why="the last line does not end")
                yield [line[:-1] for line in chunk]
    except (OSError, EOFError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise refused("damaged", file=path, why=str(error)) from error
