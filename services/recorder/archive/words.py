"""What people read of archives, in both languages."""

from typing import Final

from services.common.commands import Lang, Words
from services.common.telling.both import both
from services.recorder.errors import NotArchived

WORDS: Final[Words] = {
    Lang.EN: {
        # why not
        "read-only": "shard {shard} is read-only: {reason}",
        "unpublished": "shard {shard}: {position} to {last} are not on the events topic yet. "
        "Start the recorder, wait until `recorder status` shows no lag, run this again.",
        "no-room": "{folder} has {free:,} bytes free; {wanted:,} may be needed. Make room, or choose another folder.",
        "hole": "shard {shard} lacks events between {first} and {last}. Run `recorder audit verify`.",
        "other-archive": "{folder} already holds {first} to {last} of ledger {ledger}. Choose another folder.",
        "differs": "{file} does not hold the events that were signed. If the ledger still has them, remove this file "
        "and run this again; else take it from another copy of the archive.",
        "grew": "events of {year} came in meanwhile: a clock is wrong. Run this again.",
        "in-use": "the ledger was read without a pause, so {year} stays where it is for now. What is written is kept; "
        "run this again later.",
        "no-archive": "{folder} holds no archive: there is no <shard>/<year>/manifest.json in it.",
        "unreadable": "{file}: {why}.",
        "unwritable": "{file} can't be written: {why}.",
        "no-manifest": "{file} is no manifest of an archive ({why}).",
        "damaged": "{file} is damaged ({why}). Take it from another copy of the archive.",
        "other-file": "{file} is not the file that left the ledger (its SHA-256 was {sha256}). "
        "Take it from another copy of the archive.",
        "other-ledger": "{folder} is an archive of ledger {theirs}, this is {ours}.",
        "left": "{shard}:{position} left the ledger for an archive ({file}). "
        "Name the folder that holds it: --source FOLDER, once for each archive.",
        "busy": "another `recorder archive` is at work.",
        # wrong usage
        "either": "Give --before YEAR and --out FOLDER, or --bring-back FOLDER.",
        "over": "{before}: only years that are over can leave the ledger, so {this} at most (UTC).",
        "ask": "Say --yes to go on without being asked.",
        # what happens
        "archive": "archive",
        "bring-back": "bring back",
        "plan": "{events:,} events of {years} are to leave the ledger for {folder}. Go on?",
        "nothing": "Nothing of the years before {before} is in the ledger.",
        "done": "{events:,} events of {years} are in {folder} ({bytes:,} bytes in {files:,} files), read back, "
        "and no longer in the ledger. Keep another copy of the folder.",
        "none-left": "None of these years has left the ledger.",
        "back": "{events:,} events of {years} are in the ledger again.",
        "stopped": "Not done.",
    },
    Lang.ZH: {
        "read-only": "分片 {shard} 只读：{reason}",
        "unpublished": "分片 {shard}：{position} 至 {last} 尚未发布到事件主题。请启动记录服务，"
        "待 `recorder status` 无滞后，再执行一次。",
        "no-room": "{folder} 剩余 {free:,} 字节，可能需要 {wanted:,} 字节。请腾出空间，或另选目录。",
        "hole": "分片 {shard} 在 {first} 至 {last} 之间缺少事件。请执行 `recorder audit verify`。",
        "other-archive": "{folder} 已存有账本 {ledger} 的 {first} 至 {last}。请另选目录。",
        "differs": "{file} 的内容不是已签名的事件。若账本中仍有这些事件，请删除该文件后再执行一次；"
        "否则请从归档的其他副本取回。",
        "grew": "其间又有 {year} 年的事件进入：时钟有误。请再执行一次。",
        "in-use": "账本一直有人读取，{year} 年暂留原处。已写出的文件会保留；请稍后再执行。",
        "no-archive": "{folder} 中没有归档：找不到 <分片>/<年度>/manifest.json。",
        "unreadable": "{file}：{why}。",
        "unwritable": "{file} 无法写入：{why}。",
        "no-manifest": "{file} 不是归档清单（{why}）。",
        "damaged": "{file} 已损坏（{why}）。请从归档的其他副本取回。",
        "other-file": "{file} 不是移出账本的那个文件（其 SHA-256 应为 {sha256}）。请从归档的其他副本取回。",
        "other-ledger": "{folder} 是账本 {theirs} 的归档，当前账本为 {ours}。",
        "left": "{shard}:{position} 已移出账本归档（{file}）。"
        "请用 --source 目录 指明其所在，有几处归档就给几次。",
        "busy": "另有 `recorder archive` 正在执行。",
        "either": "请给出 --before 年度 与 --out 目录，或 --bring-back 目录。",
        "over": "{before}：只有已结束的年度可以移出账本，最多为 {this}（UTC）。",
        "ask": "加 --yes 可不经询问直接执行。",
        "archive": "归档",
        "bring-back": "调回",
        "plan": "{years} 年的 {events:,} 条事件将移出账本，存入 {folder}。继续吗？",
        "nothing": "账本中没有 {before} 年以前的事件。",
        "done": "{years} 年的 {events:,} 条事件已存入 {folder}（{files:,} 个文件，{bytes:,} 字节），经回读核对，"
        "已移出账本。请另存一份副本。",
        "none-left": "这些年度均未移出账本。",
        "back": "{years} 年的 {events:,} 条事件已调回账本。",
        "stopped": "未执行。",
    },
}  # fmt: skip


def refused(word: str, /, **values: object) -> NotArchived:
    """The error to raise, with its reason in words."""
    said = both(WORDS, word, **values)
    return NotArchived(said.en, said.zh)
