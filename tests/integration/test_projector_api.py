"""The read API, in the process, on a real database: what is answered, to whom, and as of when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest

from schemas.trust.identity import shard_of
from services.projector.api import reading as reading_module
from services.projector.api.live import Live
from tests.integration.projector_api import REST, Api, api_on
from tests.integration.projector_world import SHARDS, World, execute, fold


@pytest.fixture
async def api(database: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with api_on(database, tmp_path) as made:
        yield made


def _office() -> World:
    world = World()
    for person, section in (("p-1", "x"), ("p-2", "x"), ("p-3", "y")):
        world.register(person)
        world.assume(person, section)
    world.convene("s-1", title="Reading")
    return world


async def test_a_growth_file_is_as_the_interface_says(api: Api) -> None:
    world = _office()
    event = world.attend("s-1", "p-1", guide="people")
    await fold(api.engine, world.records)
    assert await api.json("/people/p-1/growth-file") == {
        "person": "p-1",
        "name": "Zhang",
        "as_of": None,
        "years": [
            {
                "office": "o-1",
                "year": 2026,
                "by_group": {"learning": 1},
                "by_guide": {"people": 1},
                "by_session_kind": {"lecture": 1},
                "by_carrier": {"section": 1},
                "outputs_by_effect": {},
                "last_entry_at": "2026-03-02T03:00:00Z",
            }
        ],
        "entries": [
            {
                "office": "o-1",
                "event_id": event,
                "event": "chengzhang.learning.attendance-recorded.v1",
                "entry_group": "learning",
                "title": "Reading",
                "guide": "people",
                "occurred_at": "2026-03-02T03:00:00Z",
                "recorded_at": "2026-03-01T00:00:07Z",
                "revoked_at": None,
                "state": "verified",
                "section": "x",
                "section_name": None,
                "tier": "staff",
                "centi_xueshi": None,
                "shard": 2,
                "position": 7,
            }
        ],
        "next": None,
        "seen": {"2": 8},
    }


async def test_an_appraisal_is_as_the_interface_says(api: Api) -> None:
    world = _office()
    output = world.output("p-1", guide="results")
    credit = world.credit("s-1", "p-1", 9000)
    world.record("people.section-defined", "2026-01-05T01:00:00Z", {"section": "x", "name": "秘书科"}, "section/x", [])
    await fold(api.engine, world.records)
    wanted = {
        "office": "o-1",
        "person": "p-1",
        "name": "Zhang",
        "year": 2026,
        "section": "x",
        "section_name": "秘书科",
        "tier": "staff",
        "stage": "not-opened",
        "requirement_met": True,
        "requirement_events": [credit],
        "evidence_by_group": {"work": 1, "learning": 1},
        "evidence_by_guide": {"results": 1},
        "evidence_events": [credit, output],
        "routine_grades": [],
        "duty_reports": [],
        "proposed_grade": None,
        "grade": None,
        "admitted_events": [],
        "cycle": None,
        "pool": "civil-service",
        "establishment": "civil-service",
        "special_appraisals": [],
        "bars": [],
        "missing": [],
        "posting_ends_on": None,
        "notice_signed_on": None,
        "appraised_by": None,
        "reason": None,
        "follows": [],
    }
    assert await api.json("/people/p-1/appraisals/2026") == {**wanted, "seen": {"2": 10}}
    page = await api.json("/offices/o-1/appraisals/2026?limit=1")
    assert page == {"office": "o-1", "items": [wanted], "next": page["next"], "seen": {"2": 10}}
    assert (await api.get("/people/p-1/appraisals/2031")).status_code == 404


async def test_a_file_is_read_as_it_stood(api: Api) -> None:
    world = _office()
    world.revoke(world.output("p-1"))
    world.events[-1]["recordedtime"] = "2026-06-30T15:59:59.000000Z"
    await fold(api.engine, world.records)
    for as_of, stands, shown in (
        ("2026-02-28", False, False),
        ("2026-03-01", True, True),
        ("2026-06-29", True, True),
        ("2026-06-30", False, True),
        ("2026-06-30T15:59:58Z", True, True),
    ):
        file = await api.json(f"/people/p-1/growth-file?as_of={as_of}")
        assert file["as_of"] == as_of
        assert [year["by_group"] for year in file["years"]] == ([{"work": 1}] if stands else [])
        assert [entry["revoked_at"] is None for entry in file["entries"]] == ([stands] if shown else [])
    assert (await api.get("/people/p-1/growth-file?as_of=2026-02-30")).status_code == 422


async def test_names_and_seats_are_those_of_the_day_that_is_asked_for(api: Api) -> None:
    world = World()
    registered, seated = world.register("p-1"), world.assume("p-1", "x")
    world.correct(registered, name={"ct": "After"})
    world.correct(seated, section="y", stamps=[{"person": "p-1", "section": "y", "tier": "staff"}])
    for event in world.events[2:]:
        event["recordedtime"] = "2026-03-02T00:00:00.000000Z"
    api.recorder.legible = True
    await fold(api.engine, world.records)
    for as_of, name, section in (("2026-03-01", "c2VhbGVk", "x"), ("2026-03-02", "After", "y")):
        one = await api.json(f"/people/p-1/appraisals/2026?as_of={as_of}")
        assert (one["name"], one["section"]) == (name, section)
        listed = await api.json(f"/offices/o-1/appraisals/2026?as_of={as_of}&section={section}")
        assert listed["items"] == [{member: value for member, value in one.items() if member != "seen"}]
    assert (await api.json("/offices/o-1/appraisals/2026?as_of=2026-03-02&section=x"))["items"] == []
    assert (await api.get("/people/p-1/appraisals/2026?as_of=2026-02-28")).status_code == 404


async def test_before_a_move_the_appraisal_is_the_old_offices(api: Api) -> None:
    old, new = World(office="o-1"), World(office="o-3")
    for world, more, day in ((old, {}, "01"), (new, {"previous": "o-1"}, "05")):
        world.register("p-1", **more)
        world.assume("p-1", "x")
        world.output("p-1")
        if world is old:
            world.leave("p-1", "o-3")
        for event in world.events:
            event["recordedtime"] = f"2026-03-{day}T00:00:00.000000Z"
        await fold(api.engine, world.records)
    for as_of, office, years in (("2026-03-03", "o-1", ["o-1"]), ("2026-03-07", "o-3", ["o-1", "o-3"])):
        assert (await api.json(f"/people/p-1/appraisals/2026?as_of={as_of}"))["office"] == office
        file = await api.json(f"/people/p-1/growth-file?as_of={as_of}")
        assert [year["office"] for year in file["years"]] == years


async def test_a_list_is_narrowed_to_a_person_a_section_or_a_part_of_its_key(api: Api) -> None:
    world = _office()
    world.talk("p-1", "p-2", time="2026-03-05T03:00:00Z")
    world.talk("p-2", "p-3", time="2026-04-05T03:00:00Z")
    await fold(api.engine, world.records)
    for query, months in (
        ("person=p-2", ["2026-03", "2026-04"]),
        ("person=p-3", ["2026-04"]),
        ("section=y", ["2026-04"]),
        ("month=2026-03", ["2026-03"]),
        ("month=2026-03&person=p-3", []),
        ("section=x&as_of=2026-03-01", ["2026-03", "2026-04"]),
        ("section=x&as_of=2026-02-28", []),
    ):
        page = await api.json(f"/offices/o-1/talk-coverage?{query}")
        assert [item["month"] for item in page["items"]] == months, query


async def test_what_explains_a_figure_comes_page_by_page_to_whoever_may_read_its_row(api: Api) -> None:
    world = _office()
    outputs = [world.output("p-3", time=f"2026-03-0{day}T00:00:00Z") for day in (3, 1, 2)]
    await fold(api.engine, world.records)
    asked = "/offices/o-1/work-outputs?explain=outputs&person=p-3&line=information&effect=adopted&month=2026-03"
    told = await api.json(asked)
    assert (told["figure"], told["value"], told["next"], told["seen"]) == ("outputs", 3, None, {"2": 10})
    wanted = [outputs[1], outputs[2], outputs[0]]
    assert [(event["event_id"], event["counts"]) for event in told["events"]] == [(each, 1) for each in wanted]
    first = await api.json(f"{asked}&limit=2")
    rest = await api.json(f"{asked}&limit=2&after={first['next']}")
    assert [event["event_id"] for event in first["events"] + rest["events"]] == wanted
    assert (await api.get(asked, "own-token")).status_code == (await api.get(asked, "head-token")).status_code == 404
    for wrong, pointer in (
        ("explain=volume&person=p-3", "/query/explain"),
        ("explain=outputs&person=p-3&line=information&effect=adopted", "/query/month"),
        (f"{asked.partition('?')[2]}&after=WyJ4IiwgIjEiXQ==", "/query/after"),
        (f"{asked.partition('?')[2]}&limit=0", "/query/limit"),
    ):
        answer = await api.get(f"/offices/o-1/work-outputs?{wrong}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text


async def test_a_person_who_moved_has_one_file(api: Api) -> None:
    old, new = World(office="o-1"), World(office="o-3")
    for world, more in ((old, {}), (new, {"previous": "o-1"})):
        world.register("p-1", **more)
        world.assume("p-1", "x")
        world.output("p-1")
        if world is old:
            world.leave("p-1", "o-3")
        await fold(api.engine, world.records)
    file = await api.json("/people/p-1/growth-file")
    assert "elsewhere" not in file
    assert sorted(entry["office"] for entry in file["entries"]) == ["o-1", "o-3"]
    assert [year["office"] for year in file["years"]] == ["o-1", "o-3"]
    assert file["seen"] == {"0": 3, "2": 4}
    assert (await api.json("/people/p-1/appraisals/2026"))["office"] == "o-3"
    only = await api.json("/people/p-1/growth-file?office=o-1")
    assert [entry["office"] for entry in only["entries"]] == ["o-1"]


@pytest.mark.parametrize(("to", "previous"), [(None, "o-1"), ("o-3", None), ("o-9", "o-1"), (None, None)])
async def test_one_offices_word_joins_nothing(api: Api, to: str | None, previous: str | None) -> None:
    """Neither a claim to come from there nor a leaving to somewhere is enough: the file is the first office's."""
    old, new = World(office="o-1"), World(office="o-3")
    for world, more in ((old, {}), (new, {} if previous is None else {"previous": previous})):
        world.register("p-1", **more)
        world.assume("p-1", "x")
        world.output("p-1")
        for event in world.events:
            event["recordedtime"] = f"2026-03-0{1 if world is old else 5}T00:00:00.000000Z"
    old.leave("p-1", to)
    for world in (new, old):
        await fold(api.engine, world.records)
    for query, office, other in (("", "o-1", "o-3"), ("?office=o-3", "o-3", "o-1")):
        for token in ("reader-token", "own-token"):
            file = await api.json(f"/people/p-1/growth-file{query}", token)
            assert {entry["office"] for entry in file["entries"]} == {office}
            assert file["elsewhere"] == [other]
            appraisal = await api.json(f"/people/p-1/appraisals/2026{query}", token)
            assert (appraisal["office"], appraisal["elsewhere"]) == (office, [other])


