"""What is wrong with a field, where, and how to mend it, in both languages: pydantic's errors, said for people.

Nothing here repeats a value: it may be sealed, and what is said goes into receipts and logs.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from services.common.telling.visible import UNSEEN

Four = tuple[str, str, str, str]  # message en, zh; fix en, zh
_LARGEST: Final = 2**53 - 1
_LONGEST_NAME: Final = 64

_SAID: Final[dict[str, Four]] = {
    "missing": ("is missing", "缺少该字段", "add it", "请补上"),
    "extra_forbidden": ("is not a field of this type", "该类型没有此字段", "leave it out", "请去掉"),
    "literal_error": (
        "has a value that is not allowed", "取值不在允许范围内",
        "use one of {allowed_en}", "可用：{allowed_zh}",
    ),
    "int_type": (
        "is not a whole number", "不是整数",
        "give a JSON integer within ±(2^53−1): no quotes, no decimal point",
        "请填写 JSON 整数（±(2^53−1) 以内），不加引号和小数点",
    ),
    "int_parsing": ("is not a whole number", "不是整数", "give digits only", "请只填数字"),
    "json_invalid": ("is not JSON", "不是 JSON", "send JSON text in UTF-8", "请发送 UTF-8 编码的 JSON 文本"),
    "list_type": ("is not a list", "不是列表", "give a JSON array […]", "请填写 JSON 数组 […]"),
    "model_attributes_type": (
        "is not an object", "不是 JSON 对象", "give a JSON object {{…}}", "请填写 JSON 对象 {{…}}",
    ),
    "bool_type": (
        "is neither true nor false", "不是 true 或 false",
        "give true or false, without quotes", "请填写 true 或 false，不加引号",
    ),
    "string_type": ("is not a text", "不是文本", "give a JSON string", "请填写 JSON 字符串"),
    "dict_type": ("is not an object", "不是 JSON 对象", "give a JSON object {{…}}", "请填写 JSON 对象 {{…}}"),
    "model_type": ("is not an object", "不是 JSON 对象", "give a JSON object {{…}}", "请填写 JSON 对象 {{…}}"),
    "tuple_type": ("is not a list", "不是列表", "give a JSON array […]", "请填写 JSON 数组 […]"),
    "greater_than_equal": ("is too small", "数值过小", "give {ge} or more", "不得小于 {ge}"),
    "less_than_equal": ("is too large", "数值过大", "give {le} or less", "不得大于 {le}"),
    "string_too_short": (
        "is too short", "文本过短",
        "give at least {min_length} character(s)", "至少 {min_length} 个字符",
    ),
    "string_too_long": ("is too long", "文本过长", "give at most {max_length} characters", "至多 {max_length} 个字符"),
    "too_short": ("has too few items", "项数过少", "give at least {min_length}", "至少 {min_length} 项"),
    "too_long": (
        "has too many items", "项数过多",
        "give at most {max_length}; split the rest off", "至多 {max_length} 项，其余请另行提交",
    ),
    "string_pattern_mismatch": (
        "is not written as it should be", "书写格式不符",
        "give {written_en}", "应为{written_zh}",
    ),
    "instant": (
        "is not an instant", "不是有效的时间",
        "write it as 2026-03-02T09:00:00+08:00", "请写成 2026-03-02T09:00:00+08:00",
    ),
    "naive": (
        "has no offset from UTC", "时间缺少时区偏移",
        "add the offset: +08:00 for Beijing time, Z for UTC", "请加上偏移：北京时间为 +08:00，UTC 为 Z",
    ),
    "day": ("is not a day", "不是有效的日期", "write it as 2026-03-02", "请写成 2026-03-02"),
    "no_such_day": ("is a day that does not exist", "日历中没有这一天", "check month and day", "请核对月份和日期"),
    "year": ("lies outside the years 1900 to 2200", "年份超出 1900 至 2200", "check the year", "请核对年份"),
    "named_twice": ("names one twice", "有重复项", "name each once", "每项只写一次"),
    "no_minutes": (
        "is 0 for somebody who was there", "到场人员的分钟数不能为 0",
        "give the minutes attended; leave it out where it was the whole session", "请填写实际分钟数；全程参加可不填",
    ),
    "minutes_missing": (
        "has no minutes", "缺少分钟数", "give the minutes of whoever was there for a part",
        "部分时间参加的，请填写分钟数",
    ),
    "granted_by": (
        "has granted_by without leave", "未请假而填写了 granted_by",
        "leave granted_by out, or give state leave", "请去掉 granted_by，或将 state 改为 leave",
    ),
    "away_minutes": (
        "counts minutes for someone who was away", "请假或缺席却记了分钟数",
        "set minutes to 0, or state to present or partial", "请将 minutes 改为 0，或将 state 改为 present 或 partial",
    ),
    "leave_kind": (
        "has a leave_kind without leave", "未请假却填写了 leave_kind",
        "leave leave_kind out, or set state to leave", "请去掉 leave_kind，或将 state 改为 leave",
    ),
    "title_missing": ("needs a title", "该条线须填写标题", "add title", "请补上 title"),
    "count_extra": (
        "has a count, which goes with classified-communications only", "只有机要条线可填写 count",
        "leave count out", "请去掉 count",
    ),
    "person_or_section": (
        "names neither a person nor a section, or both", "人员与科室须填且只填一项",
        "give person or section, one of them", "请填写 person 或 section 之一",
    ),
    "week": ("is no week of that year", "该年没有这一周", "check the week's number", "请核对周次"),
    "week_or_ten_days": (
        "says both a week and ten days, or neither", "周与旬须且只能填写一项",
        "give iso_week or ten_days", "请填写 iso_week 或 ten_days 之一",
    ),
    "week_elsewhere": (
        "has an item in a week without a day in the month", "有项目所在的周与该月没有重合的日子",
        "check iso_week, or arrange it with its own month", "请核对 iso_week，或列入所属月份的安排",
    ),
    "ends_before": ("ends before it begins", "结束早于开始", "check from_on and to_on", "请核对 from_on 与 to_on"),
    "decided_on": (
        "has case and decided_on that don't go together", "案件状态与决定日期不符",
        "give decided_on with case decided, and leave it out of an open one", "已处分的填写 decided_on，立案审查的不填",
    ),
    "measure_kind": (
        "names no measure that is known", "处分种类无法识别",
        "use one of {measures}", "可用：{measures}，或相应的中文名称",
    ),
    "with_oneself": (
        "is between one person and the same", "谈话双方是同一人", "name somebody else in with", "with 请填写另一人",
    ),
    "one_origin": (
        "comes from none or several of talk, report and exchange", "talk、report、exchange 须且只能填写一项",
        "give exactly one of them", "请只填写其中一项",
    ),
    "own_mentor": (
        "pairs somebody with the same person", "导师与学员是同一人",
        "name two persons as mentor and learner", "mentor 与 learner 请填写两人",
    ),
    "few_sections": (
        "has fewer than two sections", "参加科室不足两个", "name all that took part", "请写出全部参加科室",
    ),
    "host_missing": (
        "has a host that is not among its sections", "主办科室不在参加科室之列",
        "add the host to sections, or correct host", "请将主办科室列入 sections，或更正 host",
    ),
    "place_beyond": (
        "has a place beyond the number of those compared", "位次大于参评数", "check place and of", "请核对 place 与 of",
    ),
    "ballots": (
        "counts more than there were ballots", "各项票数之和超过总票数",
        "give ballots, and counts that add up to no more", "请填写 ballots，且各项之和不超过它",
    ),
    "unseen": (
        "contains {point}, which nobody sees: a control character, or one that turns text around",
        "含有不可见字符 {point}：控制字符，或改变文字方向的字符", "remove it", "请去掉该字符",
    ),
}  # fmt: skip
_OTHERWISE: Final[Four] = (
    "does not fit the schema",
    "不符合模式",
    "compare with the type's JSON Schema",
    "请对照该类型的 JSON Schema",
)

# A pattern → how to write it.
_WRITTEN: Final[tuple[tuple[str, str, str], ...]] = (
    ("{1,64}", "1 to 64 letters a–z, A–Z, digits and hyphens", " 1 至 64 个英文字母、数字或连字符"),
    ("{1,256}", "1 to 256 characters, no control characters", " 1 至 256 个字符，不含控制字符"),
    ("H[12]|Q", "a period: 2026, 2026H1, 2026Q1 or 2026-03", "时段：2026、2026H1、2026Q1 或 2026-03"),
    ("(H1|H2)", "a half-year: 2026H1 or 2026H2", "半年度：2026H1 或 2026H2"),
    ("{2}-(0[1-9]|1[0-2])$", "a month: 2026-03", "月份：2026-03"),
    ("[a-z-]{1,40}", "the code of a grade, in small letters", "等次代码（小写英文字母）"),
    ("{8}(-", "an event id, a UUID in lower case, as receipts give it", "事件编号（小写 UUID，见回执）"),
    ("{32}-", "a W3C traceparent, 00-<32 hex>-<16 hex>-<2 hex>", " W3C traceparent：00-<32 位十六进制>-<16 位>-<2 位>"),
)
# What people call a field → what it is called here.
_ALSO_CALLED: Final[dict[str, str]] = {
    "hours": "minutes", "duration": "minutes", "xueshi": "centi_xueshi", "credit": "centi_xueshi",
    "yuan": "fen", "amount": "fen", "money": "fen", "date": "on", "day": "on", "since": "from_on", "from": "from_on",
    "start": "starts_at", "status": "state", "persons": "roll", "attendees": "roll", "members": "participants",
    "user": "person", "department": "section", "unit": "office", "event_id": "event", "timestamp": "time",
}  # fmt: skip
_NAIVE: Final = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$")
_DAY: Final = re.compile(r"^\d{4}-\d\d-\d\d$")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field's error: an RFC 6901 pointer, and sentences in both languages. Never the value: it may be sealed."""

    pointer: str
    en: str
    zh: str
    fix_en: str
    fix_zh: str

    def body(self) -> dict[str, Any]:
        """As ``errors`` of a problem lists it."""
        return {
            "pointer": self.pointer,
            "message": {"en": self.en, "zh": self.zh},
            "fix": {"en": self.fix_en, "zh": self.fix_zh},
        }


