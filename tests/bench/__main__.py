"""Measure, print the table, write ``.local/bench.json``. Exit code 1 where a bound is missed."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.bench.against import against, types_of
from tests.bench.figures import FILE, Figures, keep, show
from tests.bench.run import Run, step
from tests.bench.stack import bench

_A_SHARD: Final = 4  # offices; some 300,000 actions, 550,000 events
_INTERRUPTED: Final = 130


def main() -> int:
    """Run; the exit code."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--offices-a-shard", type=int, default=_A_SHARD, metavar="N", help="fewer are quicker and tell less"
    )
    parser.add_argument("--against", metavar="COMMIT", help="run that commit's bench and this one in turn, and compare")
    parser.add_argument(
        "--alike", type=Path, metavar="FOLDER", help="record only, and only the types that the tree in that folder has"
    )
    given = parser.parse_args()
    a_shard, console, began = given.offices_a_shard, Console(highlight=False), time.monotonic()
    if given.against:
        against(given.against, [f"--offices-a-shard={a_shard}"], console)
        return 0
    console.print(f"Load of the machine before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors.")
    try:
        figures = _measured(console, a_shard, types_of(given.alike) if given.alike else None)
    except KeyboardInterrupt:
        console.print("Interrupted. Everything that was started is stopped.")
        return _INTERRUPTED
    if given.alike:
        keep(figures.of_recording())
        return 0
    met = show(figures, console)
    keep(figures.as_json())
    console.print(f"{time.monotonic() - began:.0f} s in all; the figures are in {FILE}.")
    return 0 if met else 1


def _measured(console: Console, a_shard: int, types: Collection[str] | None) -> Figures:
    with ExitStack() as opened:
        with step(console, "starting Kafka and PostgreSQL"):
            own = opened.enter_context(bench())
        run = Run(own, console, a_shard)
        return asyncio.run(run.measure() if types is None else run.record(types))


if __name__ == "__main__":
    sys.exit(main())