async def test_the_training_of_both_offices_is_the_persons_own_and_each_office_keeps_its_own(api: Api) -> None:
    old, new = World(office="o-1"), World(office="o-3")
    credited = []
    for world, more in ((old, {}), (new, {"previous": "o-1"})):
        world.register("p-1", **more)
        world.assume("p-1", "x", on="2026-01-02" if world is old else "2026-03-01")
        world.convene("m-1")
        credited.append(world.credit("m-1", "p-1", 5000, "recognised"))
    for kind, to_on, hours in (("off-the-job", "2025-12-31", 700), ("online", "2026-01-01", 50)):
        data: dict[str, Any] = {"course": f"c-{kind}", "person": "p-1", "kind": kind, "centi_xueshi": hours}
        data |= {"title": "t", "organiser": "o", "institution": "i", "from_on": "2025-12-01", "to_on": to_on, "days": 1}
        old.record("learning.course-completed", f"{to_on}T03:00:00Z", data, f"course/c-{kind}", ["p-1"])
    old.leave("p-1", "o-3")
    for world in (old, new):
        await fold(api.engine, world.records)
    own = await api.json("/people/p-1/appraisals/2026")
    assert (own["office"], own["requirement_met"], sorted(own["requirement_events"])) == ("o-3", True, sorted(credited))
    file = await api.json("/people/p-1/growth-file")
    assert [tuple(each.values()) for each in file["training"]] == [
        (2025, "recognised", 700), (2026, "online", 50), (2026, "recognised", 10_000),
    ]  # fmt: skip
    for office, event in zip(("o-1", "o-3"), credited, strict=True):
        (row,) = (await api.json(f"/offices/{office}/appraisals/2026"))["items"]
        assert (row["requirement_met"], row["requirement_events"]) == (False, [event])
        alone = await api.json(f"/people/p-1/appraisals/2026?office={office}")
        assert (alone["requirement_met"], alone["requirement_events"]) == (False, [event])
        part = (await api.json(f"/people/p-1/growth-file?office={office}"))["training"][-1]
        assert (part["account"], part["centi_xueshi"]) == ("recognised", 5000)


