"""Rows on their way to the recorder: tried first, then posted in batches; what was refused for now once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from deploy.local.speaking.words import both, say
from deploy.local.spreadsheets.actions import SOURCE
from deploy.local.spreadsheets.fates import Fate, Ready, Thing
from deploy.local.spreadsheets.posting import Poster, code_of, for_now, outcome_of
from deploy.local.spreadsheets.telling import Teller
from deploy.local.spreadsheets.versions import Versions
from schemas.entries.taking import DeclareImport
from services.common.telling.showing import progress

Json = dict[str, Any]
_AT_ONCE: Final = 500
_CONFLICT: Final = "key-conflict"


class Sending:
    """``count`` rows in all. ``correct``: what was imported with another content is corrected."""

    def __init__(self, poster: Poster, teller: Teller, count: int, *, correct: bool) -> None:
        self._poster, self._teller, self._count, self._correct = poster, teller, count, correct
        self._versions = Versions(poster)

    def try_all(self, rows: Iterable[Ready], *, last: bool) -> None:
        """Tell of each that would be refused; of those that would pass, too, where it is the ``last`` word.

        Batches are tried one by one: what an earlier one brings isn't there yet, nor what rests on that.
        """
        well: list[Fate] = []
        made, named = set[Thing](), set[Thing]()
        with progress(say(self._teller.lang, "trying_rows"), self._count) as advance:
            for batch in _batches(rows):
                for ready, item in zip(batch, self._posted(batch, dry_run=True), strict=True):
                    well += self._tried(ready, item, made, named)
                    for thing, _, new in ready.things():
                        (made if new else named).add(thing)
                advance(len(batch))
        if last or self._teller.refused:
            self._teller.tell(*well)

    def _tried(self, ready: Ready, item: Json, made: set[Thing], named: set[Thing]) -> Iterator[Fate]:
        """Those that would pass; the others are told. What earlier rows may change is said to depend on them."""
        if code_of(item) == _CONFLICT:
            action, corrects = self._versions.following(ready.action)
            if corrects and not self._correct:
                self._teller.tell(*ready.fates("changed", _CONFLICT, both("changed_row")))
                return
            (item,) = self._poster.post([action], dry_run=True)
        if outcome_of(item):
            yield from ready.fates("would-pass")
        elif for_now(item) and self._depends(ready, item, made, named):
            yield from ready.fates("depends", code_of(item), both("depends_row"))
        else:
            self._refused(ready, item)

    def _depends(self, ready: Ready, item: Json, made: set[Thing], named: set[Thing]) -> bool:
        """Of something that isn't there, whether this file brings it; else whether it brings more of the same."""
        missing = ready.missing(item["problem"]["receipt"]["message"])
        if code_of(item) == "unknown-reference" and missing is not None:
            return missing[0] in made
        return any(thing in made or thing in named for thing, _, _ in ready.things())

    def declare(self, digest: str, count: int) -> None:
        """Say of the file that it is recorded now: once, however often it is sent."""
        ident = f"import-{digest[:40]}"
        if not count or self._poster.receipt(ident) is not None:
            return
        action = {
            "specversion": "1.0", "id": ident, "source": SOURCE, "type": DeclareImport.TYPE,
            "time": datetime.now(UTC).isoformat(timespec="seconds"), "office": self._poster.office, "actor": "import",
            "entry": "machine", "data": {"batch": ident, "file_sha256": digest, "rows": count},
        }  # fmt: skip
        self._poster.post([action], dry_run=False)

    def send_all(self, rows: Iterable[Ready]) -> None:
        """Record them in their order; tell of each."""
        later: list[Ready] = []
        with progress(say(self._teller.lang, "importing"), self._count) as advance:
            for batch in _batches(rows):
                waiting = self._sent(batch, again=True)
                later += waiting
                advance(len(batch) - len(waiting))
            for batch in _batches(later):
                self._sent(batch, again=False)
                advance(len(batch))

    def _sent(self, batch: list[Ready], *, again: bool) -> list[Ready]:
        """Those that may pass later, where there is one."""
        later = []
        for ready, item in zip(batch, self._posted(batch, dry_run=False), strict=True):
            if again and for_now(item):
                later.append(ready)
            elif code_of(item) == _CONFLICT:
                self._followed(ready)
            else:
                self._told(ready, item, outcome_of(item))
        return later

    def _followed(self, ready: Ready) -> None:
        """A row that was imported before, with other content."""
        action, corrects = self._versions.following(ready.action)
        if corrects and not self._correct:
            self._teller.tell(*ready.fates("changed", _CONFLICT, both("changed_row")))
            return
        (item,) = self._poster.post([action], dry_run=False)
        if outcome_of(item):
            self._versions.sent(ready.action, item["receipt"])
        self._told(ready, item, "corrected" if outcome_of(item) and corrects else outcome_of(item))

    def _told(self, ready: Ready, item: Json, outcome: str | None) -> None:
        if outcome is None:
            self._refused(ready, item)
        else:
            self._teller.tell(*ready.fates(outcome))

    def _refused(self, ready: Ready, item: Json) -> None:
        code, problem = code_of(item), item["problem"]
        errors = problem.get("errors") or ()
        for error in errors:
            self._teller.tell(*ready.fates("refused", code, error["message"], error["pointer"]))
        if not errors:
            receipt = problem.get("receipt") or {}
            message = receipt.get("message") or {"en": problem["detail"], "zh": problem["detail"]}
            _, pointer = ready.missing(message) or (None, "")
            self._teller.tell(*ready.fates("refused", code, message, pointer))

    def _posted(self, batch: list[Ready], *, dry_run: bool) -> list[Json]:
        return self._poster.post([self._versions.latest(ready.action) for ready in batch], dry_run=dry_run)


def _batches(rows: Iterable[Ready]) -> Iterator[list[Ready]]:
    ahead = iter(rows)
    while batch := list(islice(ahead, _AT_ONCE)):
        yield batch
