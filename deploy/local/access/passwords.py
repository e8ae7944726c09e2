"""Kafka's passwords: a file a principal, which only its owner can read.

What is in one stands nowhere else but in server.properties (the administrator's) and in the clients' files.
"""

from __future__ import annotations

import secrets

from deploy.local.access.principals import ADMIN
from deploy.local.errors import StackError
from deploy.local.paths import Home, private_folder, write_private

_BYTES = 24


def known(home: Home, principal: str) -> str | None:
    """Its password, where it has one."""
    try:
        return (home.kafka_passwords / principal).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def of(home: Home, principal: str) -> str:
    """Its password; a new one where it has none yet."""
    return known(home, principal) or renewed(home, principal)


def renewed(home: Home, principal: str) -> str:
    """Another one for it."""
    private_folder(home.kafka_passwords)
    password = secrets.token_urlsafe(_BYTES)
    write_private(home.kafka_passwords / principal, password.encode() + b"\n")
    return password


def of_admin(home: Home, *, has_data: bool) -> str:
    """The administrator's. Raises StackError where it is lost: the broker's data know the old one."""
    file = home.kafka_passwords / ADMIN
    if has_data and not file.exists():
        raise StackError("no_kafka_password", file=file, data=home.kafka)
    return of(home, ADMIN)


def forgotten(home: Home, principal: str) -> None:
    """It has none any more."""
    (home.kafka_passwords / principal).unlink(missing_ok=True)


def holders(home: Home) -> list[str]:
    """Who has one."""
    return sorted(file.name for file in home.kafka_passwords.glob("[!.]*"))