async def test_a_section_reaches_the_offices_where_the_person_sits_in_it_and_no_other(api: Api) -> None:
    """o-1 and o-4 have a section x each: in one the person sits there, in the other in y."""
    worlds = {office: World(office=office) for office in ("o-1", "o-4")}
    for office, world in worlds.items():
        world.register("p-1", **({} if office == "o-1" else {"previous": "o-1"}))
        world.assume("p-1", "x" if office == "o-4" else "y")
        world.output("p-1")
    worlds["o-1"].leave("p-1", "o-4", on="2199-01-01")
    for world in worlds.values():
        await fold(api.engine, world.records)
    file = await api.json("/people/p-1/growth-file", "both-token")
    assert {entry["office"] for entry in file["entries"]} == {"o-4"} == {year["office"] for year in file["years"]}
    assert file["seen"].keys() == {str(shard_of("o-4", SHARDS))}
    assert (await api.get("/people/p-1/growth-file?office=o-1", "both-token")).status_code == 403
    assert (await api.json("/offices/o-1/growth-entries", "both-token"))["items"] == []
    assert len((await api.json("/offices/o-4/growth-entries", "both-token"))["items"]) == 1


async def test_whoever_left_sits_in_no_section_any_more(api: Api) -> None:
    world = _office()
    world.leave("p-1")
    await fold(api.engine, world.records)
    assert (await api.get("/people/p-1/growth-file", "head-token")).status_code == 403


