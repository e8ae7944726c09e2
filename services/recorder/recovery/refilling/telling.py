"""What restore and recover tell: per shard what came back, and in both languages what did not."""

from dataclasses import dataclass, field
from typing import Final, Literal

from services.common.commands import Lang, Words
from services.common.kafka.macs import Strangers
from services.common.telling.both import both

Grave = Literal["loss", "note"]
_NOTES: Final = frozenset({
    "foreign", "receipts-made", "digests-unknown", "intake-not-set-back", "never-published", "never-restored",
})  # fmt: skip
# What is of one kind, and said in other words; every other word is a kind of its own.
_KINDS: Final = {
    "listed-missing": "events-missing", "changed-topic": "checkpoint", "changed-both": "checkpoint",
    "never-restored": "never-published",
}  # fmt: skip
_MISSING: Final = (
    "The {kind} topic lacks {shard}:{wanted} to {shard}:{last} (offset {offset} holds {found}). What is missing there "
    "can't be had from it: look for a backup."
)
_MISSING_ZH: Final = (
    "{kind} 主题缺少 {shard}:{wanted} 至 {shard}:{last}（偏移量 {offset} 处是 {found}）。"
    "缺失部分无法由主题恢复，请查找备份。"
)
_NEVER: Final = (
    "What was answered over HTTP and not yet published when it was lost can't be seen here: at most the last moments. "
    "Receipts of refusals from then have no trace."
)
_NEVER_ZH: Final = "丢失时已经由 HTTP 答复但尚未发布的内容无从得知，至多是最后片刻；其间的拒绝回执没有痕迹。"
_CHANGED: Final = (
    "The ledger's events are not those that a checkpoint was signed for: something from {shard}:{since} to "
    "{shard}:{last} was changed. "
)
_CHANGED_ZH: Final = "账本中的事件与已签名的检查点不符：{shard}:{since} 至 {shard}:{last} 有内容被改动。"
_WORDS: Final[Words] = {
    Lang.EN: {
        "events-missing": _MISSING,
        "receipts-missing": _MISSING,
        "listed-missing": "Receipt {number} speaks of the event {shard}:{position}, which the events topic doesn't "
        "hold. This receipt and those after it were not brought back: their events are lost with them.",
        "topics-differ": "Receipt {number} has other events than the events topic holds at {shard}:{position}: one of "
        "the two topics was changed. Nothing from there on was taken. Find out which, or restore from a backup.",
        "receipts-made": "{count} actions were recorded and published, but their receipts had not reached the topic: "
        "these were made anew, under new numbers. Whoever sends such an action again gets this receipt, whatever its "
        "content.",
        "receipts-unknown": "{count} events have no receipt, and none could be made since their sender isn't known. "
        "If such an action comes again it is not answered with its receipt; nearly all are refused, their ids being "
        "taken.",
        "digests-unknown": "{count} receipts on the topic don't tell their action's body digest: for these, any "
        "content counts as the same.",
        "checkpoint": "The events on the topic are not those that the checkpoint of size {size} was signed for: the "
        "topic was changed. Nothing from there on was taken. Restore the ledger from a backup instead, and keep topic "
        "and checkpoints for the auditors.",
        "changed-topic": _CHANGED + "The events topic holds what was signed: stop the recorders, move the schema "
        "ledger out of the way, run `recorder restore --from kafka`. Keep a copy of everything for the auditors.",
        "changed-both": _CHANGED + "The events topic doesn't hold what was signed either: look for a backup from "
        "before. Keep a copy of everything for the auditors.",
        "foreign": "{count} records were not written by a recorder of this ledger; they were passed over. The last: "
        "{last}. Find out who can write to this topic.",
        "stands": "nothing that was missing could be brought back, and the shard stays read-only: {why}",
        "fork": "Ledger and {kind} topic are one history up to {shard}:{at}, and two from there on. The ledger has "
        "{ours} {kind} there, the first {our_first}; the topic {theirs}, the first {their_first}. Nothing was changed: "
        "which of the two stands is for you to decide. If the topic: rebuild the ledger from it (`recorder restore "
        "--from kafka` into an empty database) and send again what only the ledger had. If the ledger: `recorder "
        "republish --topic {kind} --shard {shard} --yes --discard-newer`, then `projector rebuild`; tell whoever has "
        "read the topic. Keep a copy of both for the auditors.",
        "keys-unknown": "{texts} sealed texts are under {keys} keys that the vault doesn't have: they can't be opened, "
        "until a newer backup of the schema vault is restored. The record itself is whole, and its proofs hold.",
        "events-lost": "A checkpoint was signed for {signed} events of shard {shard}; {size} could be had. The rest "
        "was never published, or was lost with the topic. The shard stays read-only; see docs/how-to/recover.md.",
        "intake-not-set-back": "The intake could not be set back by a day, since a recorder still holds its group. "
        "Actions that were read from Kafka but lost with the ledger are not read again: their senders, who have no "
        "receipt, send them again.",
        "never-published": _NEVER,
        "never-restored": _NEVER + " Quarantined bytes were in the database only: what was quarantined is on its "
        "topic, without them.",
    },
    Lang.ZH: {
        "events-missing": _MISSING_ZH,
        "receipts-missing": _MISSING_ZH,
        "listed-missing": "回执 {number} 指向事件 {shard}:{position}，但事件主题中没有。"
        "该回执及其后的回执未恢复，其事件一并丢失。",
        "topics-differ": "回执 {number} 所列事件与事件主题 {shard}:{position} 处不符：两个主题之一被改动过。"
        "此后内容未写入账本。请查明，或用备份恢复。",
        "receipts-made": "有 {count} 项操作已记录并发布，但回执尚未到达主题：已重新生成（编号可能不同）。"
        "重发这些操作时，无论内容如何，都得到该回执。",
        "receipts-unknown": "有 {count} 个事件没有回执，且因发送方未知而无法重新生成。"
        "这些操作重发时得不到原回执；因编号已被占用，几乎都会被拒绝。",
        "digests-unknown": "主题中有 {count} 份回执没有内容摘要：对它们而言，任何内容都视为相同。",
        "checkpoint": "主题中的事件与大小为 {size} 的已签名检查点不符：主题被改动过。此后内容未写入账本。"
        "请改用数据库备份恢复账本，并把主题与检查点留给审计人员。",
        "changed-topic": _CHANGED_ZH + "事件主题中保存的正是已签名的内容：请停止记录服务，移开 ledger 模式，"
        "再执行 `recorder restore --from kafka`。请为审计人员保留全部副本。",
        "changed-both": _CHANGED_ZH + "事件主题中也不是已签名的内容：请查找更早的备份。请为审计人员保留全部副本。",
        "foreign": "有 {count} 条消息不是本账本的记录服务所写，已略过。最后一条：{last}。请查明谁能写入该主题。",
        "stands": "没有可找回的内容，该分片仍为只读：{why}",
        "fork": "账本与 {kind} 主题在 {shard}:{at} 之前一致，此后分为两份历史。"
        "账本其后有 {ours} 条，首条 {our_first}；主题其后有 {theirs} 条，首条 {their_first}。"
        "未作任何改动，由您决定保留哪一份。保留主题：在空数据库中执行 `recorder restore --from kafka`，"
        "再重发只在账本中的操作。保留账本：执行 "
        "`recorder republish --topic {kind} --shard {shard} --yes --discard-newer`，"
        "再执行 `projector rebuild`，并告知已读取该主题的各方。请为审计人员保留两份副本。",
        "keys-unknown": "有 {texts} 段密封文字使用了密钥库中没有的 {keys} 个密钥：在恢复较新的 vault 模式备份之前"
        "无法打开。记录本身完整，证明仍然成立。",
        "events-lost": "分片 {shard} 曾为 {signed} 个事件签署检查点，但只能恢复 {size} 个。"
        "其余从未发布，或随主题丢失。该分片保持只读，参见 docs/how-to/recover.zh-CN.md。",
        "intake-not-set-back": "无法将接收进度退回一天，因为仍有记录服务占用其消费组。"
        "已从 Kafka 读取但随账本丢失的操作不会重读；其发送方没有回执，会自行重发。",
        "never-published": _NEVER_ZH,
        "never-restored": _NEVER_ZH + "隔离的原始字节只存在数据库中：隔离主题中有记录，但没有原始内容。",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know. ``grave``: a loss makes the command exit with 1; a note doesn't."""

    kind: str
    shard: int | None
    grave: Grave
    en: str
    zh: str


def remark(word: str, /, shard: int | None = None, **values: object) -> Remark:
    """What there is to say by that word, of a shard or of all."""
    said = both(_WORDS, word, shard=shard, **values)
    return Remark(_KINDS.get(word, word), shard, "note" if word in _NOTES else "loss", said.en, said.zh)


@dataclass(slots=True)
class Shard:
    """How a shard stands now, and what came back."""

    shard: int
    size: int = 0
    next_receipt: int = 0
    events: int = 0
    receipts: int = 0


@dataclass(slots=True)
class Report:
    """The whole of it. ``ok``: everything that the topics have is in the ledger, and nothing contradicts it."""

    ok: bool
    ledger: str
    shards: list[Shard] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def add(self, *remarks: Remark) -> None:
        """Say something more."""
        self.remarks += remarks
        self.ok = self.ok and not any(each.grave == "loss" for each in remarks)


def foreign(shard: int, *found: Strangers) -> list[Remark]:
    """What is to be said of records that were passed over, topic by topic."""
    return [remark("foreign", shard, count=each.count, last=each.last) for each in found if each.count]
