"""The command ``projector``."""

from typing import Final

from services.common.lazy import Command, group, run

_HELP: Final = """Fold events into read models, and answer from them · 将事件投影为读模型，并提供查询

Exit codes: 0 well, 1 failed or halted, 2 usage, 3 not running · 退出码：0 正常，1 失败或已停，2 用法错误，3 未运行
"""
_COMMANDS: Final = (
    Command(
        "serve",
        "services.projector.commands.cli_serve:serve",
        "Fold events into the read models and answer questions over HTTP, until stopped (投影并提供查询).",
    ),
    Command(
        "status",
        "services.projector.commands.cli_status:status",
        "Say how far the read models are behind the ledger (读模型落后账本多少).",
    ),
    Command(
        "rebuild",
        "services.projector.commands.cli_rebuild:rebuild",
        "Replay every event beside the live read models, compare, switch (在旁重放全部事件，比对后切换).",
    ),
    Command(
        "verify",
        "services.projector.commands.cli_verify:verify",
        "Hold the read models against a fresh replay of every event (将读模型与全部事件的重放结果逐行核对).",
    ),
)
cli = group(_HELP, _COMMANDS)


def main() -> None:
    """Run the command."""
    run(cli)


if __name__ == "__main__":
    main()
