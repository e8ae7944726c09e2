"""Sealing before the append: no plaintext goes on, and the digest is the same whenever the same body comes."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

import orjson
import pytest

from services.common.tokens.grants import Grant
from services.recorder.domain.deciding.core import NO_TERMS, Key, Rejection, Terms
from services.recorder.intake.reading import Readable, read
from services.recorder.intake.sealing import Sent, prepare
from services.recorder.ledger.submission import UNCOMPARED, Submission
from services.recorder.vault.vault import DataKey, Owner

NAME = "王小明"
P1, P2 = Owner("o-1", "p-1"), Owner("o-1", "p-2")
EVENT = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"
SENDER = Grant("an-app", "publisher")


class FakeVault:
    """Keys by owner, and which were asked for."""

    def __init__(self) -> None:
        self.asked: list[set[Owner]] = []
        self.terms = NO_TERMS
        self.erased: set[str] = set()
        self.names: dict[tuple[str, str], str] = {}

    async def keys(self, owners: Collection[Owner]) -> Mapping[Owner, DataKey]:
        self.asked.append(set(owners))
        return {
            owner: DataKey(f"kid-{owner.person}", owner, hashlib.sha256("/".join(owner).encode()).digest())
            for owner in owners
            if owner.person not in self.erased
        }

    async def named(self, said: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Those that are remembered."""
        return {(o, text) for o, text in said if text in {n for (of, _), n in self.names.items() if of == o}}

    async def remember(self, names: Mapping[tuple[str, str], str]) -> None:
        """As it stands."""
        self.names |= names

    def mac(self, body: bytes) -> bytes:
        return hashlib.sha256(b"installation" + body).digest()


def _read(type_: str, data: object, **more: object) -> Readable:
    fields: dict[str, Any] = {
        "specversion": "1.0", "id": "a-1", "source": "/hr", "type": f"chengzhang.{type_}.v1",
        "time": "2026-03-02T09:00:00+08:00", "office": "o-1", "actor": "p-9", "data": data,
    } | more  # fmt: skip
    readable = read(fields, orjson.dumps(fields))
    assert isinstance(readable, Readable)
    return readable


