"""Check history with tools of your own: replay, verify, keep checkpoints, get proofs (重放、核验、检查点与证明)."""

from typing import Final

from services.common.lazy import Command, group

_COMMANDS: Final = (
    Command(
        "replay",
        "services.recorder.audit.replaying.replay:replay",
        "Write events to stdout, their exact bytes, one a line, by shard and position (按分片与位置输出事件原文).",
    ),
    Command(
        "verify",
        "services.recorder.audit.verifying.verify:verify",
        "Recompute everything and say what is wrong and where; exit 1 where something is (重新计算并核验全部历史).",
    ),
    Command(
        "key",
        "services.recorder.audit.proving.keying:key",
        "Print the verifier keys, newest first, one a shard: origin+hash+base64 (核验公钥，每分片一行).",
    ),
    Command(
        "checkpoint",
        "services.recorder.audit.proving.prove:checkpoint",
        "Print a shard's newest checkpoint, a signed note to keep aside (分片最新的检查点，宜另行保存).",
    ),
    Command(
        "prove",
        "services.recorder.audit.proving.prove:prove",
        "Prove that an event is in the log: ID.tlog-proof, ID.json, verify.py (证明事件在日志之中).",
    ),
    Command(
        "consistency",
        "services.recorder.audit.proving.prove:consistency",
        "Prove that nothing changed between two checkpoints: both, hashes.txt, verify.py (证明两检查点之间历史未改).",
    ),
    Command(
        "bundle",
        "services.recorder.audit.bundle.command:bundle",
        "Put an appraisal's figures, events, proofs and verify.py into a zip (考核证据包：数字、事件、证明与核验程序).",
    ),
)
cli = group(__doc__, _COMMANDS)
