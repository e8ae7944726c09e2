"""What offices fill in: read as people meant it, or named where it can't be; sent once, corrected, never half."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.spreadsheets import importing
from deploy.local.spreadsheets.actions import read
from deploy.local.spreadsheets.cells import Unclear, value_of
from deploy.local.spreadsheets.fates import Fate, Ready
from deploy.local.spreadsheets.files import rows
from deploy.local.spreadsheets.sheets import Column, Sheet, of, sheets
from deploy.local.spreadsheets.telling import Teller
from schemas.catalogue import ACTIONS
from services.common.settings import Settings

Json = dict[str, Any]
OUTPUT = ("成果", "牵头人", "工作条线", "标题", "层级", "实效", "发生时间")


def _column(form: str, **more: Any) -> Column:  # noqa: ANN401  # as columns have them
    return Column(("x",), "列", "column", form, required=False, **more)


@pytest.mark.parametrize(
    ("form", "cell", "meant"),
    [
        ("day", "2026-3-2", "2026-03-02"), ("day", "2026/03/02", "2026-03-02"), ("day", "2026.3.2", "2026-03-02"),
        ("day", "2026年3月2日", "2026-03-02"), ("day", "２０２６年３月２日", "2026-03-02"),
        ("day", 46083.0, "2026-03-02"),
        ("day", "46083", "2026-03-02"), ("day", date(2026, 3, 2), "2026-03-02"), ("day", " 2026-02-28　", "2026-02-28"),
        ("instant", "2026-03-02 23:30", "2026-03-02T23:30:00+08:00"),
        ("instant", "2026年3月2日 9时30分", "2026-03-02T09:30:00+08:00"),
        ("instant", "2026-03-02", "2026-03-02T12:00:00+08:00"), ("instant", 46083.5, "2026-03-02T12:00:00+08:00"),
        ("instant", datetime.fromisoformat("2026-03-02T00:30:00"), "2026-03-02T00:30:00+08:00"),
        ("instant", "2025-12-31T16:00:00Z", "2025-12-31T16:00:00+00:00"),
        ("whole", "１２", 12), ("whole", 12.0, 12), ("whole", "1,200", 1200),
        ("id", 17.0, "17"), ("id", "ｐ-１ ", "p-1"), ("id", "007", "007"),
        ("yes", "是", True), ("yes", "否", False), ("yes", True, True),
        ("text", "　专报 ", "专报"), ("text", 2026.0, "2026"), ("text", "", None), ("text", " 　 ", None),
        ("id", None, None),
        ("month", "2026-03", "2026-03"), ("month", datetime.fromisoformat("2026-03-01T00:00:00"), "2026-03"),
        ("month", "2026年3月", "2026-03"), ("month", "2026/3", "2026-03"), ("month", "2026H1", "2026H1"),
        ("text", datetime.fromisoformat("2026-03-01T00:00:00"), "2026-03-01"),
        ("counts", "优秀 3、称职5", {"excellent": 3, "competent": 5}),
        ("counts", "excellent：3；fair 1", {"excellent": 3, "fair": 1}),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_it_was_meant(form: str, cell: Any, meant: Any) -> None:  # noqa: ANN401  # what cells hold
    assert value_of(_column(form), cell) == meant


@pytest.mark.parametrize(
    ("form", "cell", "why"),
    [
        ("day", "三月二日", "not_day"), ("day", "2026-02-30", "not_day"), ("day", -5, "not_day"),
        ("whole", "12.5", "not_whole"), ("whole", 1.5, "not_whole"), ("yes", "也许", "not_yes"),
        ("id", 3.4010519900101e17, "id_as_number"), ("id", date(2026, 3, 2), "id_as_day"),
        ("counts", "优秀", "not_counts"), ("instant", time(9, 30), "not_day"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_named(form: str, cell: Any, why: str) -> None:  # noqa: ANN401  # what cells hold
    with pytest.raises(Unclear) as unclear:
        value_of(_column(form), cell)
    assert unclear.value.key == why


def test_several_values_stand_in_a_cell_and_codes_in_words() -> None:
    assert value_of(_column("id", many=True), "p-1、p-2，p-3; p-4") == ["p-1", "p-2", "p-3", "p-4"]
    sheet = _sheet("工作成果")
    effect = sheet.found("实效*")
    assert effect is not None
    assert value_of(effect, "已施行") == value_of(effect, "in-force") == value_of(effect, "In force") == "in-force"


def _sheet(title: str) -> Sheet:
    found = of(title)
    assert found is not None
    return found


def test_every_action_that_is_typed_by_hand_has_a_sheet_of_its_own() -> None:
    without = {type_.removeprefix("chengzhang.") for type_ in ACTIONS if of(type_) is None}
    about_events = {"revoke", "correct", "propose", "verify", "dispute"}
    assert without == {
        *(f"any.{word}-entry.v1" for word in about_events), "any.settle-dispute.v1", "any.declare-import.v1",
        "people.request-erasure.v1", "people.erase-person.v1", "people.place-hold.v1", "people.lift-hold.v1",
    }  # fmt: skip
    assert all(len(title) <= 31 for title in sheets())


# --- files ---


def _book(path: Path, *lines: Any, title: str = "工作成果", headings: tuple[str, ...] = OUTPUT) -> Path:  # noqa: ANN401
    book = Workbook()
    sheet = book.create_sheet(title, 0)
    sheet.append(headings)
    for line in lines:
        sheet.append(line)
    book.save(path)
    return path


def _line(output: str = "u-1", **more: Any) -> list[Any]:  # noqa: ANN401
    told = dict(zip(OUTPUT, (output, "p-1", "信息", "专报", "区县", "建议被决策采纳", "2026-03-02 09:00"), strict=True))
    return list((told | more).values())


def _read(path: Path) -> tuple[list[Ready], list[Fate]]:
    found = list(read(rows(path), "o-1"))
    return [each for each in found if isinstance(each, Ready)], [each for each in found if isinstance(each, Fate)]


def test_a_row_is_an_action_that_the_contract_knows(tmp_path: Path) -> None:
    (ready,), fates = _read(_book(tmp_path / "f.xlsx", _line(), [None] * 7, ["  "] * 7))
    assert not fates
    assert ready.action["data"] == {
        "output": "u-1", "lead": "p-1", "line": "information", "title": "专报", "level": "district",
        "effect": "adopted",
    }  # fmt: skip
    assert (ready.action["time"], ready.action["office"], ready.action["entry"]) == (
        "2026-03-02T09:00:00+08:00", "o-1", "hand",
    )  # fmt: skip


def test_merged_cells_say_the_same_for_all_that_they_cover(tmp_path: Path) -> None:
    path = _book(tmp_path / "f.xlsx", _line("u-1"), _line("u-2", 牵头人=None), _line("u-3", 牵头人=None))
    book = load_workbook(path)
    book["工作成果"].merge_cells("B2:B4")
    book.save(path)
    ready, _ = _read(path)
    assert [each.action["data"]["lead"] for each in ready] == ["p-1"] * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_csv_file_is_read_in_the_encodings_that_there_are(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "工作成果.csv"
    path.write_text("\n".join(",".join(line) for line in (OUTPUT, _line())), encoding=encoding)
    (ready,), _ = _read(path)
    assert ready.action["data"]["title"] == "专报"


def test_what_is_wrong_is_told_by_sheet_row_and_column(tmp_path: Path) -> None:
    path = _book(
        tmp_path / "f.xlsx", _line(), _line("u-2", 实效="很好"), _line("u-3", 发生时间="昨天"), _line("u-4", 标题=None),
        headings=(*OUTPUT, "照片"),
    )  # fmt: skip
    ready, fates = _read(path)
    assert len(ready) == 1
    assert [(fate.sheet, fate.row, fate.column, fate.code) for fate in fates][:3] == [
        ("工作成果", 1, "照片", "invalid-field"),
        ("工作成果", 3, "实效", "invalid-field"),
        ("工作成果", 4, "发生时间", "invalid-field"),
    ]
    assert {fate.row for fate in fates} == {1, 3, 4, 5}
    assert fates[1].message == {
        "zh": "不在可选范围内，可用：建议被决策采纳、已施行、解决问题、待见效。",
        "en": "None of: adopted, in force, problem solved, pending.",
    }
    assert all(fate.message and fate.message["zh"] and fate.message["en"] for fate in fates)


def test_a_roll_has_an_action_a_line_and_a_plan_one_for_all_its_targets(tmp_path: Path) -> None:
    roll = ("学习活动", "人员", "出勤", "发生时间")
    lines = [["m-1", who, "到会", "2026-03-02 11:00"] for who in ("p-1", "p-2")]
    state = _sheet("签到").found("出勤")
    assert state is not None
    lines = [[*line[:2], next(iter(state.values.values())).zh, line[3]] for line in lines]
    ready, fates = _read(_book(tmp_path / "r.xlsx", *lines, title="签到", headings=roll))
    assert not fates
    assert [each.action["data"]["roll"][0]["person"] for each in ready] == ["p-1", "p-2"]
    plan = ("学习计划", "年度", "学习载体", "活动形式", "场次", "发生时间")
    kinds = [["pl-1", 2026, "科室", kind, 4, "2026-01-05"] for kind in ("讲座", "讨论会")]
    (one,), fates = _read(_book(tmp_path / "p.xlsx", *kinds, title="年度学习计划", headings=plan))
    assert not fates
    assert len(one.action["data"]["targets"]) == 2
    assert [fate.row for fate in one.fates("accepted")] == [2, 3]


def test_what_has_two_lists_takes_rows_with_a_part_of_either_and_lists_may_be_empty(tmp_path: Path) -> None:
    headings = ("机关精神", "日期", "用语：文字", "用语：来源用语", "六个方面引导：引导", "六个方面引导：文字")
    lines = [
        ["sp-1", "2026-03-02", "求实", "f-1、f-2", "人", "知人善任"],
        ["sp-1", "2026-03-02", "创新", None, None, None],
        [None, None, None, None, "干", "干在实处"],
    ]  # fmt: skip
    (one,), fates = _read(_book(tmp_path / "s.xlsx", *lines, title="机关精神", headings=headings))
    assert not fates
    assert one.action["data"]["phrases"] == [{"text": "求实", "from": ["f-1", "f-2"]}, {"text": "创新"}]
    assert one.action["data"]["guides"] == [
        {"guide": "people", "text": "知人善任"},
        {"guide": "work", "text": "干在实处"},
    ]
    assert [fate.row for fate in one.fates("refused", pointer="/data/guides/1/text")] == [2, 3, 4]
    assert [fate.column for fate in one.fates("refused", pointer="/data/guides/1/text")] == [None, None, headings[5]]
    minutes = ("学习活动", "记录人", "文件摘要", "发生时间")
    lines = [["m-1", "p-1", "0" * 64, "2026-03-02"]]
    (one,), fates = _read(_book(tmp_path / "m.xlsx", *lines, title="会议记录", headings=minutes))
    assert (fates, one.action["data"].get("matters", [])) == ([], [])


def test_no_member_of_an_action_is_taken_for_the_column_of_remarks(tmp_path: Path) -> None:
    headings = ("备注", "谈话", "发起人", "参加人", "方式", "谈话主题", "谈话记录", "发生时间")
    line = ["我的备注", "t-1", "p-1", "p-2", "一对一", "蹲点的难处、下一步 学什么", "愿意留下", "2026-03-02 15:00"]
    (one,), fates = _read(_book(tmp_path / "t.xlsx", line, title="谈心谈话", headings=headings))
    assert not fates
    assert one.action["data"]["note"] == "愿意留下"
    assert one.action["data"]["topics"] == ["蹲点的难处", "下一步 学什么"]


def test_a_sheet_may_begin_anywhere_and_cells_be_merged_there(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.create_sheet("工作成果", 0)
    for place, cells in enumerate((OUTPUT, _line("u-1"), _line("u-2", 牵头人=None), _line("u-3", 实效="很好")), 4):
        for column, cell in enumerate(cells, 3):
            sheet.cell(place, column, cell)
    sheet.merge_cells("D5:D6")
    book.save(tmp_path / "f.xlsx")
    ready, (fate,) = _read(tmp_path / "f.xlsx")
    assert [(each.rows[0].number, each.action["data"]["lead"]) for each in ready] == [(5, "p-1"), (6, "p-1")]
    assert (fate.row, fate.column) == (7, "实效")


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    path = _book(tmp_path / "f.xlsx", [*_line("u-1"), "多出来的"], _line("u-2"), headings=(*OUTPUT, "", "标 题 "))
    book = load_workbook(path)
    book.create_sheet("工作成果 (2)").append(OUTPUT)
    book.save(path)
    ready, fates = _read(path)
    assert [each.rows[0].number for each in ready] == [3]
    assert [(fate.sheet, fate.row, fate.column, fate.outcome) for fate in fates] == [
        ("工作成果", 1, "标 题 ", "refused"), ("工作成果", 2, "H", "refused"), ("工作成果 (2)", 1, None, "skipped"),
    ]  # fmt: skip


@pytest.mark.parametrize(("by", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), ("\t", "gbk")])
def test_a_csv_file_has_the_delimiter_of_its_headings(tmp_path: Path, by: str, encoding: str) -> None:
    path = tmp_path / "工作成果.csv"
    path.write_text("\r\n".join(by.join(line) for line in (OUTPUT, _line(标题='"一,二"'))), encoding=encoding)
    (ready,), _ = _read(path)
    assert ready.action["data"]["title"] == "一,二"


def test_an_action_keeps_its_id_as_long_as_the_row_is_about_the_same(tmp_path: Path) -> None:
    (first,), _ = _read(_book(tmp_path / "a.xlsx", _line()))
    (changed,), _ = _read(_book(tmp_path / "b.xlsx", _line(标题="快报")))
    (other,), _ = _read(_book(tmp_path / "d.xlsx", _line("u-2")))
    assert first.action["id"] == changed.action["id"] != other.action["id"]


# --- the commands ---


def _receipt(ident: str) -> Json:
    return {"id": ident, "outcome": "accepted", "final": True, "events": [{"id": f"event-of-{ident}"}]}


class _Recorder:
    """Answers as the recorder does, by ids and bodies alone."""

    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}
        self.refuse: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self._receipts(request.url.params)
        dry = request.url.params.get("dry_run") == "true"
        return httpx.Response(200, json=[self._item(action, dry=dry) for action in orjson.loads(request.content)])

    def _receipts(self, asked: httpx.QueryParams) -> httpx.Response:
        found = [_receipt(ident) for ident in self.kept]
        if "id" not in asked:
            return httpx.Response(200, json={"items": found, "next": None})
        one = next((receipt for receipt in found if receipt["id"] == asked["id"]), None)
        return httpx.Response(404 if one is None else 200, json=one)

    def _item(self, action: Json, *, dry: bool) -> Json:
        ident = action["id"]
        if action["data"].get("output") in self.refuse:
            errors = [{"pointer": "/data/lead", "message": {"en": "no", "zh": "无此人"}}]
            receipt = {"final": True, "message": {"en": "no", "zh": "无此人"}}
            return {"status": 422, "problem": {"code": "unknown-reference", "errors": errors, "receipt": receipt}}
        if ident in self.kept:
            same = self.kept[ident] == action["data"]
            problem = {"code": "key-conflict", "detail": "…", "receipt": None}
            return {"status": 200, "receipt": {}} if same else {"status": 409, "problem": problem}
        if not dry:
            self.kept[ident] = action["data"]
        return {"status": 201, "receipt": _receipt(ident)}


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Recorder:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"publisher": "a-publisher"}))
    settings = Settings(home=tmp_path, tokens=tokens, recorder_url="http://r")
    made, client = _Recorder(), httpx.Client
    monkeypatch.setattr(importing, "stack_settings", lambda *_: settings)
    transport = httpx.MockTransport(made)
    monkeypatch.setattr(httpx, "Client", lambda **more: client(**more, transport=transport))
    return made


@pytest.fixture
def run() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(app, [*map(str, arguments), "--lang", "zh"])


def _told(result: Result) -> list[tuple[int, str]]:
    return [(fate["row"], fate["outcome"]) for fate in json.loads(result.stdout)]


def test_the_same_file_again_records_nothing_twice_and_a_changed_row_is_offered_as_a_correction(
    recorder: _Recorder, run: Callable[..., Result], tmp_path: Path
) -> None:
    path = _book(tmp_path / "f.xlsx", _line("u-1"), _line("u-2"))
    command = ("import", path, "--office", "o-1", "--json")
    tried = run(*command, "--dry-run")
    assert (tried.exit_code, _told(tried), recorder.kept) == (0, [(2, "would-pass"), (3, "would-pass")], {})
    assert _told(run(*command)) == [(2, "accepted"), (3, "accepted")]
    assert len(recorder.kept) == 3  # and the import's own declaration
    again = run(*command)
    assert (again.exit_code, _told(again)) == (0, [(2, "repeated"), (3, "repeated")])
    _book(path, _line("u-1"), _line("u-2", 标题="快报"))
    changed = run(*command)
    assert (changed.exit_code, sorted(_told(changed))) == (1, [(2, "would-pass"), (3, "changed")])
    assert _told(run(*command, "--correct")) == [(2, "repeated"), (3, "corrected")]
    (correction,) = [data for data in recorder.kept.values() if "replacement" in data]
    assert correction["replacement"]["data"]["title"] == "快报"
    assert correction["event"].startswith("event-of-file-output-")


def test_a_row_is_corrected_as_often_as_it_changes_each_time_what_stands(
    recorder: _Recorder, run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "f.xlsx"
    command = ("import", path, "--office", "o-1", "--json")
    for title, outcome in (("一", "accepted"), ("二", "corrected"), ("三", "corrected"), ("一", "corrected")):
        _book(path, _line("u-1", 标题=title))
        assert _told(run(*command, "--correct")) == [(2, outcome)]
        assert _told(run(*command)) == [(2, "repeated")]  # as it stands now, though it was another once
    first, *corrections = [data for ident, data in recorder.kept.items() if ident.startswith("file-output-")]
    ident = next(ident for ident in recorder.kept if ident.startswith("file-output-"))
    assert [each["replacement"]["data"]["title"] for each in corrections] == ["二", "三", "一"]
    assert first["title"] == "一"
    assert [each["event"] for each in corrections] == [
        f"event-of-{ident}", f"event-of-{ident}.2", f"event-of-{ident}.3"
    ]  # fmt: skip


def test_where_a_row_is_refused_nothing_is_sent(
    recorder: _Recorder, run: Callable[..., Result], tmp_path: Path
) -> None:
    recorder.refuse = {"u-2"}
    result = run("import", _book(tmp_path / "f.xlsx", _line("u-1"), _line("u-2")), "--office", "o-1")
    assert result.exit_code == 1
    assert "工作成果 第 3 行 · 牵头人 · unknown-reference: 无此人" in result.output
    assert not recorder.kept


@pytest.mark.parametrize("name", ["none.xlsx", "照片.csv", "bytes.csv"])
def test_a_file_that_is_none_is_said_in_a_sentence(run: Callable[..., Result], tmp_path: Path, name: str) -> None:
    (tmp_path / "照片.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\x81\xff")
    result = run("import", tmp_path / name, "--office", "o-1")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_the_template_has_headings_pick_lists_help_and_an_example_that_is_not_imported(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "t.xlsx"
    assert run("template", path).exit_code == 0
    book = load_workbook(path)
    assert book.sheetnames == ["说明", *sheets()]
    page = book["工作成果"]
    assert {cell.value for cell in page[1]} >= {"成果*", "牵头人*", "实效*", "发生时间*"}
    assert any("已施行" in str(choice.formula1) for choice in page.data_validations.dataValidation)
    assert _read(path) == ([], [])
    page.append([None, "2026-03-02 09:00", None, "u-1", "p-1", None, "信息", "专报", None, "区县", "已施行"])
    book.save(path)
    (ready,), fates = _read(path)
    assert not fates
    assert ready.action["data"]["effect"] == "in-force"


def test_a_file_without_a_row_is_told_from_one_whose_rows_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    with Teller("zh", as_json=False):
        pass
    assert "没有已填写的行" in capsys.readouterr().err
