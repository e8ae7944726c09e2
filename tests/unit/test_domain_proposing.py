"""A cadre's own entries: proposed, verified, disputed, settled. Given, when, then."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.recorder.domain.deciding.core import Event, Rejection
from services.recorder.domain.proposing import Entry
from services.recorder.intake.reading import Readable, read
from tests.unit.office import Office, correction, founded, line, roll, session

OUTPUT = {"output": "u-1", "lead": "p-1", "line": "information", "title": "信息", "level": "city", "effect": "pending"}
WEDNESDAY = "2026-03-04T09:00:00+08:00"


def _proposal(**more: object) -> dict[str, Any]:
    return {"type": "chengzhang.work.file-output.v1", "data": OUTPUT | more}


def _verified(office: Office, proposal: Event) -> Event:
    decided = office.submit("any.verify-entry", {"event": proposal.id}, WEDNESDAY)
    assert not isinstance(decided, Rejection), decided
    return office.events[decided[1].id]


def _about(event: Event, **more: object) -> dict[str, Any]:
    return {"event": event.id} | more


def _dispute(event: Event) -> dict[str, Any]:
    return _about(event, what="当天不在")


def test_given_a_proposal_when_it_is_verified_then_what_it_proposes_is_recorded_at_its_own_time() -> None:
    office = founded()
    proposal = office.did("any.propose-entry", _proposal())
    assert [stamp.person for stamp in proposal.data.stamps] == ["p-1"]
    made = _verified(office, proposal)
    assert (made.data.TYPE, made.time, getattr(made.data, "output", None)) == (
        "chengzhang.work.output-filed.v1", proposal.time, "u-1",
    )  # fmt: skip
    assert made.data.proposal == proposal.id
    assert made.data.stamps == proposal.data.stamps


def test_given_a_verified_proposal_when_it_is_verified_again_then_it_is_recorded_already() -> None:
    office = founded()
    proposal = office.did("any.propose-entry", _proposal())
    made = _verified(office, proposal)
    assert office.refused("any.verify-entry", _about(proposal)) == "once-only"
    assert office.refused("any.dispute-entry", _dispute(proposal)) == "once-only"
    assert office.refused("any.verify-entry", _about(made)) == "unknown-reference"
    assert office.refused(
        "any.verify-entry", _about(proposal) | {"event": "0" * 8 + "-0000-0000-0000-" + "0" * 12}
    ) == ("unknown-reference")


def test_what_could_not_be_recorded_can_not_be_proposed_nor_verified() -> None:
    office = founded()
    assert office.refused("any.propose-entry", _proposal(lead="p-9")) == "unknown-reference"
    first, second = (office.did("any.propose-entry", _proposal()) for _ in range(2))
    _verified(office, first)
    assert office.refused("any.verify-entry", _about(second)) == "id-reused"


def test_given_a_disputed_proposal_when_somebody_verifies_then_unverified_until_it_is_settled() -> None:
    office = founded()
    proposal = office.did("any.propose-entry", _proposal())
    dispute = office.did("any.dispute-entry", _dispute(proposal))
    assert dispute.data.what.alg == "A256GCM"
    assert office.refused("any.verify-entry", _about(proposal)) == "unverified"
    assert office.refused("any.dispute-entry", _dispute(proposal)) == "once-only"
    office.did("any.settle-dispute", _about(dispute, upheld=False))  # by the dispute's own event
    _verified(office, proposal)


def test_given_an_upheld_dispute_when_somebody_verifies_then_unverified() -> None:
    office = founded()
    proposal = office.did("any.propose-entry", _proposal())
    office.did("any.dispute-entry", _dispute(proposal))
    office.did("any.settle-dispute", _about(proposal, upheld=True))
    assert office.refused("any.verify-entry", _about(proposal)) == "unverified"


def test_given_an_entry_when_it_is_disputed_then_settled_once_and_disputed_again_if_not_upheld() -> None:
    office = founded()
    output = office.did("work.file-output", OUTPUT)
    assert office.refused("any.settle-dispute", _about(output, upheld=False)) == "unknown-reference"
    first = office.did("any.dispute-entry", _dispute(output))
    settled = office.did("any.settle-dispute", _about(output, upheld=False))
    assert settled.stream == first.stream == output.stream
    assert office.refused("any.settle-dispute", _about(output, upheld=True)) == "unknown-reference"
    assert office.refused_revocation(first) == "rests-on-it"
    office.did("any.dispute-entry", _dispute(output))


def test_only_entries_of_growth_files_are_disputed_and_only_those_that_stand() -> None:
    office = founded()
    section = office.did("people.define-section", {"section": "s-2", "name": "信息科"})
    assert office.refused("any.dispute-entry", _dispute(section)) == "unknown-reference"
    output = office.did("work.file-output", OUTPUT)
    office.revoke(output)
    assert office.refused("any.dispute-entry", _dispute(output)) == "already-revoked"


def test_given_attendance_when_one_line_is_disputed_then_the_others_stand_as_they_are() -> None:
    office = founded()
    office.did("learning.convene-session", session())
    last = office.did("learning.record-attendance", roll(line("p-1"), line("p-2")))
    office.did("any.dispute-entry", _dispute(office.events[last.id]))
    assert {key for key in office.states if key[0] == "event"} == {("event", f"o-1/{last.id}")}


def test_a_verification_is_taken_back_after_what_it_recorded_corrected_or_not() -> None:
    office = founded()
    proposal = office.did("any.propose-entry", _proposal())
    made = _verified(office, proposal)
    verification = next(event for event in office.events.values() if event.data.TYPE.endswith("entry-verified.v1"))
    assert office.refused_revocation(proposal) == "rests-on-it"
    corrected = office.did("any.correct-entry", correction(made, "work.file-output", OUTPUT | {"title": "专报"}))
    assert corrected.data.proposal == proposal.id
    assert office.refused_revocation(verification) == "rests-on-it"
    for event in (corrected, verification):
        office.revoke(event)
    _verified(office, proposal)


@pytest.mark.parametrize(
    ("type_", "data", "pointer"),
    [
        ("chengzhang.talk.hold-talk.v1", {}, "/data/type"),
        ("chengzhang.learning.record-attendance.v1", {}, "/data/type"),
        ("chengzhang.any.revoke-entry.v1", {}, "/data/type"),
        ("chengzhang.people.define-section.v1", {}, "/data/type"),
        ("chengzhang.work.file-output.v1", OUTPUT | {"level": "world"}, "/data/data/level"),
        (
            "chengzhang.spirit.recognise-conduct.v1",
            {"recognition": "r", "person": "p-1", "guide": "work", "for_what": "值守", "by": "p-2"},
            "/data/data",
        ),
    ],
)
def test_what_a_cadre_does_not_propose_is_said_where_it_stands(type_: str, data: object, pointer: str) -> None:
    fields = {
        "specversion": "1.0", "id": "a", "source": "/c", "type": "chengzhang.any.propose-entry.v1",
        "time": WEDNESDAY, "office": "o-1", "actor": "p-1", "data": {"type": type_, "data": data},
    }  # fmt: skip
    found = read(fields, orjson.dumps(fields))
    assert isinstance(found, Readable)
    assert found.refusal is not None
    assert found.refusal.code == "invalid-field"
    assert [error.pointer for error in found.errors] == [pointer]


class Proposing(RuleBasedStateMachine):
    """Any sequence of proposals, verifications, disputes, settlements, corrections and revocations."""

    @initialize()
    def begin(self) -> None:
        self.office = founded()
        self.count = 0

    def _events(self, *names: str) -> list[Event]:
        return [event for event in self.office.events.values() if event.data.TYPE.split(".")[2] in names]

    def _one(self, number: int, *names: str) -> Event | None:
        found = self._events(*names)
        return found[number % len(found)] if found else None

    @rule(number=st.integers(0, 2))
    def propose(self, number: int) -> None:
        self.office.submit("any.propose-entry", _proposal(output=f"u-{number}"))

    @rule(number=st.integers(0, 9))
    def verify(self, number: int) -> None:
        if event := self._one(number, "entry-proposed", "output-filed"):
            self.office.submit("any.verify-entry", _about(event))

    @rule(number=st.integers(0, 9))
    def dispute(self, number: int) -> None:
        if event := self._one(number, "entry-proposed", "output-filed"):
            self.office.submit("any.dispute-entry", _dispute(event))

    @rule(number=st.integers(0, 9), upheld=st.booleans())
    def settle(self, number: int, *, upheld: bool) -> None:
        if event := self._one(number, "entry-proposed", "output-filed", "entry-disputed"):
            self.office.submit("any.settle-dispute", _about(event, upheld=upheld))

    @rule(number=st.integers(0, 30))
    def revoke(self, number: int) -> None:
        event = list(self.office.events.values())[number % len(self.office.events)]
        self.office.submit("any.revoke-entry", {"event": event.id, "reason": "mistake"})

    @rule(number=st.integers(0, 9))
    def correct(self, number: int) -> None:
        if event := self._one(number, "output-filed"):
            data = OUTPUT | {"output": event.data.output, "title": f"第 {number} 稿"}  # type: ignore[attr-defined]
            self.office.submit("any.correct-entry", correction(event, "work.file-output", data))

    def _standing(self, *names: str) -> list[Event]:
        gone = {event.data.event for event in self._events("entry-revoked")}  # type: ignore[attr-defined]
        return [event for event in self._events(*names) if event.id not in gone]

    @invariant()
    def nothing_counts_without_its_verification_nor_twice(self) -> None:
        if not hasattr(self, "office"):
            return
        verified = [event.data.event for event in self._standing("entry-verified")]  # type: ignore[attr-defined]
        assert len(verified) == len(set(verified))
        made = [event.data.proposal for event in self._standing("output-filed") if event.data.proposal]
        assert len(made) == len(set(made))
        assert set(made) <= set(verified) <= {event.id for event in self._standing("entry-proposed")}

    @invariant()
    def each_settlement_has_its_dispute(self) -> None:
        for key, state in self.office.states.items() if hasattr(self, "office") else ():
            if key[0] == "event" and isinstance(state, Entry):
                said = [fact.type.split(".")[2] for fact in state.facts.values()]
                open_ = 0
                for name in said:
                    open_ += {"entry-disputed": 1, "dispute-settled": -1}.get(name, 0)
                    assert open_ in {0, 1}, said

    def teardown(self) -> None:
        """Whatever happened, all of it can be taken back, the latest first."""
        for event in reversed(self._standing("output-filed", "dispute-settled", "entry-disputed")):
            self.office.revoke(event)
        for event in (*self._standing("entry-verified"), *self._standing("entry-proposed")):
            self.office.revoke(event)
        rows = [state for key, state in self.office.states.items() if key[0] == "event"]
        assert all(state == Entry() for state in rows)


TestProposing = Proposing.TestCase
TestProposing.settings = settings(max_examples=60, stateful_step_count=20)
