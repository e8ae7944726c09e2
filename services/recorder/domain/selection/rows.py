"""A selection's row holds all of it; a section's exchanges and what honours rest on are rows of their own."""

from collections.abc import Iterable
from typing import Any, Final

from schemas.appraisal import posting, selection
from schemas.base import EventData, instant
from schemas.life import work
from services.recorder.domain.deciding.core import Action, States, Thing
from services.recorder.domain.deciding.facts import CITED, Data, fixes, held_in, keeps, thing

SELECTION: Final = "selection"
OF_SUBJECTS: Final[tuple[type[EventData], ...]] = (
    selection.CandidateRecommended, selection.CandidateWithdrawn, selection.OpinionRecorded,
)  # fmt: skip

keeps(selection.SelectionOpened, "honour", "seats", "for_", "conditions", "year", "rule_pack")
fixes(selection.SelectionOpened, "for_", "year", "rule_pack")
for _model, _names in (
    (selection.CandidateRecommended, ()),
    (selection.CandidateWithdrawn, ()),
    (selection.OpinionRecorded, ("of", "against")),
    (selection.SelectionVoted, ()),
    (selection.CandidatesPosted, ("ends_on",)),
    (selection.SelectionDecided, ()),
):
    keeps(_model, *_names, by="")


@held_in(SELECTION, *OF_SUBJECTS, selection.SelectionVoted, selection.CandidatesPosted, selection.SelectionDecided)
def _selection(data: Data) -> Iterable[str]:
    yield data.selection


@held_in(SELECTION, posting.ObjectionRaised, posting.ObjectionSettled)
def _objected(data: posting.ObjectionRaised | posting.ObjectionSettled) -> Iterable[str]:
    if data.selection:
        yield data.selection


@held_in("exchanges", work.SectionExchangeHeld)
def _exchanged(data: work.SectionExchangeHeld) -> Iterable[str]:
    return [f"{section}/{data.month[:4]}" for section in data.sections]


@held_in(CITED, selection.HonourAwarded, derived=True)
def _rested_on(data: selection.HonourAwarded) -> Iterable[str]:
    return data.rests_on


def row(states: States, action: Action, ident: str) -> Thing:
    """All of a selection."""
    return thing(states, action.key(SELECTION, ident))


def opened(states: States, action: Action, ident: str) -> dict[str, Any]:
    """What its opening says."""
    return next((held.data for held in row(states, action, ident).of_type(selection.SelectionOpened).values()), {})


def subject(data: Data) -> str:
    """The person or the section."""
    return str(data.person or data.section)


def candidates(row: Thing, moment: str) -> set[str]:
    """Who was recommended by then, and not withdrawn since."""
    found: set[str] = set()
    for held in row.facts.values():
        if held.type == selection.CandidateRecommended.TYPE and instant(held.time) <= instant(moment):
            found.add(str(held.data.get("person") or held.data.get("section")))
        elif held.type == selection.CandidateWithdrawn.TYPE and instant(held.time) <= instant(moment):
            found.discard(str(held.data.get("person") or held.data.get("section")))
    return found


def chosen_of(row: Thing) -> set[str]:
    """All who are chosen, by however many decisions."""
    return {who for held in row.of_type(selection.SelectionDecided).values() for who in held.data.get("chosen", ())}
