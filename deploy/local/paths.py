"""Where the embedded stack keeps its files: data in the home folder, downloads in the user's cache folder."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from services.common.durable import sync_folder


@dataclass(frozen=True)
class Home:
    """One stack's folder. Deleting it deletes the stack and its data, nothing else."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> Home:
        """Build from any path; kept absolute, so that it means the same to a daemon."""
        return cls(Path(os.path.abspath(root)))  # noqa: PTH100 - not resolve(): a link the user made stays as written

    @property
    def logs(self) -> Path:
        """One log a service."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """One record a running process."""
        return self.root / "run"

    @property
    def kafka(self) -> Path:
        """Kafka's configuration and data."""
        return self.root / "kafka"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.root / "postgres"

    @property
    def lock(self) -> Path:
        """Held by the one `up` or `down` at work."""
        return self.root / "lock"

    @property
    def stack_env(self) -> Path:
        """Addresses, for people, shells and `Settings`."""
        return self.root / "stack.env"

    @property
    def stack_json(self) -> Path:
        """What must stay the same from start to start: ports and the database password."""
        return self.root / "stack.json"

    @property
    def pgpass(self) -> Path:
        """The passwords of the database's roles, as libpq reads them."""
        return self.root / "pgpass"

    @property
    def admin_pgpass(self) -> Path:
        """The database server's superuser's."""
        return self.root / "pgpass.admin"

    @property
    def tokens(self) -> Path:
        """Bearer tokens by role."""
        return self.root / "tokens.json"

    @property
    def kafka_passwords(self) -> Path:
        """Kafka's passwords, one file a principal."""
        return self.root / "kafka-passwords"

    @property
    def kafka_clients(self) -> Path:
        """What others need to come to Kafka, two files a principal."""
        return self.root / "kafka-clients"

    @property
    def kafka_ca(self) -> Path:
        """The certificate by which clients know the broker, where it speaks TLS."""
        return self.kafka_clients / "ca.pem"

    @property
    def kafka_keystore(self) -> Path:
        """The same with its key, the broker's own."""
        return self.kafka / "keystore.pem"

    @property
    def kek(self) -> Path:
        """The key that wraps the data keys."""
        return self.root / "kek"

    def log(self, service: str) -> Path:
        """Return the log file of one service."""
        return self.logs / f"{service}.log"


def cache_folder() -> Path:
    """Return the user's cache folder for downloads, which every clone shares."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "chengzhang"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "chengzhang"
    return Path.home() / ".cache" / "chengzhang"


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can look into."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, and have it on disk with its name.

    A wrapping key that a power cut takes away, while what was sealed under it stays, can't be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
