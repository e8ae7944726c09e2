"""Why a shard is read-only, in both languages."""

from typing import Final

from services.common.commands import Lang, Words
from services.common.telling.both import Both, both

_LONGEST: Final = 300  # characters of what is put into a sentence
_WORDS: Final[Words] = {
    Lang.EN: {
        "restoring": "the ledger is being rebuilt from the topics. Nothing is appended meanwhile. "
        "Run `recorder restore --from kafka` again, so that it is finished; then restart.",
        "hole": "the {kind} topic has {end} records of shard {shard} where {wanted} must be: "
        "it was made anew while a recorder ran. Nothing is appended to this shard. "
        "Fill it again from the ledger: `recorder republish --topic {kind} --shard {shard} --yes`.",
        "keys": "{why} Until then nothing is appended to this shard, so that history doesn't fork.",
        "other-ledger": "the {kind} topic belongs to {theirs}, this is {ours}. Nothing is appended to this shard. "
        "Point CHENGZHANG_DATABASE_URL or CHENGZHANG_TOPIC_PREFIX at what belongs together; or, if the database was "
        "lost and this one is new, stop the recorders and run `recorder restore --from kafka`.",
        "ahead": "the {kind} topic is ahead of the ledger: it holds {shard}:{at}, the ledger doesn't "
        "(restored from an older backup?). Nothing is appended to this shard, so that history doesn't fork. "
        "Run `recorder recover --shard {shard}`: it brings the missing bytes back from the topic.",
        "differs": "the {kind} topic and the ledger differ at {shard}:{at}. "
        "Nothing is appended to this shard. Keep both as they are. "
        "Run `recorder recover --shard {shard}`: it changes nothing, and says where the two histories part.",
        "short": "a checkpoint was signed for {signed} events of shard {shard}, the ledger has {size} "
        "(restored from an older backup?). Nothing is appended to this shard, so that history doesn't fork. "
        "Run `recorder recover --shard {shard}`: it brings back what the topic has.",
        "changed": "the first {signed} events of shard {shard} are not those that a checkpoint was signed for: history "
        "was changed. Nothing is appended to this shard. Keep everything as it is. "
        "Run `recorder recover --shard {shard}`: it says whether the topic holds what was signed.",
        "went-back": "the ledger went back: {seen} events and {receipts} receipts of shard {shard} were committed, it "
        "has {size} and {next} (did a replica that lagged behind take over?). Nothing is appended to this shard until "
        "the ledger has been held against its topics: by itself, in a few seconds.",
        "archived": "the events topic lacks {shard}:{at}, which was archived ({file}). Nothing is appended to this "
        "shard. Bring its year back (recorder archive --bring-back DIR), then restart: the topic is filled from the "
        "ledger.",
        "older-states": "its states were made by an earlier version (fold {stored}, here {ours}). Before anything is "
        "decided by them, a recorder of this version makes them anew from the events, one shard after the other, by "
        "itself. Nothing is lost; send again what was refused meanwhile.",
        "newer-states": "its states were made by a newer version (fold {stored}, here {ours}). A recorder of this "
        "version appends nothing to this shard: start the newer one.",
        "refold-archive": "its states must be made anew from its events, of which some were archived, and {count} of "
        "their files are not at hand, first {file}. Nothing is appended to this shard. Put the file into {folder}, at "
        "that path, or name the archive's folder in CHENGZHANG_ARCHIVE_FOLDER and restart, or bring its year back "
        "(recorder archive --bring-back DIR --year {year}); it goes on by itself.",
        "unfoldable": "its states can't be made anew: events of {shard}:{first} to {shard}:{last} don't fold ({why}). "
        "Nothing is appended to this shard. Run `recorder audit verify`, which names the event; if all else holds, "
        "report a bug, and go on with the earlier version until it is mended.",
    },
    Lang.ZH: {
        "restoring": "账本正在由主题重建，其间不写入任何内容。"
        "请再执行一次 `recorder restore --from kafka`，直至完成，然后重新启动。",
        "hole": "{kind} 主题中分片 {shard} 只有 {end} 条记录，应有 {wanted} 条：记录服务运行期间该主题被重新建立。"
        "该分片不再写入。请由账本重新发布：`recorder republish --topic {kind} --shard {shard} --yes`。",
        "keys": "{why}在此之前，为避免历史分叉，该分片不写入任何内容。",
        "other-ledger": "{kind} 主题属于 {theirs}，当前账本为 {ours}。该分片不再写入。"
        "请让 CHENGZHANG_DATABASE_URL 与 CHENGZHANG_TOPIC_PREFIX 指向同一套数据；如果数据库已丢失、当前的是新建的，"
        "请停止记录服务并执行 `recorder restore --from kafka`。",
        "ahead": "{kind} 主题领先于账本：其中有 {shard}:{at}，账本中没有（是否由较早的备份恢复？）。"
        "为避免历史分叉，该分片不再写入。请执行 `recorder recover --shard {shard}`，从主题找回缺失的内容。",
        "differs": "{kind} 主题与账本在 {shard}:{at} 处不同。该分片不再写入。请保持两者原样。"
        "请执行 `recorder recover --shard {shard}`：它不作改动，只指出两份历史从何处分开。",
        "short": "曾为分片 {shard} 的 {signed} 个事件签署检查点，账本只有 {size} 个（是否由较早的备份恢复？）。"
        "为避免历史分叉，该分片不再写入。请执行 `recorder recover --shard {shard}`，找回主题中现有的内容。",
        "changed": "分片 {shard} 的前 {signed} 个事件与已签名的检查点不符：历史被改动过。该分片不再写入。"
        "请保持一切原样，并执行 `recorder recover --shard {shard}`，查看主题中是否有已签名的内容。",
        "went-back": "账本倒退：分片 {shard} 已提交 {seen} 个事件和 {receipts} 份回执，现只有 {size} 个和 {next} 份"
        "（是否由滞后的副本接管？）。在账本与主题核对之前，该分片不再写入；核对会在数秒内自动进行。",
        "archived": "events 主题缺少 {shard}:{at}，该事件已归档（{file}）。该分片不再写入。"
        "请调回其年度（recorder archive --bring-back 目录），然后重新启动：主题会由账本补全。",
        "older-states": "其状态由较早版本生成（折叠版本 {stored}，现为 {ours}）。在据以裁决之前，"
        "本版本的记录服务会由事件逐个分片自动重新生成状态。数据不会丢失，其间被拒绝的操作请稍后重新发送。",
        "newer-states": "其状态由较新版本生成（折叠版本 {stored}，此处为 {ours}）。"
        "本版本的记录服务不向该分片写入，请启动较新版本。",
        "refold-archive": "其状态须由事件重新生成，但部分事件已归档，尚缺 {count} 个文件，首个为 {file}。"
        "该分片不再写入。请将该文件按此路径放入 {folder}，或在 CHENGZHANG_ARCHIVE_FOLDER 中指定归档目录并重新启动，"
        "或调回其年度（recorder archive --bring-back 目录 --year {year}）；之后会自动继续。",
        "unfoldable": "其状态无法重新生成：事件 {shard}:{first} 至 {shard}:{last} 无法折叠（{why}）。该分片不再写入。"
        "请运行 `recorder audit verify` 找出该事件；如其余内容均一致，请报告缺陷，修复前继续使用较早版本。",
    },
}


def reason(word: str, /, **values: object) -> Both:
    """A reason in words. A foreign record's text goes into it as far as it can be shown, and stored: no NUL."""
    shown = {name: value if isinstance(value, int | Both) else _shown(str(value)) for name, value in values.items()}
    return both(_WORDS, word, **shown)


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:_LONGEST])
