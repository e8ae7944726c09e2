"""Bad input on Kafka: quarantined or rejected with a receipt, its neighbours recorded, the consumer never stopped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from services.recorder.kafka.topics import partitions
from services.recorder.vault.vault import Vault
from tests.acceptance.bad import BAD
from tests.acceptance.pair import PLANTED, STRUCTURED, Header, Office, Pair, Sent, Told, binary, line, structured, until
from tests.support.published import validator

_PLAIN: Final = [("content-type", STRUCTURED.encode())]


@pytest.fixture(scope="module")
def scene(pair: Pair) -> tuple[Office, str, str]:
    office = Office(pair)
    person = office.register()
    return office, person, office.convened(person)


def _among_neighbours(pair: Pair, office: Office, bad: Sequence[Sent]) -> list[Told]:
    """What comes of each, with a good action before and after every one: each must be recorded."""
    mixed = [structured(office.section())]
    for record in bad:
        mixed += [record, structured(office.section())]
    told = pair.told(mixed)
    for neighbour in told[::2]:
        assert neighbour.receipt is not None
        assert neighbour.receipt["outcome"] == "accepted"
    return told[1::2]


def _quarantined(told: Told) -> str:
    assert told.quarantined is not None, told
    assert told.quarantined["en"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in told.quarantined["zh"])
    return str(told.quarantined["code"])


def test_bad_actions_among_good_ones(pair: Pair, scene: tuple[Office, str, str]) -> None:
    office = scene[0]
    told = _among_neighbours(pair, office, [structured(bad.make(*scene)) for bad in BAD])
    for bad, outcome in zip(BAD, told, strict=True):
        assert outcome.code == bad.code, (bad.name, outcome)
        assert (outcome.quarantined is not None) is bad.quarantined, bad.name
        if outcome.receipt is not None:
            assert all(outcome.receipt["message"][lang] for lang in ("en", "zh"))


def test_values_that_are_none(pair: Pair, office: Office) -> None:
    told = _among_neighbours(pair, office, [Sent(None), Sent(b""), Sent(None, _PLAIN), Sent(b"", _PLAIN), Sent(b" ")])
    assert [_quarantined(t) for t in told] == ["empty"] * 4 + ["not-json"]


def _with(office: Office, *headers: Header) -> Sent:
    return structured(office.section(), *headers)


def _without(fields: dict[str, Any], *headers: Header) -> Sent:
    return Sent(json.dumps(fields).encode(), headers)


def test_headers_that_cannot_be_read(pair: Pair, office: Office) -> None:
    fields = office.section()
    bad = [
        _without(fields, ("content-type", None)),
        _without(fields, ("content-type", b"\xff\xfe")),
        _without(fields, ("ce_id", None)),
        _without(fields, ("ce_id", b"\xff")),
        _without(fields, ("ce_id", b"")),
        binary(fields | {"actor": "p"}, ("ce_subject", b"\xff\xfe\xfd")),
        _without({}, ("ce_\x00", b"\xff")),
        _without({}, ("unreadable-batch", b"\x00")),
    ]
    told = _among_neighbours(pair, office, bad)
    assert [_quarantined(t) for t in told] == [
        *["bad-header"] * 4, "no-address", *["bad-header"] * 2, "no-cloudevent",
    ]  # fmt: skip


def test_a_version_of_very_many_digits_is_too_large(pair: Pair, office: Office) -> None:
    (told,) = _among_neighbours(pair, office, [binary(office.section(), ("ce_expectedversion", b"1" * 5000))])
    assert told.receipt is not None
    assert told.code == "invalid-field"
    assert "/expectedversion: is too large" in told.receipt["message"]["en"]


class _NotText(str):
    """A header's name as other languages' clients may write it."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"x-\xff\xfe"


def _batch(records: Sequence[Sent], codec: int = 0) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1024 * 1024)
    for number, record in enumerate(records):
        builder.append(number, int(time.time() * 1000), None, record.value, list(record.headers))
    return bytes(builder.build())


def test_a_header_whose_name_is_not_utf8(pair: Pair, office: Office) -> None:
    """By itself aiokafka can't read such a batch: yet all of it is recorded, and what other partitions hold."""
    bad = _with(office, (_NotText("x"), b"1"))
    batch = [_with(office), bad, Sent(b"{", [(_NotText("x"), None)]), _with(office)]
    first = pair.publish_raw(_batch(batch), len(batch))
    others = [pair.publish([office.section() for _ in range(20)], partition=partition) for partition in (1, 2, 3)]
    told = pair.outcomes([replace(record, offset=first + n) for n, record in enumerate(batch)])
    assert [t.code for t in told] == [None, None, "not-json", None]
    assert {told.code for told in pair.outcomes([record for sent in others for record in sent])} == {None}


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=["gzip", "snappy", "lz4", "zstd"])
def test_senders_may_compress_as_they_like(pair: Pair, office: Office, codec: int) -> None:
    batch = [_with(office), _with(office, (_NotText("x"), b"1")), _with(office)]
    first = pair.publish_raw(_batch(batch, codec), len(batch))
    told = pair.outcomes([replace(record, offset=first + n) for n, record in enumerate(batch)])
    assert [outcome.code for outcome in told] == [None] * 3