async def test_rows_that_are_nobodys_are_for_who_is_in_the_office(api: Api) -> None:
    worlds = [_office(), World(office="o-3")]
    for world in worlds:
        data = {"area": "line", "line": "inspection", "procedure": "pr-1", "title": "t", "version": 1}
        data |= {"from_on": "2026-01-01"}
        world.record("work.procedure-revised", "2026-01-02T01:00:00Z", data, "procedure/pr-1")
        await fold(api.engine, world.records)
    for token, seen in (("reader-token", [1, 1]), ("own-token", [1, 0])):
        found = [len((await api.json(f"/offices/{o}/procedures", token))["items"]) for o in ("o-1", "o-3")]
        assert found == seen


async def test_pages_follow_each_other_to_the_end(api: Api) -> None:
    world = _office()
    for number in range(7):
        world.attend("s-1", "p-1", time=f"2026-03-0{1 + number % 3}T03:00:00Z")
        world.output("p-2", "p-3")
        world.talk("p-1", "p-2", time=f"2026-0{number + 1}-01T00:00:00Z")
        world.visit(f"v-{number}", "p-1")
    await fold(api.engine, world.records)
    whole = {
        "/people/p-1/growth-file": ("entries", 14),
        "/offices/o-1/growth-entries": ("items", 35),
        "/offices/o-1/growth-files": ("items", 3),
        "/offices/o-1/talk-coverage": ("items", 7),
        "/offices/o-1/work-outputs": ("items", 2),
        "/offices/o-1/welfare": ("items", 7),
        "/offices/o-1/appraisals/2026": ("items", 3),
    }
    for path, (member, length) in whole.items():
        rows = (await api.json(path))[member]
        assert len(rows) == length, path
        assert await _paged(api, path, member) == rows
        assert (await api.get(f"{path}?after=bm9uc2Vuc2U=")).status_code == 422
        assert (await api.get(f"{path}?limit=0")).status_code == 422


