"""Logs: one JSON object a line, on stderr. They say what happened to which id, never what was in it.

A line is no longer than ``LONGEST``, and has nothing in it that a terminal would obey. A file that stderr goes to is
begun anew once it is ``LARGEST``, and the old one kept beside it: copied, not moved, since others have it open.

So an exception is logged as its type and where it was raised: its message may repeat a row or a value.
"""

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor

from services.common.telling.rotating import rotate
from services.common.telling.visible import visible

# aiokafka names every reconnect, FastStream every record, and a record's content where its handler raised.
_QUIET: Final = {
    "aiokafka": logging.ERROR,
    "asyncio": logging.ERROR,
    "faststream": logging.ERROR,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
}
_FRAMES: Final = 8
LONGEST: Final = 8 * 1024  # characters of a line
_KEPT: Final = ("event", "level", "logger", "timestamp")


class Handler(logging.StreamHandler[TextIO]):
    """Onto stderr; ``file``: where that goes to, if to a file."""

    def __init__(self, file: Path | None) -> None:
        super().__init__(sys.stderr)
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        super().emit(record)
        if self._file is not None:
            rotate(self._file)


def _line(event: Mapping[str, Any], **options: Any) -> str:  # noqa: ANN401  # as structlog hands them on
    text = visible(json.dumps(event, ensure_ascii=False, **options))
    if len(text) <= LONGEST:
        return text
    kept = {name: str(event[name])[:256] for name in _KEPT if name in event}
    return visible(json.dumps({**kept, "cut": len(text), "began": text[: LONGEST // 4]}, ensure_ascii=False))


def configure(level: str = "INFO", file: Path | None = None) -> None:
    """Log from ``level`` on; ``file``: where stderr goes to. Once a process, before anything else logs."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _where,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = Handler(file)
    rendered: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(serializer=_line),
    ]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendered))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, threshold in _QUIET.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(threshold)


def raised(error: BaseException) -> dict[str, Any]:
    """An exception for a log line: its type, where it was raised, and the same of what caused it."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    told: dict[str, Any] = {
        "type": type(error).__qualname__,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if error.__cause__ is not None:
        told["cause"] = raised(error.__cause__)
    return told


def _where(_logger: object, _method: str, event: EventDict) -> EventDict:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["raised"] = raised(error)
    return event