def _register(office: str = "o-1", **more: object) -> Readable:
    data = {"person": "p-1", "name": NAME, "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990} | more
    return _read("people.register-person", data, office=office)


def _talk(**more: object) -> Readable:
    data = {"talk": "t-1", "initiator": "p-1", "participants": ["p-2"], "mode": "one-to-one"} | more
    return _read("talk.hold-talk", data)


async def _one(
    readable: Readable, *, plaintext_allowed: bool = True, vault: FakeVault | None = None
) -> tuple[Submission, FakeVault]:
    vault = vault or FakeVault()
    (submission,) = await prepare([Sent(readable, SENDER)], vault, plaintext_allowed=plaintext_allowed)
    return submission, vault


async def test_without_sealed_fields_nobody_asks_the_vault() -> None:
    readable = _read("people.define-section", {"section": "s-1", "name": "综合科"})
    submission, vault = await _one(readable, plaintext_allowed=False)
    assert submission.action is readable.action
    assert submission.body_digest == hashlib.sha256(readable.body).digest()
    assert not vault.asked


async def test_a_name_is_sealed_for_the_event_it_will_stand_in() -> None:
    submission, vault = await _one(_register())
    action = submission.action
    assert action is not None
    sealed = action.sealed["name"]
    assert sealed.aad == action.event_id(0)
    assert (await vault.keys([P1]))[P1].open(sealed) == NAME


@pytest.mark.parametrize("plaintext_allowed", [True, False])
@pytest.mark.parametrize("readable", [_register(), _register(birth_year="x"), _register(hours=1), _register(person=7)])
async def test_no_plaintext_goes_on_and_no_plain_hash_of_it(readable: Readable, plaintext_allowed: bool) -> None:
    submission, _ = await _one(readable, plaintext_allowed=plaintext_allowed)
    assert NAME not in repr(submission)
    assert submission.body_digest != hashlib.sha256(readable.body).digest()


async def test_plaintext_on_kafka_is_refused_for_good() -> None:
    submission, _ = await _one(_register(), plaintext_allowed=False)
    assert submission.action is None
    assert submission.refusal is not None
    assert submission.refusal.code == "plaintext-sealed"
    assert submission.refusal.final


async def test_what_is_wrong_already_keeps_its_own_reason() -> None:
    submission, _ = await _one(_register(birth_year="x"), plaintext_allowed=False)
    assert submission.refusal is not None
    assert submission.refusal.code == "invalid-field"


async def test_a_talk_without_topics_may_come_over_kafka_and_asks_for_no_key() -> None:
    submission, vault = await _one(_talk(), plaintext_allowed=False)
    assert submission.action is not None
    assert not vault.asked


async def test_many_topics_are_one_text() -> None:
    submission, vault = await _one(_talk(topics=["工作", "学习"], note="好"))
    assert submission.action is not None
    key = (await vault.keys([P2]))[P2]
    assert {name: key.open(sealed) for name, sealed in submission.action.sealed.items()} == {
        "topics": "工作\n学习",
        "note": "好",
    }


def _correction(**data: object) -> Readable:
    fields = {"person": "p-1", "name": NAME, "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990} | data
    replacement = {"type": "chengzhang.people.register-person.v1", "time": "2026-03-02T09:00:00+08:00", "data": fields}
    return _read("any.correct-entry", {"event": EVENT, "reason": "mistake", "replacement": replacement})


async def test_a_corrections_replacement_is_sealed_for_its_own_event() -> None:
    submission, _ = await _one(_correction())
    action = submission.action
    assert action is not None
    assert action.replacement is not None
    assert action.replacement.sealed["name"].aad == action.event_id(1)
    assert NAME not in repr(submission)


@pytest.mark.parametrize("readable", [_correction(birth_year="x"), _correction(person=None)])
async def test_a_correction_that_does_not_hold_leaves_no_plain_hash(readable: Readable) -> None:
    submission, _ = await _one(readable, plaintext_allowed=False)
    assert submission.refusal is not None
    assert submission.body_digest != hashlib.sha256(readable.body).digest()


@pytest.mark.parametrize("data", [None, [], {"replacement": []}, {"replacement": {"type": [], "data": {}}}])
async def test_a_correction_of_any_shape_is_digested(data: object) -> None:
    submission, _ = await _one(_read("any.correct-entry", data))
    assert submission.refusal is not None


async def test_an_unknown_type_might_hide_a_name() -> None:
    readable = _read("people.register-person-v9", {"name": NAME})
    submission, _ = await _one(readable)
    assert submission.body_digest != hashlib.sha256(readable.body).digest()


async def test_the_same_body_has_the_same_digest_and_another_body_another() -> None:
    vault = FakeVault()
    first, _ = await _one(_register(), vault=vault)
    again, _ = await _one(_register(), vault=vault)
    other, _ = await _one(_register(name="李四"), vault=vault)
    assert first.body_digest == again.body_digest != other.body_digest
    assert first.action is not None
    assert again.action is not None
    assert first.action.sealed != again.action.sealed


async def test_a_batch_asks_once_for_all_its_owners() -> None:
    vault = FakeVault()
    batch = [_register(person=f"p-{n}") for n in range(5)] + [_talk(note="x"), _talk()]
    submissions = await prepare([Sent(each, SENDER) for each in batch], vault, plaintext_allowed=True)
    assert [s.id for s in submissions] == [r.id for r in batch]
    assert vault.asked == [{Owner("o-1", f"p-{n}") for n in range(5)}]


async def test_each_office_seals_under_a_key_of_its_own() -> None:
    vault = FakeVault()
    sent = [Sent(_register(), SENDER), Sent(_register(office="o-2"), SENDER)]
    here, there = await prepare(sent, vault, plaintext_allowed=True)
    assert vault.asked == [{Owner("o-1", "p-1"), Owner("o-2", "p-1")}]
    assert here.body_digest != there.body_digest, "the same name gives nothing away of another office's"


# --- erased ---


@pytest.mark.parametrize(
    ("readable", "plaintext_allowed", "code"),
    [
        (_register(), True, "erased"),
        (_register(), False, "plaintext-sealed"),
        (_register(birth_year="x"), True, "invalid-field"),
        (_talk(note="x", participants=["p-1"], initiator="p-2"), True, "erased"),
    ],
)
async def test_what_needs_the_key_of_the_erased_is_refused_and_not_digested(
    readable: Readable, plaintext_allowed: bool, code: str
) -> None:
    vault = FakeVault()
    vault.erased = {"p-1"}
    submission, _ = await _one(readable, plaintext_allowed=plaintext_allowed, vault=vault)
    assert (submission.action, submission.body_digest) == (None, UNCOMPARED)
    assert submission.refusal is not None
    assert (submission.refusal.code, submission.refusal.final) == (code, True)


async def test_an_erasure_knows_who_confirms_and_what_is_settled() -> None:
    vault = FakeVault()
    vault.terms = Terms(retention_days=30, delay_hours=72)
    submission, _ = await _one(_read("people.erase-person", {"person": "p-1", "basis": "b"}), vault=vault)
    assert submission.action is not None
    assert (submission.action.terms, submission.action.by) == (vault.terms, SENDER.name)


# --- whose it is stands elsewhere ---


def _met(**more: object) -> Readable:
    return _read("welfare.meet-need", {"need": "n-1", "on": "2026-03-02", "how": "已解决"} | more)


def _raised() -> Readable:
    return _read("welfare.raise-need", {"need": "n-1", "person": "p-7", "kind": "住房", "what": "漏水"})


async def _found(known: Mapping[Key, str], *batch: Readable, vault: FakeVault | None = None) -> list[Submission]:
    async def owners(things: Collection[Key]) -> Mapping[Key, str]:
        return {key: owner for key, owner in known.items() if key in things}

    return await prepare([Sent(each, SENDER) for each in batch], vault or FakeVault(), owners, plaintext_allowed=True)


async def test_what_is_said_of_a_need_is_sealed_under_the_key_of_whose_need_it_is() -> None:
    (submission,) = await _found({("need", "o-1/n-1"): "p-7"}, _met())
    assert submission.action is not None
    assert submission.action.owner == "p-7"
    assert submission.action.sealed["how"].kid == "kid-p-7"


async def test_a_need_that_is_raised_in_the_same_batch_is_known() -> None:
    _, met = await _found({}, _raised(), _met())
    assert met.action is not None
    assert met.action.owner == "p-7"


async def test_of_an_unknown_need_nothing_is_sealed_and_it_may_pass_later_with_the_same_digest() -> None:
    (unknown,) = await _found({}, _met())
    (known,) = await _found({("need", "o-1/n-1"): "p-7"}, _met())
    over_kafka, _ = await _one(_met(), plaintext_allowed=False)
    assert unknown.action is None
    assert unknown.refusal is not None
    assert (unknown.refusal.code, unknown.refusal.final) == ("unknown-reference", False)
    assert unknown.body_digest == known.body_digest == over_kafka.body_digest
    assert over_kafka.refusal is not None
    assert over_kafka.refusal.code == "plaintext-sealed"


async def test_of_whom_was_erased_nothing_is_said_any_more() -> None:
    vault = FakeVault()
    vault.erased = {"p-7"}
    (submission,) = await _found({("need", "o-1/n-1"): "p-7"}, _met(), vault=vault)
    assert submission.action is None
    assert submission.refusal is not None
    assert submission.refusal.code == "erased"


# --- nobody is called by name in plain text ---


@pytest.mark.parametrize("actor", [NAME, f"  {NAME}\u3000", "\u738b\u3000\u5c0f\u660e"])
async def test_an_actor_who_is_called_by_the_name_that_is_sealed_is_refused(actor: str) -> None:
    """Also in what registers the person, and in what comes with it."""
    name = unicodedata.normalize("NFKC", actor).strip()
    vault = FakeVault()
    registration = _register(name=name)
    section = _read("people.define-section", {"section": "s-1", "name": "x"}, actor=actor)
    elsewhere = _read("people.define-section", {"section": "s-1", "name": "x"}, actor=actor, office="o-2")
    sent = [Sent(each, SENDER) for each in (registration, section, elsewhere, _register(name=name, person="p-2"))]
    first, refused, other, _ = await prepare(sent, vault, plaintext_allowed=True)
    assert first.refusal is None
    assert refused.refusal is not None
    assert (refused.refusal.code, refused.body_digest, refused.action) == ("plaintext-sealed", UNCOMPARED, None)
    assert name not in f"{refused.refusal.en}{refused.refusal.zh}"
    assert other.refusal is None, "in another office it is nobody's name"
    assert vault.names == {("o-1", "p-1"): name, ("o-1", "p-2"): name}
    (itself,) = await prepare([Sent(_named(actor, name), SENDER)], FakeVault(), plaintext_allowed=True)
    assert itself.refusal is not None


def _named(actor: str, name: str) -> Readable:
    data = {"person": "p-1", "name": name, "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990}
    return _read("people.register-person", data, actor=actor)


async def test_over_kafka_and_in_what_does_not_hold_it_is_the_same() -> None:
    vault = FakeVault()
    vault.names = {("o-1", "p-1"): NAME}
    for readable in (
        _read("people.define-section", {"section": "s-1", "name": "x"}, actor=NAME),
        _read("people.define-section", {}, actor=NAME),
    ):
        submission, _ = await _one(readable, plaintext_allowed=False, vault=vault)
        assert submission.refusal is not None
        assert (submission.refusal.code, submission.body_digest) == ("plaintext-sealed", UNCOMPARED)


async def test_a_stranger_learns_no_names() -> None:
    vault = FakeVault()
    vault.names = {("o-1", "p-1"): NAME}
    readable = _read("people.define-section", {"section": "s-1", "name": "x"}, actor=NAME)
    stranger = Rejection("not-yours", "no", "\u4e0d")
    submission, _ = await _one(readable._replace(action=None, refusal=stranger), plaintext_allowed=False, vault=vault)
    assert submission.refusal is stranger
