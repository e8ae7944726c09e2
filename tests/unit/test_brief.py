"""The office in brief: what of each table `office up` shows, in both languages, in 80 columns."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from rich.cells import cell_len
from rich.console import Console, Group

from deploy.local.speaking.messages import Lang
from deploy.local.tables.brief import brief
from tests.contract.generate import application, asked

Json = dict[str, Any]
DOCUMENT = asked(application("projector"), "/openapi.json").json()
TODAY = "2026-03-10"


def plan(period: str, ident: str = "plan-b") -> Json:
    counts = {"planned": 12, "held": 9, "late": 1, "cancelled": 0, "expected": 230, "attended": 217}
    return {"plan": ident, "period": period, "carrier": "branch", **counts}


def duty(ident: str, due_on: str | None, done_on: str | None = None) -> Json:
    return {
        "duty": "follow-up", "id": ident, "owner": "p-1", "owner_name": "魏菲", "section": "s",
        "section_name": "信息科", "what": "follow-up", "due_on": due_on, "done_on": done_on,
    }  # fmt: skip


def talk(name: str, held: int) -> Json:
    return {
        "person_a": "p-1", "name_a": "魏菲", "person_b": "p-2", "name_b": name, "duty": "leadership-section-head",
        "period": "2026", "needed": 6, "held": held, "due_on": "2026-12-31",
    }  # fmt: skip


def month(section: str, of: str, median: Json | None) -> Json:
    return {
        "section": section, "section_name": section, "month": of, "sessions": 11, "attended": 40,
        "outputs_in_effect": 3, "decisions": 0, "exchanges": 1, "office_median": median,
    }  # fmt: skip


MEDIAN = {"sessions": 12.5, "attended": 47, "outputs_in_effect": 2, "decisions": 0, "exchanges": 1}
ROWS: dict[str, list[Json]] = {
    "plan-fulfilment": [plan("2026"), plan("2026-03"), plan("2026-W10"), plan("2025", "plan-old")],
    "due": [
        duty("f-late", "2026-02-28"), duty("f-later", "2026-03-20"), duty("f-today", TODAY),
        duty("f-done", "2026-03-12", "2026-03-01"), duty("f-undated", None),
        *(duty(f"f-far-{number}", f"2026-06-1{number}") for number in range(6)),
    ],
    "talk-due": [talk("孙志远", 5), talk("梁德军", 6)],
    "section-board": [
        month("信息科", "2026-02", None), month("秘书科", "2026-03", MEDIAN), month("信息科", "2026-03", MEDIAN),
    ],
}  # fmt: skip


def _answer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/openapi.json":
        return httpx.Response(200, json=DOCUMENT)
    rows = ROWS[request.url.path.removeprefix("/offices/o-1/")]
    return httpx.Response(200, json={"office": "o-1", "items": rows, "next": None, "seen": {}})


def shown(lang: Lang) -> list[str]:
    console = Console(width=80, highlight=False)
    client = httpx.Client(base_url="http://p", transport=httpx.MockTransport(_answer))
    with console.capture() as capture:
        console.print(Group(*brief(client, "o-1", TODAY, lang)))
    return capture.get().splitlines()


@pytest.mark.parametrize(
    ("lang", "titles", "more"),
    [
        ("zh", ("计划落实", "待办事项", "应谈未谈", "比学赶帮超"), "…… 另有 2 行：`office due --office o-1`。"),
        (
            "en",
            ("plan fulfilment", "what is due", "talks due", "section board"),
            "… and 2 more: `office due --office o-1`.",
        ),
    ],
)
def test_four_tables_one_below_the_other_in_the_readers_language(
    lang: Lang, titles: tuple[str, ...], more: str
) -> None:
    lines = shown(lang)
    assert [line.split(" · ")[0] for line in lines if " · o-1" in line] == list(titles)
    assert more in lines
    assert max(map(cell_len, lines)) <= 80


def test_of_the_plans_it_is_the_year() -> None:
    lines = [line for line in shown("zh") if "plan-" in line]
    assert len(lines) == 1
    assert lines[0].split() == ["plan-b", "2026", "党支部", "12", "9", "1", "230", "217"]


def test_what_comes_next_is_first_and_what_is_done_or_undated_is_not_there() -> None:
    told = [word for line in shown("zh") for word in line.split() if word.startswith("f-")]
    assert told[:3] == ["f-today", "f-later", "f-far-0"]
    assert len(told) == 7  # of nine: the overdue one and the last day's are told by their number


def test_talks_are_those_that_are_still_to_be_held() -> None:
    page = "\n".join(shown("zh"))
    assert "孙志远" in page
    assert "梁德军" not in page


def test_the_board_is_the_newest_month_in_the_tables_order_above_the_median() -> None:
    rows = [line.split() for line in shown("zh") if ("2026-03" in line and "科" in line) or "机关中位数" in line]
    assert [row[0] for row in rows if "f-" not in " ".join(row)] == ["秘书科", "信息科", "（机关中位数）"]
    assert rows[-1] == ["（机关中位数）", "2026-03", "12.5", "47", "2", "0", "1"]


def test_a_table_without_rows_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROWS, "talk-due", [])
    assert [line for line in shown("zh") if "应谈未谈" in line] == []
