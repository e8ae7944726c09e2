"""The bar of a replay."""

from __future__ import annotations

from collections.abc import AsyncIterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


async def shown(counts: AsyncIterator[tuple[int, int]], doing: str, rate: str) -> int:
    """Draw (done, total) on stderr, with rate and time to go; gives the last total."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} " + rate), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    total = 0
    with bar:
        task = bar.add_task(doing, total=None, rate="–")
        async for done, total in counts:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f}" if speed else "–")
    return total
