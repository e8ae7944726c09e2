"""Spreadsheets into a running recorder: tried, recorded once, corrected as often as they change, and read again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.spreadsheets.actions import read
from deploy.local.spreadsheets.fates import Ready
from deploy.local.spreadsheets.files import rows
from tests.acceptance.pair import Office, Pair, unique
from tests.support.service import environment

Json = dict[str, Any]
Sheets = dict[str, list[list[Any]]]
OUTPUT = ["成果", "牵头人", "工作条线", "标题", "层级", "实效", "发生时间"]
DAY = "2026-03-02 09:00"


@pytest.fixture
def imported(pair: Pair, office: Office, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[Json]]]:
    """``office import FILE`` into the office: how it ended, and each row's fate."""
    for name, value in environment(pair.settings).items():
        monkeypatch.setenv(name, value)

    def run(path: Path, *options: str) -> tuple[int, list[Json]]:
        ended = CliRunner().invoke(app, ["import", str(path), "--office", office.id, "--json", *options])
        assert ended.exit_code in {0, 1}, ended.output
        return ended.exit_code, json.loads(ended.stdout)

    return run


def written(path: Path, sheets: Sheets) -> Path:
    """A workbook with these sheets."""
    book = Workbook(write_only=True)
    for title, lines in sheets.items():
        page = book.create_sheet(title)
        for line in lines:
            page.append(line)
    book.save(path)
    return path


def counted(fates: list[Json]) -> Counter[str]:
    """How many rows became what."""
    return Counter(fate["outcome"] for fate in fates)


def staffed(count: int) -> Sheets:
    """So many cadres in a section."""
    section, ids = unique("sec"), [unique("p") for _ in range(count)]
    people = [[ident, f"王{place}", "b-1", "2020-01-01", 1990, DAY] for place, ident in enumerate(ids)]
    posts = [[ident, f"post-{ident}", "科员", section, "2026-03-02", DAY] for ident in ids]
    return {
        "设立科室": [["科室", "名称", "发生时间"], [section, "综合科", DAY]],
        "人员登记": [["人员", "姓名", "党支部", "到岗日期", "出生年份", "发生时间"], *people],
        "任职": [["人员", "职务", "职务层次", "科室", "自何日起", "发生时间"], *posts],
    }


def test_a_file_of_several_batches_is_tried_whole_recorded_once_and_read(
    pair: Pair, office: Office, imported: Callable[..., tuple[int, list[Json]]], tmp_path: Path
) -> None:
    sheets = staffed(300)
    ids = [line[0] for line in sheets["人员登记"][1:]]
    outputs = [[unique("u"), who, "信息", f"专报 {place}", "区县", "已施行", DAY] for place, who in enumerate(ids * 2)]
    stray = [unique("u"), "p-nobody", *outputs[0][2:]]
    path = written(tmp_path / "f.xlsx", sheets | {"工作成果": [OUTPUT, *outputs, stray]})
    code, fates = imported(path, "--dry-run")
    refused = [fate for fate in fates if fate["outcome"] == "refused"]
    assert (code, [(fate["row"], fate["column"], fate["code"]) for fate in refused]) == (
        1,
        [(602, "牵头人", "unknown-reference")],
    )
    told = counted(fates)
    assert told["would-pass"] + told["depends"] == 1201
    assert told["depends"] > 0  # on persons of the batch before
    code, fates = imported(path)
    assert (code, counted(fates)["refused"], pair.receipts(office.id)) == (1, 1, [])

    path = written(path, sheets | {"工作成果": [OUTPUT, *outputs]})
    assert counted(imported(path)[1]) == {"accepted": 1201}
    assert counted(imported(path)[1]) == {"repeated": 1201}
    receipts = pair.receipts(office.id)
    assert Counter(receipt["type"].split(".")[2] for receipt in receipts) == {
        "define-section": 1, "register-person": 300, "assume-post": 300, "file-output": 600, "declare-import": 1,
    }  # fmt: skip
    pair.seen(receipts[-1])
    filed = pair.sql("SELECT count(*) FROM office.growth_entry WHERE office = $1", office.id)
    assert filed[0][0] == 600


