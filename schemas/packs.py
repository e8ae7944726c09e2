"""Rule packs (规则包): the figures by which offices decide, each with its source and how sure it is.

A pack is a YAML file of the recorder's domain, ``<region>-<year>.yaml``. It may rest on another, whose figures are its
own where it says nothing else. ``packs`` are those that are installed; ``load`` reads one from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from schemas.appraisal.grading import Consequence, Grade
from schemas.appraisal.selection import Condition
from schemas.base import Amount, Count, Day, Text, Year
from schemas.entries.following import PackId
from schemas.people.discipline import MEASURES, BarKind

FOLDER: Final = Path(__file__).parents[1] / "services" / "recorder" / "domain" / "rules"
T = TypeVar("T")
Certainty = Literal["sure", "seen-twice", "seen-once", "inferred", "unverified"]
Percent = Annotated[int, Field(ge=0, le=100)]
Share = Annotated[Fraction, BeforeValidator(lambda text: Fraction(text) if isinstance(text, str) else text)]
Nights = Annotated[int, Field(ge=0)]


class BadPack(Exception):
    """A pack that can't be used: file, line (from 1 on), reason. ``field``: pydantic's error of what is ``way``."""

    def __init__(  # noqa: PLR0917  # what it says
        self,
        path: Path,
        line: int,
        en: str,
        zh: str,
        way: tuple[str | int, ...] = (),
        field: Any = None,  # noqa: ANN401
    ) -> None:
        """``en`` and ``zh``: the reason."""
        super().__init__(f"{path}:{line}: {en}")
        self.path, self.line, self.en, self.zh, self.way, self.field = path, line, en, zh, way, field


class Part(BaseModel):
    """A part of a pack: closed, so that a slip of the pen is no silent figure."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


class Figure(Part, Generic[T]):
    """A figure, where it was read, and how sure that is."""

    value: T
    source: Text
    certainty: Certainty


class Study(Part):
    """Study and training (学习培训)."""

    year_centi_xueshi: Figure[Count]  # recognised study of a year, of whom the five years don't bind
    year_days: Figure[Count]  # the same in days
    five_years_centi_xueshi: Figure[Count]  # recognised study of five years
    five_years_days: Figure[Count]
    five_years_ranks: Figure[tuple[Text, ...]]  # whom the five years bind
    online_centi_xueshi: Figure[Count]  # online study of a year
    online_lesson_centi_xueshi: Figure[tuple[Count, ...]]  # of a lesson, by its length, the longest first
    minutes_a_xueshi: Figure[Count]
    half_day_centi_xueshi: Figure[Count]
    day_centi_xueshi: Figure[Count]
    course_leave_share: Figure[Share]  # more leave than that of a course off the job means withdrawal
    make_up_years: Figure[Count]  # within which a shortfall before a promotion is made up


class Carriers(Part):
    """What carriers (学习载体) owe."""

    central_group_sessions_a_quarter: Figure[Count]
    central_group_attendance_percent: Figure[Percent]
    observers_announced_workdays: Figure[Nights]
    observers_note_days: Figure[Nights]
    youth_group_until_age: Figure[Count]
    youth_group_sessions_a_month: Figure[Count]
    youth_group_keynotes: Figure[Count]
    members_meetings_a_quarter: Figure[Count]
    committee_meetings_a_month: Figure[Count]
    party_days_a_month: Figure[Count]
    quorum_percent: Figure[Percent]  # more than that of a branch's members are present


class TalkDuty(Part):
    """How often each of a pair talks with the other."""

    pair: Text
    talks: Count
    every: Literal["month", "year"]


class Duties(Part):
    """What is owed by when (述职、科室交流、谈心)."""

    duty_report_every: Figure[Literal["half-year", "year"]]
    section_exchange_every: Figure[Literal["month", "quarter"]]
    talks: Figure[tuple[TalkDuty, ...]]


