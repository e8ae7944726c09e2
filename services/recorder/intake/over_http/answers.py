"""From an outcome to an HTTP answer: which status a receipt has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
import structlog

from services.common.http.problems import Problem
from services.recorder.errors import Busy, ReadOnly, RecorderError
from services.recorder.intake.reading import Readable
from services.recorder.ledger.submission import Closed, Outcome, Unrecordable

_log = structlog.get_logger(__name__)
_TITLES: Final = {
    "invalid-field": "Invalid action",
    "key-conflict": "Conflict",
    "stale-version": "Stale version",
    "not-yours": "Not allowed",
}
_NOT_YOURS: Final = "not-yours"
_CONFLICTS: Final = frozenset({"key-conflict", "stale-version"})


def answered(readable: Readable, outcome: Outcome) -> tuple[int, bytes] | Problem:
    """201, or 200 for a repeat, with the receipt; else the problem that carries it."""
    if isinstance(outcome, Closed):
        return _read_only(ReadOnly(outcome.reason))
    if isinstance(outcome, Unrecordable):
        return Problem(
            500,
            "internal",
            "Internal error",
            "The recorder failed on this action and recorded nothing of it; its log says more.",
        )
    receipt: dict[str, Any] = orjson.loads(outcome.receipt)
    if receipt["outcome"] == "accepted":
        return (200 if outcome.repeat else 201), outcome.receipt
    code = receipt["code"]
    return Problem(
        409 if code in _CONFLICTS else 403 if code == _NOT_YOURS else 422,
        code,
        _TITLES.get(code, "Not recorded"),
        receipt["message"]["en"],
        errors=readable.errors,
        receipt=outcome.receipt,
    )


@contextmanager
def translated() -> Iterator[None]:
    """The recorder's errors as problems that say when to come again."""
    try:
        yield
    except Busy as error:
        raise _later(429, "busy", "Too much is waiting", error, 1) from error
    except ReadOnly as error:
        raise _read_only(error) from error
    except RecorderError as error:
        _log.warning("unavailable", reason=str(error))
        raise _later(503, "unavailable", "Not available", error, 2) from error


def _read_only(error: ReadOnly) -> Problem:
    return _later(503, "read-only", "Nothing is recorded at the moment", error, 60)


def _later(status: int, code: str, title: str, error: RecorderError, seconds: int) -> Problem:
    detail = f"{str(error).rstrip('.') or title}. Send it again, as it is, in a while: nothing is recorded twice."
    return Problem(status, code, title, detail, headers={"Retry-After": str(seconds)})
