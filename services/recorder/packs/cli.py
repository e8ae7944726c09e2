"""The rule packs by which offices decide: list, show, check a file (规则包：列出、查看、检查文件)."""

from typing import Final

from services.common.lazy import Command, group

_COMMANDS: Final = (
    Command(
        "list",
        "services.recorder.packs.commands:listed",
        "List the rule packs that are installed (列出已安装的规则包).",
    ),
    Command(
        "show",
        "services.recorder.packs.commands:show",
        "Show every figure of a pack, its source and how sure it is (查看规则包的每项规定、出处与可信程度).",
    ),
    Command(
        "check",
        "services.recorder.packs.commands:check",
        "Check a pack's file; exit 1 with file, line and reason where it is none (检查规则包文件).",
    ),
)
cli = group(__doc__, _COMMANDS)
