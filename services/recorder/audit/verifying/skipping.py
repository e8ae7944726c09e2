"""What is not checked, why, and how to have it checked, too: in both languages."""

from typing import Final, NamedTuple

from services.common.commands import Lang, Words
from services.common.telling.both import Both, both

_PARTS: Final[Words] = {
    Lang.EN: {
        "kafka": "kafka",
        "read_models": "read_models",
        "checkpoints": "checkpoints",
        "published": "checkpoints on Kafka",
        "macs": "MACs of records on Kafka",
        "signed": "checkpoints of shard {shard}",
        "states": "states of shard {shard}",
        "contents": "receipts and states of shard {shard}",
    },
    Lang.ZH: {
        "kafka": "Kafka",
        "read_models": "读模型",
        "checkpoints": "检查点",
        "published": "Kafka 上的检查点",
        "macs": "Kafka 上消息的 MAC",
        "signed": "分片 {shard} 的检查点",
        "states": "分片 {shard} 的状态",
        "contents": "分片 {shard} 的回执与状态",
    },
}
_WHY: Final[Words] = {
    Lang.EN: {
        "left-out": "left out by {option}: run this again without it",
        "no-key": "there is no key to trust, {path} is missing: give the verifier key, --key",
        "no-mac-keys": "there are no keys, {path} is missing: whoever runs the recorders has them",
        "no-topic": "there is no topic {topic}: a recorder makes it when it starts, and publishes what it signs from "
        "then on",
        "none-kept": "none is kept, so nothing binds its events: run this again once a recorder has signed one",
        "other-fold": "another version of the recorder made them: run this again with that version, or once a recorder "
        "of this one has made them anew",
        "archived": "events left the ledger for an archive: name its folder, --source FOLDER, once for each",
        "no-projector": "there is no command projector here: run this where it is installed",
        "no-verify": "the command projector here has no verify: install the version that the recorder has",
        "projector": "projector verify ended with {code} ({said}): run this again once it goes well",
    },
    Lang.ZH: {
        "left-out": "因 {option} 未核验：去掉该选项再执行",
        "no-key": "没有可信的公钥，缺少 {path}：请用 --key 给出验证公钥",
        "no-mac-keys": "没有密钥，缺少 {path}：密钥由运行记录服务的一方保管",
        "no-topic": "没有主题 {topic}：记录服务启动时会建立该主题，并发布此后签名的检查点",
        "none-kept": "没有保存任何检查点，其事件无从约束：待记录服务签名后再执行",
        "other-fold": "由其他版本的记录服务生成：请用该版本执行，或待本版本的记录服务重新生成后再执行",
        "archived": "有事件已移出账本归档：请用 --source 目录 指明归档所在，有几处就给几次",
        "no-projector": "这里没有 projector 命令：请在装有该命令的机器上执行",
        "no-verify": "这里的 projector 命令没有 verify：请安装与记录服务相同的版本",
        "projector": "projector verify 以 {code} 结束（{said}）：待其正常后再执行",
    },
}


class Skipped(NamedTuple):
    """A part, and why it isn't checked. ``name``: the part's word."""

    name: str
    part: Both
    why: Both


def skipped(part: str, why: str, /, **values: object) -> Skipped:
    """The same from words of the lists above."""
    return Skipped(part, both(_PARTS, part, **values), both(_WHY, why, **values))
