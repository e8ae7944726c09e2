"""What else is recorded of people: branches, ranks, files, secondments, long leaves, discipline; whose rules go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.base import ActionData, Tier
from schemas.entries import following
from schemas.people import cadres as contract
from schemas.people import discipline

SOURCE: Final = "/oa"
_OF_INSTITUTIONS: Final = "管理岗八级"
_RANKS: Final[dict[Tier, str]] = {
    "leadership": "四级调研员", "section-head": "一级主任科员", "staff": "四级主任科员",
}  # fmt: skip


def beginning(office: Office) -> Iterator[Draft]:
    """On 1 January, after sections, persons and posts: the office's name, its branches, ranks and files."""
    start = at(date(office.year, 1, 1), 9, 15)
    yield _draft("name-office", contract.NameOffice, start, {"name": f"某区委办公室（{office.id}）"})
    pack = {"pack": f"anhui-{office.year}" if office.year in {2025, 2026} else "national-2026"}
    yield _draft("follow-pack", following.FollowPack, start, pack | {"from_on": date(office.year, 1, 1).isoformat()})
    for branch, name in office.branch_names.items():
        yield _draft(f"define-branch-{branch}", contract.DefineBranch, start, {"branch": branch, "name": name})
    for cadre in office.cadres:
        rank = _RANKS[cadre.tier] if cadre.establishment == "civil-service" else _OF_INSTITUTIONS
        data = {"person": cadre.id, "rank": rank, "from_on": cadre.joined_on.isoformat()}
        yield _draft(f"rank-{cadre.id}", contract.SetRank, start, data)
        yield _draft(f"open-file-{cadre.id}", contract.OpenFile, start, {"person": cadre.id, "branch": cadre.branch})


def month(office: Office, number: int) -> Iterator[Draft]:
    """Who goes and comes back: borrowed from March to September, ill from April to November; two cases, what came."""
    borrowed, ill, *_ = office.roles
    day = workday(date(office.year, number, 8))
    moment = at(day, 9, 40)
    match number:
        case 3:
            data = {"secondment": _away(office), "person": borrowed.id, "kind": "borrowed", "direction": "out",
                    "unit": "市委办公室", "from_on": day.isoformat()}  # fmt: skip
            yield _draft("secondment", contract.StartSecondment, moment, data)
            borrowed.away = True
        case 9:
            borrowed.away = False
            yield _draft("secondment-end", contract.EndSecondment, moment, _ends("secondment", _away(office), day))
        case 4:
            data = {"leave": _away(office), "person": ill.id, "reason": "住院手术", "from_on": day.isoformat()}
            yield _draft("long-leave", contract.StartLongLeave, moment, data)
            ill.away = True
        case 11:
            ill.away = False
            yield _draft("long-leave-end", contract.EndLongLeave, moment, _ends("leave", _away(office), day))
        case 6 | 8 | 12:
            yield from _cases(office, number, day, moment)
        case _:
            return


def _cases(office: Office, number: int, day: date, moment: datetime) -> Iterator[Draft]:
    """One is warned; another's case is opened, and closed without a measure."""
    warned, cleared = office.roles.warned, office.roles.cleared
    opened = f"case-{office.id}-{office.year}"
    if number == 6:  # noqa: PLR2004  # June
        data = {"measure": f"warning-{office.id}-{office.year}", "person": warned.id, "measure_kind": "党内警告",
                "case": "decided", "decided_on": (day - timedelta(days=3)).isoformat()}  # fmt: skip
        yield _draft("warning", discipline.RecordDiscipline, moment, data)
    elif number == 8:  # noqa: PLR2004  # August
        data = {"measure": opened, "person": cleared.id, "measure_kind": "立案审查", "case": "open"}
        yield _draft("case", discipline.RecordDiscipline, moment, data)
    else:
        data = {"measure": opened, "on": day.isoformat(), "outcome": "cleared"}
        yield _draft("case-closed", discipline.CloseDiscipline, moment, data)


def _away(office: Office) -> str:
    return f"away-{office.id}-{office.year}"


def _ends(name: str, ident: str, day: date) -> dict[str, Any]:
    return {name: ident, "on": day.isoformat()}


def _draft(ident: str, model: type[ActionData], moment: datetime, data: dict[str, Any]) -> Draft:
    return Draft(SOURCE, ident, model.TYPE, moment, "oa-personnel", data, "hand", moment, settled=True)
