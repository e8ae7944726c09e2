"""What the terminal shows, from answers of the API as the interface has them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console, RenderableType
from typer.testing import CliRunner

from deploy.local import api
from deploy.local.cli import app
from deploy.local.commands import appraisal as commands
from deploy.local.commands import show
from deploy.local.speaking.messages import Lang
from deploy.local.speaking.trouble import CommandError
from deploy.local.speaking.words import say
from deploy.local.tables.described import Column, Resource
from deploy.local.views.appraisal import appraisal
from deploy.local.views.behind import behind
from deploy.local.views.growth import growth_file
from services.common.settings import Settings

Json = dict[str, Any]


def entry(day: str, position: int, **changes: object) -> Json:
    return {
        "office": "o-1", "event_id": f"e-{position}", "event": "chengzhang.learning.attendance-recorded.v1",
        "entry_group": "learning", "title": "公文写作专题讲座", "guide": None, "occurred_at": f"{day}T02:00:00Z",
        "recorded_at": f"{day}T03:00:00Z", "revoked_at": None, "state": "verified", "tier": "staff",
        "section": "xinxi", "section_name": "信息科",
        "centi_xueshi": None, "shard": 3, "position": position,
    } | changes  # fmt: skip


def file_of(*entries: Json, **changes: object) -> Json:
    year = {
        "office": "o-1", "year": 2026, "by_group": {"learning": 12, "work": 3}, "by_guide": {"work": 1},
        "by_session_kind": {"lecture": 5}, "by_carrier": {"section": 7}, "outputs_by_effect": {"adopted": 1},
        "last_entry_at": "2026-03-02T02:00:00Z",
    }  # fmt: skip
    whole = {"person": "p-1", "name": "李晓明", "as_of": None, "years": [year], "next": None, "seen": {"3": 125}}
    return whole | {"entries": list(entries)} | changes


def row(person: str, **changes: object) -> Json:
    return {
        "office": "o-1", "person": person, "name": f"n {person}", "year": 2026, "tier": "staff",
        "section": "xinxi", "section_name": "信息科",
        "stage": "not-opened", "requirement_met": False, "requirement_events": [], "evidence_by_group": {"work": 2},
        "evidence_by_guide": {}, "evidence_events": [], "routine_grades": [], "duty_reports": [],
        "proposed_grade": None, "grade": None, "seen": {"3": 125},
    } | changes  # fmt: skip


def drawn(what: RenderableType, *, colour: bool = False, width: int = 120) -> str:
    console = Console(width=width, record=True, force_terminal=colour, color_system="standard" if colour else None)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def test_a_file_says_who_and_what_newest_first() -> None:
    older, newer = entry("2026-03-02", 1), entry("2026-05-06", 2, title=None, event="chengzhang.talk.talk-held.v1")
    page = drawn(growth_file(file_of(older, newer), "zh", None))
    assert "李晓明" in page
    assert "信息科 · 科员" in page
    assert page.index("2026-05-06") < page.index("2026-03-02")
    assert "谈心谈话" in page
    assert "公文写作专题讲座" in page


def test_the_six_guide_words_are_all_there_in_their_order() -> None:
    page = drawn(growth_file(file_of(entry("2026-03-02", 1)), "zh", None))
    profile = page.partition("六个方面")[2]
    counts = re.findall(r"([人干新绩和上]) +▇* +(\d+)", profile)
    assert counts == [("人", "0"), ("干", "1"), ("新", "0"), ("绩", "0"), ("和", "0"), ("上", "0")]


def test_a_year_is_told_in_counts_with_bars() -> None:
    page = drawn(growth_file(file_of(entry("2026-03-02", 1)), "en", None))
    assert "section head" not in page
    for word in ("2026", "learning", "12", "adopted", "lecture", "▇"):
        assert word in page


def test_what_is_revoked_stays_struck_through() -> None:
    page = drawn(
        growth_file(file_of(entry("2026-03-02", 1, revoked_at="2026-03-09T01:00:00Z")), "en", None), colour=True
    )
    assert "revoked 2026-03-09" in page
    assert "\x1b[2;9m公文写作专题讲座" in page


def test_a_day_is_the_offices_day() -> None:
    assert "2026-03-03" in drawn(growth_file(file_of(entry("x", 1, occurred_at="2026-03-02T16:30:00Z")), "en", None))


def test_long_files_say_how_much_is_left() -> None:
    entries = [entry("2026-03-02", number, centi_xueshi=250) for number in range(30)]
    page = drawn(growth_file(file_of(*entries), "en", 25))
    assert "5 older ones" in page
    assert "2.5" in page
    assert "older ones" not in drawn(growth_file(file_of(*entries), "en", None))


def test_nobodys_name_is_shown_to_those_who_may_not_know_it() -> None:
    page = drawn(growth_file(file_of(name=None, as_of="2026-03-01"), "zh", None))
    assert "姓名未显示" in page
    assert "截至 2026-03-01 尚无任何记录" in page
    assert "尚无记录" in drawn(growth_file(file_of(), "zh", None))


@pytest.mark.parametrize(("lang", "said"), [("zh", "已删除"), ("en", "(erased)")])
def test_an_erased_name_is_said_to_be_erased(lang: Lang, said: str) -> None:
    assert said in drawn(growth_file(file_of(name=None, erased=["p-1"]), lang, None))


def test_the_appraisal_is_ordered_by_section_tier_and_id_never_by_merit() -> None:
    rows = [
        row("p-3", evidence_by_group={"work": 99}, requirement_met=True),
        row("p-2"),
        row("p-9", tier="section-head"),
        row("p-1", section="ducha", section_name="督查科"),
        row("p-0", section=None, section_name=None, tier=None, name=None),
    ]
    page = drawn(appraisal(2026, {"office": "o-1", "items": rows}, "en"))
    assert [page.index(f" {person} ") for person in ("p-0", "p-1", "p-9", "p-2", "p-3")] == sorted(
        page.index(f" {person} ") for person in ("p-0", "p-1", "p-9", "p-2", "p-3")
    )
    assert page.count("✓") == 1
    assert "xueshi" not in page
    assert "99" in page


def graded(person: str, stage: str, **changes: object) -> Json:
    told: Json = {"pool": "civil-service", "establishment": "civil-service", "reason": None, "cycle": "c-1"}
    told |= {"bars": [], "missing": [], "follows": []}
    return row(person, stage=stage, **(told | changes))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "zh",
            (
                "了解核实 1、已归档 2",
                "公务员：已用 1，共 3（应考核 14 人的 25%），公示至 2026-11-25",
                "拟定等次：n p-1",
                "不得评优：n p-1",
                "嘉奖：n p-2",
                "合格",
                "不确定等次（试用期）",
            ),
        ),
        (
            "en",
            (
                "findings 1, archived 2",
                "civil service: 1 of 3 taken (25 % of 14 appraised), posted until 2026-11-25",
                "proposal: n p-1",
                "not excellent: n p-1",
                "commendation: n p-2",
                "competent",
                "undetermined (probation)",
            ),
        ),
    ],
)
def test_the_appraisal_says_how_far_it_is_and_what_is_missing_for_whom(lang: Lang, said: tuple[str, ...]) -> None:
    rows = [
        graded("p-1", "findings", missing=["proposal", "decision", "notice"], bars=["not-excellent"]),
        graded("p-2", "archived", grade="excellent", follows=["commendation"]),
        graded("p-3", "archived", grade="competent", establishment="institution", pool="institution"),
        graded("p-4", "opened", grade="undetermined", reason="probation", pool=None),
    ]
    seats = {
        "cycle": "c-1", "pool": "civil-service", "appraised": 14, "rate_percent": 25, "seats": 3, "used": 1,
        "posting_ends_on": "2026-11-25",
    }  # fmt: skip
    page = drawn(appraisal(2026, {"office": "o-1", "items": rows, "quota": [seats]}, lang))
    for words in said:
        assert words in page, page
    assert "称职" not in page


@pytest.mark.parametrize(("lang", "said"), [("zh", "考核等次：优秀"), ("en", "grade: excellent")])
def test_a_figure_names_its_events(lang: Lang, said: str) -> None:
    table = Resource("appraisals/{year}", "", "", (Column("grade", "考核等次", "grade", "string"),), frozenset())
    event = {
        "event_id": "e-9", "event": "chengzhang.appraisal.grade-decided.v1", "shard": 3, "position": 9,
        "occurred_at": "2026-11-18T16:30:00Z", "counts": 1,
    }  # fmt: skip
    found = {"figure": "grade", "value": "excellent", "rule": "facts", "events": [event]}
    page = drawn(behind(table, "p-1", found, lang))
    assert f"p-1 · {said}" in page
    assert re.search(r"2026-11-19 .* 1 +e-9", page), "the day is the office's"


def test_the_appraisal_says_why_it_has_no_name() -> None:
    rows = [row("p-1", name=None), row("p-2", name=None)]
    page = drawn(appraisal(2026, {"office": "o-1", "items": rows, "erased": ["p-2"]}, "en"))
    lines = {person: next(line for line in page.splitlines() if person in line) for person in ("p-1", "p-2")}
    assert "(name not shown)" in lines["p-1"]
    assert "(erased)" in lines["p-2"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_id_is_whole_where_it_is_narrow(lang: Lang) -> None:
    told = {"section": "zonghe", "section_name": None, "name": None, "tier": "section-head"}
    rows = [row("p-w1-006", evidence_by_group={"learning": 7, "work": 9}, **told)]
    page = drawn(appraisal(2026, {"office": "o-w1", "items": rows}, lang), width=60)
    assert re.search(r"zonghe .* p-w1-006 .* 7 +9 *$", page, re.MULTILINE), page
    assert "…" not in page


def client(pages: dict[str, Any]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        key = request.url.path + (f"?{request.url.params['after']}" if "after" in request.url.params else "")
        if key not in pages:
            return httpx.Response(404, json={"detail": "nothing"})
        return pages[key] if isinstance(pages[key], httpx.Response) else httpx.Response(200, json=pages[key])

    return httpx.Client(base_url="http://projector", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(("as_of", "said"), [("2026-06-30", "by 2026-06-30"), (None, "nobody to appraise in 2026")])
def test_an_empty_table_says_why(as_of: str | None, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "stack.env").write_text("CHENGZHANG_KAFKA=127.0.0.1:9\n")
    monkeypatch.setattr(
        commands, "reader", lambda _: client({"/offices": {"items": [{"office": "o-1"}], "next": None}})
    )
    line = ["appraisal", "2026", "--office", "o-1", "--home", str(tmp_path), "--lang", "en"]
    ended = CliRunner().invoke(app, [*line, *(["--as-of", as_of] if as_of else [])])
    assert said in ended.output


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (["appraisal", "2026", "--office", "o-2"], 1, "no office o-2"),
        (["appraisal", "2026", "--office", "o 2"], 2, "'o 2' is no id"),
        (["file", "bad id!"], 2, "'bad id!' is no id"),
        (["file", "../offices"], 2, "'../offices' is no id"),
    ],
)
def test_what_there_cannot_be_is_said(
    line: list[str], code: int, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "stack.env").write_text("CHENGZHANG_KAFKA=127.0.0.1:9\n")
    for module in (show, commands):
        only = client({"/offices": {"items": [{"office": "o-1"}], "next": None}})
        monkeypatch.setattr(module, "reader", lambda _, only=only: only)
    ended = CliRunner().invoke(app, [*line, "--home", str(tmp_path), "--lang", "en"])
    assert (ended.exit_code, said in ended.output, "http" in ended.output) == (code, True, False), ended.output


def test_pages_are_followed() -> None:
    first, second = file_of(entry("2026-03-03", 2), next="abc"), file_of(entry("2026-03-02", 1))
    found = show.read_file(client({"/people/p-1/growth-file": first, "/people/p-1/growth-file?abc": second}), "p-1")
    assert [found["position"] for found in found["entries"]] == [2, 1]
    assert found["next"] is None


def test_pages_join_whose_names_were_erased() -> None:
    pages = {
        "/offices/o-1/appraisals/2026": {"items": [row("p-2", name=None)], "next": "x", "seen": {}, "erased": ["p-2"]},
        "/offices/o-1/appraisals/2026?x": {
            "items": [row("p-1", name=None)],
            "next": None,
            "seen": {},
            "erased": ["p-1"],
        },
    }
    assert commands.read(client(pages), "o-1", 2026)["erased"] == ["p-1", "p-2"]


def test_an_unknown_person_is_said_so() -> None:
    with pytest.raises(CommandError) as caught:
        show.read_file(client({}), "p-404")
    assert (caught.value.key, caught.value.code) == ("no_person", 1)


def test_without_an_office_the_only_one_is_meant() -> None:
    one = client({"/offices": {"items": [{"office": "o-1"}], "next": None}})
    assert show._only_office(one) == "o-1"
    two = client({"/offices": {"items": [{"office": "o-1"}, {"office": "o-2"}], "next": None}})
    with pytest.raises(CommandError, match="o-1, o-2'") as caught:
        show._only_office(two)
    assert caught.value.code == 2
    many = client({"/offices": {"items": [{"office": f"o-{number}"} for number in range(21)], "next": None}})
    with pytest.raises(CommandError, match="o-19, …"):
        show._only_office(many)
    with pytest.raises(CommandError, match="no_office"):
        show._only_office(client({"/offices": {"items": [], "next": None}}))


def test_refusals_speak_in_their_own_words() -> None:
    refusal = httpx.Response(403, json={"detail": "This token reads office o-2 only."})
    with pytest.raises(CommandError, match="reads office o-2 only"):
        commands.read(client({"/offices/o-1/appraisals/2026": refusal}), "o-1", 2026)


def test_nobody_there_is_exit_code_3() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(CommandError) as caught:
        api.get(httpx.Client(base_url="http://gone", transport=httpx.MockTransport(refuse)), "/", {})
    assert caught.value.code == 3


def test_no_tokens_is_exit_code_3(tmp_path: Path) -> None:
    settings = Settings(tokens=tmp_path / "tokens.json")
    with pytest.raises(CommandError) as caught:
        api.headers(settings, "reader")
    assert caught.value.code == 3
    for entry in ("t-reader", {"token": "t-reader", "role": "reader"}):
        settings.tokens.write_text(json.dumps({"reader": entry}))
        assert api.headers(settings, "reader") == {"authorization": "Bearer t-reader"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"reader": "t",\n  oops}', "not JSON at line 2, column 3"),
        (b'{"reader": "\xff"}', "cannot be read"),
        (b'{"publisher": "t"}', "no token for reader"),
        (b'["reader"]', "no token for reader"),
    ],
)
def test_tokens_that_are_there_are_not_said_to_be_missing(content: bytes, said: str, tmp_path: Path) -> None:
    settings = Settings(tokens=tmp_path / "tokens.json")
    settings.tokens.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        api.headers(settings, "reader")
    assert said in say("en", caught.value.key, **caught.value.values)


def test_a_refusal_is_told_in_the_language_asked_for() -> None:
    message = {"en": "neither a day", "zh": "既不是日期"}
    refusal = httpx.Response(422, json={"detail": "neither a day", "errors": [{"message": message}]})
    refusal.request = httpx.Request("GET", "http://projector/x?y")
    refused = api.refused(refusal)
    assert say("zh", refused.key, **refused.values) == "http://projector/x 返回 422：既不是日期"
    assert say("en", refused.key, **refused.values).endswith("neither a day")


@pytest.mark.parametrize("line", [["file", "p-1"], ["appraisal", "2026"]])
@pytest.mark.parametrize(("lang", "said"), [("en", "neither a day"), ("zh", "既不是日期")])
def test_a_day_that_is_none_is_a_usage_error(line: list[str], lang: str, said: str) -> None:
    ended = CliRunner().invoke(app, [*line, "--as-of", "2026-13-01", "--home", "/nowhere", "--lang", lang])
    assert ended.exit_code == 2
    assert said in ended.output
    assert "2026-06-30" in ended.output


def test_another_language_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["file", "p-1", "--lang", "fr"]).exit_code == 2
