"""What commands say that write tables out and read them in, in both languages."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # tables
    "no_table": (
        "There is no table {table}. There are: {tables}, and all.",
        "没有表 {table}。可用：{tables}，或 all。",
    ),
    "no_rows": ("{table}: nothing is recorded for the office {office}.", "{table}：机关 {office} 尚无记录。"),
    "none_asked_for": (
        "{table}: of the office {office} there is nothing that was asked for.",
        "{table}：机关 {office} 没有符合条件的记录。",
    ),
    "none_open": ("{table}: in the office {office} nothing is open.", "{table}：机关 {office} 没有待办。"),
    "more_rows": ("… and {count} more: --all shows them.", "…… 另有 {count} 行：--all 全部显示。"),
    "more_brief": (
        "… and {count} more: `office {command} --office {office}`.",
        "…… 另有 {count} 行：`office {command} --office {office}`。",
    ),
    "median": ("(office median)", "（机关中位数）"),
    "exporting": ("exporting", "正在导出"),
    "exported": ("{rows} rows of {tables} tables written to {out}.", "已将 {tables} 张表共 {rows} 行写入 {out}。"),
    "bad_ending": ("{out}: name a file that ends in .xlsx or .csv.", "{out}：文件名须以 .xlsx 或 .csv 结尾。"),
    "all_in_one": (
        "{out}: a CSV file holds one table. Name one, or a file that ends in .xlsx.",
        "{out}：CSV 只容一张表。请指定一张表，或改用 .xlsx。",
    ),
    # reading files in
    "template_ending": ("{file}: name a file that ends in .xlsx.", "{file}：文件名须以 .xlsx 结尾。"),
    "template_written": (
        "{file} has a sheet for each of {sheets} actions. Fill in those that you need, then `office import`.",
        "{file} 含 {sheets} 张表，每张对应一类事项。填好需要的表后运行 `office import`。",
    ),
    "template_help": (
        "Fill in the sheets that you need; leave the others. Then: office import FILE --office OFFICE",
        (
            "如何填写\n每张表登记一类事项，一行一条；用不到的表留空即可。\n"
            "带 * 的列必填。备注列写“示例”的行不会导入。\n"
            "日期写作 2026-03-02，时间写作 2026-03-02 09:00（北京时间）。只写日期的，按当日 12:00 登记。\n"
            "编号用英文字母、数字、连字符，请设为文本格式；同一编号前后须一致。一格填多项时用顿号分开。\n"
            "先试：office import 文件 --office 机关 --dry-run\n导入：office import 文件 --office 机关\n"
            "同一文件重复导入不会重复登记。改动过的行用 --correct 作为更正登记。"
        ),
    ),
    "no_sheet": (
        (
            "There is no sheet with a name that is known. `office template F.xlsx` writes a workbook with all of them; "
            "a CSV file is named as the sheet is."
        ),
        "没有可识别的表。可用 `office template F.xlsx` 生成含全部表的工作簿；CSV 文件名须与表名相同。",
    ),
    "bad_encoding": (
        "{file} is neither UTF-8 nor GBK. Save it as CSV UTF-8.",
        "{file} 既不是 UTF-8 也不是 GBK 编码。请另存为 CSV UTF-8。",
    ),
    "unknown_heading": (
        "The sheet {sheet} has no column {heading}. Take the headings of `office template`.",
        "表 {sheet} 没有“{heading}”列。请使用 `office template` 的表头。",
    ),
    "skipped_sheet": (
        "{sheet} is the name of no kind of action: nothing in this sheet is read.",
        "表名“{sheet}”不是任何一类事项，该表未读取。",
    ),
    "heading_twice": (
        "The sheet {sheet} has the column {heading} twice. Remove one.",
        "表 {sheet} 有两个“{heading}”列。请删去一个。",
    ),
    "no_heading": (
        "This value stands under no heading. Move it, or give the column a heading of `office template`.",
        "该值上方没有表头。请移到应填的列，或按 `office template` 补上表头。",
    ),
    "not_listed": ("None of: {words}.", "不在可选范围内，可用：{words}。"),
    "not_counts": (
        "Write each value of the list with its number.",
        "请逐项写明数目：优秀 3、称职 5。",
    ),
    "no_time": ("When it happened is missing.", "缺少发生时间。"),
    "id_as_number": (
        "A spreadsheet made a number of this id and lost digits. Format the column as text, and type it again.",
        "表格软件把编号变成了数字并丢失位数。请将该列设为文本格式后重新填写。",
    ),
    "id_as_day": (
        "A spreadsheet made a day of this id. Format the column as text, and type it again.",
        "表格软件把编号变成了日期。请将该列设为文本格式后重新填写。",
    ),
    "not_whole": ("This is no whole number.", "不是整数。"),
    "not_yes": ("This is neither yes nor no.", "请填写 是 或 否。"),
    "not_day": (
        "This is no day: 2026-03-02, with a time 2026-03-02 09:00.",
        "不是日期：请写作 2026-03-02，带时间写作 2026-03-02 09:00。",
    ),
    "no_row": (
        "No row is filled in. The rows of examples are not imported.",
        "没有已填写的行。“示例”行不会导入。",
    ),
    "reading_rows": ("reading", "正在读取"),
    "depends_row": (
        "It rests on earlier rows of this file, and is decided when these are recorded.",
        "取决于本文件中在前的行，待其登记后判定。",
    ),
    "trying_rows": ("trying", "正在试行"),
    "importing": ("importing", "正在导入"),
    "changed_row": (
        "This row was imported before, with other content. --correct records what it says now as a correction.",
        "该行此前已导入，现内容不同。加 --correct 可将现内容作为更正登记。",
    ),
    "at_row": ("{sheet}, row {row}", "{sheet} 第 {row} 行"),
    "more_fates": ("… and more: --json tells all.", "…… 其余见 --json。"),
    "imported": (
        "{accepted} recorded, {repeated} were recorded before, {corrected} corrected, {refused} refused.",
        "新登记 {accepted}，此前已有 {repeated}，更正 {corrected}，未接受 {refused}。",
    ),
    "would_import": (
        "{would_pass} rows would be recorded, {depends} depend on earlier rows, {refused} refused. Nothing was sent.",
        "{would_pass} 行可登记，{depends} 行取决于在前的行，{refused} 处未接受。未发送任何内容。",
    ),
}
