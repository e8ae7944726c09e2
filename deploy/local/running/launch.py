"""Become a daemon: run as a script with its plan as JSON on stdin, standard library only, by ``processes.start``.

The daemon notes its own pid *before* it turns into the service, so no process of ours can run without a record,
however abruptly the command that started it ends. Forking here, and not in the caller, leaves the caller no child to
reap.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def mark(pid: int) -> str:
    """Return what tells a process from a later one with the same pid: on Linux its start tick and the boot."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    return f"{boot}:{fields[19]}"


def _note(path: Path, digest: str, logged: int) -> None:
    """``logged``: how long the log was before."""
    pid = os.getpid()
    draft = path.with_suffix(".new")
    noted = {"pid": pid, "mark": mark(pid), "digest": digest, "logged": logged}
    draft.write_text(json.dumps(noted), encoding="utf-8")
    draft.replace(path)


def _become(plan: dict[str, Any]) -> None:
    log = os.open(plan["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _note(Path(plan["record"]), plan["digest"], os.fstat(log).st_size)
    os.chdir(plan["folder"])
    if plan["user"]:
        uid, gid = plan["user"]
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.execve(plan["command"][0], plan["command"], plan["env"])  # noqa: S606 - no shell, on purpose


def main() -> None:
    """Leave the terminal and the caller, then become the command of the plan on stdin."""
    plan = json.load(sys.stdin)
    os.umask(0o077)
    if os.fork():
        os._exit(0)
    os.setsid()
    try:
        _become(plan)
    except BaseException:  # noqa: BLE001 - whatever it is, it belongs in the log
        traceback.print_exc()  # into the service's log, where the starter looks when the service is gone
        os._exit(127)


if __name__ == "__main__":
    main()
