"""Kafka's jars: found by Maven coordinate, checked against the hashes in ``kafka.lock.toml``, kept in the cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.errors import StackError
from deploy.local.paths import cache_folder
from deploy.local.speaking.say import Say, quiet

LOCK_FILE = Path(__file__).with_name("kafka.lock.toml")


def fetch(name: str, say: Say = quiet) -> Path:
    """Return the folder with one set of jars (``broker`` or ``tools``), downloaded unless there and right."""
    wanted = tomllib.loads(LOCK_FILE.read_text(encoding="utf-8"))[name]
    folder = cache_folder() / "kafka" / f"{name}-{_set_digest(wanted)}"
    with _only_one(folder.parent):
        if _hashes(folder) != wanted["sha256"]:
            say("jars", folder=folder)
            shutil.rmtree(folder, ignore_errors=True)
            _download(wanted, folder)
    return folder


def resolve(wanted: dict[str, Any], into: Path) -> None:
    """Download the jars of each coordinate, with what it depends on, into one flat folder.

    Then those that ``newer`` names, each in the place of the version that was asked for: mended since.
    """
    _into(wanted["coordinates"], into)
    named = {coordinate.split(":")[1] for coordinate in wanted["newer"]}
    with tempfile.TemporaryDirectory(dir=into.parent) as apart:
        _into(wanted["newer"], Path(apart))
        for jar in into.glob("*.jar"):
            if _artifact(jar) in named:
                jar.unlink()
        for jar in Path(apart).glob("*.jar"):
            if _artifact(jar) in named:
                jar.replace(into / jar.name)


def _artifact(jar: Path) -> str:
    """``jackson-core`` of ``jackson-core-2.21.2.jar``."""
    return re.sub(r"-\d[\w.-]*$", "", jar.stem)


def _into(coordinates: list[str], into: Path) -> None:
    with tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        for coordinate in coordinates:
            _jgo(coordinate, Path(scratch))
        for jar in Path(scratch, "envs").rglob("*.jar"):
            jar.replace(into / jar.name)


def _download(wanted: dict[str, Any], folder: Path) -> None:
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)  # of a download that was cut off
    draft.mkdir()
    resolve(wanted, draft)
    _compare(_hashes(draft), wanted["sha256"])
    draft.rename(folder)


def _compare(found: dict[str, str], pinned: dict[str, str]) -> None:
    wrong = sorted(jar for jar in found.keys() | pinned.keys() if found.get(jar) != pinned.get(jar))
    if wrong:
        raise StackError("jars_differ", jars=", ".join(wrong))


def _jgo(coordinate: str, scratch: Path) -> None:
    # One coordinate at a time: several in one call count as peers and drag each other's dependencies to other versions.
    command = [sys.executable, "-m", "jgo", "--color", "plain", "--resolver", "python", "--links", "copy"]
    command += ["--timeout", "60", "--cache-dir", str(scratch / "envs"), "--repo-cache", str(scratch / "repository")]
    ended = subprocess.run([*command, "info", "classpath", coordinate], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise StackError("jars_unreachable", coordinate=coordinate, tail=_last_line(ended.stderr))


def _last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")


def _hashes(folder: Path) -> dict[str, str]:
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}


def _set_digest(wanted: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(wanted["sha256"].items())).encode()).hexdigest()[:12]


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time fill the cache; the others then find it full."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main() -> None:
    """Renew ``kafka.lock.toml`` from its coordinates (``make pins``)."""
    sets = tomllib.loads(LOCK_FILE.read_text(encoding="utf-8"))
    lines = [line for line in LOCK_FILE.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    for name, wanted in sets.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "jars")
            folder.mkdir()
            resolve(wanted, folder)
            lines += ["", f"[{name}]"]
            for key in ("coordinates", "newer"):
                lines += [f"{key} = [", *(f'  "{coordinate}",' for coordinate in wanted[key]), "]"]
            lines += ["", f"[{name}.sha256]"]
            lines += [f'"{jar}" = "{digest}"' for jar, digest in sorted(_hashes(folder).items())]
    LOCK_FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
