"""Cells as people meant them: days however written, digits of full width, ids that a spreadsheet made into numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final

from deploy.local.speaking.codes import codes
from deploy.local.spreadsheets.sheets import Column

_ZONE: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # of spreadsheets, which know no zone
_SERIALS: Final = range(1, 200_000)
_BLANK: Final = " \t\r\n\u3000\xa0"
_EXACT: Final = 10**15  # from here on a spreadsheet has lost digits
_NOON: Final = time(12)
_SEVERAL: Final = re.compile(r"[、,，;；\n]+")
_IDS: Final = re.compile(r"[、,，;；\s]+")  # which have no blanks in them
_MONTH: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?")
_COUNTED: Final = re.compile(r"(.*\D)\s*[:：]?\s*(\d+)")
_DAY: Final = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:\s*[T ]?\s*(\d{1,2})[:时](\d{1,2})?(?::(\d{1,2}))?分?)?"
)
_YES: Final = {
    "是": True,
    "true": True,
    "yes": True,
    "1": True,
    "✓": True,
    "对": True,
    "否": False,
    "false": False,
    "no": False,
    "0": False,
}


class Unclear(ValueError):
    """A cell that can't be read as what its column asks for; ``key`` names the sentence, ``values`` fill it."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def value_of(column: Column, cell: Any) -> Any:  # noqa: ANN401  # what cells hold, and JSON
    """The member's value; None where the cell is empty. Raises Unclear."""
    if empty(cell):
        return None
    if column.form == "counts":
        return _counts(cell)
    if column.many:
        by = _IDS if column.form == "id" else _SEVERAL
        return [_one(column, part) for part in by.split(str(_plain(cell))) if part.strip(_BLANK)]
    return _one(column, cell)


def empty(cell: Any) -> bool:  # noqa: ANN401  # what cells hold
    """Whether there is nothing in it but blanks."""
    return cell is None or (isinstance(cell, str) and not cell.strip(_BLANK))


def _one(column: Column, cell: Any) -> Any:  # noqa: ANN401  # the same
    if column.values:
        return _code(column, cell)
    read: Callable[[Any], Any] = _FORMS.get(column.form, _text)
    return read(cell)


def _text(cell: Any) -> str:  # noqa: ANN401  # what cells hold
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    return str(_plain(cell)).strip(_BLANK)


def _month(cell: Any) -> str:  # noqa: ANN401  # the same
    """A month, of which a spreadsheet likes to make a day; or what else the column takes, as a half-year."""
    if isinstance(cell, date):
        return f"{cell:%Y-%m}"
    found = _MONTH.fullmatch(_narrow(cell))
    return f"{found[1]}-{int(found[2]):02}" if found else _narrow(cell)


def _counts(cell: Any) -> dict[str, int]:  # noqa: ANN401  # the same
    """``优秀 3、称职 5``."""
    words = {word: code for code, each in codes()["grade"].items() for word in (each.zh, each.en, code)}
    found: dict[str, int] = {}
    for part in _SEVERAL.split(_narrow(cell)):
        counted = _COUNTED.fullmatch(part.strip())
        if counted is None:
            raise Unclear("not_counts")
        said = counted[1].strip(" :")
        found[words.get(said, said)] = int(counted[2])
    return found


def _day(cell: Any) -> str:  # noqa: ANN401  # the same
    return _moment(cell).date().isoformat()


def instant_of(cell: Any) -> str:  # noqa: ANN401  # what cells hold
    """An instant in Shanghai; of a day noon."""
    moment = _moment(cell)
    return moment.replace(tzinfo=_ZONE).isoformat() if moment.tzinfo is None else moment.isoformat()


def _plain(cell: Any) -> Any:  # noqa: ANN401  # the same
    """A number that is whole as such: spreadsheets know fractions only."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _narrow(cell: Any) -> str:  # noqa: ANN401  # the same
    """Its text with digits and signs of full width made narrow."""
    return unicodedata.normalize("NFKC", str(_plain(cell))).strip()


def _id(cell: Any) -> str:  # noqa: ANN401  # the same
    if isinstance(cell, int | float) and abs(cell) >= _EXACT:
        raise Unclear("id_as_number")
    if isinstance(cell, float) and not cell.is_integer():
        raise Unclear("id_as_number")
    if isinstance(cell, date):
        raise Unclear("id_as_day")
    return _narrow(cell)


def _code(column: Column, cell: Any) -> str:  # noqa: ANN401  # the same
    found = column.code(_narrow(cell))
    if found is None:
        raise Unclear("not_listed", words=column.words)
    return found


def _whole(cell: Any) -> int:  # noqa: ANN401  # the same
    if isinstance(cell, bool | date):
        raise Unclear("not_whole")
    text = _narrow(cell).replace(",", "")
    if not re.fullmatch(r"[+-]?\d{1,16}", text):
        raise Unclear("not_whole")
    return int(text)


def _yes(cell: Any) -> bool:  # noqa: ANN401  # the same
    found = cell if isinstance(cell, bool) else _YES.get(_narrow(cell).lower())
    if found is None:
        raise Unclear("not_yes")
    return found


def _moment(cell: Any) -> datetime:  # noqa: ANN401  # the same
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, _NOON)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _of_serial(float(cell))
    text = _narrow(cell)
    if re.fullmatch(r"\d{4,6}(\.\d+)?", text):
        return _of_serial(float(text))
    try:
        if "T" in text:
            return datetime.fromisoformat(text)
        found = _DAY.fullmatch(text)
        if found is not None:
            year, month, day, hour, minute, second = (int(part) if part else 0 for part in found.groups())
            clock = _NOON if found[4] is None else time(hour, minute, second)
            return datetime.combine(date(year, month, day), clock)
    except ValueError:
        pass
    raise Unclear("not_day")


def _of_serial(serial: float) -> datetime:
    """A day that lost its format: days since the end of 1899."""
    if int(serial) not in _SERIALS:
        raise Unclear("not_day")
    moment = _EPOCH + timedelta(days=serial)
    return datetime.combine(moment.date(), _NOON) if serial == int(serial) else moment.replace(microsecond=0)


_FORMS: Final[dict[str, Callable[[Any], Any]]] = {
    "id": _id,
    "day": _day,
    "instant": instant_of,
    "month": _month,
    "whole": _whole,
    "yes": _yes,
}
