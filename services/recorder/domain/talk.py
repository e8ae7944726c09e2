"""Heart-to-heart talks: between whom, and which pair of tiers and of party roles that is."""

from typing import Final

from schemas.life import talk as contract
from services.recorder.domain.deciding.core import Action, Rejection, States
from services.recorder.domain.deciding.facts import Ruling, rule
from services.recorder.domain.deciding.timeline import HIGHEST, person

ONE_TO_ONE: Final = 2
GROUP_AT_LEAST: Final = 3
PAIRS: Final = frozenset({"leadership-leadership", "leadership-section-head", "leadership-staff", "section-head-staff"})
COMMITTEE: Final = {"secretary": "committee", "committee": "committee", "member": "member"}


@rule(contract.HoldTalk)
def two_or_three(_states: States, _action: Action, data: contract.HoldTalk) -> Ruling:
    """One to one is between two persons; a group has three or more."""
    members = len(data.members())
    if data.mode == "one-to-one" and members != ONE_TO_ONE:
        return Rejection(
            "talk-not-two",
            f"A one-to-one talk is between two persons; initiator and participants are {members}.",
            f"一对一谈话须在两人之间进行；发起人与参加人共 {members} 人。",
        )
    if data.mode == "group" and members < GROUP_AT_LEAST:
        return Rejection(
            "talk-too-few",
            f"A group talk has three persons or more; initiator and participants are {members}.",
            f"集体谈话须有三人以上；发起人与参加人共 {members} 人。",
        )
    return None


@rule(contract.HoldTalk)
def pairs(states: States, action: Action, data: contract.HoldTalk) -> Ruling:
    """By what each holds on the talk's day; outside the named pairs it is ``peer``."""
    if data.mode != "one-to-one":
        return None
    members = [person(states, action, who) for who in data.members()]
    tiers = sorted((m.highest(action.day) or "none" for m in members), key=(*HIGHEST, "none").index)
    roles = sorted(COMMITTEE.get(m.party_role(action.day) or "", "none") for m in members)
    pair, party_pair = "-".join(tiers), None if "none" in roles else "-".join(roles)
    return {"pair": pair if pair in PAIRS else "peer", "party_pair": party_pair}
