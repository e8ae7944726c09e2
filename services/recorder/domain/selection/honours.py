"""Honours (嘉奖、三等功、先进): of whom a selection chose, of excellent years by the pack, or of another body."""

from collections.abc import Iterator
from typing import Final

from schemas.appraisal import grading as appraisal
from schemas.appraisal import selection
from schemas.declared import values_of
from schemas.packs import Pack, packs
from services.recorder.domain.appraisal.rows import GRADES, cycle_of, last, verdict
from services.recorder.domain.deciding.core import Action, Key, NotLoaded, Rejection, States
from services.recorder.domain.deciding.facts import CITED, Ruling, needs_more, rule, thing
from services.recorder.domain.selection import rows

_WORDS: Final = values_of(appraisal.GradeDecided, "follows")


def years_of(pack: Pack, honour: str) -> int:
    """On how many excellent years on end an honour rests: one, where the pack doesn't know it by that name."""
    for code, figure in pack.appraisal.consequences.items():
        if figure.value.grade == "excellent" and honour in {
            code,
            _WORDS[code].zh,
            _WORDS[code].en,
            f"记{_WORDS[code].zh}",
        }:
            return figure.value.years
    return 1


@needs_more(selection.AwardHonour)
def what_it_rests_on(states: States, action: Action, data: selection.AwardHonour) -> Iterator[Key]:
    """The years' grades, or the selection's decision."""
    if data.cycle and data.person and (cycle := cycle_of(states, action, data.cycle)):
        wanted = range(years_of(packs()[cycle["rule_pack"]], data.honour))
        keys = [action.key(GRADES, f"{data.person}/{cycle['year'] - back}") for back in wanted]
        yield from keys
    yield from (action.key(CITED, event) for event in _behind(states, action, data) or ())


def _behind(states: States, action: Action, data: selection.AwardHonour) -> list[str] | None:
    """The events that it rests on, as far as these are loaded; None where they don't suffice."""
    try:
        return _decisions(states, action, data)
    except NotLoaded:
        return []


def _decisions(states: States, action: Action, data: selection.AwardHonour) -> list[str] | None:
    if data.selection:
        row = rows.row(states, action, data.selection)
        decided = row.of_type(selection.SelectionDecided)
        chosen = [event for event, held in decided.items() if rows.subject(data) in held.data.get("chosen", ())]
        return chosen or None
    if not data.cycle:
        return []
    if not (cycle := cycle_of(states, action, data.cycle)):
        return None
    found: list[str] = []
    for back in range(years_of(packs()[cycle["rule_pack"]], data.honour)):
        row = thing(states, action.key(GRADES, f"{data.person}/{cycle['year'] - back}"))
        said = verdict(row.facts.values())
        if said is None or said.data["grade"] != "excellent":
            return None
        found += [event for event, held in row.facts.items() if held is said]
    return found


@rule(selection.AwardHonour)
def rests_on_what_was_decided(states: States, action: Action, data: selection.AwardHonour) -> Ruling:
    """A selection's choice, or the excellent years that the pack asks for."""
    if data.selection and last(rows.row(states, action, data.selection), selection.SelectionDecided) is None:
        return Rejection(
            "stage-order",
            f"The selection {data.selection} isn't decided. Record the decision first, then send this again.",
            f"评先 {data.selection} 尚未决定。请先登记评先决定，再重新发送。",
        )
    behind = _decisions(states, action, data)
    if behind is not None:
        return {"rests_on": tuple(behind)}
    who = rows.subject(data)
    years = years_of(packs()[cycle_of(states, action, data.cycle)["rule_pack"]], data.honour) if data.cycle else 0
    return Rejection(
        "not-eligible",
        f"{who} was not chosen in {data.selection}." if data.selection
        else f"The condition excellent-years fails: {data.honour} needs {years} excellent years on end, which {who} "
        "hasn't. Record the grades first, or correct honour.",
        f"{who} 未在 {data.selection} 中入选。" if data.selection
        else f"不符合条件 excellent-years：{data.honour} 须连续 {years} 年优秀，{who} 不具备。"
        "请先登记等次，或更正荣誉。",
    )  # fmt: skip
