"""Commands that are imported when they are called: not in order to list them, nor for another one's sake.

A program's ``cli.py`` names its commands, and where each is; so it imports nothing but this.
"""

import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import islice
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand


class Command(NamedTuple):
    """A command, or a group of them. ``place`` is ``module:function``, ``help`` the first line of its own help."""

    name: str
    place: str
    help: str

    def load(self) -> Any:  # noqa: ANN401  # typer doesn't publish the class of what it makes
        """Import it."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, _bare(None)
            found.command(self.name)(function)
        return typer.main.get_command(found)


def group(help_text: str | None, commands: Iterable[Command]) -> typer.Typer:
    """A command with these subcommands, that shows no Python to its users."""
    cli = _bare(help_text)
    for command in commands:
        cli.command(command.name, help=command.help, cls=_later(command))(_nothing)
    return cli


def run(cli: typer.Typer) -> None:
    """Run a program with the arguments of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that doesn't know a character shows another one
    arguments, home = _everywhere(sys.argv[1:])
    if home:
        os.environ["CHENGZHANG_HOME"] = home  # for what is said, too: the commands that it names mean the same folder
    cli(arguments)


def _everywhere(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without what every program takes wherever it stands, and the home folder that this names.

    A language goes behind all others: to the command, whichever groups it is in.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    rest, moved, home = list[str](), list[str](), None
    words = iter(arguments[:end])
    for word in words:
        option, has_value, value = word.partition("=")
        if option == "--lang":
            moved += [word] if has_value else [word, *islice(words, 1)]
        elif option == "--home" and (folder := value if has_value else next(words, "")):
            home = folder
        else:
            rest.append(word)
    return [*rest, *moved, *arguments[end:]], home


def _bare(help_text: str | None) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=help_text)


def _later(command: Command) -> type[TyperCommand]:
    class Later(TyperCommand):
        """Stands in the list for a command that isn't imported. Whoever calls it, calls that one."""

        def make_context(self, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401  # as it comes
            return command.load().make_context(*arguments, **more)

    return Later


def _nothing() -> None:
    """What typer wants of every command; never called."""
