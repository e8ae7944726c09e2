"""Who may do what, and what a token file must not be."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deploy.local.paths import write_private
from services.common.tokens.entries import weak
from services.common.tokens.grants import Grant, Grants, GrantsError
from services.common.tokens.store import Store
from services.common.tokens.uses import Uses, read_uses

REST = "-token-0123456789abcdef"
FOUR = {role: f"{role}{REST}" for role in ("publisher", "reader", "auditor", "operator")}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def _write(file: Path, value: object) -> None:
    write_private(file, (value if isinstance(value, str) else json.dumps(value)).encode())


def test_a_bare_token_reaches_all_offices(file: Path) -> None:
    _write(file, FOUR)
    grants = Grants.load(file)
    publisher = grants.of(f"publisher{REST}")
    assert publisher is not None
    assert publisher.may_publish("o-1", "/any", "chengzhang.any.revoke-entry.v1")
    reader = grants.of(f"reader{REST}")
    assert reader is not None
    assert not reader.may_publish("o-1", "/any", "x")
    assert not reader.narrowed
    assert grants.of("nobody") is None
    assert grants.of("") is None
    assert grants.of("\ud800") is None


def test_an_object_narrows_what_it_names(file: Path) -> None:
    entry = {"token": f"study{REST}", "role": "publisher", "offices": ["o-1"], "types": ["chengzhang.learning.*"]}
    _write(file, FOUR | {"study": entry})
    study = Grants.load(file).of(f"study{REST}")
    assert study is not None
    assert study.may_publish("o-1", "/whatever", "chengzhang.learning.credit-hours.v1")
    assert not study.may_publish("o-2", "/whatever", "chengzhang.learning.credit-hours.v1")
    assert not study.may_publish("o-1", "/whatever", "chengzhang.work.file-output.v1")


def test_what_cannot_be_undone_must_be_named(file: Path) -> None:
    erase = "chengzhang.people.erase-person.v1"
    for types, may in (([erase], True), (["chengzhang.people.*"], False), (["*"], False), (None, False)):
        entry = {"token": f"study{REST}", "role": "publisher"} | ({} if types is None else {"types": types})
        _write(file, {"study": entry})
        study = Grants.load(file).of(f"study{REST}")
        assert study is not None
        assert study.may_publish("o-1", "/s", erase) is may
        assert study.reaches("o-1", "/s", erase)


def test_no_offices_is_not_all_offices(file: Path) -> None:
    _write(file, {"nobody": {"token": f"nobody{REST}", "role": "publisher", "offices": []}})
    nobody = Grants.load(file).of(f"nobody{REST}")
    assert nobody is not None
    assert not nobody.may_publish("o-1", "/s", "t")


def test_a_changed_file_is_read_again(file: Path) -> None:
    _write(file, FOUR)
    grants = Grants.load(file)
    _write(file, {"reader": f"another{REST}"})
    assert grants.of(f"reader{REST}") is None
    assert grants.of(f"another{REST}") is not None


@pytest.mark.parametrize("broken", ["{", "", '{"reader": 3}', '{"reader": "short"}', "everybody's", None])
def test_a_file_that_breaks_lets_nobody_in_and_says_why(file: Path, broken: str | None) -> None:
    """Also not those whom it named before: whoever was to be kept out may have been among them."""
    _write(file, FOUR)
    grants = Grants.load(file)
    assert grants.trouble() is None
    if broken is None:
        file.unlink()
    elif broken == "everybody's":
        file.chmod(0o644)
    else:
        _write(file, broken)
    with capture_logs() as logs:
        assert [grants.of(token) for token in FOUR.values() for _ in range(3)] == [None] * 12
    why = grants.trouble()
    assert why is not None
    assert why.zh != why.en
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("grants-refused", why.en)]
    _write(file, {"reader": f"another{REST}"})
    assert grants.of(f"another{REST}") is not None
    assert grants.trouble() is None


def test_what_is_written_twice_within_a_moment_is_seen(file: Path) -> None:
    """A file system's clock may not tell the two apart, and their lengths are the same."""
    one, other = ({"reader": f"{name}{REST}"} for name in ("one-of-them", "oth-of-them"))
    for _ in range(200):
        _write(file, one)
        grants = Grants.load(file)
        with file.open("r+b") as written:
            written.write(json.dumps(other).encode())
        assert grants.of(f"one-of-them{REST}") is None
        assert grants.of(f"oth-of-them{REST}") is not None


