"""A selection's steps: opened by conditions of the pack, recommended, asked about, voted, posted, decided."""

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.appraisal import posting, selection
from schemas.declared import values_of
from schemas.packs import packs
from services.recorder.domain.appraisal import order
from services.recorder.domain.appraisal.notice import posted_until
from services.recorder.domain.deciding.core import Action, Key, Rejection, States, Thing, unknown
from services.recorder.domain.deciding.facts import Data, Ruling, exists, needs, needs_more, rule
from services.recorder.domain.deciding.timeline import stamps
from services.recorder.domain.packs import followed
from services.recorder.domain.packs import key as office
from services.recorder.domain.selection import conditions, rows

STEPS: Final = (
    selection.RecommendCandidate, selection.WithdrawCandidate, selection.RecordOpinion, selection.HoldVote,
    selection.PostCandidates, selection.DecideSelection,
)  # fmt: skip
WORDS: Final = values_of(selection.OpenSelection, "conditions")


@needs(selection.OpenSelection)
def by_which_pack(action: Action, _data: selection.OpenSelection) -> Iterable[Key]:
    """Conditions are the pack's."""
    yield office(action)


@rule(selection.OpenSelection)
def goes_by_the_packs_conditions(states: States, action: Action, data: selection.OpenSelection) -> Ruling:
    """Those that the pack has, of persons or of sections."""
    pack = followed(states, action, action.day)
    fitting = conditions.OF_SECTIONS if data.for_ == "sections" else conditions.OF_PERSONS
    there = [code for code in pack.selection.conditions if code in fitting]
    if strange := [code for code in data.conditions if code not in there]:
        return Rejection(
            "unknown-reference",
            f"The rule pack {pack.pack} has no condition {strange[0]} for {data.for_}. It has: {', '.join(there)}. "
            "Choose among these, or follow another pack.",
            f"规则包 {pack.pack} 对{'科室' if data.for_ == 'sections' else '个人'}没有条件 {strange[0]}。"
            f"现有：{'、'.join(there)}。请从中选用，或采用其他规则包。",
        )
    return {"year": int(action.day[:4]), "rule_pack": pack.pack}


def _subjects(data: Data) -> list[str]:
    if isinstance(data, selection.PostCandidates):
        return list(data.candidates)
    if isinstance(data, selection.DecideSelection):
        return list(data.chosen)
    return [rows.subject(data)] if not isinstance(data, selection.HoldVote) else []


@needs_more(*STEPS)
def what_conditions_ask(states: States, action: Action, data: Data) -> Iterator[Key]:
    """Of whom it is about."""
    return conditions.keys(states, action, data.selection, _subjects(data))


@rule(*STEPS)
def of_its_selection(states: States, action: Action, data: Data) -> Ruling:
    """Its year and pack, where its persons sit; of persons or of sections, as it was opened."""
    opened, subjects = rows.opened(states, action, data.selection), _subjects(data)
    kind = "section" if opened["for_"] == "sections" else "person"
    named = {"person", "section"} & type(data).model_fields.keys()  # else both were looked for
    for who in subjects:
        if (named and getattr(data, kind) is None) or not exists(states, action, kind, who):
            return unknown(kind, who)
    return {
        "year": opened["year"], "rule_pack": opened["rule_pack"],
        "stamps": stamps(states, action, subjects) if kind == "person" else (),
    }  # fmt: skip


# --- candidates ---


def ineligible(states: States, action: Action, ident: str, who: str) -> Rejection | None:
    """Which condition somebody fails."""
    code = conditions.failed(states, action, ident, who)
    if code is None:
        return None
    figure = packs()[rows.opened(states, action, ident)["rule_pack"]].selection.conditions[code].value
    words = WORDS[code]
    return Rejection(
        "not-eligible",
        f"{who} fails the condition {code} ({words.en}; figure {figure}). "
        "Leave this candidate out, or record what is missing first, then send this again.",
        f"{who} 不符合条件 {code}（{words.zh}；标准 {figure}）。请去掉该候选，或先登记所缺内容，再重新发送。",
    )


@rule(selection.RecommendCandidate)
def recommends_who_may_be_chosen(states: States, action: Action, data: selection.RecommendCandidate) -> Ruling:
    """Who meets every condition."""
    return ineligible(states, action, data.selection, rows.subject(data))


@rule(selection.WithdrawCandidate, selection.RecordOpinion)
def is_about_a_candidate(states: States, action: Action, data: Data) -> Ruling:
    """Who was recommended."""
    return _not_recommended(states, action, data.selection, [rows.subject(data)])


