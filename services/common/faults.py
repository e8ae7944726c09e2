"""Crash on purpose, for tests.

``CHENGZHANG_FAULT=step`` or ``step:n`` (the n-th time, from 1) ends the process with -9.
"""

import os
import signal
from collections import Counter

STEPS = frozenset(
    {
        "before-commit",  # recorder: everything written, not committed
        "after-commit",  # recorder: committed, nobody told
        "after-publish",  # recorder: Kafka has the records, the relay has not noted it
        "before-offset",  # recorder: appended, the intake offset not yet committed
        "after-offset",  # recorder: the intake offset committed
        "before-destroy",  # recorder: an erasure is recorded, the person's key still there
        "tiles-extended",  # recorder: tiles written, not committed
        "checkpoint-signed",  # recorder: a checkpoint signed, not kept
        "checkpoint-stored",  # recorder: kept in the ledger, nowhere else
        "checkpoint-filed",  # recorder: in the file, the ledger has not noted it
        "checkpoint-published",  # recorder: on the topic, the ledger has not noted it
        "archive-written",  # recorder archive: a file of events is whole, the next not begun
        "archive-manifest",  # recorder archive: a shard's year is read back, its manifest written
        "archive-noted",  # recorder archive: the ids of a year's events are noted, all of them still there
        "archive-leaving",  # recorder archive: the year dropped, not committed
        "archive-left",  # recorder archive: the year is gone, the next not begun
        "archive-returning",  # recorder archive --bring-back: the year is there again, not committed
        "after-founding",  # recorder restore: the ledger has its id back, and no events yet
        "before-fill",  # recorder restore and recover: a portion is written, not committed
        "after-fill",  # the same: committed
        "refold-portion",  # recorder: a portion of a shard's states is made anew, not committed
        "refold-stored",  # recorder: committed, nobody reads them yet
        "refold-switch",  # recorder: the new states count, not committed
        "refold-switched",  # recorder: committed, the next shard not begun
        "after-emptying",  # recorder republish: a partition is emptied, nothing published
        "after-portion",  # recorder republish: some is published
        "before-whole",  # recorder restore: all is back, the ledger still marked as being restored
        "after-copy",  # projector: staged, nothing folded
        "before-cursor",  # projector: folded, the cursor not moved
        "after-cursor",  # projector: committed
        "while-replaying",  # rebuild: a batch of the new version committed
        "before-compare",  # rebuild: the new version is near the live one
        "before-switch",  # rebuild: compared, nothing switched
        "in-switch",  # rebuild: everything switched, not committed
        "after-switch",  # rebuild: committed
    }
)
_seen: Counter[str] = Counter()


def fault(step: str) -> None:
    """Die here, as a power cut would, if the environment names this step. Costs one look-up otherwise."""
    wanted = os.environ.get("CHENGZHANG_FAULT")
    if not wanted:
        return
    name, _, nth = wanted.partition(":")
    if name not in STEPS:
        message = f"CHENGZHANG_FAULT={wanted}: no such step; steps are {', '.join(sorted(STEPS))}"
        raise ValueError(message)
    if name == step:
        _seen[step] += 1
        if _seen[step] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
