"""The recorder's errors.

RecorderError
├── Unavailable      the ledger or the topics can't be reached now: try again
│   └── ReadOnly     a shard takes nothing until an operator has acted
├── Busy             too much is waiting: try again a little later
├── Doubt            the relay can't tell what the topic holds: read it back
└── Misconfigured    what is set up doesn't fit: says what to mend
"""


class RecorderError(Exception):
    """Base of all errors that the recorder raises itself."""


class Unavailable(RecorderError):
    """The ledger or the topics can't be reached, or the outcome isn't known in time. Sending again is safe."""


class ReadOnly(Unavailable):
    """The shard's history and the topic's don't fit: nothing is appended until an operator has acted."""


class Busy(RecorderError):
    """The queue is full."""


class Doubt(RecorderError):
    """It is not known what the topic holds at its end."""


class Misconfigured(RecorderError):
    """Settings, topics or ledger don't fit each other."""
