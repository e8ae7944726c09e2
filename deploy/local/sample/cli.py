"""``office sample``: a made-up office year as lines of JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from deploy.local.messages import language
from deploy.local.options import LangOption
from deploy.local.sample import staff, year
from deploy.local.sample.days import ZONE
from deploy.local.sample.draft import year_end
from deploy.local.words import say

_NO_MORE_READERS = 1


def sample(
    *,
    year_: Annotated[int, typer.Option("--year", min=1992, max=2199, help="Calendar year · 年份")] = 2026,
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
    out: Annotated[Path, typer.Option(help="A file, or - for standard output · 输出文件")] = Path("-"),
    lang: LangOption = None,
) -> None:
    """生成样例数据 · Make up an office's year as actions, one CloudEvent a line."""
    end = until.replace(hour=23, minute=59, second=59, tzinfo=ZONE) if until else None
    size = year.Size(year_, offices, cadres, seed, prefix, end)
    with _opened(out) as file:
        written = _write(year.lines(size), file)
    typer.echo(say(language(lang), "sample_written", actions=written, out=out), err=True)
    if (end or year_end(year_)) > datetime.now(UTC):
        typer.echo(say(language(lang), "sample_ahead"), err=True)


def _write(lines: Iterator[bytes], file: BinaryIO) -> int:
    written = 0
    for written, line in enumerate(lines, 1):  # noqa: B007  # the count is what is wanted
        file.write(line)
    file.flush()
    return written


@contextmanager
def _opened(out: Path) -> Iterator[BinaryIO]:
    if out != Path("-"):
        with out.open("wb") as file:
            yield file
        return
    try:
        yield sys.stdout.buffer
    except BrokenPipeError:  # `office sample | head`: whoever reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_NO_MORE_READERS) from None
