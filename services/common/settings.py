"""Settings that both services and the commands read.

Source, strongest first: the environment (``CHENGZHANG_…``), then ``HOME/stack.env``, which ``office up`` writes, then
the defaults below. So a command started by hand in the project's folder finds the running stack by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.home import DEFAULT_HOME, home_folder


class Settings(BaseSettings):
    """One installation's addresses and files."""

    model_config = SettingsConfigDict(env_prefix="CHENGZHANG_", extra="ignore", frozen=True)

    home: Path = DEFAULT_HOME
    kafka: str = Field(default="127.0.0.1:19092", description="bootstrap servers, host:port[,host:port]")
    database_url: str = Field(default="postgresql://127.0.0.1:15432/chengzhang", description="libpq URL")
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535, description="0: any free port")
    recorder_url: str = Field(default="http://127.0.0.1:18080", description="where clients find the recorder")
    projector_url: str = Field(default="http://127.0.0.1:18090", description="where clients find the projector")
    tokens: Path = Field(default=Path(".local/tokens.json"), description="grants by token, mode 0600")
    kek_file: Path = Field(default=Path(".local/kek"), description="32 random bytes: wraps the data keys, mode 0600")
    topic_prefix: str = Field(default="chengzhang", pattern=r"^[a-z0-9-]+$", description="topics: <prefix>.actions, …")
    shards: int = Field(default=8, ge=1, le=1024, description="fixed at installation")
    replication_factor: int = Field(default=1, ge=1, description="of topics that are created")
    checkpoint_keys_file: Path = Field(
        default_factory=lambda data: data["home"] / "checkpoint-keys.json", description="sign checkpoints, mode 0600"
    )
    checkpoints_file: Path = Field(
        default_factory=lambda data: data["home"] / "checkpoints", description="every checkpoint, outside the database"
    )
    checkpoint_events: int = Field(default=50_000, ge=1, description="a shard's checkpoint after so many events")
    checkpoint_seconds: float = Field(default=60, gt=0, description="or after so long, if it grew at all")
    retention_days: int = Field(default=0, ge=0, description="no erasing so long after a person's last post; 0: none")
    log_level: str = "INFO"

    @classmethod
    def load(cls, home: Path | None = None) -> Self:
        """Read the environment and ``stack.env`` in the home folder."""
        folder = home_folder(home)
        return cls(_env_file=folder / "stack.env", home=folder)

    def environment(self) -> dict[str, str]:
        """The same as environment variables, for the command of another service."""
        return {f"CHENGZHANG_{name.upper()}": str(value) for name, value in self.model_dump().items()}

    def topic(self, name: str) -> str:
        """The full name of a topic: ``actions``, ``events``, ``receipts``, ``quarantine`` or ``checkpoints``."""
        return f"{self.topic_prefix}.{name}"
