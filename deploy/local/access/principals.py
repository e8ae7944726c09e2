"""Who there is on Kafka, and what each may do: everything that is not said here is refused.

Pure: from the topics' prefix to rules. ``READ``, ``WRITE``, and ``DELETE`` let one describe, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from services.common.kafka.actions import PUBLISHER, topic_of

ADMIN: Final = "admin"  # the stack's own: makes logins, and is refused nothing
RECORDER: Final = "recorder"
PROJECTOR: Final = "projector"
AUDITOR: Final = "auditor"
OPERATOR: Final = "operator"
LOGINS: Final = (RECORDER, PROJECTOR, AUDITOR, PUBLISHER, OPERATOR)
TO_HAND_OUT: Final = (PUBLISHER, AUDITOR, OPERATOR)  # those of people and programs that are not the stack's own
_APP: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
TAKEN: Final = {ADMIN, *LOGINS, "reader", "organiser", "cadre", "anonymous"}  # logins, and the roles' own tokens


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a principal may do, or, where ``allows`` is false, may not although another rule lets it."""

    principal: str
    operation: str
    kind: Literal["topic", "group", "cluster"]
    name: str  # of the topic or group; "*" is any
    prefixed: bool = False
    allows: bool = True


def is_app_name(name: str) -> bool:
    """Whether an app may be called so: a part of a topic's name that no other principal has."""
    return _APP.fullmatch(name) is not None and name not in TAKEN


def of_all(prefix: str) -> list[Rule]:
    """The rules of every principal but the apps."""
    return [*_recorder(prefix), *_projector(prefix), *_auditor(prefix), *_publisher(prefix), *_operator(prefix)]


def of_app(prefix: str, app: str) -> list[Rule]:
    """An app writes its own topic. Its receipts it asks for over HTTP: the topic has everybody's."""
    return list(_topic(app, topic_of(prefix, app), "WRITE"))


def _recorder(prefix: str) -> Iterator[Rule]:
    yield from _topic(RECORDER, f"{prefix}.actions", "READ", "CREATE", "DESCRIBE_CONFIGS")
    yield from _topic(RECORDER, f"{prefix}.actions.", "READ", "DESCRIBE_CONFIGS", prefixed=True)
    for own in ("events", "receipts", "checkpoints", "quarantine"):
        # DELETE: `recorder republish` empties a topic that it fills again.
        yield from _topic(RECORDER, f"{prefix}.{own}", "READ", "WRITE", "CREATE", "DELETE", "DESCRIBE_CONFIGS")
    yield Rule(RECORDER, "READ", "group", f"{prefix}-recorder")


def _projector(prefix: str) -> Iterator[Rule]:
    yield from _topic(PROJECTOR, f"{prefix}.events", "READ")
    yield Rule(PROJECTOR, "READ", "group", f"{prefix}-projector")


def _auditor(prefix: str) -> Iterator[Rule]:
    for public in ("events", "receipts", "checkpoints"):
        yield from _topic(AUDITOR, f"{prefix}.{public}", "READ")
    yield Rule(AUDITOR, "READ", "group", "*")
    for service in (RECORDER, PROJECTOR):  # a stranger in their groups would be given their partitions
        yield Rule(AUDITOR, "READ", "group", f"{prefix}-{service}", allows=False)


def _publisher(prefix: str) -> Iterator[Rule]:
    yield from _topic(PUBLISHER, f"{prefix}.actions", "WRITE")
    yield from _topic(PUBLISHER, f"{prefix}.receipts", "READ")
    yield from _groups(PUBLISHER)


def _operator(prefix: str) -> Iterator[Rule]:
    """How things stand, and no contents: those of quarantine are coordinates."""
    yield from _topic(OPERATOR, f"{prefix}.", "DESCRIBE", "DESCRIBE_CONFIGS", prefixed=True)
    yield from _topic(OPERATOR, f"{prefix}.quarantine", "READ")
    yield from _groups(OPERATOR)
    yield Rule(OPERATOR, "DESCRIBE", "group", "*")
    yield Rule(OPERATOR, "DESCRIBE", "cluster", "kafka-cluster")


def _groups(principal: str) -> Iterator[Rule]:
    """Its own, and those that Kafka's own console consumer makes up."""
    for name in (principal, "console-consumer-"):
        yield Rule(principal, "READ", "group", name, prefixed=True)


def _topic(principal: str, name: str, *operations: str, prefixed: bool = False) -> Iterator[Rule]:
    for operation in operations:
        yield Rule(principal, operation, "topic", name, prefixed)
