"""Logins and rules, as a broker has them. By confluent-kafka, since aiokafka's client knows neither."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from deploy.local.access.clients import Address, librdkafka
from deploy.local.access.principals import ADMIN, Rule
from deploy.local.errors import StackError

_ROUNDS: Final = 4096  # the least: they protect words that people chose, and ours are 24 random bytes
_SECONDS: Final = 60.0
_LOOK: Final = 0.02
_KINDS: Final = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.BROKER}
_ANY_HOST: Final = "*"


class Broker:
    """A broker, as its administrator. Raises StackError where it doesn't do what is asked."""

    def __init__(self, address: Address, password: str) -> None:
        """Connect with the first question."""
        patient = {"socket.timeout.ms": int(_SECONDS * 1000), "log_level": 0}
        self._admin = AdminClient({**librdkafka(address, ADMIN, password), **patient})

    def set_logins(self, passwords: Mapping[str, str]) -> None:
        """Have each log in with this password from now on."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ROUNDS)
        self._scram([UserScramCredentialUpsertion(user, info, word.encode()) for user, word in passwords.items()])

    def drop_login(self, principal: str) -> None:
        """Have it log in no more, if it does."""
        with _told():
            known: Any = self._admin.describe_user_scram_credentials([principal], request_timeout=_SECONDS)
            try:
                known[principal].result()
            except KafkaException as error:
                if error.args[0].code() == KafkaError.RESOURCE_NOT_FOUND:
                    return
                raise
        self._scram([UserScramCredentialDeletion(principal, ScramMechanism.SCRAM_SHA_512)])

    def set_rules(self, principals: Iterable[str], rules: Iterable[Rule], within: str) -> None:
        """Have these be let do exactly this, as far as topics and groups called ``within…`` go."""
        whose, wanted = {f"User:{name}" for name in principals}, {_binding(rule) for rule in rules}
        found = self._found(whose)
        self._create(wanted - found)
        self._delete([_filter(each) for each in found - wanted if each.name.startswith(within)])
        while not wanted <= self._found(whose):  # it answers before it goes by them
            time.sleep(_LOOK)

    def drop_rules(self, principal: str) -> None:
        """Have it be let do nothing any more."""
        whose = f"User:{principal}"
        self._delete([_of(whose)])
        while self._found({whose}):
            time.sleep(_LOOK)

    def make_topic(self, name: str, partitions: int, replicas: int, configs: Mapping[str, str]) -> None:
        """Make a topic where there is none of that name."""
        with _told():
            if name not in self._admin.list_topics(timeout=_SECONDS).topics:
                new = NewTopic(name, partitions, replicas, config=dict(configs))
                _done(self._admin.create_topics([new], request_timeout=_SECONDS))

    def _scram(self, alterations: list[Any]) -> None:
        with _told():
            _done(self._admin.alter_user_scram_credentials(alterations, request_timeout=_SECONDS))

    def _found(self, principals: Collection[str]) -> set[AclBinding]:
        with _told():
            every = self._admin.describe_acls(_of(None), request_timeout=_SECONDS).result()
        return {each for each in every if each.principal in principals}

    def _create(self, bindings: Iterable[AclBinding]) -> None:
        if new := list(bindings):
            with _told():
                _done(self._admin.create_acls(new, request_timeout=_SECONDS))

    def _delete(self, filters: list[AclBindingFilter]) -> None:
        if filters:
            with _told():
                _done(self._admin.delete_acls(filters, request_timeout=_SECONDS))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise StackError("kafka_refused", why=error.args[0].str()) from error


def _done(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        future.result()


def _binding(rule: Rule) -> AclBinding:
    return AclBinding(
        _KINDS[rule.kind],
        rule.name,
        ResourcePatternType.PREFIXED if rule.prefixed else ResourcePatternType.LITERAL,
        f"User:{rule.principal}",
        _ANY_HOST,
        AclOperation[rule.operation],
        AclPermissionType.ALLOW if rule.allows else AclPermissionType.DENY,
    )


def _of(principal: str | None) -> AclBindingFilter:
    any_: Any = None
    whose: Any = principal
    kind, pattern, operation, permission = (
        ResourceType.ANY, ResourcePatternType.ANY, AclOperation.ANY, AclPermissionType.ANY,
    )  # fmt: skip
    return AclBindingFilter(kind, any_, pattern, whose, any_, operation, permission)


def _filter(found: AclBinding) -> AclBindingFilter:
    """The one that this alone fits."""
    return AclBindingFilter(
        found.restype,
        found.name,
        found.resource_pattern_type,
        found.principal,
        found.host,
        found.operation,
        found.permission_type,
    )
