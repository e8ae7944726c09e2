"""``office sample``: a made-up office year as lines of JSON."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from deploy.local.commands.options import LangOption
from deploy.local.sample import staff, year
from deploy.local.sample.days import FIRST_YEAR, LAST_YEAR, ZONE
from deploy.local.sample.draft import year_end
from deploy.local.speaking.messages import Lang, language
from deploy.local.speaking.trouble import CommandError, explained
from deploy.local.speaking.words import say

_NO_MORE_READERS = 1
_STDOUT: Final = Path("-")
# Part of every id: letters, digits and hyphens, and short enough for what is put around it (ids have 64 at most).
_PREFIX: Final = re.compile(r"[A-Za-z0-9-]{1,20}")


def sample(
    *,
    year_: Annotated[
        int,
        typer.Option(
            "--year", min=FIRST_YEAR, max=LAST_YEAR, help="Calendar year whose holidays are known · 放假安排已知的年份"
        ),
    ] = 2026,
    offices: Annotated[int, typer.Option(min=1, max=10_000, help="Offices · 机关数")] = 1,
    cadres: Annotated[int, typer.Option(min=staff.LEAST, max=999, help="Cadres an office · 每个机关的干部数")] = 24,
    seed: Annotated[int, typer.Option(help="Same seed, same lines · 种子相同则内容相同")] = 7,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day, by default 31 December · 截止日期"),
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="Offices are <prefix>1, <prefix>2, …: another one for a second sample · 机关编号前缀")
    ] = "o-",
    out: Annotated[Path, typer.Option(help="A file, or - for standard output · 输出文件")] = _STDOUT,
    lang: LangOption = None,
) -> None:
    """生成样例数据 · Make up an office's year as actions, one CloudEvent a line."""
    speech = language(lang)
    end = until.replace(hour=23, minute=59, second=59, tzinfo=ZONE) if until else None
    _check(speech, year_, prefix, until)
    size = year.Size(year_, offices, cadres, seed, prefix, end)
    with explained(speech), _opened(out) as file:
        written = _write(year.lines(size), file)
    place = say(speech, "stdout") if out == _STDOUT else out
    typer.echo(say(speech, "sample_written", actions=written, out=place), err=True)
    if (end or year_end(year_)) > datetime.now(UTC):
        typer.echo(say(speech, "sample_ahead"), err=True)


def _check(lang: Lang, year_: int, prefix: str, until: datetime | None) -> None:
    if not _PREFIX.fullmatch(prefix):
        raise typer.BadParameter(say(lang, "bad_prefix", prefix=prefix))
    if until and until.year < year_:
        raise typer.BadParameter(say(lang, "until_before", until=until.date(), year=year_))


def _write(lines: Iterator[bytes], file: BinaryIO) -> int:
    written = 0
    for written, line in enumerate(lines, 1):  # noqa: B007  # the count is what is wanted
        file.write(line)
    file.flush()
    return written


@contextmanager
def _opened(out: Path) -> Iterator[BinaryIO]:
    if out != _STDOUT:
        with _file(out) as file:
            yield file
        return
    try:
        yield sys.stdout.buffer
    except BrokenPipeError:  # `office sample | head`: whoever reads has enough
        _no_more_output()
        raise typer.Exit(_NO_MORE_READERS) from None
    except OSError as error:
        _no_more_output()
        raise CommandError("sample_cut_stdout", reason=error.strerror) from error


@contextmanager
def _file(out: Path) -> Iterator[BinaryIO]:
    try:
        file = out.open("wb")
    except OSError as error:
        raise CommandError("no_out", out=out, reason=error.strerror) from error
    try:
        with file:
            yield file
    except OSError as error:
        raise CommandError("sample_cut", out=out, reason=error.strerror) from error


def _no_more_output() -> None:
    """Python flushes once more when it ends: into nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