class Away(Part):
    """Where who was elsewhere for more than half the year is appraised."""

    months: Count
    posted: Literal["host", "sender"]
    study: Literal["host", "sender"]
    borrowed: Literal["home", "host"]
    long_leave: Literal["not-appraised", "undetermined"]


class Routine(Part):
    """Routine assessment (平时考核), where a pack carries it."""

    every: Figure[Literal["quarter", "half-year"]]
    good_percent: Figure[Percent]
    excellent_needs_good_percent: Figure[Percent]


class After(Part):
    """That a grade, so many years on end, may be followed by something."""

    grade: Grade
    years: Count


class Appraisal(Part):
    """The yearly appraisal (年度考核)."""

    excellent_percent: Figure[Percent]
    excellent_approved_percent: Figure[Percent]
    rounding: Figure[Literal["down", "nearest"]]
    posting_workdays: Figure[Count]
    stages: Figure[tuple[Text, ...]]
    probation: Figure[Literal["no-grade"]]
    refused: Figure[Literal["incompetent"]]
    leadership_by: Figure[Literal["superior"]]
    away: Figure[Away]
    review_days: Figure[Count]
    review_answer_days: Figure[Count]
    appeal_days: Figure[Count]
    direct_appeal_days: Figure[Count]
    appeal_answer_days: Figure[Count]
    appeal_extension_days: Figure[Count]
    routine: Routine | None = None
    consequences: Mapping[Consequence, Figure[After]] = {}  # facts that may follow, each recorded on its own


class Selection(Part):
    """Choosing the advanced (评先): the conditions that there are, each with its figure."""

    conditions: Mapping[Condition, Figure[Amount]]


class Discipline(Part):
    """What measures bar: of the year of the decision, and of those after it."""

    open_case: Figure[tuple[BarKind, ...]]
    measures: Mapping[str, Figure[tuple[BarKind, ...]]]


class Welfare(Part):
    """What the union's fund may give (慰问标准), by occasion, in fen; where nothing is said, there is no cap."""

    caps_fen: Mapping[str, Figure[Count]] = {}


class Pack(Part):
    """A rule pack with all that it rests on."""

    pack: PackId
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,40}$")]
    year: Year
    version: Count
    issued_on: Day
    name: Mapping[Literal["zh", "en"], Text]
    rests_on: PackId | None = None
    study: Study
    carriers: Carriers
    duties: Duties
    appraisal: Appraisal
    discipline: Discipline
    welfare: Welfare
    selection: Selection
    retention_years: Figure[Count]

    def figures(self) -> Iterator[tuple[str, Figure[Any]]]:
        """All its figures, by the way to them: ``study.year_days``."""
        yield from _figures("", self)


def _figures(before: str, part: Any) -> Iterator[tuple[str, Figure[Any]]]:  # noqa: ANN401  # a part, or several
    for name, value in part.items() if isinstance(part, Mapping) else vars(part).items():
        if isinstance(value, Figure):
            yield before + name, value
        elif isinstance(value, Part | Mapping) and name != "name":
            yield from _figures(f"{before}{name}.", value)


# --- reading ---


def packs() -> Mapping[str, Pack]:
    """Those that are installed, by their ids. Raises BadPack."""
    return _packs()


@cache
def _packs() -> dict[str, Pack]:
    return {pack.pack: pack for pack in map(load, sorted(FOLDER.glob("*.yaml")))}


@contextmanager
def supposed(pack: Pack | None) -> Iterator[None]:
    """A pack among them for a while, as if it were installed: for asking what would be."""
    there = _packs()
    before = there.get(pack.pack) if pack else None
    if pack is None or before is pack:
        yield
        return
    there[pack.pack] = pack
    try:
        yield
    finally:
        if before is None:
            del there[pack.pack]
        else:
            there[pack.pack] = before


