"""``coming_dates``: probation, bars that still stand, secondments that end."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By day, person and what it is; of several the one recorded last."""
    found = {}
    closed = {fact.data["measure"] for fact in known.standing("people.discipline-closed")}
    for fact in known.standing("people.person-registered", "people.discipline-recorded", "people.secondment-ended"):
        told = {"event_id": fact.event["id"]}
        data = fact.data
        if fact.name == "people.person-registered":
            if "probation_until" in data:
                found[data["probation_until"], data["person"], "probation"] = told
        elif fact.name == "people.discipline-recorded":
            if data["measure"] not in closed and data.get("bars"):
                years = [bar["year"] for bar in data["bars"]]
                found[f"{max(years)}-12-31", data["person"], "bar"] = told
        else:
            for stamp in fact.stamps:
                found[data["on"], stamp["person"], "secondment"] = told
    for fact in known.standing("appraisal.notice-given"):
        found[fact.data["review_until"], fact.data["person"], "review"] = {"event_id": fact.event["id"]}
    for fact in known.standing("appraisal.excellent-list-posted", "selection.candidates-posted"):
        persons = fact.data.get("persons") or [stamp["person"] for stamp in fact.stamps]
        for person in persons:
            found[fact.data["ends_on"], person, "posting"] = {"event_id": fact.event["id"]}
    return found
