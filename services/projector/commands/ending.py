"""What the commands have in common: how they end, and the bar of a replay."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.common.commands import Lang, failed, not_running, spoken
from services.common.telling.showing import Whole
from services.projector.database import TRANSIENT
from services.projector.errors import NotRunning, ProjectorError, Told

SHOWN: Final = 20  # rows of a table on the terminal
_AWAY: Final[Mapping[Lang, str]] = {
    Lang.EN: "the database can't be asked ({error}).",
    Lang.ZH: "无法查询数据库（{error}）。",
}


@contextmanager
def ended(lang: Lang | None, away: Callable[[Lang | None, str], NoReturn] = not_running) -> Iterator[None]:
    """End the command with what went wrong, in words; ``away``: what it is that the database can't be asked."""
    try:
        yield
    except NotRunning as error:
        not_running(lang, said(error, lang))
    except ProjectorError as error:
        failed(lang, said(error, lang))
    except TRANSIENT as error:
        away(lang, _AWAY[spoken(lang)].format(error=type(error).__name__))


def said(error: ProjectorError, lang: Lang | None) -> str:
    """An error in the language asked for, as far as it knows it."""
    return error.zh if isinstance(error, Told) and spoken(lang) is Lang.ZH else str(error)


def table(words: Mapping[str, str], title: str, columns: Iterable[str], figures: Collection[str] = ()) -> Whole:
    """A table of these columns; ``figures`` are those that hold numbers. Where it is narrow, its texts are folded."""
    made = Whole(title=title)
    for column in columns:
        made.add_column(words[column], justify="right" if column in figures else "left", overflow="fold")
    return made


async def shown(counts: AsyncIterator[tuple[int, int]], words: Mapping[str, str]) -> int:
    """Draw (done, total) on stderr, with rate and time to go; gives the last total."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} " + words["rate"]), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    total = 0
    with bar:
        task = bar.add_task(words["replay"], total=None, rate="–")
        async for done, total in counts:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f}" if speed else "–")
    return total