def test_a_token_ends_when_it_says(file: Path) -> None:
    entry = {"token": f"study{REST}", "role": "reader"}
    for expires, holds in (("2199-12-31", True), ("2020-01-01", False), ("2020-01-01T00:00:00Z", False)):
        _write(file, {"study": entry | {"expires": expires}})
        with capture_logs() as logs:
            assert (Grants.load(file).of(f"study{REST}") is not None) is holds
        assert [log["event"] for log in logs] == ([] if holds else ["token-expired"])


def test_a_hash_is_all_that_need_be_there(file: Path) -> None:
    hashed = hashlib.sha256(f"study{REST}".encode()).hexdigest()
    _write(file, {"study": {"sha256": hashed, "role": "reader"}})
    grants = Grants.load(file)
    study = grants.of(f"study{REST}")
    assert (study and study.name) == "study"
    assert grants.of(hashed) is None


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("secret", True), ("a" * 64, True), ("abcdefghijk" * 3, True), ("0123456789" * 3 + "12345", True),
        ("8d2c3f07b1a94e56", True), ("8d2c3f07b1a94e568d2c3f07b1a94e", True), ("hG3-kd93_Lq0Zt5xVbN1", True),
        ("hG3-kd93_Lq0Zt5xVbN1wQ", False), ("8d2c3f07b1a94e5609e7d4b2a6c1f385", False),
        ("1f4d297c-8d65-49a1-92ce-1ff4a8110aa3", False),
    ],
)  # fmt: skip
def test_a_token_that_can_be_guessed_is_known_as_such(token: str, said: bool) -> None:
    assert weak(token) is said