def said(code: str, pointer: str, context: Mapping[str, Any] | None = None) -> FieldError:
    """The sentences for one error code at one place."""
    told = {"ge": 0, "le": _LARGEST, "min_length": 1, "max_length": 0, **(context or {})}
    told |= _allowed(str(told.get("expected", ""))) | _written(str(told.get("pattern", "")))
    en, zh, fix_en, fix_zh = (text.format_map(told) for text in _SAID.get(code, _OTHERWISE))
    return FieldError(pointer, en, zh, fix_en, fix_zh)


def field_errors(
    errors: Iterable[Mapping[str, Any]], value: object, base: str = "", names: Collection[str] = ()
) -> tuple[FieldError, ...]:
    """What pydantic's ``errors`` say about ``value`` (what was parsed), their pointers below ``base``.

    ``names`` are the fields there are: what an unknown one may have meant.
    """
    located = [(_located(value, error["loc"]), error) for error in errors]
    deeper = {path[:n] for (path, _), _ in located for n in range(len(path))}
    lacking = [path for (path, _), error in located if error["type"] == "missing"]
    found: dict[str, FieldError] = {}
    for (path, at), error in located:
        if _beside_the_point(error, at, path in deeper):
            continue
        pointer = base + "".join(f"/{escaped(part)}" for part in path)
        missing_here = [str(other[-1]) for other in lacking if other[:-1] == path[:-1]]
        found.setdefault(pointer, _error(error, pointer, at, path, names, missing_here))
    return tuple(found.values())


