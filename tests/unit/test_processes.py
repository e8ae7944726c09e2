"""What counts as ended: only what holds no port and no file any more."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

from deploy.local import processes
from deploy.local.ports import is_free

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
