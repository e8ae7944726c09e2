"""The `office` command: start, stop and look at the embedded stack, and use it."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from deploy.local import publish, show, stack
from deploy.local.errors import StackError
from deploy.local.messages import Lang, language, text
from deploy.local.options import HomeOption, JsonOption, LangOption
from deploy.local.overview import EXIT_CODES, overview, table
from deploy.local.paths import Home
from deploy.local.sample.cli import sample
from deploy.local.welcome import welcome
from services.common.settings import DEFAULT_HOME, Settings, home_folder

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="成长 · Chengzhang: the embedded stack. 本机运行的全套服务。",
)
out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

app.command("sample")(sample)
app.command("publish")(publish.publish)
app.command("file")(show.file)
app.command("appraisal")(show.appraisal)


@app.command()
def up(
    home: HomeOption = None,
    lang: LangOption = None,
    *,
    bare: Annotated[bool, typer.Option("--no-sample", help="Without the sample year · 不发布样例年度")] = False,
) -> None:
    """启动全部服务 · Start whatever is missing, wait until it is ready, show a sample office year."""
    speech, folder = language(lang), _home(home)
    with _steps(speech) as say:
        stack.up(folder, say=say)
    out.print(text(speech, "up", stop=_stop(folder)), markup=False)
    if not bare:
        raise typer.Exit(asyncio.run(welcome(Settings.load(folder.root), out, speech)))


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


def _stop(home: Home) -> str:
    return "make down" if home.root == Home.at(DEFAULT_HOME).root else f".venv/bin/office down --home {home.root}"


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
