"""When each token was used last: a small file a service, beside the token file, right to a minute."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

_EVERY: Final = timedelta(minutes=1)
_log = structlog.get_logger(__name__)


class Uses:
    """Notes uses; a token's once a minute, so that a request costs nothing."""

    def __init__(self, file: Path) -> None:
        """Go on from what the file says."""
        self._file = file
        self._last = read_uses([file])

    def note(self, name: str, now: datetime) -> None:
        """It was used. Never fails: who is let in doesn't depend on it."""
        last = self._last.get(name)
        if last is not None and now - last < _EVERY:
            return
        self._last[name] = now
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._file.with_suffix(".new")
            told = {each: at.isoformat(timespec="seconds") for each, at in self._last.items()}
            draft.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
            draft.replace(self._file)
        except OSError as error:
            _log.warning("token-use-not-noted", file=str(self._file), reason=error.strerror)


def read_uses(files: Iterable[Path]) -> dict[str, datetime]:
    """The last use by name, of all these services; what can't be read says nothing."""
    found: dict[str, datetime] = {}
    for file in files:
        with suppress(OSError, ValueError, TypeError, AttributeError):
            told: dict[str, Any] = orjson.loads(file.read_bytes())
            for name, text in told.items():
                at = datetime.fromisoformat(text).astimezone(UTC)
                found[name] = max(at, found.get(name, at))
    return found