def test_no_token_made_here_is_weak() -> None:
    assert not any(weak(secrets.token_urlsafe(32)) or weak(secrets.token_hex(16)) for _ in range(10_000))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{", "not JSON at line 1"),
        ("[]", "not a JSON object"),
        ({}, "not a JSON object"),
        ({"someone": f"secret{REST}"}, "someone is no role"),
        ({"reader": "short"}, "the token of reader can be guessed"),
        ({"reader": "a" * 40}, "the token of reader can be guessed"),
        ({"x": {"token": f"secret{REST}", "role": "king"}}, "x/role"),
        ({"x": {"role": "reader"}}, "needs either token or sha256"),
        ({"x": {"token": f"secret{REST}", "role": "reader", "expires": "tomorrow"}}, "x/expires"),
        ({"x": {"token": f"secret{REST}", "role": "reader", "offics": []}}, "x/offics"),
        ({"x": {"token": f"secret{REST}", "role": "reader", "types": ["a"]}}, "narrow a publisher or organiser only"),
        ({"x": {"token": f"secret{REST}", "role": "auditor", "person": "p"}}, "narrows a reader or cadre only"),
        (
            {"x": {"token": f"secret{REST}", "role": "reader", "section": "s-1"}},
            "x: Value error, section needs offices",
        ),
        ({"reader": f"secret{REST}", "auditor": f"secret{REST}"}, "have the same token"),
        (f'{{"reader": "secret{REST}", "reader": "later{REST}"}}', "'reader' is there twice"),
        (
            f'{{"x": {{"token": "secret{REST}", "role": "reader", "offices": ["o-1"], "offices": ["o-2"]}}}}',
            "'offices' is there twice",
        ),
        ({"reader": None}, "reader"),
        ({"张三": {"token": f"secret{REST}", "role": "publisher"}}, "is no name for a token"),
        ({"a b": {"token": f"secret{REST}", "role": "publisher"}}, "is no name for a token"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_says_why_and_never_a_token(file: Path, value: object, says: str) -> None:
    _write(file, value)
    with pytest.raises(GrantsError) as raised:
        Grants.load(file)
    assert says in str(raised.value)
    assert str(file) in str(raised.value)
    assert f"secret{REST}" not in f"{raised.value}{raised.value.why.zh}"


def test_no_file_names_the_setting(file: Path) -> None:
    with pytest.raises(GrantsError, match="CHENGZHANG_TOKENS"):
        Grants.load(file)


# --- changed by commands ---


def test_a_new_token_is_told_once_and_only_its_hash_is_kept(file: Path) -> None:
    _write(file, FOUR)
    grants, store = Grants.load(file), Store(file)
    token = store.add("study", {"role": "publisher", "offices": ["o-1"], "types": ["chengzhang.learning.*"]})
    assert token not in file.read_text()
    assert hashlib.sha256(token.encode()).hexdigest() in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    study = grants.of(token)
    assert study == Grant("study", "publisher", frozenset({"o-1"}), types=frozenset({"chengzhang.learning.*"}))
    with pytest.raises(GrantsError, match="study is there already"):
        store.add("study", {"role": "reader"})
    renewed = store.rotate("study")
    assert grants.of(token) is None
    assert grants.of(renewed) == study
    store.revoke("study")
    assert grants.of(renewed) is None
    assert grants.of(FOUR["reader"]) is not None
    with pytest.raises(GrantsError, match="there is no study"):
        store.revoke("study")


def test_the_commands_own_tokens_stay_where_they_find_them(file: Path) -> None:
    narrow = {"token": f"study{REST}", "role": "reader", "person": "p-1"}
    _write(file, FOUR | {"study": narrow})
    store = Store(file)
    reader, study = store.rotate("reader"), store.rotate("study")
    assert json.loads(file.read_text()) == FOUR | {"reader": reader, "study": narrow | {"token": study}}


def test_what_would_not_be_as_it_should_be_is_not_written(file: Path) -> None:
    _write(file, {"reader": FOUR["reader"]})
    before, store = file.read_bytes(), Store(file)
    for change in (
        lambda: store.add("study", {"role": "king"}),
        lambda: store.add("\u5f20\u4e09", {"role": "reader"}),
        lambda: store.revoke("reader"),
    ):
        with pytest.raises(GrantsError):
            change()
        assert file.read_bytes() == before


def test_a_weak_token_is_mended_by_another(file: Path) -> None:
    _write(file, FOUR | {"reader": "short"})
    token = Store(file).rotate("reader")
    assert Grants.load(file).of(token) is not None


def test_uses_are_noted_once_a_minute(tmp_path: Path) -> None:
    noted, begun = tmp_path / "uses" / "recorder.json", datetime(2026, 3, 2, 1, tzinfo=UTC)
    uses = Uses(noted)
    for seconds in (0, 30, 59, 60, 90):
        uses.note("study", begun + timedelta(seconds=seconds))
    assert read_uses([noted]) == {"study": begun + timedelta(seconds=60)}
    (tmp_path / "uses" / "projector.json").write_text(json.dumps({"study": "2026-03-02T09:30:00+08:00"}))
    (tmp_path / "uses" / "broken.json").write_text("{")
    assert read_uses((tmp_path / "uses").iterdir()) == {"study": datetime(2026, 3, 2, 1, 30, tzinfo=UTC)}
    assert Uses(noted)._last == read_uses([noted])


def test_what_cannot_be_noted_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "uses").write_text("a file where a folder should be")
    Uses(tmp_path / "uses" / "recorder.json").note("study", datetime.now(UTC))


# --- cadres and organisers ---


def test_a_cadre_proposes_and_disputes_own_entries_and_reads_the_own_file() -> None:
    cadre = Grant("zhang", "cadre", offices=frozenset({"o-1"}), person="p-1")
    assert cadre.may_publish("o-1", "/cadre", "chengzhang.any.propose-entry.v1")
    assert cadre.may_publish("o-1", "/cadre", "chengzhang.any.dispute-entry.v1")
    for office, type_ in (("o-2", "any.propose-entry"), ("o-1", "any.verify-entry"), ("o-1", "work.file-output")):
        assert not cadre.may_publish(office, "/cadre", f"chengzhang.{type_}.v1")
    assert not cadre.owns("o-1", "/cadre")
    assert (cadre.own("p-9"), cadre.names, cadre.narrowed) == ("p-1", True, True)
    nobody = Grant("cadre", "cadre")
    assert (nobody.own("p-9"), nobody.names) == ("p-9", False)


def test_an_organiser_publishes_as_a_publisher_does() -> None:
    organiser = Grant("o", "organiser", offices=frozenset({"o-1"}), types=frozenset({"chengzhang.learning.*"}))
    assert organiser.may_publish("o-1", "/oa", "chengzhang.learning.record-attendance.v1")
    assert not organiser.may_publish("o-1", "/oa", "chengzhang.people.erase-person.v1")
    assert (organiser.own("p-1"), organiser.names) == (None, False)
