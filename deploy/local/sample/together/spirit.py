"""The office's spirit: phrases from everybody in spring, adopted before summer; conduct recognised all year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.base import ActionData
from schemas.life import spirit as contract

SOURCE: Final = "/oa"
_TALKING, _ADOPTING = 3, 5  # months
_MOST_PHRASES: Final = 10
_ADOPTED: Final = 3
_A_MONTH: Final = 0.05  # of the cadres whose conduct is recognised
_SECTIONS: Final = (6, 12)  # months in which a section's is, too


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month's phrases, and whose conduct was recognised."""
    if number == _TALKING:
        yield from _phrases(office, number)
    if number == _ADOPTING:
        yield _adopt(office, number)
    for cadre in office.cadres:
        if office.rng.random() < _A_MONTH or (cadre is office.cadres[0] and number == _ADOPTING):
            yield _recognise(office, number, {"person": cadre.id}, "head" if cadre.tier != "staff" else "cadre")
    if number in _SECTIONS:
        yield _recognise(office, number, {"section": office.rng.choice(office.sections[1:]).id}, "team")


def _moment(office: Office, number: int) -> datetime:
    return at(workday(date(office.year, number, office.rng.randint(4, 22))), 11, office.rng.randrange(60))


def _draft(model: type[ActionData], ident: str, moment: datetime, actor: str, data: dict[str, Any]) -> Draft:
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment, settled=True)


def _phrases(office: Office, number: int) -> Iterator[Draft]:
    """大家谈: one phrase each, of as many as there are phrases."""
    speakers = office.rng.sample(office.cadres, min(len(office.cadres), _MOST_PHRASES))
    for place, cadre in enumerate(speakers):
        data = {"phrase": f"ph-{office.year}-{place + 1}", "person": cadre.id, "text": texts.PHRASES[place]}
        yield _draft(contract.ProposePhrase, data["phrase"], _moment(office, number), cadre.id, data)


def _adopt(office: Office, number: int) -> Draft:
    chosen = range(min(_ADOPTED, len(office.cadres)))
    moment, ident = _moment(office, number), f"sp-{office.year}"
    data = {
        "spirit": ident,
        "phrases": [{"text": texts.PHRASES[place], "from": [f"ph-{office.year}-{place + 1}"]} for place in chosen],
        "guides": [{"guide": guide, "text": text} for guide, text in texts.GUIDES.items()],
        "on": moment.date().isoformat(),
    }
    return _draft(contract.AdoptSpirit, ident, moment, office.leaders[0].id, data)


def _recognise(office: Office, number: int, whose: dict[str, str], good: str) -> Draft:
    guide = office.rng.choice(list(texts.CONDUCT))
    ident = f"r-{office.year}-{number:02d}-{next(iter(whose.values()))}"
    data = {"recognition": ident, **whose, "guide": guide, "for_what": office.rng.choice(texts.CONDUCT[guide])}
    data |= {"good": good} if office.rng.random() < 0.3 else {}  # noqa: PLR2004
    leader = office.leaders[-1].id
    return _draft(contract.RecogniseConduct, ident, _moment(office, number), leader, data | {"by": leader})
