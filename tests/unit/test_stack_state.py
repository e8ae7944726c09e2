"""What a stack keeps: the password where only its owner sees it, and all but the password twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.errors import StackError
from deploy.local.paths import Home
from deploy.local.running import state as kept
from deploy.local.running.overview import overview
from deploy.local.running.state import Ports, State

_STATE = State(Ports(kafka=21001, controller=21002, postgres=21003, recorder=21004, projector=21005), "s3cret-_")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home.at(tmp_path / "a home" / "%1")
    kept.save(made, _STATE)
    return made


def test_the_password_is_in_no_url(home: Home) -> None:
    shown = json.dumps(overview(home)) + home.stack_env.read_text()
    assert _STATE.password not in shown
    assert f"?passfile={home.root}/pgpass".replace(" ", "%20").replace("/%1", "/%251") in shown
    lines = [line.split(":") for line in home.pgpass.read_text().splitlines()]
    assert [line[3] for line in lines] == ["chengzhang", "recorder", "projector", "reporter", "auditor"]
    assert {tuple(line[:3]) for line in lines} == {("127.0.0.1", "21003", "*")}
    passwords = {line[4] for line in lines}
    assert len(passwords) == 5
    assert all(len(password) == 43 for password in passwords)
    assert home.admin_pgpass.read_text() == "127.0.0.1:21003:*:postgres:s3cret-_\n"
    for file in (home.pgpass, home.admin_pgpass):
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"ports": {"telnet": 23}, "password": "p"}'])
def test_a_lost_file_is_made_of_what_repeats_it(home: Home, content: str | None) -> None:
    home.stack_json.unlink()
    if content is not None:
        home.stack_json.write_text(content)
    assert kept.load(home, Ports()) == replace(_STATE, ports=replace(_STATE.ports, controller=Ports().controller))


@pytest.mark.parametrize("lost", ["pgpass.admin", "stack.env"])
@pytest.mark.parametrize(("content", "key"), [(None, "no_state"), ("{", "bad_state")])
def test_what_only_a_backup_has_is_not_made_up(home: Home, lost: str, content: str | None, key: str) -> None:
    (home.postgres / "data").mkdir(parents=True)
    (home.root / lost).unlink()
    home.stack_json.unlink()
    if content is not None:
        home.stack_json.write_text(content)
    with pytest.raises(StackError, match=key):
        kept.load(home, Ports())