def escaped(part: str | int) -> str:
    """One part of an RFC 6901 pointer. A name that is long or has control characters is a sender's and is cut."""
    return UNSEEN.sub("\ufffd", str(part))[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")


def _error(  # noqa: PLR0917 - what one error is told from
    error: Mapping[str, Any],
    pointer: str,
    at: object,
    path: Sequence[str | int],
    names: Collection[str],
    lacking: list[str],
) -> FieldError:
    code = error["type"]
    if code == "extra_forbidden":
        meant = _meant(str(path[-1]), names, lacking)
        plain = said(code, pointer)
        if meant is None:
            return plain
        return FieldError(pointer, plain.en, plain.zh, f"did you mean {meant}?", f"是否应为 {meant}？")
    if code == "instant" and isinstance(at, str) and _NAIVE.match(at):
        code = "naive"
    if code == "day" and isinstance(at, str) and _DAY.match(at):
        code = "no_such_day"
    return said(code, pointer, error.get("ctx"))


def _meant(name: str, names: Collection[str], lacking: list[str]) -> str | None:
    called = _ALSO_CALLED.get(name.lower())
    if called in names:
        return called
    close = get_close_matches(name.lower()[:_LONGEST_NAME], names, n=1)
    if close:
        return close[0]
    return lacking[0] if len(lacking) == 1 else None


def _located(value: object, loc: Sequence[str | int]) -> tuple[tuple[str | int, ...], object]:
    """The path within the value, without the names that pydantic gives a union's branches, and what is there."""
    path: list[str | int] = []
    at = value
    for index, part in enumerate(loc):
        if isinstance(at, dict) and (part in at or index == len(loc) - 1):
            path.append(part)
            at = at.get(part)
        elif isinstance(at, list | tuple) and isinstance(part, int):
            path.append(part)
            at = at[part] if part < len(at) else None
    return tuple(path), at


def _beside_the_point(error: Mapping[str, Any], at: object, has_deeper: bool) -> bool:  # noqa: FBT001
    """A list is called too short when only its items are wrong; each branch of a union denies being the other."""
    if error["type"] == "too_short":
        return isinstance(at, list | tuple) and len(at) >= error["ctx"]["min_length"]
    return has_deeper and error["type"].endswith("_type")


def _allowed(expected: str) -> dict[str, str]:
    values = re.findall(r"'([^']*)'", expected)
    return {"allowed_en": ", ".join(values), "allowed_zh": "、".join(values)}


def _written(pattern: str) -> dict[str, str]:
    for mark, en, zh in _WRITTEN:
        if mark in pattern:
            return {"written_en": en, "written_zh": zh}
    return {"written_en": "what the schema's pattern asks for", "written_zh": "模式规定的写法"}
