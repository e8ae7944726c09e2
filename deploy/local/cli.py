"""The `office` command: start, stop and look at the embedded stack, and use it."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from deploy.local import stack
from deploy.local.errors import StackError
from deploy.local.messages import Lang, language, text
from deploy.local.overview import EXIT_CODES, overview, table
from deploy.local.paths import Home
from services.common.settings import home_folder

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="成长 · Chengzhang: the embedded stack. 本机运行的全套服务。",
)
out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

HomeOption = Annotated[
    Path | None, typer.Option("--home", envvar="CHENGZHANG_HOME", help="Data folder, by default .local · 数据目录")
]
LangOption = Annotated[str | None, typer.Option("--lang", help="zh | en, else by LANG · 语言")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs · 供程序使用")]


@app.command()
def up(home: HomeOption = None, lang: LangOption = None) -> None:
    """启动全部服务 · Start whatever is missing and wait until it is ready."""
    speech = language(lang)
    with _steps(speech) as say:
        stack.up(_home(home), say=say)
    out.print(text(speech, "up"), markup=False)


@app.command()
def down(home: HomeOption = None, lang: LangOption = None) -> None:
    """停止全部服务 · Stop all services; the data stay."""
    speech, folder = language(lang), _home(home)
    with _steps(speech) as say:
        stopped = stack.down(folder, say=say)
    key = "down" if stopped else "not_running"
    out.print(text(speech, key, services=", ".join(stopped), home=folder.root), markup=False)


@app.command()
def status(home: HomeOption = None, lang: LangOption = None, *, as_json: JsonOption = False) -> None:
    """查看运行状态 · Tell what runs, and where."""
    speech = language(lang)
    with _explained(speech):
        found = overview(_home(home))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        out.print(table(found, speech))
    raise typer.Exit(EXIT_CODES[found["state"]])


def _home(given: Path | None) -> Home:
    return Home.at(home_folder(given))


class _Steps:
    """Shows steps: what is being done with a spinner, what is done as a line. Without a terminal, all as lines."""

    def __init__(self, status: Status, lang: Lang) -> None:
        self._status = status
        self._lang = lang

    def __call__(self, key: str, **values: object) -> None:
        line = text(self._lang, key, **values)
        if out.is_terminal and line.endswith("…"):
            self._status.update(line)
        else:
            out.print(f"{'✓' if key == 'ready' else '·'} {line}", markup=False)


@contextmanager
def _steps(lang: Lang) -> Iterator[_Steps]:
    with _explained(lang), out.status("…") as spinner:
        yield _Steps(spinner, lang)


@contextmanager
def _explained(lang: Lang) -> Iterator[None]:
    """Turn what an operator can mend into a message and exit code 1; anything else is a bug and shows itself."""
    try:
        yield
    except StackError as error:
        _fail(text(lang, error.key, **error.values))
    except KeyboardInterrupt:
        _fail(text(lang, "interrupted"))
    except OSError as error:
        key = "disk_full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "os_error"
        _fail(text(lang, key, reason=error))


def _fail(message: str) -> None:
    err.print(message, style="bold red", markup=False)
    raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
