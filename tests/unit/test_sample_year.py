"""The sample: valid, the same for the same seed, and like an office's year."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

import orjson
import pytest

from deploy.local.sample import year
from deploy.local.sample.days import ZONE
from schemas.base import ActionData
from schemas.catalogue import ACTIONS
from schemas.envelope import LARGEST_ACTION, ActionEnvelope
from schemas.people import erasure

SIZE = year.Size(2026, offices=2, cadres=40, seed=7)
Action = dict[str, Any]


@pytest.fixture(scope="module")
def actions() -> list[Action]:
    return [orjson.loads(line) for line in year.lines(SIZE)]


def of(actions: list[Action], word: str) -> list[Action]:
    return [action for action in actions if action["type"].split(".")[2] == word]


def checked(action: Action) -> Iterator[ActionData]:
    ActionEnvelope.model_validate(action)
    data = ACTIONS[action["type"]].model_validate(action["data"])
    yield data
    if replacement := action["data"].get("replacement"):
        yield ACTIONS[replacement["type"]].model_validate(replacement["data"])


def test_every_line_is_a_valid_action(actions: list[Action]) -> None:
    for action in actions:
        assert all(checked(action))
        assert len(orjson.dumps(action)) <= LARGEST_ACTION
    nobody_is_erased = {model.TYPE for model in get_args(erasure.Erasing)}
    assert {action["type"] for action in actions} == set(ACTIONS) - nobody_is_erased


def test_the_same_seed_gives_the_same_bytes_in_another_process(actions: list[Action]) -> None:
    program = (
        "import sys; from deploy.local.sample import year;"
        "sys.stdout.buffer.writelines(year.lines(year.Size(2026, offices=2, cadres=40, seed=7)))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "America/Lima"}
    made = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert made.stdout == b"".join(orjson.dumps(action) + b"\n" for action in actions)


def test_another_seed_gives_another_year() -> None:
    other = year.Size(2026, offices=2, cadres=40, seed=8)
    assert next(year.lines(other)) == next(year.lines(SIZE))  # the sections are what they are
    assert list(year.lines(other)) != list(year.lines(SIZE))


def test_an_office_is_the_same_however_many_stand_beside_it(actions: list[Action]) -> None:
    alone = list(year.actions(year.Size(2026, offices=1, cadres=40, seed=7)))
    assert [action for action in actions if action["office"] == "o-1"] == alone


def test_a_year_so_far_is_the_beginning_of_the_whole(actions: list[Action]) -> None:
    until = datetime(2026, 6, 15, 12, tzinfo=ZONE)
    so_far = list(year.actions(year.Size(2026, offices=2, cadres=40, seed=7, until=until)))
    assert so_far == actions[: len(so_far)]
    assert max(datetime.fromisoformat(action["time"]) for action in so_far) <= until


def test_all_happens_in_the_year(actions: list[Action]) -> None:
    assert {action["time"][:4] for action in actions} == {"2026"}


def test_ids_are_used_once(actions: list[Action]) -> None:
    keys = Counter((action["office"], action["source"], action["id"]) for action in actions)
    assert keys.most_common(1)[0][1] == 1


def test_four_sessions_a_month_and_carrier(actions: list[Action]) -> None:
    held: Counter[tuple[str, str, str]] = Counter()
    for session in of(actions, "convene-session"):
        group = session["data"]["session"].rsplit("-", 1)[0]  # year, month and group
        held[session["office"], session["data"]["starts_at"][:7], group] += 1
    assert set(held.values()) == {4}
    assert {session["data"]["carriers"][0] for session in of(actions, "convene-session")} == {
        "central-group",
        "youth-group",
        "branch",
        "section",
    }
    assert {month for _, month, _ in held} == {f"2026-{number:02d}" for number in range(1, 13)}


def test_three_to_eight_percent_are_on_leave(actions: list[Action]) -> None:
    carriers = {a["data"]["session"]: a["data"]["carriers"][0] for a in of(actions, "convene-session")}
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for roll in of(actions, "record-attendance"):
        states[carriers[roll["data"]["session"]]].update(line["state"] for line in roll["data"]["roll"])
    assert all(0.03 <= counted["leave"] / counted.total() <= 0.08 for counted in states.values())


def test_nobody_is_in_two_places(actions: list[Action]) -> None:
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for session in of(actions, "convene-session"):
        start = datetime.fromisoformat(session["data"]["starts_at"])
        for person in session["data"]["expected"]:
            spans[person].append((start, start + timedelta(minutes=session["data"]["minutes"])))
    for mine in spans.values():
        ordered = sorted(mine)
        assert all(before[1] <= after[0] for before, after in pairwise(ordered))


def test_every_cadre_has_a_talk_and_most_meet_the_requirement(actions: list[Action]) -> None:
    cadres = {action["data"]["person"] for action in of(actions, "register-person")}
    talked = {person for talk in of(actions, "hold-talk") for person in talk["data"]["participants"]}
    assert talked >= cadres
    recognised: Counter[str] = Counter()
    for credit in of(actions, "credit-hours"):
        if credit["data"]["account"] == "recognised":
            recognised[credit["data"]["person"]] += credit["data"]["centi_xueshi"]
    met = sum(recognised[cadre] >= 9000 for cadre in cadres)
    assert 0.5 < met / len(cadres) < 1


def test_group_talks_have_three_members_and_others_two(actions: list[Action]) -> None:
    for talk in of(actions, "hold-talk"):
        members = {talk["data"]["initiator"], *talk["data"]["participants"]}
        assert len(members) == 2 if talk["data"]["mode"] == "one-to-one" else len(members) >= 3


def test_one_percent_is_corrected_and_one_percent_is_late(actions: list[Action]) -> None:
    corrections = of(actions, "correct-entry") + of(actions, "revoke-entry")
    late = [action for action in actions if "late_reason" in action["data"]]
    assert len(corrections) >= 0.01 * len(actions)
    assert len(late) >= 0.01 * len(actions)
    corrected = {action["data"]["replacement"]["type"].split(".")[2] for action in of(actions, "correct-entry")}
    assert {"convene-session", "record-attendance", "credit-hours", "file-output"} <= corrected
    assert any(action["id"].startswith("again-") for action in corrections)


def test_classified_communications_have_no_titles(actions: list[Action]) -> None:
    for output in of(actions, "file-output"):
        classified = output["data"]["line"] == "classified-communications"
        assert ("title" in output["data"]) is not classified
        assert ("count" in output["data"]) is classified


def test_offices_of_every_size_have_a_year() -> None:
    for cadres in (6, 7, 9, 24, 130):
        for action in year.actions(year.Size(2025, offices=1, cadres=cadres, seed=1)):
            assert all(checked(action))
    with pytest.raises(ValueError, match="5"):
        next(year.actions(year.Size(2026, cadres=5)))


def test_a_transfer_comes_after_facts_that_it_touches(actions: list[Action]) -> None:
    touched = set[str]()
    for number, moved in enumerate(actions):
        if moved["type"].endswith("transfer-person.v1"):
            who, on = moved["data"]["person"], moved["data"]["on"]
            before = (each for each in actions[:number] if each["type"].endswith("record-attendance.v1"))
            if any(each["time"][:10] >= on and who in str(each["data"]["roll"]) for each in before):
                touched.add(moved["office"])
    assert touched == {"o-1", "o-2"}  # one a year in each office
