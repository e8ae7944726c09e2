"""What counts as ended: only what holds no port and no file any more."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from deploy.local.paths import Home
from deploy.local.running import processes
from deploy.local.running.ports import is_free

_WITHOUT_ITS_FIRST_THREAD = """
import ctypes, socket, threading, time
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_whose_other_threads_hold_its_port_has_not_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", _WITHOUT_ITS_FIRST_THREAD], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        port, seen = int(process.stdout.readline()), psutil.Process(process.pid)
        while sys.platform == "linux" and seen.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not is_free(port)
        assert not processes.gone(seen)
        process.kill()
        process.wait()
        assert processes.gone(seen)
        assert is_free(port)


def test_a_process_whose_record_is_lost_is_found(tmp_path: Path) -> None:
    home, other = Home.at(tmp_path / "home"), Home.at(tmp_path / "other")
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    processes.start(home, processes.Daemon("one", sleeping, tmp_path / "log", {}))
    try:
        process = processes.find(home, "one")
        (home.run / "one.json").unlink()
        assert process is not None
        assert processes.find(home, "one") == process
        assert processes.find(home, "two") is processes.find(other, "one") is None
    finally:
        assert processes.stop(home, "one")
    assert process is not None
    assert processes.gone(process)


def test_a_port_that_somebody_else_took_is_not_the_services(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        listening = 'import socket, time; s = socket.create_server(("127.0.0.1", 0)); time.sleep(60)'
        processes.start(home, processes.Daemon("one", [sys.executable, "-c", listening], tmp_path / "log", {}))
        try:
            process = processes.find(home, "one")
            assert process is not None
            while not (ours := [found.laddr.port for found in process.net_connections("tcp")]):
                time.sleep(0.01)
            assert processes.listens(home, "one", ours[0])
            assert not processes.listens(home, "one", theirs.getsockname()[1])
        finally:
            processes.stop(home, "one")
        assert not processes.listens(home, "one", ours[0])
