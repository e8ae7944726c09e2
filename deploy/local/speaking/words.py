"""What `sample`, `publish`, `file`, `appraisal` and the welcome say, and the field's words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.local.speaking.codes import codes
from deploy.local.speaking.messages import Lang
from deploy.local.speaking.of_tables import TEXTS
from services.common.home import pasteable

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    **TEXTS,
    # the sample
    "sample_written": ("{actions} actions written to {out}.", "已写出 {actions} 个操作，位置：{out}。"),
    "sample_ahead": (
        "Part of it lies in the future, which the recorder refuses for now: leave that out with --until DAY.",
        "部分内容的时间在将来，记录服务暂不接受：可用 --until 日期 截止。",
    ),
    "stdout": ("standard output", "标准输出"),
    "stdin": ("standard input", "标准输入"),
    "no_out": (
        "{out} cannot be written: {reason}. Name another file with --out; its folder has to exist.",
        "无法写入 {out}：{reason}。请用 --out 另指定文件，其所在目录须已存在。",
    ),
    "sample_cut": (
        "{out} cannot be written to its end: {reason}. Make room, or name another file with --out, and begin anew.",
        "{out} 未能写完：{reason}。请清理空间，或用 --out 另指定文件，然后重新生成。",
    ),
    "sample_cut_stdout": (
        "Standard output took not all of it: {reason}. Make room where it goes, and begin anew.",
        "标准输出未能写完：{reason}。请为其去处清理空间，然后重新生成。",
    ),
    "bad_prefix": (
        "--prefix {prefix!r}: letters A to Z, digits and hyphens, at most 20, such as o-x; it is part of every id.",
        "--prefix {prefix!r}：只能是英文字母、数字和连字符，最多 20 个，例如 o-x；它是各编号的一部分。",
    ),
    "until_before": (
        "--until {until} lies before the year {year}: nothing would be in it. Name a day of {year}.",
        "--until {until} 早于 {year} 年：不会有任何内容。请给出 {year} 年内的日期。",
    ),
    # publishing
    "publishing": ("publishing", "正在发布"),
    "recorded": ("{accepted} recorded", "已记录 {accepted}"),
    "published": (
        "{actions} actions published: {accepted} recorded, {repeated} were recorded before, {rejected} refused.",
        "已发布 {actions} 个操作：新记录 {accepted}，此前已有 {repeated}，未接受 {rejected}。",
    ),
    "foreseen": (
        "{count} more were only tried, and refused as the rules have it: {codes}.",
        "另有 {count} 个操作只为演示规则，按预期未获接受：{codes}。",
    ),
    "refused": ("  {count} × {code}: {message}", "  {count} 条 {code}：{message}"),
    "not_json": (
        "Line {line} of {file} is no action: it needs id, source, office and type. Nothing after it was published.",
        "{file} 第 {line} 行不是操作：需要含 id、source、office、type 的 JSON 对象。其后的内容未发布。",
    ),
    "silent": (
        "Nobody answers at {url}: trying on for {seconds} s. `office status` tells what runs.",
        "{url} 没有响应，将继续尝试 {seconds} 秒。可用 `office status` 查看运行状态。",
    ),
    "ended_early": (
        (
            "Ended early: {accepted} recorded, {repeated} were recorded before, {rejected} refused, {waiting} not "
            "answered. Publish the same again to go on: nothing is recorded twice."
        ),
        (
            "提前结束：新记录 {accepted}，此前已有 {repeated}，未接受 {rejected}，尚无答复 {waiting}。"
            "再次发布同样的内容即可继续，不会重复记录。"
        ),
    ),
    "no_file": ("{file} cannot be read: {reason}.", "无法读取 {file}：{reason}。"),
    "no_answer": (
        "No answer for {seconds} s to {count} actions. `recorder status` tells more; publishing again is harmless.",
        "{count} 个操作已 {seconds} 秒没有回执。请用 `recorder status` 查看；重复发布不会重复记录。",
    ),
    "no_kafka": (
        "Kafka at {kafka} cannot be reached ({reason}). Start the stack with `make up`.",
        "无法连接 Kafka {kafka}（{reason}）。请先运行 `make up`。",
    ),
    # asking
    "not_running": (
        "Nobody answers at {url} ({reason}). Start the stack with `make up`; `office status` tells what runs.",
        "{url} 没有响应（{reason}）。请先运行 `make up`；用 `office status` 查看运行状态。",
    ),
    "no_tokens": (
        "No tokens in {file}. Start the stack with `make up`, or name its folder with --home.",
        "{file} 中没有令牌。请先运行 `make up`，或用 --home 指定数据目录。",
    ),
    "bad_tokens": (
        "{file} cannot be read: {reason}. Mend it, or put it back from your backup.",
        "无法读取 {file}：{reason}。请改正，或从备份恢复。",
    ),
    "not_json_at": ("not JSON at line {line}, column {column}", "第 {line} 行第 {column} 列起不是 JSON"),
    "no_token_for": (
        "{file} has no token for {role}. It needs an entry of that name; docs/how-to/operate.md shows one.",
        "{file} 中没有 {role} 的令牌。需要有该名称的条目，写法见 docs/how-to/operate.zh-CN.md。",
    ),
    "bad_moment": (
        "--as-of {value}: neither a day (2026-06-30) nor an RFC 3339 instant (2026-06-30T12:00:00+08:00).",
        "--as-of {value}：既不是日期（2026-06-30），也不是 RFC 3339 时间（2026-06-30T12:00:00+08:00）。",
    ),
    "refused_http": ("{url} answered {status}: {detail}", "{url} 返回 {status}：{detail}"),
    "no_person": (
        "There is no {person} in any growth file. `office appraisal YEAR` lists who there is.",
        "没有 {person} 的成长档案。可用 `office appraisal 年份` 查看人员。",
    ),
    "no_such_office": (
        "There is no office {office} in the record. `office appraisal YEAR` without --office lists what there is.",
        "记录中没有机关 {office}。`office appraisal 年份`（不带 --office）会列出现有机关。",
    ),
    "bad_id": (
        "{value!r} is no id: letters A to Z, digits and hyphens, at most 64.",
        "{value!r} 不是编号：只能是英文字母、数字和连字符，最多 64 个。",
    ),
    "no_office": ("There is no office in the record yet.", "目前还没有任何机关的记录。"),
    "which_office": ("Which office? Name one with --office: {offices}", "请用 --office 指定机关：{offices}"),
    "nobody": ("Office {office} has nobody to appraise in {year}.", "机关 {office} 在 {year} 年没有考核对象。"),
    # the growth file
    "growth_file": ("growth file", "成长档案"),
    "as_of": ("as it stood on {day}", "截至 {day} 的记录"),
    "unnamed": ("(name not shown)", "（姓名未显示）"),
    "erased": ("(erased)", "（已删除）"),
    "entries": ("Entries, newest first", "档案记录（由新到旧）"),
    "more": ("… and {count} older ones: --all shows them.", "…… 另有 {count} 条更早的记录：--all 全部显示。"),
    "by_group": ("group", "类别"),
    "by_session_kind": ("session kind", "活动形式"),
    "by_carrier": ("carrier", "学习载体"),
    "outputs_by_effect": ("outputs by effect", "成果实效"),
    "by_guide": ("guide word", "六个方面"),
    "date": ("date", "日期"),
    "group": ("group", "类别"),
    "what": ("what", "内容"),
    "guide": ("guide", "引导"),
    "not_by_then": (
        "Nothing had been recorded by {day}. --as-of goes by when a thing was recorded, not by when it happened.",
        "截至 {day} 尚无任何记录。--as-of 按记录时间，而非发生时间。",
    ),
    "no_entries": ("Nothing is recorded yet.", "尚无记录。"),
    "revoked": ("revoked {day}", "{day} 撤销"),
    # the appraisal
    "appraisal": ("Appraisal {year} · {office}", "{year} 年度考核 · {office}"),
    "section": ("section", "科室"),
    "tier": ("tier", "层级"),
    "person": ("person", "人员"),
    "name": ("name", "姓名"),
    "requirement": ("study requirement", "学习要求"),
    "stage": ("stage", "阶段"),
    "grade": ("grade", "等次"),
    "how_far": ("How far", "进程"),
    "seats": ("Seats", "优秀名额"),
    "seats_of": (
        "{pool}: {used} of {seats} taken ({rate_percent} % of {appraised} appraised)",
        "{pool}：已用 {used}，共 {seats}（应考核 {appraised} 人的 {rate_percent}%）",
    ),
    "posted_until": (", posted until {day}", "，公示至 {day}"),
    "to_do": ("Next", "下一步"),
    "barred": ("Barred", "处分影响"),
    "follows": ("Follows", "结果运用"),
    "whom": ("{what}: {names}", "{what}：{names}"),
    "and_more": (" and {count} more", " 等，另有 {count} 人"),
    "grade_why": ("{grade} ({why})", "{grade}（{why}）"),
    "grade_proposed": ("{grade}, proposed", "拟{grade}"),
    "not_listed_there": (
        "There is no {whose} in this table, or none in your reach. Without --explain it lists who there is.",
        "此表中没有 {whose}，或不在可查范围内。不带 --explain 可列出全部。",
    ),
    "no_selection": (
        "There is no selection {selection} in {office}. `office export selections --office {office}` lists them.",
        "机关 {office} 没有评先 {selection}。可用 `office export selections --office {office}` 列出。",
    ),
    "selection": ("Selection {selection} · {honour} · {office}", "评先 {selection} · {honour} · {office}"),
    "behind": ("{whose} · {figure}: {value}", "{whose} · {figure}：{value}"),
    "part_of": ("{figure}, {part}", "{figure}·{part}"),
    "count": ("{count} of them", "{count} 项"),
    "counts": ("counts", "计"),
    "event_id": ("event", "事件编号"),
    "nothing_behind": ("No event is behind it.", "没有依据事件。"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "stage_of_all": ("Stage of all: {stage}.", "全部人员的阶段：{stage}。"),
    "met": ("✓ met", "✓ 已达到"),
    "unmet": ("—", "—"),
    "no_ranking": (
        (
            "In order of section and tier, never of merit. Study time is met or not met.\n"
            "Learning and work: entries that may be evidence, counted, not scored."
        ),
        "按科室与层级排列，不作排名。学习时间只看是否达到要求；\n学习、工作两列为可作依据的记录条数，不打分。",
    ),
    # the welcome
    "welcome": (
        "Publishing a sample office year, as an outside app would …",
        "正在以外部应用的方式发布一个样例机关年度 …",
    ),
    "waiting": ("Waiting until the read models have seen it …", "等待读模型更新 …"),
    "again": ("The sample office {office} is already in the record.", "样例机关 {office} 已在记录中。"),
    "partly": (
        "{rejected} of the sample's actions were refused; the rest is recorded. Please report this.",
        "样例中有 {rejected} 条未被接受，其余已记录。请反馈此问题。",
    ),
    "too_slow": (
        "The read models have not seen it all yet. `projector status` tells how far they are.",
        "读模型尚未全部更新。可用 `projector status` 查看进度。",
    ),
    "where": ("Where things are", "地址与令牌"),
    "next": ("What to try next", "接下来可以"),
    "recorder": ("recorder", "记录服务"),
    "projector": ("projector", "查询服务"),
    "tokens": ("tokens", "令牌"),
    "kafka": ("Kafka", "Kafka"),
    "database": ("database", "数据库"),
}


def say(lang: Lang, key: str, **values: object) -> str:
    """A sentence, filled; a value that is itself in both languages goes into it in its own."""
    own = {name: value[lang] if isinstance(value, Mapping) else value for name, value in values.items()}
    return pasteable(_TEXTS[key][lang == "zh"].format_map(own))


def both(key: str, **values: object) -> dict[str, str]:
    """The sentence in both languages, to be filled into others."""
    return {"en": say("en", key, **values), "zh": say("zh", key, **values)}


def term(lang: Lang, field: str, code: str | None) -> str:
    """What a field's code, or an event's type (``event``), is called; one without words speaks for itself."""
    found = codes().get(field, {}).get(code or "")
    return (code or "") if found is None else getattr(found, lang)
