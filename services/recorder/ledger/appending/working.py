"""The states that a shard's batches work on: loaded once, changed in memory, written at each commit.

They stay in memory between batches, for every change of a state takes a receipt number of its shard, under the shard's
lock: as long as the number is where this process left it, nobody else has changed anything. Where it has moved, the
shard's row tells whose states another recorder may have changed.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from services.recorder.domain.deciding.core import Changes, Key, NotLoaded, S, State
from services.recorder.ledger.appending import recent

MOST_ROWS: Final = 1500  # kept between batches, of a shard
SWEEP_EVERY: Final = 4  # batches; what none of them used is dropped: persons come again, most sessions don't


class Row:
    """One state: its stored JSON until somebody looks, the stream's version where the key is a stream's."""

    __slots__ = ("batch", "raw", "state", "version")

    def __init__(self, raw: str | None, version: int, batch: int) -> None:
        """Not looked at yet; loaded for that batch."""
        self.batch = batch
        self.raw = raw
        self.version = version
        self.state: State | None = None

    def dump(self) -> str | None:
        """The state as JSON, only what differs from empty."""
        return self.raw if self.state is None else self.state.model_dump_json(exclude_defaults=True)


class Working:
    """The loaded states of a shard by key; an absent one is loaded too, as empty.

    ``at`` and ``size``: the next receipt number and position that they belong to. ``seen``: the largest size and next
    receipt number of the shard that are known to have been committed, by whomever.
    """

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self._rows: dict[Key, Row] = {}
        self._changed: set[Key] = set()
        self._batch = 0
        self.at = -1
        self.size = 0
        self.seen = (0, 0)

    def ahead_of(self, size: int, next_receipt: int) -> bool:
        """Whether more is known to be committed: then the ledger went back, and its positions would be given again."""
        return size < self.seen[0] or next_receipt < self.seen[1]

    def begin(self, next_receipt: int, before: str = recent.NOTHING, size: int = 0) -> None:
        """Begin a batch at that receipt number and size of the shard; ``before``: whose the batches before it were.

        What is at hand is kept only if nobody changed it meanwhile, and not if it is much.
        """
        if next_receipt != self.at:
            self._forget(recent.since(before, self.at, next_receipt))
        elif size != self.size:
            self._forget(None)  # events came without receipts: a recovery
        if self._batch % SWEEP_EVERY == 0 or len(self._rows) > MOST_ROWS:
            since = self._batch - (SWEEP_EVERY if len(self._rows) <= MOST_ROWS else 1)
            self._rows = {key: row for key, row in self._rows.items() if row.batch >= since}
        self._batch += 1
        self.at = -1
        self.seen = size, next_receipt

    def _forget(self, offices: frozenset[str] | None) -> None:
        """Drop the states of offices that another recorder decided about; all, where it isn't known which."""
        kept = {} if offices is None else self._rows
        self._rows = {key: row for key, row in kept.items() if key[1].partition("/")[0] not in (offices or ())}
        self._changed.clear()

    def commit(self, next_receipt: int, size: int = 0) -> None:
        """All changes are in the ledger; where the shard stands now."""
        self._changed.clear()
        self.at, self.size = next_receipt, size
        self.seen = size, next_receipt

    def missing(self, keys: Iterable[Key]) -> list[Key]:
        """Those of these keys that are not at hand."""
        absent: list[Key] = []
        for key in keys:
            row = self._rows.get(key)
            if row is None:
                absent.append(key)
            else:
                row.batch = self._batch
        return absent

    def load(self, keys: Iterable[Key], found: Iterable[Any]) -> None:
        """Take in what the ledger holds of these keys (records of kind, key, version, state)."""
        wanted = set(keys)
        for key in wanted:
            self._rows[key] = Row(None, 0, self._batch)
        for record in found:
            key = record["kind"], record["key"]
            if key in wanted:
                self._rows[key] = Row(record["state"], record["version"], self._batch)

    def of(self, kind: type[S], key: Key) -> S:
        """The state of that key. Raises NotLoaded."""
        row = self._rows.get(key)
        if row is None:
            raise NotLoaded(key)
        if row.state is None:
            row.state = _empty(kind) if row.raw is None else _read(kind, row.raw)
            row.raw = None
        if not isinstance(row.state, kind):
            raise TypeError(f"{key}: a {type(row.state).__name__}, not a {kind.__name__}")
        return row.state

    def version(self, key: Key) -> int:
        """The version of the stream with that key: 0 before its first event. Raises NotLoaded."""
        row = self._rows.get(key)
        if row is None:
            raise NotLoaded(key)
        return row.version

    def advance(self, key: Key, version: int) -> None:
        """The stream with that key has this version now."""
        row = self._rows[key]
        row.version = version
        self._changed.add(key)

    def apply(self, changes: Changes) -> None:
        """Take changed states on. Raises NotLoaded before anything is changed."""
        for key in changes:
            if key not in self._rows:
                raise NotLoaded(key)
        for key, state in changes.items():
            self._rows[key].state = state
        self._changed.update(changes)

    def changed_of(self, kinds: Iterable[str], office: str) -> list[Key]:
        """The keys of an office's changed states of these kinds."""
        return [key for key in self._changed if key[0] in kinds and key[1].startswith(f"{office}/")]

    def changed(self) -> list[tuple[str, str, int, str | None]]:
        """Kind, key, version and JSON of every changed state, in the order of the keys."""
        rows = ((key, self._rows[key]) for key in sorted(self._changed))
        return [(kind, key, row.version, row.dump()) for (kind, key), row in rows]


# Tens of thousands of states are at hand, most of them small: what can be one for all of them is.
_NO_FIELDS: Final[set[str]] = set()  # nobody asks which fields were given


@cache
def _empty(kind: type[State]) -> State:
    return kind()


def _read(kind: type[State], raw: str) -> State:
    state = kind.model_validate_json(raw)
    object.__setattr__(state, "__pydantic_fields_set__", _NO_FIELDS)
    return state