def test_headers_that_are_not_ours_may_be_anything(pair: Pair, office: Office) -> None:
    odd: list[Sent] = [
        _with(office, ("x", None)),
        _with(office, ("", b"")),
        _with(office, ("x", b"\xff\xfe"), ("x", b"2")),
        _with(office, ("reply_to", b"somewhere"), ("correlation_id", b"\xff")),
        _with(office, ("message_id", None), ("王", "王".encode())),
        _with(office, *[(f"h{n}", b"x" * 100) for n in range(200)]),
        _without(office.section(), ("x", b"y")),
    ]
    for told in _among_neighbours(pair, office, odd):
        assert told.receipt is not None, told
        assert told.receipt["outcome"] == "accepted"


def test_reply_to_sends_nothing_anywhere(pair: Pair, office: Office) -> None:
    target = f"{pair.settings.topic_prefix}.nobodys"
    told = pair.told([_with(office, ("reply_to", target.encode())), _with(office)])
    assert [outcome.code for outcome in told] == [None, None]
    assert pair.run(partitions(pair.settings, target)) == 0, "there is no such topic"


@pytest.mark.parametrize(
    "headers",
    [
        [("content-type", b"text/plain")],
        [("content-type", b"application/json")],
        [("content-type", b"application/cloudevents-batch+json")],
    ],
    ids=["text", "json", "batch"],
)
def test_a_content_type_that_is_no_cloud_event(pair: Pair, office: Office, headers: list[Header]) -> None:
    (told,) = _among_neighbours(pair, office, [_without(office.section(), *headers)])
    assert _quarantined(told) == "no-cloudevent"


def test_json_that_says_nothing_of_cloud_events(pair: Pair, office: Office) -> None:
    (told,) = _among_neighbours(pair, office, [Sent(b'{"hello":"world"}')])
    assert _quarantined(told) == "no-cloudevent"


def test_binary_mode_that_is_wrong(pair: Pair, office: Office) -> None:
    lacking = office.section()
    del lacking["type"]
    wrong = office.section() | {"time": "yesterday"}
    unknown = office.section() | {"entri": "hand"}
    no_data = binary(office.section())
    told = _among_neighbours(pair, office, [
        binary(lacking), binary(wrong), binary(unknown), Sent(b"[]", no_data.headers), Sent(None, no_data.headers),
    ])  # fmt: skip
    assert [t.code for t in told] == ["no-address", "invalid-field", "invalid-field", "not-an-object", "empty"]


def test_a_record_of_ten_megabytes(pair: Pair, office: Office) -> None:
    raw = b'{"specversion":"1.0","x":"' + b"x" * (10 * 1024 * 1024) + b'"}'
    (told,) = _among_neighbours(pair, office, [Sent(raw)])
    assert _quarantined(told) == "too-large"
    assert told.quarantined is not None
    assert told.quarantined["length"] == len(raw)
    assert told.quarantined["sha256"] == hashlib.sha256(raw).digest()
    assert len(told.quarantined["raw"]) <= 64 * 1024 + 100


def test_any_key_will_do(pair: Pair, office: Office) -> None:
    keys = (None, b"", b"\xff\xfe", b"another-office", b"k" * 10_000)
    sent = [record for key in keys for record in pair.publish([office.section()], key=key, partition=3)]
    assert [told.code for told in pair.outcomes(sent)] == [None] * len(keys)


def test_every_partition_is_read(pair: Pair, office: Office) -> None:
    each = (office.section, lambda: Sent(b"{"))
    sent = [record for n in range(8) for record in pair.publish([make() for make in each], partition=n)]
    assert [told.code for told in pair.outcomes(sent)] == [None, "not-json"] * 8


def test_quarantine_is_told_on_its_topic_and_kept_encrypted(pair: Pair, office: Office) -> None:
    raw = f'{{"name":"{PLANTED}隔离"'.encode()
    (told,) = _among_neighbours(pair, office, [Sent(raw)])
    assert told.quarantined is not None
    key = "/".join(str(told.quarantined[name]) for name in ("topic", "partition", "offset"))
    record = until(lambda: next((r for r in pair.topic("quarantine", 0) if r.key == key.encode()), None), "not told")
    notice = json.loads(record.value)
    validator("chengzhang.quarantined.v1").validate(notice)
    assert notice["type"] == "chengzhang.quarantined.v1"
    data = notice["data"]
    assert f"{data['topic']}/{data['partition']}/{data['offset']}" == key
    assert data["reason"] == {part: told.quarantined[part] for part in ("code", "en", "zh")}
    assert (data["length"], data["sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest())
    kept = told.quarantined["raw"]
    assert raw not in kept
    vault = Vault(pair.pool, pair.settings.kek_file.read_bytes())
    assert vault.decrypt(kept) == raw


def test_a_roll_with_somebody_twice_is_refused_whole(pair: Pair, scene: tuple[Office, str, str]) -> None:
    office, person, session = scene
    (told,) = pair.told([office.attendance(session, line(person), line(person, "partial", 5))])
    assert told.code == "second-attendance"
    assert told.receipt is not None
    assert told.receipt["events"] == []


def test_the_log_has_no_trace_and_the_offsets_go_on(pair: Pair, office: Office) -> None:
    pair.told([office.section()])
    log = pair.recorder.log()
    assert "Traceback" not in log
    assert "intake-retried" not in log
    until(lambda: True if _lag(pair) == 0 else None, "the committed offsets stay behind")


def _lag(pair: Pair) -> int:
    from services.recorder.status.figures import status  # noqa: PLC0415

    lag = pair.run(status(pair.settings)).intake_lag
    assert lag is not None
    return lag
