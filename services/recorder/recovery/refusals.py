"""Why restore, recover and republish don't do what they were asked, in both languages."""

from typing import Final

from services.common.commands import Lang, Words
from services.common.telling.both import Both, both
from services.recorder.errors import Refused

_WORDS: Final[Words] = {
    Lang.EN: {
        "no-ledger": "there is no ledger here. `recorder restore --from kafka` rebuilds a lost one.",
        "no-shard": "there is no shard {shard}: this ledger has 0 to {last}.",
        "shards": "the ledger has {shards} shards; set CHENGZHANG_SHARDS to that.",
        "restoring": "the ledger is being restored: run `recorder restore --from kafka` again, so that it is finished.",
        "running": "a recorder is running on this database (it holds {shards} shards). Stop all recorders, then run "
        "this again: they would go on with the ledger that they know.",
        "not-empty": "the ledger is not empty. If it lacks the newest events (restored from an older backup), run "
        "`recorder recover`. To rebuild it from the topics altogether, name an empty database in "
        "CHENGZHANG_DATABASE_URL, or move the schema ledger out of the way.",
        "other-ledger": "this database holds another ledger ({ours}) than the topics ({theirs}). Name an empty "
        "database in CHENGZHANG_DATABASE_URL, or other topics in CHENGZHANG_TOPIC_PREFIX.",
        "no-history": "the topics {names} hold no history: there is nothing to restore from. Look for a backup.",
        "partitions": "the topics {names} have different numbers of partitions: {counts}. One of them was made anew.",
        "several": "the topics {names} hold records of several ledgers: {sources}. Find out who wrote into them; "
        "CHENGZHANG_TOPIC_PREFIX says which topics are read.",
        "moved": "shard {shard} was written to by somebody else meanwhile. Run the command again.",
        "other-fold": "shard {shard}: {why} Run this again once `recorder status` says nothing of it any more.",
        "not-handed-over": "a recorder doesn't hand over shard {shard} within {seconds} s. Stop the recorders, then "
        "run this again.",
        "archived": "the event {shard}:{position} was archived to {file}. Bring the archive back first "
        "(`recorder archive --bring-back`), then run this again.",
        "too-large": "a record of {bytes} bytes doesn't fit into a batch.",
        "others-write": "somebody else writes into the {kind} topic, shard {shard}. {why} Stop whoever it is, and run "
        "this again.",
        "ahead": "the {kind} topic holds what the ledger lacks: {why} Run `recorder recover --shard {shard}` first: it "
        "brings that back, or says where the two part. If you have decided that the ledger is right, run this again "
        "with --yes --discard-newer; keep a copy of the topic.",
        "damaged": "the {kind} topic is damaged at shard {shard}: {why} It has to be emptied and filled again. The "
        "ledger has all of it. Run this again with --yes.",
        "not-signed": "the ledger is not what its checkpoint was signed for: {why} The {kind} topic may be the only "
        "copy that is right, so nothing is emptied or published.",
        "unreadable": "the record at offset {offset} of the {kind} topic, partition {shard}, is ours, but this version "
        "can't read it: use the version that wrote it.",
        "all-foreign": "none of the {count} records at the ends of {names} carries a MAC under a key of {file}: they "
        "are another installation's, or this isn't its file. Put the right one back from its backup; without it "
        "nothing on the topics can be told from what others wrote there.",
        "mac-keys-there": "{file} is there. If it is another ledger's, or can't be mended, move it away first.",
        "mac-keys-none": "nothing was written under lost keys here: `recorder serve` makes the first key of a new "
        "ledger. A lost ledger can't be restored without its keys: look for a backup of mac-keys.json.",
        # what is wrong with a partition
        "foreign-at": "no recorder wrote {what}.",
        "missing-at": "{shard}:{wanted} is missing (offset {offset} holds {at}).",
        "beyond": "it has {shard}:{at}, the ledger ends before it.",
        "other-bytes": "at {shard}:{at} it has other bytes than the ledger.",
        "other-repeat": "offset {offset} has {shard}:{at} again, with other bytes or another key.",
    },
    Lang.ZH: {
        "no-ledger": "这里没有账本。丢失的账本可用 `recorder restore --from kafka` 重建。",
        "no-shard": "没有分片 {shard}：本账本的分片为 0 至 {last}。",
        "shards": "账本有 {shards} 个分片，请把 CHENGZHANG_SHARDS 设为该值。",
        "restoring": "账本正在重建：请再执行一次 `recorder restore --from kafka`，直至完成。",
        "running": "有记录服务正在使用该数据库（占用 {shards} 个分片）。"
        "请停止所有记录服务后再执行：否则它们会沿用原有账本。",
        "not-empty": "账本不是空的。如果缺少最新事件（由较早的备份恢复），请执行 `recorder recover`。"
        "如需完全由主题重建，请在 CHENGZHANG_DATABASE_URL 中指定空数据库，或移开 ledger 模式。",
        "other-ledger": "该数据库中的账本（{ours}）与主题所属账本（{theirs}）不同。"
        "请在 CHENGZHANG_DATABASE_URL 中指定空数据库，或用 CHENGZHANG_TOPIC_PREFIX 指定其他主题。",
        "no-history": "主题 {names} 中没有历史，无从恢复。请查找备份。",
        "partitions": "主题 {names} 的分区数不同：{counts}。其中之一是重新建立的。",
        "several": "主题 {names} 中有多个账本的消息：{sources}。"
        "请查明写入者；读取哪些主题由 CHENGZHANG_TOPIC_PREFIX 决定。",
        "moved": "分片 {shard} 在此期间被他人写入。请重新执行该命令。",
        "other-fold": "分片 {shard}：{why}待 `recorder status` 不再提示后，请再执行本命令。",
        "not-handed-over": "记录服务未在 {seconds} 秒内让出分片 {shard}。请停止记录服务后再执行。",
        "archived": "事件 {shard}:{position} 已归档至 {file}。"
        "请先执行 `recorder archive --bring-back` 调回，再执行本命令。",
        "too-large": "一条 {bytes} 字节的消息放不进一个批次。",
        "others-write": "有他人正在写入 {kind} 主题的分片 {shard}。{why}请停止写入者后再执行。",
        "ahead": "{kind} 主题中有账本缺少的内容：{why} 请先执行 `recorder recover --shard {shard}`：它会找回这些内容，"
        "或指出两者从何处分开。如已决定以账本为准，请加 --yes --discard-newer 再执行，并保留主题的副本。",
        "damaged": "{kind} 主题的分片 {shard} 已损坏：{why}须清空后重新发布。账本中内容完整。请加 --yes 再执行。",
        "not-signed": "账本与已签名的检查点不符：{why}{kind} 主题可能是唯一正确的副本，因此不清空也不发布。",
        "unreadable": "{kind} 主题分区 {shard} 偏移量 {offset} 处的消息为本系统所写，"
        "但本版本无法读取：请使用写入它的版本。",
        "all-foreign": "{names} 末尾的 {count} 条消息均不带 {file} 中密钥的 MAC："
        "它们属于另一套系统，或该文件不是其密钥文件。请从备份放回正确的文件；没有它，就无法区分主题中哪些内容是他人所写。",
        "mac-keys-there": "{file} 已存在。若它属于另一账本或无法修复，请先移走。",
        "mac-keys-none": "此处没有以已丢失的密钥写入过内容：新账本的首个密钥由 `recorder serve` 生成。"
        "丢失的账本没有密钥无法恢复，请查找 mac-keys.json 的备份。",
        "foreign-at": "以下内容不是记录服务所写：{what}。",
        "missing-at": "缺少 {shard}:{wanted}（偏移量 {offset} 处是 {at}）。",
        "beyond": "其中有 {shard}:{at}，账本在此之前已结束。",
        "other-bytes": "{shard}:{at} 处的字节与账本不同。",
        "other-repeat": "偏移量 {offset} 处又有 {shard}:{at}，字节或键不同。",
    },
}  # fmt: skip


def said(word: str, /, **values: object) -> Both:
    """A sentence."""
    return both(_WORDS, word, **values)


def refused(word: str, /, **values: object) -> Refused:
    """The error to raise, with its reason in words."""
    why = said(word, **values)
    return Refused(why.en, why.zh)
