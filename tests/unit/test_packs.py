"""Rule packs: those that are there, what is wrong with one, and what an office decides by the one that it follows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from schemas.packs import FOLDER, BadPack, load, packs
from schemas.people.discipline import MEASURES
from services.recorder import cli
from tests.unit.office import MONDAY, Office, credit, founded, line, roll, session

NATION = (FOLDER / "national-2026.yaml").read_text("utf-8")
_RUNNER = CliRunner()


def _written(folder: Path, text: str, name: str = "national-2026") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_nation_and_two_regions_have_two_years_each() -> None:
    regions = ("anhui", "guangdong", "national")
    assert list(packs()) == [f"{region}-{year}" for region in regions for year in (2025, 2026)]


def test_every_figure_says_where_it_was_read_and_how_sure_it_is() -> None:
    for pack in packs().values():
        figures = dict(pack.figures())
        assert len(figures) > 50
        assert all(figure.source and figure.certainty for figure in figures.values())
        assert set(pack.discipline.measures) == set(MEASURES)


def test_the_figures_are_those_of_the_regulations() -> None:
    nation = packs()["national-2026"]
    assert nation.study.year_centi_xueshi.value == 90_00
    assert nation.study.five_years_centi_xueshi.value == 550_00
    assert nation.study.online_centi_xueshi.value == 50_00
    assert nation.study.course_leave_share.value == Fraction(1, 7)
    assert (nation.appraisal.excellent_percent.value, nation.appraisal.excellent_approved_percent.value) == (20, 25)
    assert nation.appraisal.posting_workdays.value == 5
    assert nation.appraisal.routine is None  # it binds only where a pack carries it
    assert not nation.welfare.caps_fen
    assert packs()["anhui-2026"].welfare.caps_fen["wedding"].value == 2000_00
    assert packs()["guangdong-2026"].welfare.caps_fen["death-of-member"].value == 3000_00


def test_a_pack_that_rests_on_another_has_its_figures_and_its_own() -> None:
    guangdong, nation = packs()["guangdong-2026"], packs()["national-2026"]
    assert guangdong.study.day_centi_xueshi.value == 600
    assert guangdong.study.year_centi_xueshi == nation.study.year_centi_xueshi
    assert guangdong.appraisal == nation.appraisal


@pytest.mark.parametrize(
    ("wrong", "line_of", "says"),
    [
        (("value: 9000", "value: lots"), "year_centi_xueshi", "year_centi_xueshi"),
        (("certainty: sure", "certainty: certain"), "certainty: certain", "certainty"),
        (("pack: national-2026", "pack: national-2027"), "pack:", "different packs"),
        (("posting_workdays:", "posting_days:"), "appraisal:", "posting_workdays"),
        (("study:", "study: ["), "", ""),
        (("    demerit:", "    reprimand:"), "", ""),
        (("year: 2026", "year: 2026\nyear: 2026"), "", "stands twice"),
        (("version: 1", "version: 1\nrests_on: nowhere-2026"), "rests_on", "nowhere-2026"),
    ],
)
def test_a_bad_one_is_named_by_file_line_and_reason(
    tmp_path: Path, wrong: tuple[str, str], line_of: str, says: str
) -> None:
    text = NATION.replace(*wrong, 1)
    assert text != NATION
    with pytest.raises(BadPack) as bad:
        load(_written(tmp_path, text))
    assert str(bad.value).startswith(f"{tmp_path / 'national-2026.yaml'}:{bad.value.line}: ")
    assert says in str(bad.value)
    assert line_of in text.splitlines()[bad.value.line - 1]
    assert bad.value.zh


def test_what_is_no_file_of_yaml_is_no_pack(tmp_path: Path) -> None:
    for text in ("- 1\n", "", "\0"):
        with pytest.raises(BadPack):
            load(_written(tmp_path, text))
    with pytest.raises(BadPack):
        load(tmp_path / "absent.yaml")


# --- the commands ---


def test_list_show_and_check(tmp_path: Path) -> None:
    listed = _RUNNER.invoke(cli.cli, ["packs", "list", "--json"])
    assert [each["pack"] for each in orjson.loads(listed.stdout)] == list(packs())
    shown = orjson.loads(_RUNNER.invoke(cli.cli, ["packs", "show", "guangdong-2026", "--json"]).stdout)
    figures = {each["figure"]: each for each in shown["figures"]}
    assert figures["study.course_leave_share"]["value"] == "1/7"
    assert figures["study.day_centi_xueshi"] == {
        "figure": "study.day_centi_xueshi", "value": 600, "certainty": "seen-once", "source": "一地学时折算办法",
    }  # fmt: skip
    assert shown["rests_on"] == "national-2026"
    for lang in ("zh", "en"):
        assert _RUNNER.invoke(cli.cli, ["packs", "list", "--lang", lang]).exit_code == 0
        assert "550" in _RUNNER.invoke(cli.cli, ["packs", "show", "national-2025", "--lang", lang]).stdout
    good = _RUNNER.invoke(cli.cli, ["packs", "check", str(FOLDER / "anhui-2025.yaml"), "--json"])
    assert (good.exit_code, orjson.loads(good.stdout)["good"]) == (0, True)
    path = _written(tmp_path, NATION.replace("value: 9000", "value: lots"))
    bad = _RUNNER.invoke(cli.cli, ["packs", "check", str(path), "--json"])
    told = orjson.loads(bad.stdout)
    assert (bad.exit_code, told["good"], told["line"]) == (1, False, NATION.splitlines().index(
        next(row for row in NATION.splitlines() if "year_centi_xueshi" in row)) + 1)  # fmt: skip
    said = _RUNNER.invoke(cli.cli, ["packs", "check", str(path), "--lang", "zh"])
    assert said.exit_code == 1
    assert f"{path}:{told['line']}" in said.stderr
    assert "不是整数" in said.stderr
    assert _RUNNER.invoke(cli.cli, ["packs", "show", "nowhere-2026"]).exit_code == 1


# --- which one an office follows is a fact ---


def _day_long(office: Office, ident: str, starts_at: str) -> None:
    office.did("learning.convene-session", session(ident, minutes=480, starts_at=starts_at), MONDAY)
    office.did("learning.record-attendance", roll(line(minutes=480), session=ident), starts_at)


def test_given_an_office_that_never_said_when_it_decides_then_by_the_nations_pack_of_the_year() -> None:
    office = founded()
    _day_long(office, "m-1", "2026-06-01T09:00:00+08:00")
    at = "2026-06-02T09:00:00+08:00"
    assert office.refused("learning.credit-hours", credit(centi_xueshi=801), at) == "credit-above-session"
    office.did("learning.credit-hours", credit(centi_xueshi=800), at)


def test_given_a_pack_followed_from_a_day_on_then_sessions_from_that_day_on_go_by_it() -> None:
    office = founded()
    followed = office.did("any.follow-pack", {"pack": "guangdong-2026", "from_on": "2026-06-01"})
    assert followed.stream == "office/o-1"
    _day_long(office, "before", "2026-05-31T09:00:00+08:00")
    _day_long(office, "from-then", "2026-06-01T09:00:00+08:00")
    at = "2026-06-02T09:00:00+08:00"
    office.did("learning.credit-hours", credit(session="before", centi_xueshi=800), at)
    no = office.submit("learning.credit-hours", credit(session="from-then", centi_xueshi=601), at)
    assert (no.code, "guangdong-2026" in no.en, "guangdong-2026" in no.zh) == ("credit-above-session", True, True)  # type: ignore[union-attr]
    office.revoke(followed)
    office.did("learning.credit-hours", credit(session="from-then", centi_xueshi=800), at)


def test_a_pack_that_is_not_there_is_not_followed() -> None:
    assert (
        founded().refused("any.follow-pack", {"pack": "nowhere-2026", "from_on": "2026-06-01"}) == "unknown-reference"
    )
