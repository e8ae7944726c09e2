"""The `office` command: start, stop and look at the embedded stack, and use it."""

from __future__ import annotations

from typing import Final

from services.common.lazy import Command, group, run

_COMMANDS: Final = (
    Command(
        "sample",
        "deploy.local.sample.cli:sample",
        "生成样例数据 · Make up an office's year as actions, one CloudEvent a line.",
    ),
    Command(
        "publish",
        "deploy.local.commands.publish:publish",
        "发布操作 · Publish actions as an app outside would: plain ones onto Kafka, those with sealed fields over"
        " HTTP.",
    ),
    Command(
        "file",
        "deploy.local.commands.show:file",
        "查看成长档案 · Show a cadre's growth file.",
    ),
    Command(
        "appraisal",
        "deploy.local.commands.appraisal:appraisal",
        "查看年度考核 · Show how far a year's appraisal is, seats, what is missing for whom, every row. No ranking.",
    ),
    Command(
        "selection",
        "deploy.local.tables.selection:selection",
        "查看评先 · Show who may be chosen, which condition fails where not, who is recommended, voted for and chosen.",
    ),
    Command(
        "plan",
        "deploy.local.tables.show:plan",
        "计划执行 · Show what became of the plans: planned, held, late, attended.",
    ),
    Command(
        "due",
        "deploy.local.tables.show:due",
        "待办事项 · Show who owes what by when, and what is done.",
    ),
    Command(
        "talks",
        "deploy.local.tables.show:talks",
        "应谈未谈 · Show which heart-to-heart talks are due, and which were held.",
    ),
    Command(
        "board",
        "deploy.local.tables.show:board",
        "比学赶帮超 · Show the sections side by side, month by month.",
    ),
    Command(
        "roster",
        "deploy.local.tables.show:roster",
        "人员名册 · Show who is where: section, post, rank, party role, away.",
    ),
    Command(
        "dossier",
        "deploy.local.tables.show:dossier",
        "学习档案 · Show each session's dossier, and what it lacks.",
    ),
    Command(
        "backdated",
        "deploy.local.tables.show:backdated",
        "补记变动 · Show which facts a change of post touches that came after them.",
    ),
    Command(
        "export",
        "deploy.local.tables.export:export",
        "导出表格 · Export a table of the read models, or all of them, as a workbook or CSV.",
    ),
    Command(
        "template",
        "deploy.local.spreadsheets.template:template",
        "导入模板 · Write the workbook to fill in and import: a sheet an action, pick lists, an example, help.",
    ),
    Command(
        "import",
        "deploy.local.spreadsheets.importing:import_",
        "导入表格 · Record the rows of a workbook or CSV file; each row's fate with sheet, row and column.",
    ),
    Command(
        "up",
        "deploy.local.commands.cli_up:up",
        "启动全部服务 · Start whatever is missing, wait until it is ready, show a sample office year.",
    ),
    Command(
        "down",
        "deploy.local.commands.cli_down:down",
        "停止全部服务 · Stop all services; the data stay.",
    ),
    Command(
        "app",
        "deploy.local.commands.app:cli",
        "应用 · Apps that publish: add, list, remove and rotate their logins, topics and tokens.",
    ),
    Command(
        "token",
        "deploy.local.commands.token:cli",
        "令牌 · Who gets in: add, list, revoke and rotate tokens.",
    ),
    Command(
        "status",
        "deploy.local.commands.cli_status:status",
        "查看运行状态 · Tell what runs, and where.",
    ),
)
app = group("成长 · Chengzhang: the embedded stack. 本机运行的全套服务。", _COMMANDS)


def main() -> None:
    """Run the command line."""
    run(app)


if __name__ == "__main__":
    main()
