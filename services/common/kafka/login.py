"""How a client of Kafka proves who it is: the settings, as aiokafka's keyword arguments. There is no other place.

Each program has a name of its own there: ``recorder``, ``projector``, ``auditor`` (the commands that check), and
``publisher`` (``office publish``). ``CHENGZHANG_KAFKA_USER`` names another one.
"""

import ssl
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError

from services.common.settings import Settings


class NoLogin(KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """A file that is needed to log in can't be read: says which, never what is in it."""

    def __init__(self, setting: str, file: Path, why: str) -> None:
        super().__init__(file)
        self.words = {
            "en": f"{file}: can't be read ({why}). {setting} names what logs in to Kafka.",
            "zh": f"{file}：无法读取（{why}）。{setting} 指定登录 Kafka 所用的文件。",
        }

    def __str__(self) -> str:
        return self.words["en"]


def login(settings: Settings, program: str) -> dict[str, Any]:
    """The arguments of any of aiokafka's clients, for this program. Raises NoLogin."""
    known: dict[str, Any] = {"bootstrap_servers": settings.kafka, "security_protocol": settings.kafka_protocol}
    if settings.kafka_protocol.startswith("SASL"):
        user = settings.kafka_user or program
        known |= {
            "sasl_mechanism": settings.kafka_mechanism,
            "sasl_plain_username": user,
            "sasl_plain_password": _password(settings, user),
        }
    if settings.kafka_protocol.endswith("SSL"):
        known["ssl_context"] = tls(settings)
    return known


def tls(settings: Settings) -> ssl.SSLContext:
    """Whom we trust, and our own certificate where we have one. Raises NoLogin."""
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:
        raise NoLogin("CHENGZHANG_KAFKA_CA_FILE", Path(settings.kafka_ca_file or ""), _why(error)) from error
    if settings.kafka_cert_file:
        try:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
        except OSError as error:
            name = "CHENGZHANG_KAFKA_CERT_FILE"
            raise NoLogin(name, settings.kafka_cert_file, _why(error)) from error
    return context


def _password(settings: Settings, user: str) -> str:
    file = settings.kafka_password_file or settings.kafka_passwords / user
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise NoLogin("CHENGZHANG_KAFKA_PASSWORD_FILE", file, _why(error)) from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
