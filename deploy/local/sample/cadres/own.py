"""What cadres say themselves: entries that they propose, which are verified, and some that are disputed and settled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Cadre, Office
from deploy.local.sample.together import work
from schemas.base import ActionData, Line
from schemas.entries import taking as contract
from schemas.life.work import CLASSIFIED, FileOutput
from schemas.trust.identity import event_id

SOURCE: Final = "/cadre"
_A_MONTH: Final = 0.03  # of the cadres who propose something
_VERIFIED, _DISPUTED = 0.8, 0.25
_SURELY: Final = 4  # the month in which somebody does, however small the office


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month's proposals; in January the file from which the year's record was begun."""
    if number == 1:
        yield _import(office)
    for place, cadre in enumerate(office.cadres):
        surely = number == _SURELY and place == len(office.cadres) - 1
        if set(cadre.section.lines) - {CLASSIFIED} and (surely or office.rng.random() < _A_MONTH):
            yield from _proposal(office, cadre, number, surely=surely)
        elif surely:
            yield from _proposal(office, cadre, number, surely=True)


def _draft(model: type[ActionData], ident: str, moment: datetime, actor: str, data: dict[str, Any]) -> Draft:
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment, settled=True)


def _import(office: Office) -> Draft:
    moment = at(workday(date(office.year, 1, 6)), 14)
    digest = hashlib.sha256(f"{office.id} {office.year}".encode()).hexdigest()
    data = {"batch": f"b-{office.year}-1", "file_sha256": digest, "rows": len(office.cadres)}
    return _draft(contract.DeclareImport, f"import-{office.year}", moment, office.leaders[0].id, data)


def _proposal(office: Office, cadre: Cadre, number: int, *, surely: bool) -> Iterator[Draft]:
    rng = office.rng
    line: Line = next((line for line in cadre.section.lines if line != CLASSIFIED), "information")
    ident = f"own-{office.year}-{number:02d}-{cadre.id}"
    output = {"output": ident, "lead": cadre.id, "line": line, "title": work.title(office, line), "level": "office"}
    output |= {"effect": rng.choice(("pending", "problem-solved"))}
    moment = at(workday(date(office.year, number, rng.randint(3, 15))), 17, rng.randrange(60))
    yield _draft(contract.ProposeEntry, ident, moment, cadre.id, {"type": FileOutput.TYPE, "data": output})
    about, head = {"event": event_id(office.id, SOURCE, ident, 0)}, office.head(cadre.section).id
    moment += timedelta(days=1)
    if surely or rng.random() < _DISPUTED:
        what = rng.choice(texts.DOUBTS)
        yield _draft(contract.DisputeEntry, f"dispute-{ident}", moment, head, {**about, "what": what})
        moment += timedelta(days=2)
        yield _draft(
            contract.SettleDispute, f"settle-{ident}", moment, office.leaders[0].id, {**about, "upheld": False}
        )
    if surely or rng.random() < _VERIFIED:
        yield _draft(contract.VerifyEntry, f"verify-{ident}", moment + timedelta(hours=20), head, dict(about))