def load(path: Path) -> Pack:
    """A pack from its file, over the one that it rests on. Raises BadPack."""
    written = _Written(path)
    data = written.data
    try:
        rests_on = data.get("rests_on")
        merged = _over(_data_of(written, rests_on), data) if rests_on is not None else data
        pack = Pack.model_validate(merged, strict=False)
    except ValidationError as error:
        raise written.bad(error) from None
    if pack.pack != path.stem or pack.pack != f"{pack.region}-{pack.year}":
        raise BadPack(path, written.line("pack"), "pack, file, region and year name different packs",
                      "pack、文件名、region 与 year 不一致")  # fmt: skip
    if unknown := sorted(set(MEASURES) - set(pack.discipline.measures)):
        raise BadPack(path, written.line("discipline"), f"measures are missing: {', '.join(unknown)}",
                      f"缺少处分种类：{', '.join(unknown)}")  # fmt: skip
    return pack


def _data_of(written: _Written, rests_on: object) -> dict[str, Any]:
    """What a pack rests on, merged: beside it, or installed."""
    for folder in (written.path.parent, FOLDER):
        path = folder / f"{rests_on}.yaml"
        if path.exists() and path != written.path:
            below = _Written(path)
            deeper = below.data.get("rests_on")
            return below.data if deeper is None else _over(_data_of(below, deeper), below.data)
    line = written.line("rests_on")
    raise BadPack(written.path, line, f"rests_on: there is no pack {rests_on}", f"rests_on：没有规则包 {rests_on}")


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """One over the other, figure by figure: a figure is replaced whole."""
    merged = dict(below)
    for name, value in above.items():
        other = below.get(name)
        deeper = isinstance(value, dict) and isinstance(other, dict) and "value" not in value
        merged[name] = _over(other, value) if deeper and isinstance(other, dict) else value
    return merged


class _Written:
    """A YAML file's data, and on which line each part of it stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[tuple[str | int, ...], int] = {(): 1}
        try:
            node = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise BadPack(path, 1, f"it can't be read: {error}", f"无法读取：{error}") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            why = getattr(error, "problem", None) or "not YAML"
            raise BadPack(path, mark.line + 1 if mark else 1, why, f"不是有效的 YAML（{why}）") from error
        self.data: dict[str, Any] = self._read(node, ())
        if not isinstance(self.data, dict):
            raise BadPack(path, 1, "a pack is a mapping of names to figures", "规则包应为名称到规定的映射")

    def line(self, *way: str | int) -> int:
        """The line of what stands there; of what doesn't, that of what should have it."""
        while way not in self._lines:
            way = way[:-1]
        return self._lines[way]

    def bad(self, error: ValidationError) -> BadPack:
        """The first thing that is wrong."""
        first = error.errors(include_url=False, include_input=False)[0]
        way = tuple(part for part in first["loc"] if not str(part).startswith("function-"))
        said = f"{'.'.join(map(str, way))}: {first['msg']}"
        return BadPack(self.path, self.line(*way), said, said, way, first)

    def _read(self, node: Any, way: tuple[str | int, ...]) -> Any:  # noqa: ANN401  # a node of YAML, what it holds
        if node is None:
            return None
        self._lines.setdefault(way, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            found: dict[str, Any] = {}
            for key, value in node.value:
                if key.value in found:
                    line = key.start_mark.line + 1
                    raise BadPack(self.path, line, f"{key.value} stands twice", f"{key.value} 重复")
                self._lines[*way, key.value] = key.start_mark.line + 1
                found[key.value] = self._read(value, (*way, key.value))
            return found
        if isinstance(node, yaml.SequenceNode):
            return tuple(self._read(value, (*way, index)) for index, value in enumerate(node.value))
        return _plain(node)


def _plain(node: Any) -> Any:  # noqa: ANN401  # a scalar, its value
    value = yaml.SafeLoader("").construct_object(node, deep=True)
    return value if isinstance(value, bool | int) or value is None else str(node.value)
