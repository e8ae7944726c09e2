"""What the embedded stack must find again after a power cut."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from deploy.local.paths import write_private
from deploy.local.servers import unprivileged


def test_a_private_file_is_on_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapping key that is gone, while what was sealed under it stays, is a loss for ever."""
    folders: list[bool] = []
    sync = os.fsync

    def noted(handle: int) -> None:
        folders.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        assert (tmp_path / "home" / "kek").exists() == folders[-1], "the name is synced once it is there"
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write_private(tmp_path / "home" / "kek", b"secret")
    assert folders == [False, True]
    assert (tmp_path / "home" / "kek").stat().st_mode & 0o777 == 0o600


def test_a_folder_closed_again_by_chmod_is_opened_again(tmp_path: Path) -> None:
    """``chmod 700`` leaves a named entry and takes away what it grants."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = pwd.struct_passwd(("postgres", "x", 987_654, 987_654, "", "/", "/bin/false"))
    assert closed in unprivileged.open_way(closed / "data", postgres)
    assert unprivileged.open_way(closed / "data", postgres) == []
    closed.chmod(0o700)
    assert unprivileged.open_way(closed / "data", postgres) == [closed]
