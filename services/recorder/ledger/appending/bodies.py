"""The canonical bytes of events and accepted receipts, put together from parts: what the recorder writes most of.

What the events of one action share is written once. Ids, times, types and streams are checked to need no escapes; what
senders choose freely is escaped. A property test holds the bytes against ``canonical`` of the whole object.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from services.recorder.domain.deciding.core import Action, Event

_SORTED: Final = orjson.OPT_SORT_KEYS


class Frame(NamedTuple):
    """An event's bytes, but for its data, id, position and version; of one action, type, time and stream."""

    type: str
    time: str
    stream: str
    before_data: bytes
    before_id: bytes
    before_position: bytes
    before_version: bytes
    end: bytes

    def fits(self, event: Event) -> bool:
        """Whether that event of the same action has this frame, too."""
        return event.stream == self.stream and event.time == self.time and self.type == event.data.TYPE

    def written(self, event: Event, position: int, version: int) -> bytes:
        """The event's bytes: UTF-8 JSON with sorted keys and no spaces (RFC 8785)."""
        return b"%b%b%b%b%b%019d%b%d%b" % (
            self.before_data,
            orjson.dumps(event.data.payload(), default=vars, option=_SORTED),
            self.before_id,
            event.id.encode(),
            self.before_position,
            position,
            self.before_version,
            version,
            self.end,
        )


def frame(  # noqa: PLR0917
    source: str, shard: int, recorded_time: str, by: str, action: Action, event: Event, *, first: bool = True
) -> Frame:
    """The frame of an action's event, for the ledger ``source``; ``by`` is who sent the action.

    The ``first`` of an action's events says how much was typed for all of them.
    """
    type_ = event.data.TYPE
    entry = f',"entry":"{action.entry}"' if action.entry is not None else ""
    trace = f',"traceparent":"{action.traceparent}"' if action.traceparent is not None else ""
    typed = f',"typed":{action.typed}' if first and action.typed is not None else ""
    return Frame(
        type_,
        event.time,
        event.stream,
        b'{"actor":%b,"by":"%b","causationid":%b,"causationsource":%b,"data":'
        % (orjson.dumps(action.actor), by.encode(), orjson.dumps(action.id), orjson.dumps(action.source)),
        f',"datacontenttype":"application/json","dataschema":"urn:chengzhang:schema:{type_}"{entry},"id":"'.encode(),
        (
            f'","office":"{event.office}","partitionkey":"{event.stream}","recordedtime":"{recorded_time}","sequence":"'
        ).encode(),
        f'","shard":{shard},"source":"{source}","specversion":"1.0","streamversion":'.encode(),
        f',"time":"{event.time}"{trace},"type":"{type_}"{typed}}}'.encode(),
    )


class Address(NamedTuple):
    """What a receipt answers, and where it stands."""

    shard: int
    number: int
    recorded_at: str
    office: str
    source: str
    id: str
    type: str
    by: str


def accepted(to: Address, events: Sequence[tuple[str, str, str, int, int]]) -> bytes:
    """The receipt of an accepted action; its events by id, type, stream, version and position."""
    listed = ",".join(
        [
            f'{{"id":"{ident}","position":{position},"stream":"{stream}","type":"{type_}","version":{version}}}'
            for ident, type_, stream, version, position in events
        ]
    )
    at_least = f'"{to.shard}:{events[-1][4]}"' if events else "null"
    return b'{"at_least":%b,"by":%b"code":null,"events":[%b],"final":true,"id":%b,"message":null,%b,"source":%b,%b' % (
        at_least.encode(),
        f'"{to.by}",'.encode(),
        listed.encode(),
        orjson.dumps(to.id),
        (
            f'"number":{to.number},"office":"{to.office}","outcome":"accepted","recorded_at":"{to.recorded_at}",'
            f'"shard":{to.shard}'
        ).encode(),
        orjson.dumps(to.source),
        f'"type":"{to.type}"}}'.encode(),
    )
