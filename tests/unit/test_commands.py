"""What programs say of their commands is what these say themselves; and a command imports what it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from deploy.local.cli import app as office
from deploy.local.paths import write_private
from services.projector.cli import cli as projector
from services.recorder.cli import cli as recorder
from tests.support.service import ended

_PROGRAMS: Final = {
    "office": (office, "deploy.local.cli"),
    "recorder": (recorder, "services.recorder.cli"),
    "projector": (projector, "services.projector.cli"),
}
_SERVING: Final = {"fastapi", "faststream", "starlette", "uvicorn", "opentelemetry", "prometheus_client", "structlog"}
_ALL: Final = _SERVING | {"aiokafka", "asyncpg", "cryptography", "httpx", "orjson", "schemas"}
_RUN: Final = """
import sys
from {module} import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
_NOBODY: Final = "postgresql://127.0.0.1:1/nobody"


def _listed(group: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # typer doesn't publish its class
    """Each command as the list has it, and the real one."""
    for name, listed in group.commands.items():
        real = listed.make_context(name, [], resilient_parsing=True).command
        yield listed, real
        yield from _listed(real) if hasattr(real, "commands") else ()


@pytest.mark.parametrize("program", _PROGRAMS)
def test_the_list_says_of_each_command_what_its_own_help_begins_with(program: str) -> None:
    for listed, real in _listed(get_command(_PROGRAMS[program][0])):
        assert real is not listed
        assert " ".join(real.help.partition("\n\n")[0].split()) == listed.help


@pytest.mark.parametrize("program", _PROGRAMS)
def test_every_command_can_be_asked_for_either_language(program: str) -> None:
    for _, real in _listed(get_command(_PROGRAMS[program][0])):
        if not hasattr(real, "commands"):
            assert any("--lang" in option.opts for option in real.params), real.name


@pytest.mark.parametrize(
    ("words", "code", "needless"),
    [
        ("office --help", 0, _ALL),
        ("recorder --help", 0, _ALL),
        ("recorder audit --help", 0, _ALL),
        ("projector --help", 0, _ALL),
        (
            "projector status",
            3,
            _SERVING | {"aiokafka", "cryptography", "httpx"},
        ),  # words: the contract's
        ("recorder status", 3, _SERVING | {"cryptography", "httpx", "schemas"}),
        ("projector rebuild", 3, _SERVING - {"structlog"} | {"cryptography", "httpx"}),
        ("office status", 3, _SERVING | {"cryptography", "httpx", "schemas"}),
        ("office sample --cadres 12", 0, _SERVING | {"aiokafka", "asyncpg", "cryptography", "httpx"}),
    ],
)
def test_a_command_imports_nothing_that_it_does_not_need(
    words: str, code: int, needless: set[str], tmp_path: Path
) -> None:
    program, *rest = words.split()
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(module=_PROGRAMS[program][1]), *rest],
        env={**os.environ, "CHENGZHANG_HOME": str(tmp_path), "CHENGZHANG_DATABASE_URL": _NOBODY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    loaded = {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}
    assert "typer" in loaded
    assert loaded & needless == set()


@pytest.mark.parametrize("program", ["recorder", "projector"])
def test_every_option_is_explained_in_both_languages_and_plainly(program: str) -> None:
    whole = get_command(_PROGRAMS[program][0])
    commands = [whole, *(real for _, real in _listed(whole))]
    assert not [command.name for command in commands if "`" in command.help]
    options = {
        (command.name, option.name): option.help
        for command in commands
        for option in command.params
        if option.name not in {"help", "install_completion", "show_completion"}
    }
    assert not {name: told for name, told in options.items() if " · " not in (told or "") or "`" in told}


def _said(program: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    if program != "office" and "PYTHONIOENCODING" not in env:
        done = ended(program, *arguments, **env)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    line = [sys.executable, "-m", _PROGRAMS[program][1], *arguments]
    encoding = env.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    return subprocess.run(line, env=os.environ | env, capture_output=True, encoding=encoding, check=False)


@pytest.mark.parametrize("program", _PROGRAMS)
def test_language_and_home_may_stand_before_the_command(program: str, tmp_path: Path) -> None:
    before = _said(program, "--lang", "zh", f"--home={tmp_path}", "status")
    behind = _said(program, "status", "--lang", "zh", "--home", str(tmp_path))
    assert (before.returncode, before.stdout, before.stderr) == (3, behind.stdout, behind.stderr)
    assert "停止" in before.stdout or "没有系统" in before.stderr


@pytest.mark.parametrize(
    ("program", "words"), [("office", ("token", "list")), ("office", ("app", "list")), ("recorder", ("packs", "list"))]
)
def test_language_and_home_may_stand_between_a_group_and_its_command(
    program: str, words: tuple[str, str], tmp_path: Path
) -> None:
    group, command = words
    before = _said(program, group, "--lang=zh", "--home", str(tmp_path), command)
    behind = _said(program, group, command, "--lang", "zh", f"--home={tmp_path}")
    assert (before.returncode, before.stdout, before.stderr) == (behind.returncode, behind.stdout, behind.stderr)
    assert re.search("[\u4e00-\u9fff]", before.stdout + before.stderr)
    assert before.returncode in {0, 3}


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_terminal_that_lacks_a_character_is_shown_another_one(encoding: str, tmp_path: Path) -> None:
    said = _said("office", "status", "--lang", "zh", "--home", str(tmp_path), PYTHONIOENCODING=f"{encoding}:strict")
    assert (said.returncode, said.stderr) == (3, "")
    said = _said("office", "--help", PYTHONIOENCODING=f"{encoding}:strict")
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize(
    ("program", "kek", "env", "code", "said"),
    [
        ("recorder", 32, {}, 0, ""),
        ("recorder", 31, {}, 1, "31 bytes"),
        ("recorder", 32, {"CHENGZHANG_HTTP_HOST": "192.0.2.1"}, 1, "CHENGZHANG_HTTP_HOST=192.0.2.1"),
        ("projector", 0, {}, 0, ""),
        ("recorder", 32, {"CHENGZHANG_KAFKA_PASSWORD_FILE": "/nowhere"}, 1, "/nowhere: can't be read"),
        ("recorder", 32, {"CHENGZHANG_KAFKA_PROTOCOL": "SSL", "CHENGZHANG_KAFKA_CA_FILE": "/no"}, 1, "/no: can't be"),
        ("projector", 0, {"CHENGZHANG_KAFKA_USER": "somebody"}, 1, "kafka-passwords/somebody: can't be read"),
        ("projector", 0, {"CHENGZHANG_TOKENS": "/nowhere"}, 1, "/nowhere: can't be read"),
    ],
)
def test_a_service_can_be_asked_whether_it_would_start(  # noqa: PLR0917  # a case
    program: str, kek: int, env: dict[str, str], code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "kek").write_bytes(bytes(kek))
    write_private(tmp_path / "tokens.json", b'{"reader": "reader-0123456789abcdef"}')
    (tmp_path / "kafka-passwords").mkdir()
    (tmp_path / "kafka-passwords" / program).write_text("word")
    asked = _said(
        program, "serve", "--check", "--home", str(tmp_path), CHENGZHANG_DATABASE_URL=_NOBODY, LANG="C", **env
    )
    assert (asked.returncode, said in asked.stderr, bool(asked.stderr)) == (code, True, bool(said)), asked.stderr


@pytest.mark.parametrize("program", ["recorder", "projector"])
def test_a_wrong_level_of_logging_is_said_in_a_sentence(program: str, tmp_path: Path) -> None:
    said = _said(program, "serve", "--home", str(tmp_path), CHENGZHANG_LOG_LEVEL="LOUD")
    assert said.returncode == 2
    assert "CHENGZHANG_LOG_LEVEL" in said.stderr
    assert "Traceback" not in said.stderr