def _not_recommended(states: States, action: Action, ident: str, subjects: Iterable[str]) -> Rejection | None:
    there = rows.candidates(rows.row(states, action, ident), action.time)
    strange = next((who for who in subjects if who not in there), None)
    if strange is None:
        return None
    return Rejection(
        "stage-order",
        f"{strange} is no candidate of {ident} by then. Record the recommendation first, then send this again.",
        f"{strange} 当时不是 {ident} 的候选。请先登记推荐，再重新发送。",
    )


@rule(selection.HoldVote)
def votes_on_candidates(states: States, action: Action, data: selection.HoldVote) -> Ruling:
    """Who was recommended."""
    return _not_recommended(states, action, data.selection, data.counts)


@rule(selection.PostCandidates)
def posts_candidates(states: States, action: Action, data: selection.PostCandidates) -> Ruling:
    """Who was recommended and meets every condition, for so many workdays."""
    if no := _not_recommended(states, action, data.selection, data.candidates):
        return no
    for who in data.candidates:
        if no := ineligible(states, action, data.selection, who):
            return no
    ends_on = posted_until(rows.opened(states, action, data.selection)["rule_pack"], data)
    return ends_on if isinstance(ends_on, Rejection) else {"ends_on": ends_on}


# --- decided ---


@rule(selection.DecideSelection)
def chooses_among_those_posted(states: States, action: Action, data: selection.DecideSelection) -> Ruling:
    """As many as there are seats, of those posted to the end, who meet the conditions and whom no objection stops."""
    row, seats = rows.row(states, action, data.selection), rows.opened(states, action, data.selection)["seats"]
    chosen = list(dict.fromkeys(data.chosen))
    if len(all_chosen := rows.chosen_of(row) | set(chosen)) > seats:
        return Rejection(
            "over-quota",
            f"The selection {data.selection} has {seats} seats, and {len(all_chosen)} would be chosen. Choose fewer.",
            f"评先 {data.selection} 有 {seats} 个名额，而将选出 {len(all_chosen)} 个。请减少入选。",
        )
    if no := _not_recommended(states, action, data.selection, chosen):
        return no
    for who in chosen:
        if no := _unposted(row, action, who) or ineligible(states, action, data.selection, who):
            return no
    return None


def _unposted(row: Thing, action: Action, who: str) -> Rejection | None:
    """Why nobody may be chosen yet."""
    before = order.at(row, action.time)
    posted = [held for held in before.of_type(selection.CandidatesPosted).values() if who in held.data["candidates"]]
    if not posted:
        return Rejection(
            "stage-order",
            f"{who} was never posted. Post the candidates first, then send this again.",
            f"{who} 未经公示。请先公示候选，再重新发送。",
        )
    ends_on = min(held.data["ends_on"] for held in posted)
    if action.day <= ends_on:
        return Rejection(
            "posting-running",
            f"The posting of {who} runs until {ends_on}. Decide from the day after on.",
            f"{who} 的公示至 {ends_on} 结束。请自次日起再决定。",
        )
    settled = {
        held.data["objection"]: held.data["upheld"] for held in before.of_type(posting.ObjectionSettled).values()
    }
    raised = [h.data["objection"] for h in before.of_type(posting.ObjectionRaised).values() if h.data["person"] == who]
    for objection in raised:
        if settled.get(objection, True):
            return Rejection(
                "objection-open",
                f"The objection {objection} against {who} isn't settled, or was upheld. Settle it, or choose others.",
                f"对 {who} 的异议 {objection} 尚未处理或已成立。请先处理，或另行选择。",
            )
    return None


@needs_more(posting.RaiseObjection, posting.SettleObjection)
def whose_selection(_states: States, action: Action, data: Data) -> Iterator[Key]:
    """The selection that it is about."""
    if data.selection:
        yield action.key(rows.SELECTION, data.selection)


@rule(posting.RaiseObjection)
def against_a_posted_candidate(states: States, action: Action, data: posting.RaiseObjection) -> Ruling:
    """Only who is posted, as a person."""
    if data.selection is None:
        return None
    row = order.at(rows.row(states, action, data.selection), action.time)
    if any(data.person in held.data["candidates"] for held in row.of_type(selection.CandidatesPosted).values()):
        return None
    return order.out_of_order(posting.ObjectionRaised, data.person, [selection.CandidatesPosted])
