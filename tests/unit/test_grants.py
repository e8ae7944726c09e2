"""Who may do what, and what a token file must not be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.common.grants import Grants, GrantsError

FOUR = {role: f"{role}-token" for role in ("publisher", "reader", "auditor", "operator")}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def _write(file: Path, value: object) -> None:
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    moved = file.stat().st_mtime_ns + 1_000_000
    os.utime(file, ns=(moved, moved))


def test_a_bare_token_reaches_all_offices(file: Path) -> None:
    _write(file, FOUR)
    grants = Grants.load(file)
    publisher = grants.of("publisher-token")
    assert publisher is not None
    assert publisher.may_publish("o-1", "/any", "chengzhang.any.revoke-entry.v1")
    reader = grants.of("reader-token")
    assert reader is not None
    assert not reader.may_publish("o-1", "/any", "x")
    assert not reader.narrowed
    assert grants.of("nobody") is None
    assert grants.of("") is None
    assert grants.of("\ud800") is None


def test_an_object_narrows_what_it_names(file: Path) -> None:
    entry = {"token": "study-token", "role": "publisher", "offices": ["o-1"], "types": ["chengzhang.learning.*"]}
    _write(file, FOUR | {"study": entry})
    study = Grants.load(file).of("study-token")
    assert study is not None
    assert study.may_publish("o-1", "/whatever", "chengzhang.learning.credit-hours.v1")
    assert not study.may_publish("o-2", "/whatever", "chengzhang.learning.credit-hours.v1")
    assert not study.may_publish("o-1", "/whatever", "chengzhang.work.file-output.v1")


def test_no_offices_is_not_all_offices(file: Path) -> None:
    _write(file, {"nobody": {"token": "nobody-token", "role": "publisher", "offices": []}})
    nobody = Grants.load(file).of("nobody-token")
    assert nobody is not None
    assert not nobody.may_publish("o-1", "/s", "t")


def test_a_changed_file_is_read_again(file: Path) -> None:
    _write(file, FOUR)
    grants = Grants.load(file)
    _write(file, {"reader": "another-token"})
    assert grants.of("reader-token") is None
    assert grants.of("another-token") is not None


@pytest.mark.parametrize("broken", ["{", "", '{"reader": 3}', None])
def test_a_file_that_breaks_leaves_the_last_good_grants_and_is_logged(file: Path, broken: str | None) -> None:
    _write(file, FOUR)
    grants = Grants.load(file)
    if broken is None:
        file.unlink()
    else:
        _write(file, broken)
    with capture_logs() as logs:
        assert grants.of("reader-token") is not None
    assert [entry["event"] for entry in logs] == ["grants-not-renewed"]
    _write(file, {"reader": "another-token"})
    assert grants.of("another-token") is not None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{", "not JSON at line 1"),
        ("[]", "not a JSON object"),
        ({}, "not a JSON object"),
        ({"someone": "secret-token"}, "someone is no role"),
        ({"reader": "short"}, "reader/token"),
        ({"x": {"token": "secret-token", "role": "king"}}, "x/role"),
        ({"x": {"token": "secret-token", "role": "reader", "offics": []}}, "x/offics"),
        ({"x": {"token": "secret-token", "role": "reader", "types": ["a"]}}, "narrow a publisher only"),
        ({"x": {"token": "secret-token", "role": "auditor", "person": "p"}}, "narrow a reader only"),
        ({"x": {"token": "secret-token", "role": "reader", "section": "s-1"}}, "x: Value error, section needs offices"),
        ({"reader": "secret-token", "auditor": "secret-token"}, "have the same token"),
        ({"reader": None}, "reader"),
        ({"张三": {"token": "secret-token", "role": "publisher"}}, "is no name for a token"),
        ({"a b": {"token": "secret-token", "role": "publisher"}}, "is no name for a token"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_says_why_and_never_a_token(file: Path, value: object, says: str) -> None:
    _write(file, value)
    with pytest.raises(GrantsError) as raised:
        Grants.load(file)
    assert says in str(raised.value)
    assert str(file) in str(raised.value)
    assert "secret-token" not in str(raised.value)


def test_no_file_names_the_setting(file: Path) -> None:
    with pytest.raises(GrantsError, match="CHENGZHANG_TOKENS"):
        Grants.load(file)
