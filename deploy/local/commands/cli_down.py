"""The command ``office down``."""

from __future__ import annotations

from deploy.local.commands.options import HomeOption, LangOption
from deploy.local.running import stack
from deploy.local.speaking.messages import language, text
from deploy.local.speaking.steps import at, out, steps


def down(home: HomeOption = None, lang: LangOption = None) -> None:
    """停止全部服务 · Stop all services; the data stay."""
    speech, folder = language(lang), at(home)
    with steps(speech) as say:
        stopped = stack.down(folder, say=say)
    key = "down" if stopped else "not_running"
    services = ("、" if speech == "zh" else ", ").join(stopped)
    out.print(text(speech, key, services=services, home=folder.root), markup=False)
