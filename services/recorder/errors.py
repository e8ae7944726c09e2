"""The recorder's errors. What a person reads of one is in English and in Chinese.

RecorderError
├── Unavailable      the ledger or the topics can't be reached now: try again
│   └── ReadOnly     a shard takes nothing until an operator has acted
├── Busy             too much is waiting: try again a little later
├── Hole             a store lacks an event that must be there: says which
├── Doubt            the relay can't tell what the topic holds: read it back
├── Untrusted        a signature, a checkpoint or a key doesn't hold
├── Told             always said in both languages
│   ├── Missing          there is no such event, checkpoint or tile
│   ├── NotAllowed       the database's user lacks a right
│   ├── Unsettled        read models lag behind, or what is asked goes on changing: try again
│   ├── NotArchived      years can't leave the ledger now, or an archive isn't what left it
│   ├── Refused          a command would destroy or fork something: says what to do first
│   └── Contradiction    what is stored contradicts what was signed: nothing more is signed
└── Misconfigured    what is set up doesn't fit: says what to mend
"""

from services.common.telling.both import Both


class RecorderError(Exception):
    """Base of all errors that the recorder raises itself. As text it is English; ``zh`` is the same in Chinese."""

    def __init__(self, en: str = "", zh: str = "") -> None:
        super().__init__(en, zh)  # both, so that it can be handed from process to process

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def zh(self) -> str:
        """In Chinese; in English where it is only for logs and programs."""
        return str(self.args[1]) or str(self)


class Unavailable(RecorderError):
    """The ledger or the topics can't be reached, or the outcome isn't known in time. Sending again is safe."""


class ReadOnly(Unavailable):
    """The shard's history and the topic's don't fit: nothing is appended until an operator has acted.

    ``why``: the reason in both languages, where it was only found while appending.
    """

    def __init__(self, message: str, why: Both | None = None) -> None:
        super().__init__(message)
        self.why = why


class Busy(RecorderError):
    """The queue is full."""


class Doubt(RecorderError):
    """It is not known what the topic holds at its end."""


class Untrusted(RecorderError):
    """Not what a trusted key signed, or not a signed thing at all."""


class Told(RecorderError):
    """What people read in either language."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en, zh)


class Missing(Told):
    """There is no such event, checkpoint or tile."""


class NotAllowed(Told):
    """The database's user may not read or write what this needs."""


class Unsettled(Told):
    """Read models are not yet where a checkpoint is, or what is asked for changes all the time."""


class NotArchived(Told):
    """Years can't leave the ledger, or come back, or be read from an archive."""


class Contradiction(Told):
    """The ledger contradicts itself or a checkpoint that was signed before: history may have been changed."""


class Hole(RecorderError):
    """A store holds later events of a shard, and not the one at this position.

    ``store``: ``ledger``, ``kafka`` or a folder; ``at`` is the topic's offset where the gap shows.
    """

    def __init__(self, store: str, shard: int, position: int, at: int | None = None) -> None:
        super().__init__(store)
        self.args = (store, shard, position, at)
        self.store = store
        self.shard = shard
        self.position = position
        self.at = at

    def __str__(self) -> str:
        where = "" if self.at is None else f" (seen at partition {self.shard}, offset {self.at})"
        return f"{self.store} has no event at {self.shard}:{self.position}, and later ones{where}"

    @property
    def zh(self) -> str:
        """In Chinese."""
        where = "" if self.at is None else f"（见分区 {self.shard}、偏移量 {self.at}）"
        return f"{self.store} 中没有事件 {self.shard}:{self.position}，其后却有事件{where}"


class Refused(Told):
    """Not done, since something would be lost or would fork."""


class Misconfigured(RecorderError):
    """Settings, topics or ledger don't fit each other."""


def unreadable(error: BaseException) -> Unavailable:
    """What Kafka answers to nobody, or not so that it can be read."""
    why = type(error).__name__
    return Unavailable(f"Kafka can't be reached, or can't be read ({why}).", f"无法连接或读取 Kafka（{why}）。")


def silent(topic: str, partition: int) -> Unavailable:
    """A partition that has more records, and gives none."""
    return Unavailable(
        f"Kafka gave nothing of {topic}, partition {partition}, for a while.",
        f"Kafka 长时间未返回 {topic} 分区 {partition} 的内容。",
    )
