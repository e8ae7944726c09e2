"""The command ``recorder``."""

from typing import Final

from services.common.lazy import Command, group, run

_HELP: Final = """Take actions, keep the ledger, publish events · 接收操作、保存账本、发布事件

Exit codes: 0 well, 1 failed or read-only, 2 usage, 3 not running · 退出码：0 正常，1 失败或只读，2 用法错误，3 未运行
"""
_COMMANDS: Final = (
    Command(
        "archive",
        "services.recorder.archive.cli:archive",
        "Move old years out of the ledger into files with their proofs, or back (旧年度移出账本归档，或调回).",
    ),
    Command(
        "restore",
        "services.recorder.recovery.cli:restore",
        "Rebuild a lost ledger in an empty database; killed, it goes on when run again (由主题重建丢失的账本).",
    ),
    Command(
        "recover",
        "services.recorder.recovery.cli:recover",
        "Bring back from the topics what the ledger lacks, or say where the two part (找回账本缺失的内容).",
    ),
    Command(
        "republish",
        "services.recorder.recovery.cli:republish",
        "Fill lost or damaged topics again from the ledger, byte for byte; recorders may run (由账本重新发布主题).",
    ),
    Command(
        "mac-key",
        "services.recorder.recovery.keying:mac_key",
        "Show the keys that MAC records on the topics, newest first; add one (主题消息的 MAC 密钥).",
    ),
    Command(
        "serve",
        "services.recorder.app:serve",
        "Take actions from Kafka and over HTTP, append them, relay the events, until stopped (接收、记录并发布).",
    ),
    Command(
        "status",
        "services.recorder.status.command:status",
        "Say how far ledger, relay and intake have come, and which shards are read-only (账本、发布与接收的进度).",
    ),
    Command(
        "packs",
        "services.recorder.packs.cli:cli",
        "The rule packs by which offices decide: list, show, check a file (规则包：列出、查看、检查文件).",
    ),
    Command(
        "what-if",
        "services.recorder.packs.what_if:what_if",
        "Decide a year again under another rule pack, and say what would differ; changes nothing (假设采用另一规则包).",
    ),
    Command(
        "audit",
        "services.recorder.audit.cli:cli",
        "Check history with tools of your own: replay, verify, keep checkpoints, get proofs"
        " (重放、核验、检查点与证明).",
    ),
)
cli = group(_HELP, _COMMANDS)


def main() -> None:
    """Run the command."""
    run(cli)


if __name__ == "__main__":
    main()
