"""What restore and recover tell: per shard what came back, and in both languages what did not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from services.recorder.recovery.refilling.filling import Filled
from services.recorder.recovery.refilling.parting import Fork

Grave = Literal["loss", "note"]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know. ``grave``: a loss makes the command exit with 1; a note doesn't."""

    kind: str
    shard: int | None
    grave: Grave
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Shard:
    """How a shard stands now, and what came back."""

    shard: int
    size: int
    next_receipt: int
    events: int
    receipts: int


@dataclass(slots=True)
class Report:
    """The whole of it. ``ok``: everything that the topics have is in the ledger, and nothing contradicts it."""

    ok: bool
    ledger: str
    shards: list[Shard] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def add(self, found: Filled | Fork) -> None:
        """Take a shard's outcome in."""
        if isinstance(found, Filled):
            self.shards.append(Shard(found.shard, found.size, found.next_receipt, found.events, found.receipts))
        self.remark(*(_forked(found) if isinstance(found, Fork) else _filled(found)))

    def remark(self, *remarks: Remark) -> None:
        """Say something more."""
        self.remarks += remarks
        self.ok = self.ok and not any(remark.grave == "loss" for remark in remarks)


def _filled(found: Filled) -> Iterator[Remark]:
    yield from _torn(found)
    yield from _mismatched(found)
    yield from _receipts(found)
    if found.contradicted is not None:
        yield Remark(
            "checkpoint", found.shard, "loss",
            f"The events on the topic are not those that the checkpoint of size {found.contradicted} was signed for: "
            "the topic was changed. Nothing from there on was taken. Restore the ledger from a backup instead, and "
            "keep topic and checkpoints for the auditors.",
            f"主题中的事件与大小为 {found.contradicted} 的已签名检查点不符：主题被改动过。此后内容未写入账本。"
            "请改用数据库备份恢复账本，并把主题与检查点留给审计人员。",
        )  # fmt: skip
    if found.foreign:
        yield Remark(
            "foreign", found.shard, "note",
            f"{found.foreign} records were not written by a recorder of this ledger; they were passed over.",
            f"有 {found.foreign} 条消息不是本账本的记录服务所写，已略过。",
        )  # fmt: skip


def _torn(found: Filled) -> Iterator[Remark]:
    for kind, torn in found.torn.items():
        yield Remark(
            f"{kind}-missing", found.shard, "loss",
            f"The {kind} topic lacks {found.shard}:{torn.wanted} to {found.shard}:{torn.found - 1} (offset "
            f"{torn.offset} holds {torn.found}). What is missing there can't be had from it: look for a backup.",
            f"{kind} 主题缺少 {found.shard}:{torn.wanted} 至 {found.shard}:{torn.found - 1}"
            f"（偏移量 {torn.offset} 处是 {torn.found}）。缺失部分无法由主题恢复，请查找备份。",
        )  # fmt: skip


def _mismatched(found: Filled) -> Iterator[Remark]:
    if found.mismatch is None:
        return
    number, position = found.mismatch.number, found.mismatch.position
    if found.mismatch.missing:
        yield Remark(
            "events-missing", found.shard, "loss",
            f"Receipt {number} speaks of the event {found.shard}:{position}, which the events topic doesn't hold. "
            "This receipt and those after it were not brought back: their events are lost with them.",
            f"回执 {number} 指向事件 {found.shard}:{position}，但事件主题中没有。"
            "该回执及其后的回执未恢复，其事件一并丢失。",
        )  # fmt: skip
        return
    yield Remark(
        "topics-differ", found.shard, "loss",
        f"Receipt {number} has other events than the events topic holds at {found.shard}:{position}: one of the two "
        "topics was changed. Nothing from there on was taken. Find out which, or restore from a backup.",
        f"回执 {number} 所列事件与事件主题 {found.shard}:{position} 处不符：两个主题之一被改动过。"
        "此后内容未写入账本。请查明，或用备份恢复。",
    )  # fmt: skip


def _receipts(found: Filled) -> Iterator[Remark]:
    if found.made:
        yield Remark(
            "receipts-made", found.shard, "note",
            f"{found.made} actions were recorded and published, but their receipts had not reached the topic: "
            "these were made anew, under new numbers. Whoever sends such an action again gets this receipt, whatever "
            "its content.",
            f"有 {found.made} 项操作已记录并发布，但回执尚未到达主题：已重新生成（编号可能不同）。"
            "重发这些操作时，无论内容如何，都得到该回执。",
        )  # fmt: skip
    if found.orphans:
        yield Remark(
            "receipts-unknown", found.shard, "loss",
            f"{found.orphans} events have no receipt, and none could be made since their sender isn't known. "
            "If such an action comes again it is not answered with its receipt; nearly all are refused, their ids "
            "being taken.",
            f"有 {found.orphans} 个事件没有回执，且因发送方未知而无法重新生成。"
            "这些操作重发时得不到原回执；因编号已被占用，几乎都会被拒绝。",
        )  # fmt: skip
    if found.without_digest:
        yield Remark(
            "digests-unknown", found.shard, "note",
            f"{found.without_digest} receipts on the topic don't tell their action's body digest: for these, any "
            "content counts as the same.",
            f"主题中有 {found.without_digest} 份回执没有内容摘要：对它们而言，任何内容都视为相同。",
        )  # fmt: skip


