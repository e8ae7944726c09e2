"""Stops a test run's Kafka and PostgreSQL when the run ends, even by SIGKILL: reads until nobody holds the other end.

.. code-block:: shell

    python -m tests.support.caretaker FOLDER  # of the run; its servers' home is FOLDER/home
"""

import shutil
import sys
from pathlib import Path

from deploy.local.paths import Home
from deploy.local.running import stack


def _main(folder: Path) -> None:
    sys.stdin.buffer.read()
    if (folder / "home").exists():
        stack.down(Home.at(folder / "home"))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
