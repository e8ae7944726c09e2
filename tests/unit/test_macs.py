"""The keys of MACs, and whose records are ours: computed with the standard library's one-shot HMAC."""

from __future__ import annotations

import base64
import hmac
import json
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.mac import Key, begin, mac
from services.common.kafka import mac_keys
from services.common.kafka.macs import Foreign, Macs, Place
from services.recorder.errors import Misconfigured

TOPIC = "chengzhang.events"
BODY = b'{"id":"e-1","sequence":"0000000000000000007","type":"chengzhang.work.output-filed.v1"}'


def expected(key: bytes, topic: str, shard: int, position: int | str, value: bytes) -> bytes:
    """The header, as the documents say."""
    message = b"\0".join([b"chengzhang-mac-1", topic.encode(), str(shard).encode(), str(position).encode(), value])
    return base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=")


def secret(path: Path, number: int = 1) -> bytes:
    """The key of that number, out of the file."""
    keys: list[dict[str, str]] = json.loads(path.read_bytes())["keys"]
    return base64.b64decode(next(key["key"] for key in keys if key["id"].startswith(f"{number}-")))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with one key."""
    path = tmp_path / "home" / "mac-keys.json"
    mac_keys.ensure(path, Misconfigured)
    return path


def _place(path: Path, topic: str = TOPIC, shard: int = 3) -> Place:
    return Macs(path, Misconfigured).at(topic, shard)


def test_a_record_of_ours_is_known(path: Path) -> None:
    headers = _place(path).headers(7, BODY)
    key_id = mac_keys.MacKeys.load(path, Misconfigured).ids[0]
    assert headers == [("mac", expected(secret(path), TOPIC, 3, 7, BODY)), ("mackid", key_id.encode())]
    assert _place(path).foreign([("content-type", b"x"), *headers], 7, BODY) is None


def test_whatever_else_it_says_it_is_foreign(path: Path) -> None:
    headers = dict(_place(path).headers(7, BODY))
    ours = list(headers.items())
    assert _place(path).foreign([], 7, BODY) == "no-mac"
    assert _place(path).foreign([("mac", headers["mac"])], 7, BODY) == "no-mac"
    assert _place(path).foreign([("mac", None), ("mackid", headers["mackid"])], 7, BODY) == "no-mac"
    for changed in (
        _place(path).foreign(ours, 8, BODY), _place(path).foreign(ours, 7, BODY + b" "),
        _place(path).foreign(ours, None, BODY), _place(path).foreign(ours, 7, None),
        _place(path, shard=4).foreign(ours, 7, BODY), _place(path, "chengzhang.receipts").foreign(ours, 7, BODY),
        _place(path).foreign([("mac", b""), ("mackid", headers["mackid"])], 7, BODY),
        _place(path).foreign([("mac", b"\xff"), ("mackid", headers["mackid"])], 7, BODY),
    ):  # fmt: skip
        assert changed == "wrong-mac"
    for made_up in (b"", b"1", b"2-0000000000000000", b"\xff-", b"-", "²-1".encode(), b"9" * 99 + b"-0"):
        assert _place(path).foreign([("mac", headers["mac"]), ("mackid", made_up)], 7, BODY) == "unknown-key"


@given(
    st.lists(
        st.tuples(st.sampled_from(["a.events", "a.event", "s"]), st.integers(0, 12), st.integers(0, 120), st.binary()),
        min_size=2, max_size=2, unique=True,
    )
)  # fmt: skip
def test_no_two_records_frame_alike(records: list[tuple[str, int, int, bytes]]) -> None:
    keyed = Key(b"k")
    one, other = (mac(keyed, begin(topic, shard), at, value) for topic, shard, at, value in records)
    assert one != other


def test_a_new_key_writes_without_a_restart_and_the_old_one_goes_on_verifying(path: Path) -> None:
    macs = Macs(path, Misconfigured)
    old = macs.writing(TOPIC, 3).headers(7, BODY)
    rotated = mac_keys.rotate(path, Misconfigured)
    assert [key_id.partition("-")[0] for key_id in rotated.ids] == ["2", "1"]
    new = macs.writing(TOPIC, 3).headers(7, BODY)
    assert new == [("mac", expected(secret(path, 2), TOPIC, 3, 7, BODY)), ("mackid", rotated.ids[0].encode())]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name], "nothing half written is left"
    for headers in (old, new):
        assert _place(path).foreign(headers, 7, BODY) is None


def test_an_older_copy_of_the_file_is_told_from_a_key_that_somebody_made_up(path: Path) -> None:
    copy = path.read_bytes()
    reading = Macs(path, Misconfigured).at(TOPIC, 3)
    third = [mac_keys.rotate(path, Misconfigured), mac_keys.rotate(path, Misconfigured)][-1].ids[0]
    headers = Macs(path, Misconfigured).writing(TOPIC, 3).headers(7, BODY)
    assert reading.foreign(headers, 7, BODY) is None, "the file is read again"
    path.write_bytes(copy)
    with pytest.raises(Misconfigured, match=f"lacks the key {third}"):
        _place(path).foreign(headers, 7, BODY)


def test_a_file_that_lacks_a_key_or_is_open_to_others_is_refused(path: Path) -> None:
    mac_keys.rotate(path, Misconfigured)
    whole = json.loads(path.read_bytes())
    for keys in (whole["keys"][:1], whole["keys"][1:] + whole["keys"][:1], [], [whole["keys"][0] | {"key": "AAAA"}]):
        path.write_text(json.dumps({"keys": keys}))
        with pytest.raises(Misconfigured, match="not a file of keys of MACs") as told:
            Macs(path, Misconfigured)
        assert str(whole["keys"][0]["key"]) not in f"{told.value} {told.value.zh}"
    path.write_text(json.dumps(whole))
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        Macs(path, Misconfigured)
    path.unlink()
    with pytest.raises(Misconfigured, match=r"can't be read.*Put the file back from its backup"):
        Macs(path, Misconfigured)


@dataclass(frozen=True)
class Record:
    """As a consumer has it."""

    value: bytes | None
    topic: str = TOPIC
    partition: int = 3
    offset: int = 9
    headers: list[Any] = field(default_factory=list)


@pytest.mark.parametrize(
    ("value", "claims"),
    [
        (BODY, "chengzhang.work.output-filed.v1 0000000000000000007"),
        (b'{"type":"t\\u001b[2J","id":"3:9"}', "t\ufffd[2J 3:9"),
        (b'{"type":"%b"}' % (b"x" * 900), "x" * 80),
        (b"\xff", "1 bytes"),
        (b"[]", "2 bytes"),
        (None, "0 bytes"),
    ],
)
def test_what_a_foreign_record_pretends_to_be(value: bytes | None, claims: str) -> None:
    told = Foreign.of(Record(value), "no-mac")
    assert str(told) == f"chengzhang.events, partition 3, offset 9 (no-mac): {claims}"
