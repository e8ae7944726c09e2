"""Rows that were imported before and say something else now: each version corrects what the one before it recorded."""

from __future__ import annotations

from typing import Any

from deploy.local.spreadsheets.posting import Poster
from schemas.entries.taking import CorrectEntry

Json = dict[str, Any]


class Versions:
    """Known by receipts: version 2 of the row ``file-output-1f…`` has the id ``file-output-1f….2``."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._later: dict[str, list[str | None]] = {}  # by the first one's id, what later ones recorded; if anything
        for receipt in poster.receipts():
            first, dot, _ = receipt["id"].partition(".")
            if dot and receipt["final"] and receipt["outcome"] != "conflict":
                self._later.setdefault(first, []).append(_recorded(receipt))

    def latest(self, action: Json) -> Json:
        """The row's action as its latest version was sent: the same again where the row says the same as then."""
        later = self._later.get(action["id"])
        return action if later is None else self._version(action, [self._first(action), *later[:-1]])

    def following(self, action: Json) -> tuple[Json, bool]:
        """The action of a version more, and whether it corrects anything: what was refused recorded nothing."""
        before = [self._first(action), *self._later.get(action["id"], ())]
        return self._version(action, before), any(before)

    def sent(self, action: Json, receipt: Json) -> None:
        """Note what a version more recorded."""
        self._later.setdefault(action["id"], []).append(_recorded(receipt))

    def _version(self, action: Json, before: list[str | None]) -> Json:
        ident = f"{action['id']}.{len(before) + 1}"
        standing = next((event for event in reversed(before) if event is not None), None)
        if standing is None:
            return action | {"id": ident}
        replacement = {name: action[name] for name in ("type", "time", "data")}
        data = {"event": standing, "reason": "mistake", "replacement": replacement}
        return action | {"id": ident, "type": CorrectEntry.TYPE, "data": data}

    def _first(self, action: Json) -> str | None:
        receipt = self._poster.receipt(action["id"])
        return None if receipt is None else _recorded(receipt)


def _recorded(receipt: Json) -> str | None:
    """The event that stands by it: of a correction the second one."""
    return receipt["events"][-1]["id"] if receipt["events"] else None
