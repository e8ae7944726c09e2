"""What of a selection rests on what: nobody is asked about, posted or chosen who wasn't a candidate."""

from collections.abc import Iterator

from schemas.appraisal import posting, selection
from services.recorder.domain.appraisal import order
from services.recorder.domain.appraisal.rows import last
from services.recorder.domain.deciding.core import Event, Rejection, States, Thing, rests
from services.recorder.domain.deciding.facts import Data, upholds
from services.recorder.domain.selection import rows


@upholds(selection.CandidateRecommended, selection.CandidatesPosted, selection.SelectionOpened)
def what_comes_after_still_may(after: States, event: Event, data: Data) -> Rejection | None:
    """Nobody is asked about, posted or chosen who wasn't a candidate."""
    row = after.of(Thing, event.key(rows.SELECTION, data.selection))
    loose = list(_loose(row))
    return rests(event.id, loose) if loose else None


def _loose(row: Thing) -> Iterator[str]:
    opened = last(row, selection.SelectionOpened)
    enough = opened is None or len(rows.chosen_of(row)) <= opened.data["seats"]
    for ident, held in row.facts.items():
        there = rows.candidates(row, held.time)
        posted = {who for fact in order.at(row, held.time).of_type(selection.CandidatesPosted).values()
                  for who in fact.data["candidates"]}  # fmt: skip
        said = held.data
        match held.type:
            case selection.OpinionRecorded.TYPE:
                holds = (said.get("person") or said.get("section")) in {*there, *_ever(row, held.time)}
            case selection.CandidatesPosted.TYPE:
                holds = set(said["candidates"]) <= _ever(row, held.time)
            case selection.SelectionDecided.TYPE:
                holds = enough and set(said.get("chosen", ())) <= posted & there
            case posting.ObjectionRaised.TYPE:
                holds = said["person"] in posted
            case _:
                holds = True
        if not holds:
            yield ident


def _ever(row: Thing, time: str) -> set[str]:
    recommended = order.at(row, time).of_type(selection.CandidateRecommended).values()
    return {str(held.data.get("person") or held.data.get("section")) for held in recommended}
