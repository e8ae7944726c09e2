"""What `office status` tells, for programs and for people."""

from __future__ import annotations

from typing import TypedDict

from rich.table import Table

from deploy.local import state as kept
from deploy.local.messages import Lang, text
from deploy.local.paths import Home
from deploy.local.stack import SERVICES, pid, status

EXIT_CODES = {"running": 0, "partial": 1, "stopped": 3}
_STATES_ZH = {"running": "运行中", "partial": "部分运行", "stopped": "已停止", "not-ready": "未就绪"}


class Service(TypedDict):
    """One service: its pid, and ``running``, ``not-ready`` or ``stopped``."""

    pid: int | None
    state: str


class Overview(TypedDict):
    """The stack: ``running``, ``partial`` or ``stopped``; addresses are null before the first start."""

    state: str
    home: str
    kafka: str | None
    database_url: str | None
    recorder_url: str | None
    projector_url: str | None
    tokens: str
    services: dict[str, Service]


def overview(home: Home) -> Overview:
    """Ask every service how it is."""
    services = {name: Service(pid=pid(home, name), state=state) for name, state in status(home).items()}
    known = kept.settings(home, kept.load(home, kept.Ports())) if home.stack_json.exists() else {}
    return Overview(
        state=_whole({service["state"] for service in services.values()}),
        home=str(home.root),
        kafka=known.get("CHENGZHANG_KAFKA"),
        database_url=known.get("CHENGZHANG_DATABASE_URL"),
        recorder_url=known.get("CHENGZHANG_RECORDER_URL"),
        projector_url=known.get("CHENGZHANG_PROJECTOR_URL"),
        tokens=str(home.tokens),
        services=services,
    )


def table(found: Overview, lang: Lang) -> Table:
    """Return the overview for a terminal. The password stays out of it; ``stack.env`` has it."""
    titles = ("服务", "状态", "进程", "地址") if lang == "zh" else ("service", "state", "pid", "address")
    title = text(lang, "state_of", home=found["home"], state=_state(found["state"], lang))
    shown = Table(*titles, title=title, title_justify="left")
    for column in shown.columns:
        column.overflow = "fold"  # where it is narrow, an address is broken, not cut
    addresses = {
        "postgres": (found["database_url"] or "").rpartition("@")[2],
        "kafka": found["kafka"],
        "recorder": found["recorder_url"],
        "projector": found["projector_url"],
    }
    for name in SERVICES:
        service = found["services"][name]
        shown.add_row(name, _state(service["state"], lang), str(service["pid"] or ""), addresses[name] or "")
    return shown


def _state(state: str, lang: Lang) -> str:
    return _STATES_ZH[state] if lang == "zh" else state


def _whole(states: set[str]) -> str:
    match sorted(states):
        case ["running"]:
            return "running"
        case ["stopped"]:
            return "stopped"
        case _:
            return "partial"
