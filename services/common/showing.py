"""Progress of long work on stderr, for people who watch: how much, how fast, how long it still takes."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Advance = Callable[[int], None]


class _Rate(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed:,.0f} · {task.finished_speed or task.speed or 0:,.0f}/s")


def quiet() -> None:
    """What the Kafka client logs on stderr about a broker that it can't reach, the command says in its own words."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@contextmanager
def progress(title: str, total: int, *, shown: bool = True) -> Iterator[Advance]:
    """Show a bar where stderr is a terminal; ``advance(n)`` says that n more are done."""
    with growing(title, shown=shown) as (advance, add):
        add(total)
        yield advance


@contextmanager
def growing(title: str, *, shown: bool = True) -> Iterator[tuple[Advance, Advance]]:
    """The same where the total is learnt on the way: ``add(n)`` says that n more are to be done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeRemainingColumn())
    hidden = not (shown and sys.stderr.isatty())
    with Progress(*columns, console=console, disable=hidden, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task(title, total=0)

        def add(count: int) -> None:
            bar.update(task, total=(bar.tasks[0].total or 0) + count)

        yield (lambda count: bar.advance(task, count)), add
