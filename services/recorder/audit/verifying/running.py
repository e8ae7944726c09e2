"""The work on all cores: one process a core, a range, a shard or a partition at a time.

Processes are spawned, not forked: each has its own event loop and connections.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from services.common.telling.showing import Advance, quiet
from services.recorder.audit.verifying.checks.contents import contents
from services.recorder.audit.verifying.checks.leaves import Hashed, Range, hashed
from services.recorder.audit.verifying.checks.topics import Partition, published
from services.recorder.audit.verifying.problems import Findings
from services.recorder.audit.verifying.work import Tick, Whole

_LOOK: Final = 0.2  # seconds between looks at how much is done

Job: TypeAlias = Range | Whole | Partition
Done: TypeAlias = Hashed | Findings
# Runs jobs, in whatever order, and gives what came of them; tells how many rows and records were read.
Runner: TypeAlias = Callable[[Sequence[Job], Advance], Iterator[Done]]


def here(jobs: Sequence[Job], advance: Advance) -> Iterator[Done]:
    """In this process, one after the other."""
    yield from (work(job, advance) for job in jobs)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def everywhere(jobs: Sequence[Job], advance: Advance) -> Iterator[Done]:
    """In a process a core. Raises what a job raised, once it is known; then the rest is dropped."""
    context = multiprocessing.get_context("spawn")
    counter = context.Value("Q", 0)
    with _ended(ProcessPoolExecutor(cores(), context, _begin, (counter,))) as pool:
        waiting: set[Future[Done]] = {pool.submit(work, job) for job in jobs}
        told = 0
        while waiting:
            done, waiting = wait(waiting, _LOOK, FIRST_COMPLETED)
            now = counter.value
            advance(now - told)
            told = now
            for future in done:
                yield future.result()


@contextmanager
def _ended(pool: ProcessPoolExecutor) -> Iterator[ProcessPoolExecutor]:
    """Whatever happens, no process is left, and nobody waits for one that has much to do."""
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


# --- in the processes ---

_counter: Any = None  # shared with whoever shows progress


def _begin(counter: Any) -> None:  # noqa: ANN401  # multiprocessing has no type for it
    global _counter  # noqa: PLW0603  # a process of the pool has no other way
    _counter = counter
    quiet()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    threading.Thread(target=_outlive_nobody, daemon=True).start()


def _outlive_nobody() -> None:
    """End with whoever started us, even if they were killed: the pool's queue would keep us waiting for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a process of the pool
    parent.join()
    os._exit(1)


def _count(rows: int) -> None:
    with _counter.get_lock():
        _counter.value += rows


def work(job: Job, tick: Tick = _count) -> Done:
    """Do one job. Raises Unavailable."""
    if isinstance(job, Range):
        return asyncio.run(hashed(job, tick))
    return asyncio.run(contents(job, tick) if isinstance(job, Whole) else published(job, tick))
