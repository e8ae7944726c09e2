"""What a session brings beside its roll: minutes, speeches, reflections, places in contests, notes, make-up."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.draft import Draft, year_end
from schemas.learning import meeting as contract
from schemas.learning.sessions import Carrier, Kind

SOURCE: Final = "/study-platform"
_KEPT: Final[dict[Carrier, float]] = {"central-group": 1.0, "branch": 0.9, "youth-group": 0.3, "section": 0.1}
_SPOKEN: Final[dict[Kind, int]] = {"exchange": 2, "discussion": 1, "speech-contest": 3}
_CONTESTS: Final = ("speech-contest", "quiz")
_REFLECTED, _OBSERVED, _MADE_UP = 0.06, 0.1, 0.5


def by(  # noqa: PLR0917  # what it is told from
    rng: random.Random, ident: str, carrier: Carrier, kind: Kind, end: datetime, roll: Sequence[dict[str, Any]]
) -> Iterator[Draft]:
    """What that session brought; who was there is on its roll."""
    there = [line["person"] for line in roll if line["minutes"]]
    if not there:
        return
    if rng.random() < _KEPT[carrier]:
        speakers = rng.sample(there, min(2, len(there)))
        data = {"session": ident, "recorder": there[-1], "speakers": speakers, "ended_at": end.isoformat(),
                "document_sha256": _digest("minutes", ident)}  # fmt: skip
        yield _draft(f"minutes-{ident}", contract.RecordMinutes.TYPE, end, there[-1], data, rng)
    for part, person in zip(("keynote", "free", "free"), there[: _SPOKEN.get(kind, 0)], strict=False):
        data = {"session": ident, "person": person, "part": part, "topic": rng.choice(texts.SPEECHES)}
        yield _draft(f"speech-{ident}-{person}", contract.DeliverSpeech.TYPE, end, person, data, rng)
    if kind in _CONTESTS:
        for place, person in enumerate(rng.sample(there, min(3, len(there))), 1):
            points = 98_000 - 1_500 * place - rng.randrange(1000)
            data = {"session": ident, "person": person, "milli_points": points, "place": place}
            yield _draft(f"contest-{ident}-{person}", contract.ScoreContest.TYPE, end, there[0], data, rng)
    for person in there:
        if carrier in {"central-group", "youth-group"} and rng.random() < _REFLECTED:
            data = {"session": ident, "person": person, "document_sha256": _digest(person, ident)}
            yield _draft(f"reflect-{ident}-{person}", contract.SubmitReflection.TYPE, end, person, data, rng)
    if carrier == "central-group" and rng.random() < _OBSERVED:
        on = (end + timedelta(days=2)).date().isoformat()
        data = {"session": ident, "unit": "上级宣传部门", "note": rng.choice(texts.OBSERVED), "on": on}
        yield _draft(f"observe-{ident}", contract.ObserveSession.TYPE, end, there[0], data, rng)


def made_up(
    rng: random.Random, ident: str, start: datetime, entered: datetime, roll: Sequence[dict[str, Any]]
) -> Iterator[Draft]:
    """Half of those who were away make it up within ten days."""
    for line in roll:
        if not line["minutes"] and rng.random() < _MADE_UP:
            moment = max(entered, start + timedelta(days=rng.randint(1, 9))) + timedelta(hours=1)
            if moment < year_end(start.year):
                form = rng.choice(("reading", "recording", "tutoring"))
                data = {"session": ident, "person": line["person"], "on": moment.date().isoformat(), "form": form}
                yield Draft(SOURCE, f"make-up-{ident}-{line['person']}", contract.CompleteMakeUp.TYPE, moment,
                            line["person"], data, "hand", moment, settled=True)  # fmt: skip


def _draft(  # noqa: PLR0917  # what it is told from
    ident: str, type_: str, end: datetime, actor: str, data: dict[str, Any], rng: random.Random
) -> Draft:
    handed_in = min(end + timedelta(minutes=rng.randint(10, 4000)), year_end(end.year))
    return Draft(SOURCE, ident, type_, end, actor, data, "hand", handed_in, settled=True)


def _digest(*parts: str) -> str:
    return sha256("/".join(parts).encode()).hexdigest()
