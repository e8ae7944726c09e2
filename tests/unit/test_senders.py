"""Whose an action from Kafka is, and which ids a refusal uses up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import pytest

from schemas.trust.canonical import canonical
from services.common.kafka import actions
from services.common.settings import Settings
from services.common.tokens.grants import Grants, GrantsError
from services.recorder.intake.from_kafka.record import Record
from services.recorder.intake.from_kafka.senders import Senders
from services.recorder.intake.reading import Readable, read
from services.recorder.intake.sealing import Sent
from services.recorder.ledger.rows import receipt_row
from tests.support.ledger import section

_WORD = "0123456789abcdefghijkl"


def _senders(folder: Path, **grants: object) -> Senders:
    file = folder / "tokens.json"
    file.write_text(json.dumps({"publisher": _WORD + "p", **grants}))
    file.chmod(0o600)
    return Senders(Grants.load(file), Settings(home=folder))


def _sent(senders: Senders, topic: str, **fields: str) -> Sent:
    made = section("s-1", **fields)
    readable = read(made, json.dumps(made).encode())
    assert isinstance(readable, Readable)
    record = cast("Record", type("Record", (), {"topic": topic}))
    (sent,) = senders.sent([record], [readable])
    assert isinstance(sent, Sent)
    return sent


@pytest.mark.parametrize(
    ("topic", "office", "source", "sender", "refused"),
    [
        ("chengzhang.actions", "o-1", "/any", "publisher", False),
        ("chengzhang.actions.oa", "o-1", "/oa", "oa", False),
        ("chengzhang.actions.oa", "o-2", "/oa", "oa", True),
        ("chengzhang.actions.oa", "o-1", "/any", "oa", True),
        ("chengzhang.actions.reader-1", "o-1", "/oa", "reader-1", True),
        ("chengzhang.actions.gone", "o-1", "/oa", "gone", True),
        ("chengzhang.actions.over", "o-1", "/oa", "over", True),
    ],
)
def test_the_topic_says_whose_it_is_and_the_grant_what_they_may(  # noqa: PLR0917  # a case
    topic: str, office: str, source: str, sender: str, refused: bool, tmp_path: Path
) -> None:
    senders = _senders(
        tmp_path,
        oa={"token": _WORD + "1", "role": "publisher", "offices": ["o-1"], "sources": ["/oa"]},
        over={"token": _WORD + "2", "role": "publisher", "expires": "2020-01-01"},
        **{"reader-1": {"token": _WORD + "3", "role": "reader"}},
    )
    sent = _sent(senders, topic, office=office, source=source)
    assert (sent.sender.name, sent.readable.action is None) == (sender, refused)
    assert (sent.readable.refusal.code if sent.readable.refusal else None) == ("not-yours" if refused else None)


def test_what_cannot_be_told_is_not_decided(tmp_path: Path) -> None:
    senders = _senders(tmp_path)
    (tmp_path / "tokens.json").write_text("{")
    with pytest.raises(GrantsError):
        _sent(senders, "chengzhang.actions")


def test_only_names_that_an_app_can_have_are_read(tmp_path: Path) -> None:
    ours = re.compile(actions.pattern(Settings(home=tmp_path, topic_prefix="c-1")))
    read_ = ["c-1.actions", "c-1.actions.oa", "c-1.actions.study-2"]
    others = ["c-1.actionsx", "c-1.actions.", "c-1.actions.a.b", "c-1.actions.OA", "xc-1.actions", "c.1.actions"]
    assert [name for name in (*read_, *others) if ours.match(name)] == read_


@pytest.mark.parametrize(
    ("outcome", "final", "code", "binding"),
    [
        ("accepted", True, None, True),
        ("rejected", True, "session-overlap", True),
        ("rejected", False, "unknown-reference", False),
        ("conflict", True, "key-conflict", False),
        ("rejected", True, "not-yours", False),
    ],
)
def test_a_receipt_read_back_binds_as_it_did(outcome: str, final: bool, code: str | None, binding: bool) -> None:
    receipt = {"shard": 1, "number": 2, "office": "o", "source": "/s", "id": "a", "outcome": outcome, "final": final,
               "code": code}  # fmt: skip
    row = receipt_row(receipt, b"digest")
    assert (row[4], row[5]) == (binding, canonical(receipt))
