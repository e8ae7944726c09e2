"""The guide to a year's appraisal: each request really sent, each command really run, answered as the pages show."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.guide import Shell, steps
from tests.acceptance.pair import Pair, until
from tests.support.service import environment

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = {"zh_CN.UTF-8": "run-an-appraisal.zh-CN.md", "C.UTF-8": "run-an-appraisal.md"}

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="the guide asks for both")


@pytest.fixture
def shell(pair: Pair, tmp_path: Path) -> Iterator[Shell]:
    """Where the stack's folder is the current one, as after ``make up``."""
    pair.grant({"organiser": {"token": f"organiser-{secrets.token_hex(8)}", "role": "organiser"}})
    told = environment(pair.settings)
    home = tmp_path / ".local"
    home.mkdir()
    (home / "stack.env").write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    (home / "tokens.json").write_text(json.dumps(pair.tokens))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "COLUMNS": "80", "HOME": str(tmp_path)}
    shell = Shell(tmp_path, told | path)
    until(lambda: shell.run("true") == "" or None, "no shell")
    yield shell
    shell.close()


def test_every_step_answers_as_the_pages_show(pair: Pair, shell: Shell) -> None:
    pages = {lang: steps(GUIDES / page) for lang, page in PAGES.items()}
    for together in zip(*pages.values(), strict=True):
        for lang, step in zip(pages, together, strict=True):
            if lang != next(iter(pages)) and ".venv/bin/" not in step.run:
                continue  # sent already: the pages have the same requests
            if ".venv/bin/office" in step.run:
                until(lambda: _caught_up(pair), "the read models don't catch up")
            said = [_masked(line) for line in shell.run(f"export LANG={lang}\n{step.run}").splitlines()]
            if step.shown is None:
                assert [line for line in said if not line.endswith(" accepted")] == [], step.run
            else:
                assert said == [_masked(line) for line in step.shown.splitlines()], step.run


def _masked(line: str) -> str:
    """Without what others record meanwhile in the same shard: how many events it has."""
    return re.sub(r"(?<=前 )\d+(?= 条事件)|(?<=first )\d+(?= events)", "…", line.rstrip())


def _caught_up(pair: Pair) -> bool | None:
    told = pair.command("projector", "status", "--json")
    return json.loads(told.stdout)["lag"] == 0 or None
