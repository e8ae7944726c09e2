"""``recorder what-if`` over a recorded year: what it tells, and that nothing is touched by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import openpyxl
import orjson
import pytest

from schemas.packs import FOLDER
from services.common.settings import Settings
from tests.support.history import SIZE
from tests.support.service import ran

OFFICE = f"{SIZE.prefix}1"
_ALL = """
SELECT sum(hashtext(t.whole)::bigint) FROM (
    SELECT s::text AS whole FROM ledger.shard AS s UNION ALL SELECT e::text FROM ledger.event AS e
    UNION ALL SELECT s::text FROM ledger.state AS s UNION ALL SELECT r::text FROM ledger.receipt AS r
) AS t
"""


async def _ledger(settings: Settings) -> Any:  # noqa: ANN401  # a number
    connection = await asyncpg.connect(settings.database_url)
    found = await connection.fetchval(_ALL)
    await connection.close()
    return found


def _stricter(folder: Path) -> Path:
    """The nation's pack of 2025 with a study hour twice as long."""
    text = (FOLDER / "national-2025.yaml").read_text("utf-8")
    for before, after in (("minutes_a_xueshi: {value: 45", "minutes_a_xueshi: {value: 90"),
                          ("half_day_centi_xueshi: {value: 400", "half_day_centi_xueshi: {value: 100"),
                          ("day_centi_xueshi: {value: 800", "day_centi_xueshi: {value: 100")):  # fmt: skip
        assert before in text
        text = text.replace(before, after)
    path = folder / "national-2025.yaml"
    path.write_text(text, "utf-8")
    return path


async def test_it_tells_what_would_differ_and_touches_nothing(history: Settings, tmp_path: Path) -> None:
    before = await _ledger(history)
    book = tmp_path / "what-if.xlsx"
    asked = ("recorder", "what-if", "--pack", str(_stricter(tmp_path)), "--year", "2025", "--office", OFFICE)
    told = ran(history, *asked, "--json", "--out", str(book))
    assert told.returncode == 0, told.stderr
    found = orjson.loads(told.stdout)
    assert (found["pack"], found["year"]) == ("national-2025", 2025)
    assert [each["office"] for each in found["offices"]] == [OFFICE]
    differences = found["offices"][0]["differences"]
    assert {each["code"] for each in differences} == {"credit-above-session"}
    assert all(each["person"] and each["event"] for each in differences)
    assert {figure["sure"] for each in differences for figure in each["figures"]} == {False}
    assert {"study.minutes_a_xueshi", "study.day_centi_xueshi"} & {
        figure["figure"] for each in differences for figure in each["figures"]
    }
    rows = list(openpyxl.load_workbook(book).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert len(rows) == len(differences) + 1
    assert {row[1] for row in rows[1:]} == {each["person"] for each in differences}
    said = ran(history, *asked, "--lang", "zh")
    assert said.returncode == 0
    assert "不予登记：credit-above-session" in said.stdout.decode()
    assert f"{len(differences)} 项将不同" in said.stderr.decode()
    assert await _ledger(history) == before


@pytest.mark.parametrize(("more", "code", "says"), [
    (("--pack", "national-2025", "--year", "2025"), 0, "nothing of 2025 would differ"),
    (("--pack", "nowhere-2025", "--year", "2025"), 1, "there is no pack nowhere-2025"),
    (("--pack", "absent.yaml", "--year", "2025"), 1, "absent.yaml:1"),
    (("--pack", "national-2025", "--year", "12"), 2, "1900"),
    (("--pack", "national-2025", "--year", "2025", "--out", "/nowhere/x.xlsx"), 1, "/nowhere"),
])  # fmt: skip
async def test_what_is_asked_wrongly_is_told(history: Settings, more: tuple[str, ...], code: int, says: str) -> None:
    told = ran(history, "recorder", "what-if", *more, "--lang", "en")
    assert (told.returncode, says in told.stderr.decode()) == (code, True), told.stderr
    assert b"Traceback" not in told.stderr
