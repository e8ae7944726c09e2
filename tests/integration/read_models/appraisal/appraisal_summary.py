"""``appraisal_summary``: what the program in an evidence bundle works out, for each year in which a post was held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

from services.recorder.audit.offline import program
from services.recorder.audit.offline import standalone as verify
from tests.integration.read_models.known import Known

for _name, _value in program.declared().items():  # as the program in a bundle has them
    getattr(verify, _name).update(_value)


def keys(known: Known) -> Iterator[tuple[Any, ...]]:
    """Years of posts, up to the one in which anything was recorded last."""
    if not known.events:
        return
    last = datetime.fromisoformat(known.events[-1]["recordedtime"]).astimezone(timezone(timedelta(hours=8))).year
    for post in known.standing("people.post-assumed"):
        since = date.fromisoformat(post.data["from_on"])
        ends = [
            date.fromisoformat(end.data["on"]) - timedelta(days=1)
            for end in known.standing("people.post-ended", "people.person-left")
            if end.data["person"] == post.data["person"]
            and (
                end.data["post"] == post.data["post"] if "post" in end.data else end.data["on"] >= post.data["from_on"]
            )
        ]
        until = min((*ends, date(last, 12, 31)))
        yield from ((post.data["person"], year) for year in range(since.year, until.year + 1) if since <= until)


def row(known: Known, key: tuple[Any, ...]) -> dict[str, Any]:
    """The figures of a person's year."""
    person, year = key
    told = verify.figures(known.events, "o-1", person, year)
    return {**told, "section_name": known.called(told["section"])}
