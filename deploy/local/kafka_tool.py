"""Kafka's own command-line tools, downloaded into the cache on first use.

.. code-block:: shell

    .venv/bin/python -m deploy.local.kafka_tool console-producer --bootstrap-server 127.0.0.1:19092 --topic …
"""

from __future__ import annotations

import os
import sys

from deploy.local.errors import StackError
from deploy.local.servers.jars import fetch
from deploy.local.servers.kafka import java
from deploy.local.speaking.messages import language, text
from deploy.local.speaking.say import Say, quiet

_CLASSES = {
    "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
    "get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "topics": "org.apache.kafka.tools.TopicCommand",
}


def command(tool: str, *arguments: str, say: Say = quiet) -> list[str]:
    """Return the command line of one tool."""
    return [*java(fetch("tools", say)), _CLASSES[tool], *arguments]


def main() -> None:
    """Become the tool named by the first argument."""
    if len(sys.argv) < 2 or sys.argv[1] not in _CLASSES:  # noqa: PLR2004 - program and tool
        sys.stderr.write(f"usage: python -m deploy.local.kafka_tool TOOL …, with TOOL one of {', '.join(_CLASSES)}\n")
        raise SystemExit(2)
    try:
        line = command(*sys.argv[1:], say=_told)
    except StackError as error:
        _told(error.key, **error.values)
        raise SystemExit(1) from None
    os.execv(line[0], line)  # noqa: S606 - no shell, on purpose


def _told(key: str, **values: object) -> None:
    sys.stderr.write(f"{text(language(), key, **values)}\n")


if __name__ == "__main__":
    main()
