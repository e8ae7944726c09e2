"""What people see on a terminal: tables however narrow it is, and the progress of long work on stderr."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

Advance = Callable[[int], None]


class Whole(Table):
    """A table whose headings break at blanks only, and its figures nowhere.

    Where words would break, it goes without its frame; where headings or figures would all the same, a row is a list.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw what fits."""
        columns = self.columns
        if sum(map(_unbroken, columns)) > options.max_width - self._around():
            self.box, self.show_edge, self.padding = box.SIMPLE_HEAD, False, (0, 0)
        room = options.max_width - self._around()
        if sum(map(_least, columns)) > room:
            yield self._listed()
            return
        for column, width in zip(columns, _widths(columns, room), strict=True):
            column.width = width
        yield from super().__rich_console__(console, options)

    def _around(self) -> int:
        """What is wide beside the columns' contents."""
        return self._extra_width + sum(self._get_padding_width(place) for place in range(len(self.columns)))

    def _listed(self) -> Table:
        """A line a cell that holds something, and a blank one after each row."""
        made = Table.grid(padding=(0, 2))
        made.title, made.title_justify, made.title_style = self.title, self.title_justify, self.title_style
        made.add_column(style="bold", no_wrap=True)
        made.add_column(overflow="fold")
        for cells in zip(*(column.cells for column in self.columns), strict=True):
            for column, cell in zip(self.columns, cells, strict=True):
                if str(cell):
                    made.add_row(column.header, cell)
            made.add_row()
        return made


def _least(column: Column) -> int:
    """The width of its heading's longest word, and of its longest figure."""
    figures = column.cells if column.justify == "right" else ()
    return max(column.min_width or 0, _longest(str(column.header).split()), _longest(figures))


def _unbroken(column: Column) -> int:
    """The width that breaks no word."""
    return max(_least(column), _longest(word for cell in column.cells for word in str(cell).split()))


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Each column's least; as far as there is room, what breaks no word of it; then what makes it one line."""
    widths = [_least(column) for column in columns]
    lines = [max(cell_len(str(column.header)), _longest(column.cells)) for column in columns]
    for wished in (map(_unbroken, columns), lines):
        for place, wish in enumerate(wished):
            widths[place] += max(0, min(wish - widths[place], room - sum(widths)))
    return widths


def _longest(texts: Iterable[object]) -> int:
    return max((cell_len(str(text)) for text in texts), default=0)


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