def test_a_row_that_changes_twice_is_corrected_twice_and_what_stands_is_what_it_says(
    pair: Pair, office: Office, imported: Callable[..., tuple[int, list[Json]]], tmp_path: Path
) -> None:
    sheets, output = staffed(1), unique("u")
    who = sheets["人员登记"][1][0]

    def saying(title: str) -> Path:
        line = [output, who, "信息", title, "区县", "已施行", DAY]
        return written(tmp_path / "f.xlsx", sheets | {"工作成果": [OUTPUT, line]})

    assert counted(imported(saying("一"))[1]) == {"accepted": 4}
    for title in ("二", "三", "一"):
        code, fates = imported(saying(title))
        assert (code, counted(fates)["changed"]) == (1, 1)
        assert counted(imported(saying(title), "--correct")[1]) == {"repeated": 3, "corrected": 1}
        assert counted(imported(saying(title))[1]) == {"repeated": 4}  # as it stands, whatever it was once
        assert counted(imported(saying(title), "--correct")[1]) == {"repeated": 4}
        pair.seen(pair.receipts(office.id)[-1])
        standing = pair.sql("SELECT title FROM office.growth_entry WHERE office = $1 AND revoked_at IS NULL", office.id)
        assert [row["title"] for row in standing] == [title]
    accepted = [receipt["type"] for receipt in pair.receipts(office.id) if receipt["outcome"] == "accepted"]
    assert accepted.count("chengzhang.any.correct-entry.v1") == 3


def test_a_row_that_was_refused_for_good_is_recorded_once_it_is_mended(
    pair: Pair, office: Office, imported: Callable[..., tuple[int, list[Json]]], tmp_path: Path
) -> None:
    sheets = staffed(1)
    who, session = sheets["人员登记"][1][0], unique("m")
    convened = ["学习活动", "学习载体", "活动形式", "标题", "开始时间", "分钟", "主持人", "发生时间"]
    sheets["学习活动"] = [convened, [session, "党支部", "讲座", "党课", DAY, 60, who, DAY]]
    assert imported(written(tmp_path / "a.xlsx", sheets))[0] == 0

    def roll(minutes: int) -> Path:
        heading = ["学习活动", "人员", "出勤", "分钟", "发生时间"]
        line = [session, who, "部分时间", minutes, "2026-03-02 11:00"]
        return written(tmp_path / "b.xlsx", {"签到": [heading, line]})

    (ready,) = read(rows(roll(90)), office.id)
    assert isinstance(ready, Ready)
    assert pair.post(ready.action).json()["code"] == "minutes-above-session"
    assert counted(imported(roll(60))[1]) == {"accepted": 1}
    assert counted(imported(roll(60))[1]) == {"repeated": 1}


def test_the_offices_spirit_and_its_rule_pack_are_sheets_too(
    pair: Pair, office: Office, imported: Callable[..., tuple[int, list[Json]]], tmp_path: Path
) -> None:
    sheets = staffed(1)
    who, phrase = sheets["人员登记"][1][0], unique("f")
    sheets |= {
        "精神提炼用语": [["用语", "人员", "文字", "发生时间"], [phrase, who, "求实", DAY]],
        "机关精神": [
            ["机关精神", "日期", "用语：文字", "用语：来源用语", "六个方面引导：引导", "六个方面引导：文字"],
            ["sp-1", "2026-03-09", "求实创新", phrase, "人", "知人善任"],
            ["sp-1", "2026-03-09", None, None, "干", "干在实处"],
        ],
        "采用规则包": [["规则包", "自何日起"], ["anhui-2026", "2026-03-09"]],
    }
    assert counted(imported(written(tmp_path / "s.xlsx", sheets))[1]) == {"accepted": 7}
    types = [receipt["type"].split(".")[2] for receipt in pair.receipts(office.id)]
    assert {"adopt-spirit", "follow-pack"} <= set(types)
    assert types.count("adopt-spirit") == 1
