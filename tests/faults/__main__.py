"""``make faults``: many storms, a seed each. ``python -m tests.faults --seeds 20 --seconds 60 --first-seed 1``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.paths import Home
from deploy.local.running import stack
from tests.faults.storm import storm
from tests.support.stack import OwnServers, start_servers


def main() -> int:
    """Run them; 0 where all held."""
    wanted = _arguments()
    console = Console()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that Kafka is away is what we came for
    folder = Path(tempfile.mkdtemp(prefix="chengzhang-faults-"))
    home = Home.at(folder / "home")
    try:
        console.print("Starting Kafka and PostgreSQL …")
        failed = _storms(start_servers(home), folder, wanted, console)
    finally:
        stack.down(home)
    if failed:
        seeds = " ".join(map(str, failed))
        console.print(f"[red]{len(failed)} of {wanted.seeds} seeds failed: {seeds}[/]; logs in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    console.print(f"[green]All {wanted.seeds} seeds held.[/]")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many storms")
    parser.add_argument("--seconds", type=float, default=60, help="of load and kills in each")
    parser.add_argument("--first-seed", type=int, default=1, help="run that very seed again with --seeds 1")
    return parser.parse_args()


def _storms(servers: OwnServers, folder: Path, wanted: argparse.Namespace, console: Console) -> list[int]:
    failed = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("storms", total=wanted.seeds)
        for seed in range(wanted.first_seed, wanted.first_seed + wanted.seeds):
            if not _one(servers, folder, seed, wanted.seconds, bar):
                failed.append(seed)
            bar.advance(task)
    return failed


def _one(servers: OwnServers, folder: Path, seed: int, seconds: float, bar: Progress) -> bool:
    def show(line: str) -> None:
        bar.update(bar.task_ids[0], description=f"seed {seed}: {line}")
        if not bar.console.is_terminal:
            bar.console.print(f"seed {seed}: {line}", markup=False)

    began = time.monotonic()
    try:
        figures = asyncio.run(storm(servers, folder / f"seed-{seed}", seed, seconds, show))
    except AssertionError as error:
        bar.console.print(f"seed {seed} FAILED: {error}", style="red", markup=False)
        return False
    bar.console.print(f"seed {seed} held in {time.monotonic() - began:.0f} s: {figures}", markup=False)
    return True


if __name__ == "__main__":
    sys.exit(main())