async def test_a_row_that_is_nobodys_stands_among_others(api: Api) -> None:
    """A gathering is for many, and no person's own."""
    world = _office()
    world.visit("v-1", "p-1")
    data = {"gathering": "g-1", "kind": "family", "title": "x", "on": "2026-03-08", "persons": ["p-1"], "relatives": 2}
    world.record("welfare.gathering-held", "2026-03-08T03:00:00Z", data, "gathering/g-1", [])
    await fold(api.engine, world.records)
    rows = (await api.json("/offices/o-1/welfare"))["items"]
    assert [(row["id"], row["person"]) for row in rows] == [("g-1", None), ("v-1", "p-1")]


async def _paged(api: Api, path: str, member: str) -> list[Any]:
    rows, after = [], ""
    while True:
        page = await api.json(f"{path}?limit=2{after}")
        rows += page[member]
        if page["next"] is None:
            return rows
        after = f"&after={page['next']}"


async def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    world = _office()
    await fold(api.engine, world.records)
    for path in ("/people/p-1/growth-file", "/people/p-1/appraisals/2026", "/offices/o-1/growth-files"):
        tag = (await api.get(path)).headers["etag"]
        assert tag.startswith('"2:7-')
        assert (await api.get(path, **{"If-None-Match": tag})).status_code == 304
        assert (await api.get(path, "operator-token", **{"If-None-Match": tag})).status_code == 403
    tag = (await api.get("/people/p-1/growth-file")).headers["etag"]
    world.output("p-1")
    await fold(api.engine, world.records)
    assert (await api.get("/people/p-1/growth-file", **{"If-None-Match": tag})).status_code == 200


