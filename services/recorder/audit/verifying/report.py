"""A history verified: everything put together into one report."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from services.common.settings import Settings
from services.common.showing import Advance, progress
from services.recorder.audit.verifying.checks import tree
from services.recorder.audit.verifying.checks.leaves import Hashed
from services.recorder.audit.verifying.checks.models import ReadModels
from services.recorder.audit.verifying.plan import Options, Plan, plan, settled
from services.recorder.audit.verifying.problems import Findings, Problem
from services.recorder.audit.verifying.running import Job, Runner, everywhere
from services.recorder.audit.verifying.skipping import Skipped, skipped

COUNTED: Final = ("events", "receipts", "states", "tiles", "checkpoints", "topic_events", "topic_receipts")


@dataclass(slots=True)
class Report:
    """What was checked and what is wrong. ``unlisted``: how many more there are of a kind."""

    checked: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unlisted: dict[str, int] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with what was checked."""
        return not self.problems

    @property
    def complete(self) -> bool:
        """Whether everything was checked."""
        return not self.skipped

    def as_json(self) -> dict[str, Any]:
        """As programs get it."""
        problems = [problem.as_json() for problem in self.problems]
        report = {"ok": self.ok, "complete": self.complete, "checked": self.checked, "problems": problems}
        skipped_ = {each.part.en: each.why.en for each in self.skipped}
        return report | {"unlisted": self.unlisted, "skipped": skipped_}


def verify(settings: Settings, options: Options, *, title: str = "", run: Runner = everywhere) -> Report:
    """Verify. Raises Unavailable, Misconfigured, NotArchived, Unsettled."""
    report, whole = Report(), Findings()
    began = time.monotonic()
    with ReadModels(settings) if options.models else nullcontext() as models:
        made = asyncio.run(plan(settings, options))
        for findings in made.findings:
            whole.take(findings)
        with progress(title, made.total) as advance:
            rate = _work(made, whole, run, advance)
        if whole.problems:
            asyncio.run(settled(settings, made))
        report.skipped = made.skipped
        if models is not None:
            _add_models(report, whole, models)
        elif options.read_models:
            report.skipped.append(skipped("read_models", "left-out", option="--shard"))
        else:
            report.skipped.append(skipped("read_models", "left-out", option="--without-read-models"))
    _fill(report, whole, made)
    report.checked |= {"hashed_per_s": rate, "seconds": round(time.monotonic() - began, 1)}
    return report


def _work(made: Plan, whole: Findings, run: Runner, advance: Advance) -> int:
    """Do all jobs, then put the trees together. How many events a second were hashed, on all cores."""
    ranges: dict[int, list[Hashed]] = defaultdict(list)
    jobs: list[Job] = [*made.ranges, *made.wholes, *made.partitions]  # hashes first, so that their rate is theirs
    began = hashed_at = time.monotonic()
    for done in run(jobs, advance):
        if isinstance(done, Hashed):
            ranges[done.range.shard].append(done)
            hashed_at = time.monotonic()
        whole.take(done.findings if isinstance(done, Hashed) else done)
    for shard, head in made.heads.items():
        whole.take(tree.checked(head, ranges[shard], made.signed[shard], made.upper[shard]))
    return round(whole.checked["events"] / max(hashed_at - began, 1e-9))


def _add_models(report: Report, whole: Findings, models: ReadModels) -> None:
    told = models.result()
    if isinstance(told, Skipped):
        report.skipped.append(told)
        return
    report.checked["read_models"], problems = told
    whole.problems += problems


def _fill(report: Report, whole: Findings, made: Plan) -> None:
    report.checked = {"shards": len(made.heads), **dict.fromkeys(COUNTED, 0), **whole.checked} | report.checked
    report.problems = sorted(whole.problems, key=_place)
    report.unlisted = dict(whole.unlisted)


def _place(problem: Problem) -> tuple[int, int, str]:
    """By shard and position; what has none comes first."""
    shard = -1 if problem.shard is None else problem.shard
    return shard, -1 if problem.position is None else problem.position, problem.kind
