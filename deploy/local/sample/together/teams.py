"""Teams and what they do, what people pass on to each other, and who helps whom on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Cadre, Office
from schemas.base import ActionData
from schemas.life import team as contract

SOURCE: Final = "/union-app"
_TEAMS: Final = (
    ("volunteer", "春晖志愿服务队", "office", ("社区便民服务日", "河岸清洁行动", "助考护考服务", "敬老院陪伴日")),
    ("model-post", "窗口文明示范岗", "office", ("示范岗开放日", "亮牌服务周", "群众评议会")),
    ("chess", "机关围棋队", "district", ("区机关围棋邀请赛", "棋艺交流")),
    ("badminton", "机关羽毛球队", "district", ("区机关羽毛球团体赛", "周末训练")),
)
_TOPICS: Final = (
    "表格函数的用法",
    "会务清单怎么列",
    "台账归档小窍门",
    "调研提纲怎么写",
    "群众来电怎么答",
    "图表怎么配色",
)
_FOR: Final = ("公文写作", "督查业务", "会务保障", "信息编报")
_A_TEAM: Final = 6
_STAR_MONTHS: Final = {3: "Q1", 6: "Q2", 9: "Q3", 12: "Q4"}
_LEAVING, _DISSOLVED = 7, 10


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month of the teams."""
    if number == 1:
        yield from _founding(office)
    teams = _teams(office)
    for place, (ident, kind, titles, members) in enumerate(teams):
        if kind == "chess" and number >= _DISSOLVED:
            continue
        if (number + place) % 2 == 0:
            yield _activity(office, number, ident, titles[number % len(titles)], members)
        if number in _STAR_MONTHS and place == 0:
            period = f"{office.year}{_STAR_MONTHS[number]}"
            star = members[number % len(members)]
            data = {"team": ident, "person": star.id, "period": period, "guide": "excellence"}
            yield _said(office, contract.NameStar, f"star-{ident}-{period}", (number, 26), data)
    if office.youths:
        yield _sharing(office, number, teams[0][0])
    yield from _changes(office, number, teams)


def _teams(office: Office) -> list[tuple[str, str, tuple[str, ...], list[Cadre]]]:
    """Each team's id, kind, activities and members: those that began in it, whoever has moved since."""
    everybody = sorted(office.cadres, key=lambda cadre: cadre.id)
    return [
        (f"tm-{office.year}-{kind}", kind, titles, everybody[place % 2 :: 2][:_A_TEAM])
        for place, (kind, _, _, titles) in enumerate(_TEAMS)
    ]


def _founding(office: Office) -> Iterator[Draft]:
    began = date(office.year, 1, 5).isoformat()
    for (ident, kind, _, members), (_, name, owner, _) in zip(_teams(office), _TEAMS, strict=True):
        data = {"team": ident, "kind": kind, "name": name, "owner": owner, "from_on": began}
        yield _said(office, contract.FormTeam, f"form-{ident}", (1, 6), data)
        for cadre in members:
            yield _said(
                office, contract.JoinTeam, f"join-{ident}-{cadre.id}", (1, 7), _of(office, ident, cadre, (1, 7))
            )
    staff = [cadre for cadre in office.cadres if cadre.tier == "staff"]
    for learner in staff[-2:]:
        mentor = office.head(learner.section)
        if mentor is not learner:
            data = {
                "pairing": f"pa-{office.year}-{learner.id}",
                "mentor": mentor.id,
                "learner": learner.id,
                "for": office.rng.choice(_FOR),
                "from_on": date(office.year, 1, 15).isoformat(),
                "guide": "people",
            }
            yield _said(office, contract.PairUp, f"pair-{learner.id}", (1, 16), data)
            ended = {"pairing": data["pairing"], "on": date(office.year, 11, 16).isoformat()}
            yield _said(office, contract.EndPairing, f"unpair-{learner.id}", (11, 16), ended)


def _changes(office: Office, number: int, teams: list[Any]) -> Iterator[Draft]:
    """In July somebody leaves a team; in October one ends."""
    if number == _LEAVING:
        ident, _, _, members = teams[0]
        gone = members[-1]
        yield _said(office, contract.LeaveTeam, f"leave-{ident}-{gone.id}", (7, 3), _of(office, ident, gone, (7, 3)))
    if number == _DISSOLVED:
        ident = teams[2][0]
        data = {"team": ident, "on": date(office.year, 10, 9).isoformat()}
        yield _said(office, contract.DissolveTeam, f"dissolve-{ident}", (10, 9), data)


def _of(office: Office, ident: str, cadre: Cadre, on: tuple[int, int]) -> dict[str, Any]:
    return {"team": ident, "person": cadre.id, "on": workday(date(office.year, *on)).isoformat()}


def _activity(office: Office, number: int, ident: str, title: str, members: list[Cadre]) -> Draft:
    there = [cadre.id for cadre in members if office.rng.random() < 0.8] or [members[0].id]  # noqa: PLR2004
    day = workday(date(office.year, number, 18))
    data: dict[str, Any] = {
        "team": ident,
        "activity": f"ac-{ident}-{number:02d}",
        "title": title,
        "on": day.isoformat(),
        "persons": there,
        "hours": office.rng.randint(1, 3),
    }
    return _said(office, contract.HoldTeamActivity, data["activity"], (number, 18), data)


def _sharing(office: Office, number: int, team: str) -> Draft:
    """One of the young tells colleagues what the last session of their group was good for."""
    one = office.youths[number % len(office.youths)]
    others = [cadre.id for cadre in office.cadres if cadre is not one]
    data: dict[str, Any] = {
        "sharing": f"sh-{office.year}-{number:02d}",
        "person": one.id,
        "team": team,
        "topic": office.rng.choice(_TOPICS),
        "reached": office.rng.sample(others, min(len(others), office.rng.randint(2, 6))),
        "guide": "innovation",
    }
    return _said(office, contract.ShareKnowledge, data["sharing"], (number, 22), data)


def _said(office: Office, model: type[ActionData], ident: str, on: tuple[int, int], data: dict[str, Any]) -> Draft:
    day = workday(date(office.year, *on))
    moment: datetime = at(day, 17)
    actor = data.get("person") or office.leaders[0].id
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment + timedelta(minutes=30), settled=True)
