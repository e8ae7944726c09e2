"""FastStream's broker, logged in as any other client is."""

from typing import Any

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from services.common.kafka.login import login
from services.common.settings import Settings

_MECHANISMS = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def broker(settings: Settings, program: str, **more: Any) -> KafkaBroker:  # noqa: ANN401  # FastStream's options
    """One that connects when it starts. No logger: FastStream's would repeat records. Raises NoLogin."""
    return KafkaBroker(settings.kafka, security=security(settings, program), logger=None, **more)


def security(settings: Settings, program: str) -> BaseSecurity:
    """The login, as FastStream has it. Raises NoLogin."""
    known = login(settings, program)
    user, password = known.get("sasl_plain_username", ""), known.get("sasl_plain_password", "")
    return _security(settings, user, password, known.get("ssl_context"))


def described(settings: Settings) -> KafkaBroker:
    """One that never starts, so that no file of a secret is needed."""
    return KafkaBroker(settings.kafka, security=_security(settings, "", "", None), logger=None)


def _security(settings: Settings, user: str, password: str, tls: Any) -> BaseSecurity:  # noqa: ANN401
    use_tls = settings.kafka_protocol.endswith("SSL")
    if settings.kafka_protocol.startswith("SASL"):
        return _MECHANISMS[settings.kafka_mechanism](user, password, ssl_context=tls, use_ssl=use_tls)
    return BaseSecurity(ssl_context=tls, use_ssl=use_tls)
