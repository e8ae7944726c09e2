"""Whose an action from Kafka is, by the topic that it came by; and whether it is theirs to send, as over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from schemas.people.erasure import IRREVOCABLE
from services.common.kafka import actions
from services.common.settings import Settings
from services.common.tokens.grants import Grant, Grants
from services.recorder.domain.deciding.core import Rejection
from services.recorder.intake.allowing import allowed
from services.recorder.intake.from_kafka.record import Records
from services.recorder.intake.parsing import Unreadable
from services.recorder.intake.reading import Readable
from services.recorder.intake.sealing import Sent

_ONLY_OVER_HTTP: Final = Rejection(
    "not-yours",
    "What can't be undone isn't taken over Kafka. Send it to POST /actions, with a token that names its type.",
    "不可撤回的操作不经 Kafka 受理。请改用 POST /actions，并使用明确列出该类型的令牌。",
)
Log: Final = structlog.get_logger("intake")


class Senders:
    """The grants, by the topics' owners."""

    def __init__(self, grants: Grants, settings: Settings) -> None:
        """Look nothing up yet."""
        self._grants = grants
        self._settings = settings

    def sent(self, records: Records, read: Sequence[Readable | Unreadable]) -> list[Sent | Unreadable]:
        """Each with its sender, and refused where that one may not send it.

        Raises GrantsError where nobody can tell now: what is refused is refused for good.
        """
        known = {topic: self._sender(topic) for topic in {record.topic for record in records}}
        return [
            each if isinstance(each, Unreadable) else _sent(each, known[record.topic])
            for record, each in zip(records, read, strict=True)
        ]

    def _sender(self, topic: str) -> Grant:
        name = actions.owner(self._settings, topic)
        return self._grants.named(name) or Grant(name, "publisher", offices=frozenset())  # of no office: nothing


def _sent(readable: Readable, sender: Grant) -> Sent:
    if readable.type in IRREVOCABLE:
        return Sent(readable._replace(action=None, refusal=_ONLY_OVER_HTTP, errors=()), sender)
    if allowed(sender, readable):
        return Sent(readable, sender)
    Log.warning("refused", reason="not-yours", grant=sender.name, office=readable.office, type=readable.type)
    return Sent(readable._replace(action=None, refusal=_not_yours(readable, sender.name), errors=()), sender)


def _not_yours(readable: Readable, name: str) -> Rejection:
    office, source, type_ = readable.office, readable.source, readable.type
    return Rejection(
        "not-yours",
        f"{name} may not publish {type_} from {source} in the office {office}. Ask who runs this installation for it; "
        "granted, the same action passes.",
        f"{name} 无权在机关 {office} 以来源 {source} 发布 {type_}。请向系统管理员申请授权；"
        "获准后，同一操作重新发送即可。",
    )
