"""Settings that both services and the commands read.

Source, strongest first: the environment (``CHENGZHANG_…``), then ``HOME/stack.env``, which ``office up`` writes, then
the defaults below; files lie in the home folder unless they are named. So a command started by hand in the project's
folder finds the running stack by itself.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.home import DEFAULT_HOME, home_folder

_ADDRESSES: Final = frozenset({"kafka", "database_url", "recorder_url", "projector_url"})


def _in_home(name: str) -> Callable[[dict[str, Any]], Path]:
    return lambda data: Path(data["home"]) / name


class Settings(BaseSettings):
    """One installation's addresses and files."""

    model_config = SettingsConfigDict(env_prefix="CHENGZHANG_", extra="ignore", frozen=True)

    home: Path = DEFAULT_HOME
    kafka: str = Field(default="127.0.0.1:19092", description="bootstrap servers, host:port[,host:port]")
    kafka_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL"] = Field(
        default="SASL_PLAINTEXT", description="as Kafka's security.protocol; mTLS: SSL, with a certificate"
    )
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="as Kafka's sasl.mechanism"
    )
    kafka_user: str = Field(default="", description="who logs in; empty: each program by its own name")
    kafka_passwords: Path = Field(
        default_factory=_in_home("kafka-passwords"), description="folder with a file a user, mode 0600"
    )
    kafka_password_file: Path | None = Field(default=None, description="the one file, in place of that folder")
    kafka_ca_file: Path | None = Field(default=None, description="PEM: who signs brokers' certificates")
    kafka_cert_file: Path | None = Field(default=None, description="PEM: our own certificate, for mTLS")
    kafka_key_file: Path | None = Field(default=None, description="PEM: its key, mode 0600")
    database_url: str = Field(default="postgresql://127.0.0.1:15432/chengzhang", description="libpq URL")
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535, description="0: any free port")
    recorder_url: str = Field(default="http://127.0.0.1:18080", description="where clients find the recorder")
    projector_url: str = Field(default="http://127.0.0.1:18090", description="where clients find the projector")
    tokens: Path = Field(default_factory=_in_home("tokens.json"), description="grants by token, mode 0600")
    token_uses: Path = Field(
        default_factory=_in_home("token-uses"), description="folder: when each token was used last, a file a service"
    )
    kek_file: Path = Field(
        default_factory=_in_home("kek"), description="32 random bytes: wraps the data keys, mode 0600"
    )
    trusted_hosts: str = Field(
        default="",
        description="what the services are called, beside addresses and this host's name; with commas; *: any",
    )
    connections: int = Field(default=1_000, ge=1, description="of HTTP at once, in all")
    connections_of_one: int = Field(default=500, ge=1, description="of HTTP at once, from one address")
    header_seconds: float = Field(default=10, gt=0, description="for a request's headers")
    body_seconds: float = Field(default=60, gt=0, description="for a request's body, and for reading its answer")
    requests_per_second: int = Field(default=2_000, ge=0, description="of one token, of one address without; 0: any")
    topic_prefix: str = Field(default="chengzhang", pattern=r"^[a-z0-9-]+$", description="topics: <prefix>.actions, …")
    shards: int = Field(default=8, ge=1, le=1024, description="fixed at installation")
    commit_shards: int = Field(default=1024, ge=1, description="that one commit may be about; 1: of several databases")
    replication_factor: int = Field(default=1, ge=1, description="of topics that are created")
    checkpoint_keys_file: Path = Field(
        default_factory=_in_home("checkpoint-keys.json"), description="sign checkpoints, mode 0600"
    )
    mac_keys_file: Path = Field(
        default_factory=_in_home("mac-keys.json"), description="MAC the records on the topics, mode 0600"
    )
    checkpoints_file: Path = Field(
        default_factory=_in_home("checkpoints"), description="every checkpoint, outside the database"
    )
    archive_folder: Path = Field(
        default_factory=_in_home("archive"), description="files of `recorder archive`, for folding states anew"
    )
    checkpoint_events: int = Field(default=50_000, ge=1, description="a shard's checkpoint after so many events")
    checkpoint_seconds: float = Field(default=60, gt=0, description="or after so long, if it grew at all")
    retention_days: int = Field(default=0, ge=0, description="no erasing so long after a person's last post; 0: none")
    erasure_delay_hours: int = Field(
        default=24, ge=0, description="an erasure is confirmed so long after its request at the earliest"
    )
    log_file: Path | None = Field(default=None, description="where stderr goes to: begun anew at 16 MB")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = "INFO"

    @classmethod
    def load(cls, home: Path | None = None) -> Self:
        """Read the environment and ``stack.env`` in the home folder."""
        folder = home_folder(home)
        return cls(_env_file=folder / "stack.env", home=folder)

    @property
    def addressed(self) -> bool:
        """Whether anything but the defaults says where a stack is: the environment, or a ``stack.env``."""
        return not _ADDRESSES.isdisjoint(self.model_fields_set)

    def environment(self) -> dict[str, str]:
        """The same as environment variables, for the command of another service."""
        return {f"CHENGZHANG_{name.upper()}": str(value) for name, value in self.model_dump(exclude_none=True).items()}

    def token_uses_of(self, service: str) -> Path:
        """Where a service notes when each token was used last."""
        return self.token_uses / f"{service}.json"

    def topic(self, name: str) -> str:
        """The full name of a topic: ``actions``, ``events``, ``receipts``, ``quarantine`` or ``checkpoints``."""
        return f"{self.topic_prefix}.{name}"
