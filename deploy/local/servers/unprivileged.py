"""PostgreSQL refuses to run as root. When we are root (containers, CI), it runs as a system user of its own.

That user must reach two things: its data folder, and the programs in the virtual environment. Either may lie below a
private folder such as ``/root``. We give this one user the right to *pass through* such a folder (an access-control
entry with x only: it can neither list nor read it), and where the file system has no such entries, we refuse and say
what to do, rather than open the folder to everybody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import struct
import subprocess
from pathlib import Path

from deploy.local.errors import StackError

NAME = "chengzhang-postgres"
_ACL = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _NAMED_GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
_PASS = 0o1


def user() -> pwd.struct_passwd | None:
    """Return the system user to run PostgreSQL as, made if need be; None when we are not root and need none."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return _make()


def open_way(target: Path, account: pwd.struct_passwd) -> list[Path]:
    """Let the user pass through every folder above the target; return the folders that were changed."""
    closed = [folder for folder in reversed(target.parents) if not _passes(folder, account)]
    for folder in closed:
        _let_pass(folder, account.pw_uid)
    return closed


def open_programs(folder: Path, account: pwd.struct_passwd) -> list[Path]:
    """Let the user run the programs below a folder: they are public, but a strict umask may have closed them."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            wanted = mode | 0o444 | (0o111 if mode & 0o100 else 0)
            if wanted != mode:
                path.chmod(wanted)
    return open_way(folder, account)


def _make() -> pwd.struct_passwd:
    if adder := shutil.which("useradd"):
        command = [adder, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    elif adder := shutil.which("adduser"):
        command = [adder, "-S", "-D", "-H", "-s", "/sbin/nologin", NAME]  # busybox
    else:
        raise StackError("no_user", name=NAME)
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(NAME)  # another process may have been first: then the command failed and all is well
    except KeyError:
        raise StackError("no_user", name=NAME, reason=ended.stderr.strip()) from None


def _passes(folder: Path, account: pwd.struct_passwd) -> bool:
    found = folder.stat()
    if found.st_uid == account.pw_uid:
        return bool(found.st_mode & 0o100)
    entries = _entries(folder)
    closed = any(tag == _MASK and not permissions & _PASS for tag, permissions, _ in entries)  # as by a later chmod
    return bool(found.st_mode & 0o001) or ((_USER, _PASS, account.pw_uid) in entries and not closed)


def _let_pass(folder: Path, uid: int) -> None:
    entries = [entry for entry in _entries(folder) if entry[0] != _MASK and (entry[0], entry[2]) != (_USER, uid)]
    named = [entry for entry in entries if entry[0] in {_USER, _NAMED_GROUP}]
    group = next(permissions for tag, permissions, _ in entries if tag == _GROUP)
    mask = group | _PASS
    for _, permissions, _ in named:
        mask |= permissions
    entries += [(_USER, _PASS, uid), (_MASK, mask, _NOBODY)]
    entries.sort(key=lambda entry: (entry[0], entry[2]))  # the kernel wants them in the order of their tags
    value = _VERSION + b"".join(_ENTRY.pack(*entry) for entry in entries)
    try:
        os.setxattr(folder, _ACL, value)
    except (OSError, AttributeError):
        raise StackError("no_way", folder=folder, user=NAME) from None


def _entries(folder: Path) -> list[tuple[int, int, int]]:
    """Return the access-control entries (tag, permissions, id); from the mode bits where there are no others."""
    try:
        value = os.getxattr(folder, _ACL)
    except (OSError, AttributeError):
        mode = folder.stat().st_mode
        return [(_OWNER, mode >> 6 & 7, _NOBODY), (_GROUP, mode >> 3 & 7, _NOBODY), (_OTHER, mode & 7, _NOBODY)]
    return list(_ENTRY.iter_unpack(value[len(_VERSION) :]))
