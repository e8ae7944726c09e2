"""What `office status` tells, for programs and for people."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from rich.table import Table

from deploy.local.paths import Home
from deploy.local.running import state as kept
from deploy.local.running.stack import SERVICES, Standing, status
from deploy.local.speaking.messages import Lang, text
from services.common.telling.showing import Whole

EXIT_CODES = {"running": 0, "partial": 1, "stopped": 3}
_STATES_ZH = {"running": "运行中", "partial": "部分运行", "stopped": "已停止", "not-ready": "未就绪"}
_WHY_ZH = {  # what /readyz calls it
    "starting": "启动中",
    "intake": "操作接收",
    "relay": "事件发布",
    "database": "数据库",
    "consuming": "事件读取",
    "progressing": "投影进度",
    "tokens": "令牌文件",
}


class Service(TypedDict):
    """One service: its pid, ``running``, ``not-ready`` or ``stopped``, and what its `/readyz` says."""

    pid: int | None
    state: str
    readyz: NotRequired[dict[str, Any]]


class Overview(TypedDict):
    """The stack: ``running``, ``partial`` or ``stopped``; addresses are null before the first start."""

    state: str
    home: str
    kafka: str | None
    database_url: str | None
    recorder_url: str | None
    projector_url: str | None
    tokens: str
    kafka_clients: str
    services: dict[str, Service]


def overview(home: Home) -> Overview:
    """Ask every service how it is."""
    services = {name: _service(standing) for name, standing in status(home).items()}
    state = kept.known(home)
    known = kept.settings(home, state) if state else {}
    return Overview(
        state=_whole({service["state"] for service in services.values()}),
        home=str(home.root),
        kafka=known.get("CHENGZHANG_KAFKA"),
        database_url=known.get("CHENGZHANG_DATABASE_URL"),
        recorder_url=known.get("CHENGZHANG_RECORDER_URL"),
        projector_url=known.get("CHENGZHANG_PROJECTOR_URL"),
        tokens=str(home.tokens),
        kafka_clients=str(home.kafka_clients),
        services=services,
    )


def table(found: Overview, lang: Lang) -> Table:
    """Return the overview for a terminal."""
    titles = ("服务", "状态", "进程", "地址") if lang == "zh" else ("service", "state", "pid", "address")
    title = text(lang, "state_of", home=found["home"], state=_state(found["state"], lang))
    shown = Whole(*titles, title=title, title_justify="left")
    for column in shown.columns:
        column.overflow = "fold"  # where it is narrow, an address is broken, not cut
    addresses = {
        "postgres": (found["database_url"] or "").rpartition("@")[2].partition("?")[0],
        "kafka": found["kafka"],
        "recorder": found["recorder_url"],
        "projector": found["projector_url"],
    }
    for name in SERVICES:
        service = found["services"][name]
        state = _state(service["state"], lang) + _why(service, lang)
        shown.add_row(name, state, str(service["pid"] or ""), addresses[name] or "")
    return shown


def advice(home: Home, found: Overview) -> str | None:
    """Which message says what is to be mended, where ``stack.json`` is lost beside something that it tells of."""
    if kept.noted(home) or found["state"] == "stopped":
        return None
    return "state_repeated" if kept.known(home) else "state_lost"


def refused(found: Overview, lang: Lang) -> str | None:
    """Why nobody is let in, as the services say."""
    told = (service.get("readyz", {}).get("tokens_refused") for service in found["services"].values())
    return next((why[lang] for why in told if why), None)


def _service(standing: Standing) -> Service:
    told = Service(pid=standing.pid, state=standing.state)
    return told if standing.said is None else told | {"readyz": standing.said}


def _why(service: Service, lang: Lang) -> str:
    """What makes it unready, as its `/readyz` says."""
    said = service.get("readyz", {})
    if service["state"] != "not-ready" or not said:
        return ""
    causes = said.get("stuck") or [key for key, value in said.items() if value is False] or [str(said.get("status"))]
    return (
        f"（{'、'.join(_WHY_ZH.get(cause, cause) for cause in causes)}）" if lang == "zh" else f": {', '.join(causes)}"
    )


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
