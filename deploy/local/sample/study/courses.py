"""Courses that people complete, a few every month; now and then somebody's requirement is waived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.learning import courses as contract

SOURCE: Final = "/training"
_SHARE: Final = 0.05  # of the cadres, a month
_COURSES: Final = (
    ("off-the-job", "科级干部任职培训班", "区委组织部", "区委党校", 5, 4000),
    ("off-the-job", "依法行政专题班", "市委组织部", "市委党校", 3, 2400),
    ("recognised", "公文处理业务培训", "区委办公室", "区委党校", 2, 1200),
    ("online", "基层治理网络专题班", "省委组织部", "干部网络学院", 0, 2000),
)


def month(office: Office, number: int) -> Iterator[Draft]:
    """Those that end in the month."""
    rng = office.aside
    for cadre in office.cadres:
        if rng.random() < _SHARE:
            kind, title, organiser, institution, days, centi_xueshi = rng.choice(_COURSES)
            first = workday(date(office.year, number, 3 + rng.randrange(10)))
            last = first + timedelta(days=max(days - 1, 6 if kind == "online" else 0))
            data: dict[str, Any] = {
                "course": f"course-{number:02d}-{cadre.id}", "person": cadre.id, "title": title,
                "organiser": organiser, "institution": institution, "kind": kind,
                "from_on": first.isoformat(), "to_on": last.isoformat(), "centi_xueshi": centi_xueshi, "days": days,
                "leave_centi_xueshi": rng.choice((0, 0, 0, 200)) if kind == "off-the-job" else 0,
            }  # fmt: skip
            moment = at(last, 17, rng.randrange(60))
            yield Draft(SOURCE, f"course-{number:02d}-{cadre.id}", contract.RecordCourse.TYPE, moment, "training",
                        data, "machine", moment, settled=True)  # fmt: skip
    if number == 11:  # noqa: PLR2004  # the month in which who was away is looked at
        cadre, moment = office.cadres[-1], at(workday(date(office.year, number, 10)), 10)
        data = {"person": cadre.id, "year": office.year, "basis": "组织部门免学通知"}
        yield Draft(SOURCE, f"waive-{cadre.id}", contract.WaiveRequirement.TYPE, moment, "training", data, "hand",
                    moment, settled=True)  # fmt: skip
