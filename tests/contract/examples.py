"""Every type's example: the actions stored in ``samples``, one after the other, and the events that they become."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from schemas.catalogue import ACTIONS, EVENTS
from services.recorder.domain.deciding.core import NO_TERMS, Action, Event, Rejection
from services.recorder.intake.reading import Readable, read
from services.recorder.ledger.appending.bodies import frame
from tests.unit.office import Office, sealed, sender

SAMPLES: Final = Path(__file__).parent / "samples"
_LEDGER: Final = "urn:chengzhang:ledger:3f0e6f0a-5a0e-4b53-9d0c-2f4c7c1f7a10"
_PERSON: Final = {"name": "李", "branch": "机关第一党支部", "joined_on": "2020-01-01", "birth_year": 1990}
_POST: Final = {"person": "p-2", "tier": "staff", "section": "s-1", "from_on": "2020-01-01"}
_SESSION: Final = {
    "session": "m-2", "items": ["i-1"], "carriers": ["branch"], "kinds": ["lecture"], "title": "专题党课",
    "starts_at": "2026-05-06T15:00:00+08:00", "minutes": 90, "chair": "p-1",
}  # fmt: skip
_MORE: Final = ("p-11", "p-12", "p-13", "p-14")
_CASE: Final = {"cycle": "cy-2026", "person": "p-12"}
_UNDETERMINED: Final = {"grade": "undetermined", "reason": "investigation", "appraised_by": "office"}
# What the examples rest on besides each other, before the example of a type.
_BEFORE: Final[dict[str, list[tuple[str, dict[str, Any]]]]] = {
    "define-section": [("people.define-section", {"section": "s-2", "name": "信息科"})],
    "register-person": [("people.register-person", {"person": ident, **_PERSON}) for ident in ("p-2", "p-3")],
    "assume-post": [
        ("people.assume-post", {**_POST, "post": "post-2"}),
        ("people.assume-post", {**_POST, "post": "post-3", "concurrent": True}),
    ],
    "close-discipline": [
        ("people.record-discipline", {"measure": "d-2", "person": "p-1", "measure_kind": "立案", "case": "open"}),
    ],
    "open-cycle": [
        (name, {"person": ident, **more})
        for ident in _MORE
        for name, more in (
            ("people.register-person", _PERSON),
            ("people.assume-post", {**_POST, "person": ident, "post": f"post-{ident}"}),
        )
    ],
    "request-review": [
        ("appraisal.propose-grade", {**_CASE, **_UNDETERMINED, "comment": "审查中。"}),
        ("appraisal.decide-grade", {**_CASE, "grade": "undetermined", "by": "head"}),
        ("appraisal.give-notice", {**_CASE, "on": "2026-12-18"}),
    ],
    "withdraw-candidate": [
        ("selection.recommend-candidate", {"selection": "sel-1", "person": "p-13", "by": "branch"}),
    ],
    "reschedule-session": [("learning.convene-session", _SESSION)],
    "settle-effect": [
        (
            "work.file-output",
            {
                "output": "u-2",
                "lead": "p-1",
                "participants": ["p-3"],
                "line": "policy-research",
                "title": "加装电梯调研",
                "level": "district",
                "effect": "pending",
            },
        ),
    ],
}


def example(name: str) -> dict[str, Any]:
    """The stored action of a type, whole."""
    fields: dict[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    return fields


def recorded(office: Office) -> Iterator[tuple[Action, list[Event]]]:
    """Each example recorded in an office, in the order of their ids, and the events that it became.

    Fails where one is refused.
    """
    for fields in sorted(map(example, ACTIONS), key=lambda each: int(each["id"].partition("-")[2])):
        for name, data in _BEFORE.get(fields["type"].split(".")[2], ()):
            office.did(name, data, fields["time"])
        readable = read(fields, orjson.dumps(fields))
        assert isinstance(readable, Readable)
        assert readable.action is not None, readable.refusal
        action = sealed(readable.action).under(NO_TERMS, sender(fields["type"]))
        decided = office.decide(office.aimed(action))
        assert not isinstance(decided, Rejection), (fields["type"], decided)
        yield action, decided


def events() -> dict[str, bytes]:
    """The event of each type that the examples become, as it would be written."""
    office, written = Office(), dict[str, bytes]()
    for action, decided in recorded(office):
        for event in decided:
            made = frame(_LEDGER, 2, "2026-11-20T01:00:00.000000Z", "publisher", action, event).written(
                event, office.count, 1
            )
            written.setdefault(event.data.TYPE, made)
    return written


def store_missing() -> list[Path]:
    """Store the event of each type that has no sample yet: from then on it stands for what is in ledgers."""
    missing = {SAMPLES / f"{name}.json": body for name, body in events().items() if name in EVENTS}
    new = [path for path in missing if not path.exists()]
    for path in new:
        path.write_bytes(missing[path] + b"\n")
    return new
