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
        "deploy.local.commands.show:appraisal",
        "查看年度考核 · Show an office's appraisal table: study requirement met or not, and evidence. No ranking.",
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
