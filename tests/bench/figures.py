"""The figures, what they have to reach, and how they are shown and kept."""

from __future__ import annotations

import operator
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.stack import OTHERS

FILE: Final = Path(".local") / "bench.json"
RECORDER_SHARE: Final = 0.07  # of events
PROJECTOR_SHARE: Final = 0.17
REPLAY_SHARE: Final = 0.3
PEER_TIMES: Final = 40
HASHED_A_SECOND: Final = 150_000  # on two processors
LATENCY_MS: Final = {"p50": 100.0, "p99": 400.0}
LATENCY_AIM_MS: Final = {"p50": 60.0, "p99": 250.0}
RSS_MB: Final = 250.0
_QUIET: Final = 0.3  # processors that others may keep busy without being mentioned


@dataclass(slots=True)
class Figures:
    """All of it, as ``bench.json`` has it.

    ``cpu_us``: processor time an action or event, by process.
    ``others_cores``: processors that others kept busy, by part. ``peer``: events a second that it appends and projects.
    """

    copy_rows_per_s: float = 0
    consume_per_s: float = 0
    recorder_actions_per_s: float = 0
    recorder_events_per_s: float = 0
    projector_events_per_s: float = 0
    replay_events_per_s: float = 0
    verify_hashed_per_s: float = 0
    peer: dict[str, float] = field(default_factory=dict)
    latency_ms: dict[str, float] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)
    cpu_us: dict[str, dict[str, float]] = field(default_factory=dict)
    others_cores: dict[str, float] = field(default_factory=dict)
    workload: dict[str, float] = field(default_factory=dict)

    def spent(self, part: str, each: str, cores: dict[str, float], a_second: float) -> None:
        """Note what a part took of the machine, ``a_second`` being its pace, and how busy others kept it."""
        self.others_cores[part] = round(cores.pop(OTHERS), 2)
        self.cpu_us[each] = {name: round(1e6 * busy / a_second, 1) for name, busy in cores.items()}

    @property
    def ratios(self) -> dict[str, float]:
        """Events a second as a share of bare rows, and as a multiple of the peer's."""
        return {
            "recorder": self.recorder_events_per_s / self.copy_rows_per_s,
            "projector": self.projector_events_per_s / self.copy_rows_per_s,
            "replay": self.replay_events_per_s / self.copy_rows_per_s,
            "consume": self.consume_per_s / self.copy_rows_per_s,
            "recorder_to_peer": self.recorder_events_per_s / self.peer["append_per_s"],
            "projector_to_peer": self.projector_events_per_s / self.peer["project_per_s"],
        }

    def of_recording(self) -> dict[str, Any]:
        """What is kept where nothing else was measured."""
        return {
            "recorder_actions_per_s": round(self.recorder_actions_per_s),
            "rss_mb": self.rss_mb,
            "cpu_us": self.cpu_us,
            "others_cores": self.others_cores,
            "workload": self.workload,
        }

    def as_json(self) -> dict[str, Any]:
        """What is kept."""
        return {
            "copy_rows_per_s": round(self.copy_rows_per_s),
            "consume_per_s": round(self.consume_per_s),
            "recorder_actions_per_s": round(self.recorder_actions_per_s),
            "recorder_events_per_s": round(self.recorder_events_per_s),
            "projector_events_per_s": round(self.projector_events_per_s),
            "replay_events_per_s": round(self.replay_events_per_s),
            "verify_hashed_per_s": round(self.verify_hashed_per_s),
            "peer": {name: round(value) for name, value in self.peer.items()},
            "latency_ms": {name: round(value, 1) for name, value in self.latency_ms.items()},
            "rss_mb": {name: round(value, 1) for name, value in self.rss_mb.items()},
            "ratios": {name: round(value, 4) for name, value in self.ratios.items()},
            "met": all(line.ok is not False for line in lines(self)),
            "cpu_us": self.cpu_us,
            "others_cores": self.others_cores,
            "workload": {name: round(value, 1) for name, value in self.workload.items()},
            "machine": {
                "cpus": os.cpu_count(),
                "load": [round(value, 2) for value in os.getloadavg()],
                "system": platform.system(),
                "python": platform.python_version(),
            },
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; ``ok`` is None where nothing is asked."""

    name: str
    measured: str
    ratio: str = ""
    bound: str = ""
    ok: bool | None = None
    aim: str = ""


def lines(figures: Figures) -> list[Line]:
    """The table, line by line."""
    share, work = figures.ratios, figures.workload
    memory = [_at_most(f"memory of the {name}", value, RSS_MB, "MB") for name, value in figures.rss_mb.items()]
    return [
        Line("bare rows copied", _rate(figures.copy_rows_per_s), "1"),
        Line("  before", _rate(work["copy_before"])),
        Line("  after", _rate(work["copy_after"])),
        Line("events consumed", _rate(figures.consume_per_s), f"{share['consume']:.3f}"),
        Line("actions recorded", _rate(figures.recorder_actions_per_s)),
        _at_least("events of these", figures.recorder_events_per_s, share["recorder"], RECORDER_SHARE),
        _times("  the peer appends", figures.peer["append_per_s"], share["recorder_to_peer"]),
        _at_least("events projected", figures.projector_events_per_s, share["projector"], PROJECTOR_SHARE),
        _times("  the peer projects", figures.peer["project_per_s"], share["projector_to_peer"]),
        _at_least("events replayed for an auditor", figures.replay_events_per_s, share["replay"], REPLAY_SHARE),
        Line("  from Kafka", _rate(work["replay_from_kafka_per_s"])),
        Line(
            "events hashed by verify",
            _rate(figures.verify_hashed_per_s),
            bound=f"≥ {HASHED_A_SECOND:,}/s",
            ok=figures.verify_hashed_per_s >= HASHED_A_SECOND,
        ),
        Line("  verified altogether", _rate(work["verify_events_per_s"])),
        *(
            _at_most(f"sent → visible, {name}", value, LATENCY_MS[name], "ms", LATENCY_AIM_MS[name])
            for name, value in figures.latency_ms.items()
        ),
        *memory,
    ]


def _rate(value: float) -> str:
    return f"{value:,.0f}/s"


def _at_least(name: str, value: float, share: float, bound: float) -> Line:
    return Line(name, _rate(value), f"{share:.3f}", f"≥ {bound:.2f}", operator.ge(share, bound))


def _times(name: str, peer: float, times: float) -> Line:
    """What the peer does, and how many times as much is done here."""
    return Line(name, _rate(peer), f"{times:.0f}×", f"≥ {PEER_TIMES}×", operator.ge(times, PEER_TIMES))


def _at_most(name: str, value: float, bound: float, unit: str, aim: float | None = None) -> Line:
    told = "" if aim is None else f"{aim:.0f} {unit}{' ok' if value <= aim else ''}"
    return Line(name, f"{value:.0f} {unit}", "", f"≤ {bound:.0f} {unit}", operator.le(value, bound), told)


def show(figures: Figures, console: Console) -> bool:
    """Print the table; whether every bound is met."""
    table = Table(title="bench")
    table.add_column("figure", no_wrap=True)
    for column in ("measured", "ratio", "bound"):
        table.add_column(column, justify="right")
    table.add_column("")
    table.add_column("aim", justify="right")
    shown = lines(figures)
    for line in shown:
        table.add_row(line.name, line.measured, line.ratio, line.bound, _MARK[line.ok], line.aim)
    console.print(table)
    for part, spent in figures.cpu_us.items():
        told = ", ".join(f"{name} {value:.0f}" for name, value in spent.items())
        console.print(f"µs of processor time, {part}: {told}", style="dim")
    if busy := {part: cores for part, cores in figures.others_cores.items() if cores > _QUIET}:
        told = ", ".join(f"{cores:.1f} while {part}" for part, cores in busy.items())
        console.print(f"Others kept processors busy: {told}. Alone, the machine does better.", style="yellow")
    missed = [line.name.strip() for line in shown if line.ok is False]
    if missed:
        console.print(f"Missed: {', '.join(missed)}.", style="bold red")
    return not missed


_MARK: Final[dict[bool | None, str]] = {True: "[green]ok[/]", False: "[bold red]missed[/]", None: ""}


def keep(figures: dict[str, Any], file: Path = FILE) -> None:
    """Write the file, whole."""
    draft = file.with_suffix(".new")
    draft.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    draft.replace(file)
