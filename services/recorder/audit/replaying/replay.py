"""``recorder audit replay``: history out of either store, the same bytes."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Annotated, Final, NoReturn

import typer

from services.common.commands import (
    AUDITOR,
    FAILED,
    Home,
    Lang,
    Language,
    Words,
    failed,
    not_running,
    settings_of,
    spoken,
)
from services.common.settings import Settings
from services.common.telling.showing import progress, quiet
from services.recorder.audit.asking import Asked, Place
from services.recorder.audit.replaying.filters import Filter
from services.recorder.audit.replaying.opening import opening
from services.recorder.audit.replaying.passing import Replay, Unwritten
from services.recorder.audit.source import KafkaSource, Source, opened
from services.recorder.cli_errors import worded
from services.recorder.errors import Hole, RecorderError, Unavailable

_WORDS: Final[Words] = {
    Lang.EN: {
        "title": "replay",
        "hole": "{error}. Compare with the other store (--source), or run `recorder audit verify`.",
        "unreadable": "What comes next is no event. Run `recorder audit verify`.",
        "interrupted": "Interrupted.",
        "unwritten": "What comes next can't be written ({why}).",
        "written": "{count} events.",
        "foreign": "{count} records of shard {shard} were passed over: no recorder wrote them. The last: {last}.",
        "unproven": "Whether a recorder wrote these is not known: there are no keys, {path} is missing. Compare with a "
        "checkpoint that you keep (`recorder audit verify`).",
        "unmet": "0 events: there is none at all of {names} in what is replayed here: {source}, shards {shards}. "
        "Is that how it is written?",
        "no-place": "There is no event {at} in what is replayed here: {source}, shards {shards}.",
        "go-on": "{reason} All before is written; go on with --after {at}",
    },
    Lang.ZH: {
        "title": "重放",
        "hole": "{error}。请与另一存储对照（--source），或运行 `recorder audit verify`。",
        "unreadable": "接下来的内容不是事件。请运行 `recorder audit verify`。",
        "interrupted": "已中断。",
        "unwritten": "后续内容无法写出（{why}）。",
        "written": "{count} 条事件。",
        "foreign": "分片 {shard} 有 {count} 条消息不是记录服务所写，已略过。最后一条：{last}。",
        "unproven": "无法判断以上内容是否为记录服务所写：没有密钥，缺少 {path}。"
        "请与自己保存的检查点核对（`recorder audit verify`）。",
        "unmet": "0 条事件：此处重放的内容（{source}，分片 {shards}）中没有任何 {names} 的事件。请核对写法。",
        "no-place": "此处重放的内容中没有事件 {at}：{source}，分片 {shards}。",
        "go-on": "{reason}此前的都已输出；继续请用 --after {at}",
    },
}


Office = Annotated[str | None, typer.Option(help="Only this office's events: one shard · 只要该机关的事件")]
Person = Annotated[
    str | None,
    typer.Option(
        help="Only events in this person's stream, or whose data name this person's id anywhere · 只要与此人有关的事件"
    ),
]
Stream = Annotated[
    str | None, typer.Option(help="Only this stream, kind/id: session/s-1. Of one office with --office · 只要该事件流")
]
Type = Annotated[
    str | None, typer.Option("--type", help="Only this type of event; chengzhang.learning.* for a group · 只要该类型")
]
By = Annotated[
    str | None,
    typer.Option("--by", help="Only what this token or Kafka principal sent, by its name · 只要由此令牌或主体发送的"),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Only what happened (time) at this instant or later; a day: from its start, Shanghai · 发生不早于",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to", help="Only what happened (time) at this instant or earlier; a day: to its end, Shanghai · 发生不晚于"
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        help="Only what was recorded (recordedtime) at this instant or earlier; a day: to its end, Shanghai. "
        "The same as as_of of the read API · 记录不晚于"
    ),
]
Store = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="ledger|kafka|FOLDER",
        help="The store to read, else the ledger; FOLDER: an archive and the rest, again for more archives "
        "· 读取何处，可多次给出",
    ),
]
After = Annotated[str | None, typer.Option(help="Go on after this event, shard:position · 从该事件之后继续")]
Opened = Annotated[
    bool,
    typer.Option(
        "--opened",
        help="Not the exact bytes: sealed fields as text where a reader may open them, or as erased (logged) "
        "· 解封后的内容",
    ),
]


def replay(
    *,
    office: Office = None,
    person: Person = None,
    stream: Stream = None,
    type_: Type = None,
    by: By = None,
    from_: From = None,
    to: To = None,
    as_of: AsOf = None,
    source: Store = None,
    after: After = None,
    readable: Opened = False,
    home: Home = None,
    lang: Language = None,
) -> None:
    """Write events to stdout, their exact bytes, one a line, by shard and position (按分片与位置输出事件原文)."""
    asked = Asked(lang)
    happened = asked.between(from_, to)
    wanted = Filter(
        office=asked.ident(office),
        person=asked.ident(person),
        stream=asked.stream(stream),
        type=asked.type(type_),
        by=asked.identity(by),
        happened_from=happened[0],
        happened_to=happened[1],
        as_of=asked.last(as_of),
    )
    sources, place = asked.stores(source), asked.place(after)  # what is asked wrongly is told first
    _Command(settings_of(home, lang, AUDITOR), lang, sources, wanted, place, readable).run()


@dataclass(slots=True)
class _Command:
    """One run of the command: from here on, whatever ends it says how to go on."""

    settings: Settings
    lang: Lang | None
    sources: Sequence[str]
    wanted: Filter
    after: Place | None
    readable: bool
    at: Place | None = None

    def run(self) -> None:
        """Replay; exit 1 or 3 where it doesn't come to its end."""
        quiet()
        try:
            replayed = asyncio.run(self._replay())
        except BrokenPipeError:  # the reader has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (KeyboardInterrupt, asyncio.CancelledError):
            self._stop(self._said("interrupted"))
        except Unwritten as error:
            self._stop(self._said("unwritten", why=error.why))
        except RecorderError as error:
            reason = worded(error, self.lang)
            if isinstance(error, Unavailable) and self.at is None:
                not_running(self.lang, reason)
            self._stop(self._said("hole", error=reason) if isinstance(error, Hole) else reason)
        except (ValueError, KeyError):
            self._stop(self._said("unreadable"))
        else:
            self._count(replayed)

    def _count(self, replayed: Replay) -> None:
        """How many there were; exit 1 where a name has no event at all: two empty files would compare equal."""
        if replayed.unmet and self.after is None:
            typer.echo(self._among("unmet", replayed.shards, names=", ".join(replayed.unmet)), err=True)
            raise typer.Exit(FAILED)
        typer.echo(self._said("written", count=replayed.written), err=True)

    async def _replay(self) -> Replay:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        shown = opening(self.settings) if self.readable else nullcontext()  # instead of the exact bytes
        async with opened(self.settings, *self.sources) as source, shown as show:
            self._check(source)
            replaying = Replay(source, self.wanted, self.after, show)
            watched = not sys.stdout.isatty()  # else the bar would stand among the events
            with progress(self._said("title"), replaying.total, shown=watched) as advance:
                try:
                    await replaying.run(_write, advance)
                finally:
                    self.at = replaying.at
                    self._tell_of_strangers(source)
            return replaying

    def _tell_of_strangers(self, source: Source) -> None:
        """What on the topic is not told as history; or that nobody can tell."""
        if isinstance(source, KafkaSource):
            if not source.judged:
                typer.echo(self._said("unproven", path=self.settings.mac_keys_file), err=True)
            for shard, seen in source.foreign.items():
                if seen.count:
                    typer.echo(self._said("foreign", shard=shard, count=seen.count, last=seen.last), err=True)

    def _check(self, source: Source) -> None:
        """A place that a replay can't have come to is a slip: after it there is nothing, which says nothing."""
        if self.after is not None and (
            self.after.shard not in self.wanted.shards(source.shards) or not source.left(*self.after)
        ):
            raise typer.BadParameter(self._among("no-place", source.shards, at=self.after))

    def _stop(self, reason: str) -> NoReturn:
        failed(self.lang, reason if self.at is None else self._said("go-on", reason=reason, at=self.at))

    def _among(self, word: str, shards: int, **values: object) -> str:
        among = ", ".join(map(str, self.wanted.shards(shards)))
        return self._said(word, source=", ".join(self.sources), shards=among, **values)

    def _said(self, word: str, **values: object) -> str:
        return _WORDS[spoken(self.lang)][word].format(**values)


def _write(data: bytes) -> None:
    """All of it, past ``sys.stdout``: what a signal interrupts, its buffer does not finish. Raises Unwritten."""
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(sys.stdout.fileno(), left) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        done = len(data) - len(left)
        _cut_back(done - (data.rfind(b"\n", 0, done) + 1))
        raise Unwritten(done, str(error.strerror)) from error


def _cut_back(torn: int) -> None:
    """Of a line that a full disk cut short nothing stays, so that what is written later begins a line."""
    out = sys.stdout.fileno()
    with suppress(OSError):
        if torn and stat.S_ISREG(os.fstat(out).st_mode):
            os.ftruncate(out, os.lseek(out, -torn, os.SEEK_CUR))
