"""Tables of the API in the terminal, in workbooks and CSV: read again by another program, and as the API has them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner, Result

from deploy.local import api
from deploy.local.cli import app
from deploy.local.speaking.codes import codes
from deploy.local.tables import export, show
from deploy.local.tables.described import resources
from services.common.settings import Settings
from tests.contract.generate import application, asked

Json = dict[str, Any]
DOCUMENT = asked(application("projector"), "/openapi.json").json()
VISIT = {
    "office": "o-1", "kind": "visit", "id": "v-1", "person": "p-1", "name": "=李晓明", "class": "event",
    "fund": "union", "fen": 30000, "on_day": "2026-03-07", "event_on": "2026-02-28", "days": 7, "title": None,
    "guests": None,
}  # fmt: skip
GATHERING = VISIT | {
    "kind": "gathering",
    "id": "-1",
    "person": None,
    "name": None,
    "class": None,
    "fen": None,
    "title": "@联欢",
}
BURDEN = {"office": "o-1", "source": "/oa", "week": "2026-W10", "by_hand": 3, "by_machine": 0, "fields": 17}
ENTRY = {
    "office": "o-1", "person": "p-1", "name": "李", "event_id": "e", "event": "chengzhang.work.output-filed.v1",
    "entry_group": "work", "title": "+1", "guide": None, "occurred_at": "2025-12-31T16:00:00Z",
    "recorded_at": "2026-01-01T00:00:00Z", "revoked_at": None, "state": "verified", "section": "s",
    "section_name": "科", "tier": "staff", "centi_xueshi": None, "shard": 3, "position": 1,
}  # fmt: skip
ROWS: dict[str, list[Json]] = {
    "welfare": [VISIT, GATHERING],
    "burden": [BURDEN, BURDEN | {"week": "2025-W52"}],
    "growth-entries": [ENTRY],
}


def _answer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/openapi.json":
        return httpx.Response(200, json=DOCUMENT)
    if request.url.path == "/offices":
        return httpx.Response(200, json={"items": [{"office": "o-1"}], "next": None})
    rows = ROWS.get(request.url.path.split("/")[3], [])
    first = int(request.url.params.get("after", 0))
    following = first + 1 if first + 1 < len(rows) else None
    page: Json = {"office": "o-1", "items": rows[first : first + 1], "next": following, "seen": {}}
    return httpx.Response(200, json=page)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"reader": "a-reader"}))
    settings = Settings(home=tmp_path, tokens=tokens, projector_url="http://p")
    for module in (export, show):
        monkeypatch.setattr(module, "stack_settings", lambda *_: settings)
        monkeypatch.setattr(module, "reader", lambda s: api.reader(s, httpx.MockTransport(_answer)))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return lambda *arguments: CliRunner().invoke(app, [*map(str, arguments)])


def test_a_workbook_is_as_the_api_has_it_with_typed_cells_under_declared_words(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    out = tmp_path / "w.xlsx"
    assert run("export", "welfare", "--out", out).exit_code == 0
    book = CalamineWorkbook.from_path(str(out))
    assert book.sheet_names == ["实事工程"]
    headings, visit, gathering = book.get_sheet_by_index(0).to_python()
    assert headings[:9] == ["机关", "事项", "编号", "人员", "人员姓名", "类别", "经费", "金额（分）", "日期"]
    assert visit[:9] == ["o-1", "visit", "v-1", "p-1", "=李晓明", "event", "union", 30000, date(2026, 3, 7)]
    assert gathering[2:5] == ["-1", "", ""]
    assert "@联欢" in gathering


def test_nothing_in_a_workbook_is_a_formula(run: Callable[..., Result], tmp_path: Path) -> None:
    out = tmp_path / "w.xlsx"
    assert run("export", "welfare", "--out", out).exit_code == 0
    sheet = load_workbook(out).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert sheet.freeze_panes == "A2"
    assert (sheet.column_dimensions["H"].width or 0) >= 12


def test_a_csv_file_has_apostrophes_where_a_spreadsheet_would_calculate(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    out = tmp_path / "w.csv"
    assert run("export", "welfare", "--out", out).exit_code == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        headings, visit, gathering = csv.reader(file)
    assert len(headings) == len(visit)
    assert (visit[4], visit[8], gathering[2]) == ("'=李晓明", "2026-03-07", "'-1")


def test_a_year_narrows_and_instants_are_of_shanghai(run: Callable[..., Result], tmp_path: Path) -> None:
    out = tmp_path / "w.xlsx"
    assert run("export", "burden", "--year", 2026, "--out", out).exit_code == 0
    _, *rows = CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0).to_python()
    assert [row[2] for row in rows] == ["2026-W10"]
    assert run("export", "growth-entries", "--out", out).exit_code == 0
    _, row = CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0).to_python()
    assert date(2026, 1, 1) in row  # at midnight


def test_a_heading_is_a_word_or_three_and_no_two_of_a_table_are_alike() -> None:
    with httpx.Client(transport=httpx.MockTransport(_answer), base_url="http://p") as client:
        tables = resources(client)
    assert len(tables) > 20
    for table in tables.values():
        chinese, english = ([column.heading(lang) for column in table.columns] for lang in ("zh", "en"))
        assert len(set(chinese)) == len(set(english)) == len(table.columns), table.name
        assert all(re.fullmatch(r"[a-z]+( [a-z]+){0,2}", heading) for heading in english), english
        assert all(re.fullmatch(r"[\u4e00-\u9fff（）]{1,12}", heading) for heading in chinese), chinese


def test_a_workbook_in_english_has_the_same_headings_as_the_terminal(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    out = tmp_path / "w.xlsx"
    assert run("export", "welfare", "--out", out, "--lang", "en").exit_code == 0
    headings = CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0).to_python()[0]
    assert headings[:9] == ["office", "kind", "id", "person", "name", "class", "fund", "fen", "on day"]


def test_all_of_it_has_a_sheet_a_table(run: Callable[..., Result], tmp_path: Path) -> None:
    out = tmp_path / "w.xlsx"
    assert run("export", "all", "--out", out).exit_code == 0
    with httpx.Client(transport=httpx.MockTransport(_answer), base_url="http://p") as client:
        tables = resources(client)
    assert CalamineWorkbook.from_path(str(out)).sheet_names == [
        table.zh[:31].replace("/", "-") for table in tables.values()
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("all", "--out", "x.csv"), "CSV"),
        (("welfare", "--out", "x.ods"), ".xlsx"),
        (("no-such", "--out", "x.xlsx"), "没有表 no-such"),
        (("welfare", "--out", "no-such-folder/x.xlsx"), "无法写入"),
        (("welfare", "--out", "x.xlsx", "--office", "o-9"), "o-9"),
    ],
)
def test_what_can_not_be_exported_is_said_in_a_sentence(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("export", *arguments)
    assert result.exit_code in {1, 2}
    assert said in result.output.replace("\n", "")
    assert not list(tmp_path.glob("*x.*"))


def test_a_table_on_the_terminal_fits_into_80_columns(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    due = {
        "office": "o-1", "duty": "duty-report", "id": "p-1/2026H1", "owner": "p-1", "owner_name": "李晓明",
        "section": "s", "section_name": "信息科", "what": "report", "due_on": "2026-06-30", "done_on": None,
    }  # fmt: skip
    monkeypatch.setitem(ROWS, "due", [due, due | {"owner_name": None}])
    result = run("due")
    assert result.exit_code == 0, result.output
    assert "李晓明" in result.output
    assert "p-1" in result.output
    assert "2026-06-30" in result.output
    assert "述职" in result.output
    assert "p-1/2026H1" in result.output
    told = json.loads(run("due", "--json").output)
    assert [row["owner_name"] for row in told["items"]] == ["李晓明", None]


def _due(ident: str, due_on: str | None, done_on: str | None = None) -> Json:
    return {
        "office": "o-1", "duty": "follow-up", "id": ident, "owner": "p-1", "owner_name": "李晓明", "section": "s",
        "section_name": "信息科", "what": "follow-up", "due_on": due_on, "done_on": done_on,
    }  # fmt: skip


def _ids(shown: str) -> list[str]:
    return re.findall(r"\b[fm]-\w+", shown)


def test_what_is_due_comes_first_and_what_is_done_only_with_all(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        _due("f-done", "2026-03-01", "2026-02-27"), _due("f-undated", None), _due("f-overdue", "2026-02-28"),
        _due("f-older", "2026-01-31"), _due("f-later", "2026-03-20"), _due("f-today", "2026-03-10"),
        _due("f-first", "2026-02-01", "2026-01-05"),
    ]  # fmt: skip
    monkeypatch.setitem(ROWS, "due", rows)
    shown = run("due", "--as-of", "2026-03-10").output
    assert _ids(shown) == ["f-today", "f-later", "f-overdue", "f-older", "f-undated"]
    assert "另有 2 行" in shown
    everything = run("due", "--as-of", "2026-03-10T23:00:00+08:00", "--all").output
    assert _ids(everything)[5:] == ["f-done", "f-first"]
    assert "另有" not in everything
    monkeypatch.setitem(ROWS, "due", rows[:1])
    assert "没有待办" in run("due").output


def test_plans_are_of_this_year_month_and_week(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"carrier": "branch", "planned": 4, "held": 3, "late": 0, "cancelled": 0, "expected": 9, "attended": 8}
    periods = ("2025", "2026", "2026-01", "2026-02", "2026-W01", "2026-W02")
    rows = [{"office": "o-1", "plan": "m", "period": period, **counts} for period in periods]
    monkeypatch.setitem(ROWS, "plan-fulfilment", rows)
    shown = run("plan", "--as-of", "2026-01-01").output  # a Thursday
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("m ")] == ["2026", "2026-01", "2026-W01"]
    shown = run("plan", "--as-of", "2026-01-01", "--all").output
    assert sorted(line.split()[1] for line in shown.splitlines() if line.startswith("m ")) == sorted(periods)
    shown = run("plan", "--as-of", "2031-01-01").output  # long after
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("m ")] == ["2026"]


def test_dossiers_are_the_newest_first(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    days = ("2026-01-06", "2026-03-02", "2026-02-03")
    monkeypatch.setitem(ROWS, "study-dossiers", [DOSSIER | {"starts_at": f"{day}T01:00:00Z"} for day in days])
    shown = run("dossier").output
    assert re.findall(r"2026-\d\d-\d\d", shown) == ["2026-03-02", "2026-02-03", "2026-01-06"]


TALK = {
    "office": "o-1", "person_a": "p-1", "name_a": "魏菲", "person_b": "p-2", "name_b": "孙志远", "period": "2026",
    "duty": "leadership-section-head", "needed": 6, "held": 1, "due_on": "2026-12-31",
}  # fmt: skip
DOSSIER = {
    "office": "o-1", "starts_at": "2026-01-06T16:30:00Z", "title": "党章讨论会", "carrier": "branch", "roll": True,
    "missing": ["minutes", "make-up"],
}  # fmt: skip
MEMBER = {
    "office": "o-1", "person": "p-1", "name": "王慧琳", "section_name": "秘书科", "tier": "staff", "rank": None,
    "party_role": "member", "away": "long-leave", "since": "2015-09-21",
}  # fmt: skip


TOUCHED = {
    "office": "o-1", "event_id": "e-1", "touched": "e-2", "person": "p-1", "name": "王慧琳", "from_on": "2026-05-01",
    "event": "chengzhang.people.person-transferred.v1", "recorded_at": "2026-05-21T01:00:00Z", "section": "s",
    "touched_event": "chengzhang.learning.attendance-recorded.v1", "occurred_at": "2026-05-06T01:00:00Z",
    "section_name": "信息科", "tier": "staff",
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "table", "said"),
    [
        ("talks", ("talk-due", TALK), ["主任室与科室负责人", "2026-12-31"]),
        ("dossier", ("study-dossiers", DOSSIER), ["2026-01-07 00:30", "会议记录、补课", "党支部"]),
        ("roster", ("roster", MEMBER), ["党员", "长期休假", "2015-09-21"]),
        ("backdated", ("backdated", TOUCHED), ["调整科室", "签到", "2026-05-01", "2026-05-06 09:00", "信息科"]),
    ],
)
def test_a_table_has_words_for_codes_whole_days_and_instants_of_shanghai(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, command: str, table: tuple[str, Json], said: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setitem(ROWS, table[0], [table[1]])
    shown = run(command).output
    assert all(text in shown for text in said), shown


@pytest.mark.parametrize(
    ("column", "file", "code"),
    [
        ("duty", "office/due_list.sql", r"SELECT [a-z]\.office, '([a-z-]+)'"),
        ("missing", "learning/study_dossier.sql", r"THEN '([a-z-]+)'"),
    ],
)
def test_what_a_read_model_calls_by_a_code_has_words(column: str, file: str, code: str) -> None:
    found = set(re.findall(code, (Path("services/projector/read_models") / file).read_text("utf-8")))
    assert len(found) > 5
    assert found <= codes()[column].keys()


def test_where_nothing_is_recorded_the_terminal_says_so(run: Callable[..., Result]) -> None:
    assert "尚无记录" in run("talks").output
    assert "没有符合条件的记录" in run("talks", "--person", "p-9").output