def _forked(found: Fork) -> Iterator[Remark]:
    yield Remark(
        "fork", found.shard, "loss",
        f"Ledger and {found.kind} topic are one history up to {found.shard}:{found.at}, and two from there on. "
        f"The ledger has {found.ledger.count} {found.kind} there, the first {found.ledger.first} of "
        f"{found.ledger.recorded}; the topic {found.topic.count}, the first {found.topic.first} of "
        f"{found.topic.recorded}. Nothing was changed: which of the two stands is for you to decide. If the topic: "
        "rebuild the ledger from it (`recorder restore --from kafka` into an empty database) and send again what only "
        f"the ledger had. If the ledger: `recorder republish --topic {found.kind} --shard {found.shard} --yes "
        "--discard-newer`, then `projector rebuild`; tell whoever has read the topic. Keep a copy of both for the "
        "auditors.",
        f"账本与 {found.kind} 主题在 {found.shard}:{found.at} 之前一致，此后分为两份历史。"
        f"账本其后有 {found.ledger.count} 条，首条 {found.ledger.first}（{found.ledger.recorded}）；"
        f"主题其后有 {found.topic.count} 条，首条 {found.topic.first}（{found.topic.recorded}）。"
        "未作任何改动，由您决定保留哪一份。保留主题：在空数据库中执行 `recorder restore --from kafka`，"
        "再重发只在账本中的操作。保留账本：执行 "
        f"`recorder republish --topic {found.kind} --shard {found.shard} --yes --discard-newer`，"
        "再执行 `projector rebuild`，并告知已读取该主题的各方。请为审计人员保留两份副本。",
    )  # fmt: skip


def keys_lost(keys: int, texts: int) -> Remark:
    """Texts whose keys the vault doesn't know."""
    return Remark(
        "keys-unknown", None, "loss",
        f"{texts} sealed texts are under {keys} keys that the vault doesn't have: they can't be opened, until a newer "
        "backup of the schema vault is restored. The record itself is whole, and its proofs hold.",
        f"有 {texts} 段密封文字使用了密钥库中没有的 {keys} 个密钥：在恢复较新的 vault 模式备份之前无法打开。"
        "记录本身完整，证明仍然成立。",
    )  # fmt: skip


def behind_checkpoint(shard: int, size: int, signed: int) -> Remark:
    """Fewer events than were signed for."""
    return Remark(
        "events-lost", shard, "loss",
        f"A checkpoint was signed for {signed} events of shard {shard}; {size} could be had. The rest was never "
        "published, or was lost with the topic. The shard stays read-only; see docs/how-to/recover.md.",
        f"分片 {shard} 曾为 {signed} 个事件签署检查点，但只能恢复 {size} 个。其余从未发布，或随主题丢失。"
        "该分片保持只读，参见 docs/how-to/recover.md。",
    )  # fmt: skip


def changed(shard: int, since: int, until: int, *, on_topic: bool) -> Remark:
    """The ledger's own events were changed after they were signed."""
    first, last = f"{shard}:{since}", f"{shard}:{until - 1}"
    if on_topic:
        en = "The events topic holds what was signed: stop the recorders, move the schema ledger out of the way, run "
        zh = "事件主题中保存的正是已签名的内容：请停止记录服务，移开 ledger 模式，再执行 "
        en, zh = f"{en}`recorder restore --from kafka`.", f"{zh}`recorder restore --from kafka`。"
    else:
        en = "The events topic doesn't hold what was signed either: look for a backup from before."
        zh = "事件主题中也不是已签名的内容：请查找更早的备份。"
    return Remark(
        "checkpoint", shard, "loss",
        f"The ledger's events are not those that a checkpoint was signed for: something from {first} to {last} was "
        f"changed. {en} Keep a copy of everything for the auditors.",
        f"账本中的事件与已签名的检查点不符：{first} 至 {last} 有内容被改动。{zh}请为审计人员保留全部副本。",
    )  # fmt: skip


def not_set_back() -> Remark:
    """The intake's group was never free."""
    return Remark(
        "intake-not-set-back", None, "note",
        "The intake could not be set back by a day, since a recorder still holds its group. Actions that were read "
        "from Kafka but lost with the ledger are not read again: their senders, who have no receipt, send them again.",
        "无法将接收进度退回一天，因为仍有记录服务占用其消费组。已从 Kafka 读取但随账本丢失的操作不会重读；"
        "其发送方没有回执，会自行重发。",
    )  # fmt: skip


def always(restored: bool) -> Remark:  # noqa: FBT001  # which of the two commands
    """What no topic ever holds."""
    quarantine = " Quarantined bytes were in the database only: what was quarantined is on its topic, without them."
    quarantine_zh = "隔离的原始字节只存在数据库中：隔离主题中有记录，但没有原始内容。"
    return Remark(
        "never-published", None, "note",
        "What was answered over HTTP and not yet published when it was lost can't be seen here: at most the last "
        "moments. Receipts of refusals from then have no trace." + (quarantine if restored else ""),
        "丢失时已经由 HTTP 答复但尚未发布的内容无从得知，至多是最后片刻；其间的拒绝回执没有痕迹。"
        + (quarantine_zh if restored else ""),
    )  # fmt: skip