@pytest.mark.parametrize(
    ("path", "token", "change"),
    [
        ("/offices/o-1/growth-entries", "auditor-token", "UPDATE fact SET section = 'by other folds'"),
        ("/people/p-1/growth-file", "reader-token", "UPDATE fact SET section = 'by other folds'"),
        # As at midnight, from which on somebody sits elsewhere.
        ("/offices/o-1/growth-files", "head-token", 'UPDATE fact SET data = data || \'{"from_on": "2199-01-01"}\''),
    ],
)
async def test_what_changed_without_an_event_is_sent_again(
    api: Api, database: str, path: str, token: str, change: str
) -> None:
    world = _office()
    world.output("p-1")
    await fold(api.engine, world.records)
    first = await api.get(path, token)
    await execute(database, [change])
    again = await api.get(path, token, **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.json()["seen"] == first.json()["seen"]
    assert again.json() != first.json()


@pytest.mark.parametrize(
    "path", ["/people/p-1/growth-file", "/people/p-1/appraisals/2026", "/offices/o-1/growth-files"]
)
async def test_a_name_that_was_erased_meanwhile_does_not_still_stand(api: Api, path: str) -> None:
    world = _office()
    world.output("p-1")
    await fold(api.engine, world.records)
    first = await api.get(path)
    assert "Zhang" in first.text
    api.recorder.erased = True  # by another office, in another shard
    again = await api.get(path, **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert "Zhang" not in again.text


async def test_who_may_read_what(api: Api) -> None:
    world = _office()
    world.output("p-1")
    world.output("p-3")
    world.talk("p-1", "p-3")
    await fold(api.engine, world.records)
    file, office = "/people/{}/growth-file", "/offices/o-1/growth-entries"
    assert (await api.client.get(office)).status_code == 401
    assert (await api.get(office, "unknown")).status_code == 401
    for token in ("operator-token", "publisher-token"):
        assert {(await api.get(path, token)).status_code for path in (file.format("p-1"), office)} == {403}
    assert (await api.get(file.format("p-1"), "own-token")).status_code == 200
    assert (await api.get(file.format("p-2"), "own-token")).status_code == 403
    assert {item["person"] for item in (await api.json(office, "own-token"))["items"]} == {"p-1"}
    assert (await api.get(file.format("p-2"), "head-token")).status_code == 200
    assert (await api.get(file.format("p-3"), "head-token")).status_code == 403
    assert {item["person"] for item in (await api.json(office, "head-token"))["items"]} == {"p-1"}
    assert len((await api.json("/offices/o-1/talk-coverage", "head-token"))["items"]) == 1
    assert (await api.get(file.format("p-1"), "away-token")).status_code == 404
    assert (await api.get(office, "away-token")).status_code == 403
    assert (await api.get(file.format("nobody"))).status_code == 404


async def test_the_offices_that_a_token_reads_are_listed(api: Api) -> None:
    worlds = [_office(), World(office="o-3"), World(office="o-10")]
    for world in worlds[1:]:
        world.register("p-4")
    for world in worlds:
        await fold(api.engine, world.records)
    assert await _paged(api, "/offices", "items") == [{"office": name} for name in ("o-1", "o-10", "o-3")]
    assert set((await api.json("/offices"))["seen"]) == {str(shard_of(name, SHARDS)) for name in ("o-1", "o-10", "o-3")}
    for token, seen in (("auditor-token", 3), ("own-token", 1), ("head-token", 1), ("away-token", 0)):
        assert len((await api.json("/offices", token))["items"]) == seen
    for token, status in (("operator-token", 403), ("publisher-token", 403), ("unknown", 401)):
        assert (await api.get("/offices", token)).status_code == status


async def test_names_are_opened_with_the_callers_own_token_and_else_missing(api: Api) -> None:
    world = _office()
    world.talk("p-1", "p-3")
    await fold(api.engine, world.records)
    answer = await api.get("/offices/o-1/talk-coverage")
    assert answer.json()["items"][0]["name_a"] == "Zhang"
    assert len(api.recorder.asked) == 1
    assert api.recorder.asked[0].headers["authorization"] == f"Bearer reader-token{REST}"
    assert (await api.json("/people/p-1/growth-file", "auditor-token"))["name"] is None
    assert len(api.recorder.asked) == 1
    api.recorder.status = 403
    assert (await api.get("/people/p-1/growth-file")).headers["etag"]
    api.recorder.status = 500
    answer = await api.get("/people/p-1/growth-file")
    assert answer.json()["name"] is None
    assert "etag" not in answer.headers


async def test_whose_name_was_erased_is_said(api: Api) -> None:
    world = _office()
    world.output("p-1")
    await fold(api.engine, world.records)
    api.recorder.erased = True
    for path in ("/people/p-1/growth-file", "/people/p-1/appraisals/2026"):
        answer = await api.get(path)
        assert (answer.json()["name"], answer.json()["erased"]) == (None, ["p-1"])
        assert "etag" in answer.headers
    page = await api.json("/offices/o-1/appraisals/2026")
    assert [item["name"] for item in page["items"]] == [None] * 3
    assert page["erased"] == ["p-1", "p-2", "p-3"]
    assert "erased" not in await api.json("/people/p-1/growth-file", "auditor-token")


async def test_at_least_waits_for_the_own_write(api: Api) -> None:
    world = _office()
    await fold(api.engine, world.records)
    listening = asyncio.create_task(api.moves.listen())
    position = len(world.events)
    waiting = asyncio.create_task(api.get(f"/people/p-1/growth-file?at_least=2:{position}"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    world.output("p-1")
    await fold(api.engine, world.records)
    answer = await asyncio.wait_for(waiting, 2)
    listening.cancel()
    assert len(answer.json()["entries"]) == 1


async def test_at_least_gives_up_and_says_when_to_ask_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "WAIT_SECONDS", 0.1)
    await fold(api.engine, _office().records)
    answer = await api.get("/people/p-1/growth-file?at_least=2:999")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["code"] == "not-yet-applied"
    assert (await api.get("/people/p-1/growth-file?at_least=9:1")).status_code == 422
    assert (await api.get("/people/p-1/growth-file?at_least=nonsense")).status_code == 422


async def test_at_least_says_what_keeps_it_from_looking(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, code in ((ConnectionRefusedError(), "unavailable"), (asyncpg.UndefinedTableError(), "not-built")):
        monkeypatch.setattr(Live, "next", AsyncMock(side_effect=error))
        answer = await api.get("/people/p-1/growth-file?at_least=2:1")
        assert (answer.status_code, answer.json()["code"]) == (503, code)


async def test_problems_speak_both_languages(api: Api) -> None:
    answer = await api.get("/people/p-1/growth-file?as_of=yesterday")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid-request"
    assert set(answer.json()["errors"][0]["message"]) == {"en", "zh"}


async def test_a_parameter_that_is_misspelt_is_refused_and_not_passed_over(api: Api) -> None:
    for path, name, meant in (
        ("/people/p-1/growth-file?asof=2026-01-01", "asof", "as_of"),
        ("/people/p-1/appraisals/2026?as_of=2026-01-01&As-Of=2026-01-01", "As-Of", "as_of"),
        ("/offices/o-1/work-outputs?limt=3", "limt", "limit"),
        ("/offices/o-1/appraisals/2026?colour=red", "colour", None),
    ):
        answer = await api.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["message"]["zh"]) == (f"/query/{name}", "该资源没有此参数")
        assert error["fix"] == (
            {"en": f"did you mean {meant}?", "zh": f"是否应为 {meant}？"}
            if meant
            else {"en": "leave it out", "zh": "请去掉"}
        )
    assert (await api.get("/offices/o-1/work-outputs?limt=3", token="none")).status_code == 401


async def test_open_to_everybody_are_health_metrics_and_description(api: Api) -> None:
    live = await api.client.get("/livez")
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    ready = await api.client.get("/readyz")
    while not ready.json()["database"]:  # a busy one may not answer in time
        ready = await api.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["consuming"]) == (503, "not-ready", False)
    assert "projector_batch_seconds" in (await api.client.get("/metrics")).text
    described = (await api.client.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    assert "/offices/{office}/talk-coverage" in described["paths"]


@pytest.mark.parametrize(
    "as_of",
    [
        "0001-01-01T00:00:00%2B08:00",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01",
        "9999-12-31",
        "1899-12-31",
        "2201-01-01",
    ],
)
async def test_an_as_of_beyond_the_years_is_what_is_wrong(api: Api, as_of: str) -> None:
    await fold(api.engine, _office().records)
    for path in ("/people/p-1/growth-file", "/people/p-1/appraisals/2026", "/offices/o-1/appraisals/2026"):
        answer = await api.get(f"{path}?as_of={as_of}")
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/query/as_of"]


@pytest.mark.parametrize("as_of", ["1900-01-01", "2200-12-31", "2200-12-31T23:59:59-12:00"])
async def test_an_as_of_within_them_is_answered(api: Api, as_of: str) -> None:
    await fold(api.engine, _office().records)
    assert (await api.get(f"/offices/o-1/appraisals/2026?as_of={as_of}")).status_code == 200


async def test_a_value_of_our_own_is_not_blamed_on_the_page(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await fold(api.engine, _office().records)
    monkeypatch.setattr(reading_module.Reading, "seen", AsyncMock(side_effect=asyncpg.DataError))
    answer = await api.get("/people/p-1/growth-file")
    assert (answer.status_code, answer.json()["errors"]) == (500, [])
