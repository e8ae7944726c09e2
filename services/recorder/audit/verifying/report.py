"""A history verified: everything put together into one report."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from services.common.settings import Settings
from services.common.telling.showing import Advance, progress
from services.recorder.audit.projector import Answer, asking
from services.recorder.audit.verifying.checks import tree
from services.recorder.audit.verifying.checks.leaves import Hashed
from services.recorder.audit.verifying.plan import Options, Plan, plan, settled
from services.recorder.audit.verifying.problems import Kind, Problem
from services.recorder.audit.verifying.running import Runner, everywhere
from services.recorder.audit.verifying.skipping import Skipped, skipped

COUNTED: Final = ("events", "receipts", "states", "tiles", "checkpoints", "topic_events", "topic_receipts")
_USAGE: Final = 2
_NAMED: Final = ("kind", "shard", "position", "expected", "found")


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
    began = time.monotonic()
    with asking(settings, "verify") if options.models else nullcontext() as answer:
        made = asyncio.run(plan(settings, options))
        with progress(title, made.total) as advance:
            rate = _work(made, run, advance)
        if made.found.problems:
            asyncio.run(settled(settings, made))
        models = _models(made, None if answer is None else answer(), options)
    counted = {"shards": len(made.heads), **dict.fromkeys(COUNTED, 0), **made.found.checked, **models}
    told = counted | {"hashed_per_s": rate, "seconds": round(time.monotonic() - began, 1)}
    return Report(told, sorted(made.found.problems, key=_place), dict(made.found.unlisted), made.skipped)


def _work(made: Plan, run: Runner, advance: Advance) -> int:
    """Do all jobs, then put the trees together. How many events a second were hashed, on all cores."""
    ranges: dict[int, list[Hashed]] = defaultdict(list)
    began = hashed_at = time.monotonic()
    for done in run(made.jobs, advance):
        if isinstance(done, Hashed):
            ranges[done.range.shard].append(done)
            hashed_at = time.monotonic()
        made.found.take(done.findings if isinstance(done, Hashed) else done)
    for shard, head in made.heads.items():
        made.found.take(tree.checked(head, ranges[shard], made.signed[shard], made.upper[shard]))
    return round(made.found.checked["events"] / max(hashed_at - began, 1e-9))


def _models(made: Plan, answer: Answer | None, options: Options) -> dict[str, Any]:
    """Read models = a fresh replay: what the projector counted, which verifies its own, if it was asked and told."""
    if answer is None:
        named = "--office" if options.offices else "--shard"
        option = named if options.read_models else "--without-read-models"
        made.skipped.append(skipped("read_models", "left-out", option=option))
    elif answer.code is None:
        made.skipped.append(skipped("read_models", "no-projector"))
    elif answer.code == _USAGE:
        made.skipped.append(skipped("read_models", "no-verify"))
    else:
        try:
            checked, problems = answer.told["checked"], [_problem(each) for each in answer.told["problems"]]
        except (KeyError, TypeError):
            made.skipped.append(skipped("read_models", "projector", code=answer.code, said=answer.said))
        else:
            made.found.problems += problems
            return {"read_models": checked}
    return {}


def _problem(told: Mapping[str, Any]) -> Problem:
    more = {name: value for name, value in told.items() if name not in _NAMED}
    return Problem(Kind.READ_MODEL, told["shard"], told["position"], told["expected"], told["found"], more)


def _place(problem: Problem) -> tuple[int, int, str]:
    """By shard and position; what has none comes first."""
    shard = -1 if problem.shard is None else problem.shard
    return shard, -1 if problem.position is None else problem.position, problem.kind
