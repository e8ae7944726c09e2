"""``recorder audit checkpoint``, ``prove`` and ``consistency``: what was signed and proofs, for tools not ours."""

from typing import Annotated, Any, Final
from uuid import UUID

import typer

from services.common.commands import AsJson, Home, Lang, Language, Words, spoken
from services.recorder.audit.proving.commands import Archives, Office, Out, Shard, asked, place, tell, written
from services.recorder.audit.proving.log import AuditLog
from services.recorder.audit.proving.proofs import Consistency, Inclusion, said_by
from services.recorder.trust.signing import Kept

_WORDS: Final[Words] = {
    Lang.EN: {
        "proved": "Event {shard}:{position} is in the checkpoint of {size} events. Wrote {files}.",
        "consistent": "Shard {shard}: the tree of {new} events begins with all of that of {old}. Wrote {files}.",
        "check": "To check it anywhere, without a network: python3 verify.py --key 'a line of recorder audit key'",
        "and": ", ",
    },
    Lang.ZH: {
        "proved": "事件 {shard}:{position} 在 {size} 条事件的检查点之中。已写入 {files}。",
        "consistent": "分片 {shard}：{new} 条事件的树以 {old} 条的树为开端。已写入 {files}。",
        "check": "可在任何地方离线核验：python3 verify.py --key 'recorder audit key 输出的一行'",
        "and": "、",
    },
}
Event = Annotated[UUID, typer.Option(help="The event's id, as its receipt gives it · 事件编号，见回执")]
Old = Annotated[
    int, typer.Option("--from", min=0, help="The size of the older checkpoint, the one you kept · 所存旧检查点的大小")
]
New = Annotated[
    int | None,
    typer.Option("--to", min=0, help="The size of the newer one; else the newest · 新检查点的大小，默认为最新"),
]


def checkpoint(
    *, shard: Shard = None, office: Office = None, home: Home = None, lang: Language = None, as_json: AsJson = False
) -> None:
    """Print a shard's newest checkpoint, a signed note to keep aside (分片最新的检查点，宜另行保存)."""

    async def ask(log: AuditLog) -> Kept:
        return await log.checkpoint(await place(log, shard, office))

    kept = asked(home, lang, ask)
    told = {"shard": kept.shard, **said_by(kept), "made_at": kept.made_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    tell(told, kept.note.decode().removesuffix("\n"), as_json=as_json)


def prove(
    *,
    event: Event,
    out: Out,
    source: Archives = None,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Prove that an event is in the log: ID.tlog-proof, ID.json, verify.py (证明事件在日志之中)."""

    async def ask(log: AuditLog) -> Inclusion:
        return await log.inclusion(await log.event(event, source or ()))

    made = asked(home, lang, ask)
    files = written(lang, out, {f"{event}.tlog-proof": made.text(), f"{event}.json": made.event.body})
    place = {"shard": made.event.shard, "position": made.event.position, "size": made.checkpoint.size}
    _tell(lang, "proved", {"event": str(event), **place, "files": files}, as_json=as_json)


def consistency(
    *,
    old: Old,
    shard: Shard = None,
    office: Office = None,
    new: New = None,
    out: Out,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Prove that nothing changed between two checkpoints: both, hashes.txt, verify.py (证明两检查点之间历史未改)."""

    async def ask(log: AuditLog) -> Consistency:
        return await log.consistency(await place(log, shard, office), old, new)

    made = asked(home, lang, ask)
    contents = {"old.checkpoint": made.old.note, "new.checkpoint": made.new.note, "hashes.txt": made.lines()}
    files = written(lang, out, contents)
    told = {"shard": made.new.shard, "old": made.old.size, "new": made.new.size, "files": files}
    _tell(lang, "consistent", told, as_json=as_json)


def _tell(lang: Lang | None, word: str, told: dict[str, Any], *, as_json: bool) -> None:
    words = _WORDS[spoken(lang)]
    text = words[word].format(**told | {"files": words["and"].join(told["files"])})
    tell(told, f"{text}\n{words['check']}", as_json=as_json)
