"""Another commit against what stands here, in turn on one machine: A B A B.

The other one gets a git worktree and an environment of its own, both kept for the next time. Each side runs its own
bench on its own workload; only the figures are compared, so their names stay as they are. Where there are types here
that the other doesn't have, the recorder does the other's alone once more: what that is apart is the workload's. What
both the machine and others do to a run hits both sides; processor time an action or event is what it disturbs least.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.figures import FILE

TURNS: Final = 2
_HERE: Final = Path(__file__).parents[2]
_FOLDER: Final = Path(".local") / "against"
_MISSED: Final = 1  # its exit code where a bound is missed: the figures are there all the same
_COMPARED: Final = {
    "actions recorded, 1/s": "recorder_actions_per_s",
    "events recorded, 1/s": "workload.recorder_events_per_s",
    "events projected, 1/s": "projector_events_per_s",
    "bare rows copied, 1/s": "copy_rows_per_s",
    "sent → visible, p50, ms": "latency_ms.p50",
    "sent → visible, p99, ms": "latency_ms.p99",
    "memory of a recorder, MB": "rss_mb.recorder",
    "memory of the projector, MB": "rss_mb.projector",
    "an action recorded, µs of the recorder": "cpu_us.an action recorded.recorder",
    "an action recorded, µs of PostgreSQL": "cpu_us.an action recorded.postgres",
    "an event projected, µs of the projector": "cpu_us.an event projected.projector",
    "an event projected, µs of PostgreSQL": "cpu_us.an event projected.postgres",
    **{
        f"an action at a steady pace, µs of {said}": f"cpu_us.an action at a steady pace.{name}"
        for name, said in {
            "recorder": "the recorder",
            "projector": "the projector",
            "postgres": "PostgreSQL",
            "kafka": "Kafka",
        }.items()
    },
    "others while recording, processors": "others_cores.recording",
}
Kept = dict[str, Any]


class Compared(NamedTuple):
    """A figure of each turn; None where that side doesn't have it. ``alike``: ours of what both can do."""

    name: str
    other: list[float | None]
    ours: list[float | None]
    alike: list[float | None]

    @property
    def ratio(self) -> float | None:
        """Ours over the other's, of all turns together."""
        return _ratio(self.ours, self.other)

    @property
    def ratio_alike(self) -> float | None:
        """The same of what both can do."""
        return _ratio(self.alike, self.other)


def _ratio(ours: Sequence[float | None], other: Sequence[float | None]) -> float | None:
    known, over = ([value for value in side if value is not None] for side in (ours, other))
    return (sum(known) / len(known)) / (sum(over) / len(over)) if known and sum(over) else None


def against(commit: str, options: Sequence[str], console: Console) -> None:
    """Run both sides in turn, and print what they measured. Raises CalledProcessError."""
    other = _worktree(_commit(commit), console)
    sides = {commit: (other, options), "here": (_HERE, options)}
    if set(types_of(_HERE)) - set(types_of(other)):
        sides["here, its types"] = _HERE, [*options, f"--alike={other}"]
    runs: dict[str, list[Kept]] = {side: [] for side in sides}
    for turn in range(1, TURNS + 1):
        for side, (root, given) in sides.items():
            console.rule(f"{turn}/{TURNS}: {side}")
            runs[side].append(_run(root, given))
    _show(commit, compared(*runs.values()), console)


def types_of(root: Path) -> list[str]:
    """The types of action that a tree has. Raises CalledProcessError."""
    listed = "from schemas.catalogue import ACTIONS; print(*ACTIONS)"
    command = [str(root / ".venv" / "bin" / "python"), "-c", listed]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split()


def compared(other: Sequence[Kept], ours: Sequence[Kept], alike: Sequence[Kept] = ()) -> list[Compared]:
    """The figures of the sides' runs."""
    return [
        Compared(name, *([_at(kept, path) for kept in side] for side in (other, ours, alike)))
        for name, path in _COMPARED.items()
    ]


def _at(kept: Kept, path: str) -> float | None:
    found: Any = kept
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return None if found is None else float(found)


def _commit(named: str) -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--verify", f"{named}^{{commit}}"], cwd=_HERE, check=True, capture_output=True, text=True
    )  # fmt: skip
    return told.stdout.strip()


def _worktree(commit: str, console: Console) -> Path:
    root = _HERE / _FOLDER / commit[:12]
    if not root.exists():
        console.print(f"· {commit[:12]} in {root.relative_to(_HERE)}; `git worktree remove` takes it away again")
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(root), commit], cwd=_HERE, check=True)
    subprocess.run([sys.executable, "deploy/local/bootstrap.py", "--dev"], cwd=root, check=True)
    return root


def _run(root: Path, options: Sequence[str]) -> Kept:
    file = root / FILE
    file.unlink(missing_ok=True)
    ended = subprocess.run(
        [str(root / ".venv" / "bin" / "python"), "-m", "tests.bench", *options], cwd=root, check=False
    )
    if ended.returncode != _MISSED:
        ended.check_returncode()
    kept: Kept = orjson.loads(file.read_bytes())
    return kept


def _show(commit: str, lines: Sequence[Compared], console: Console) -> None:
    table = Table(title=f"{commit} against here")
    table.add_column("figure", no_wrap=True)
    for column in (commit, "here", "here / there", "here, its types", "here / there"):
        table.add_column(column, justify="right")
    for line in lines:
        over = ["" if ratio is None else f"{ratio:.2f}" for ratio in (line.ratio, line.ratio_alike)]
        table.add_row(line.name, _told(line.other), _told(line.ours), over[0], _told(line.alike), over[1])
    console.print(table)


def _told(values: Sequence[float | None]) -> str:
    return " · ".join("–" if value is None else f"{value:,.1f}" for value in values)
