"""What a stack keeps from start to start: ports, the database password, tokens, the wrapping key."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from deploy.local.access.clients import Address
from deploy.local.errors import StackError
from deploy.local.paths import Home, write_private
from deploy.local.running.ports import LOOPBACK
from deploy.local.servers import postgres

ROLES = ("publisher", "organiser", "cadre", "reader", "auditor", "operator")
_KEY_BYTES = 32
_ADDRESSES = {  # where stack.env has each service's port
    "kafka": "CHENGZHANG_KAFKA",
    "postgres": "CHENGZHANG_DATABASE_URL",
    "recorder": "CHENGZHANG_RECORDER_URL",
    "projector": "CHENGZHANG_PROJECTOR_URL",
}


@dataclass(frozen=True)
class Ports:
    """One port a service, and one for Kafka's controller."""

    kafka: int = 19092
    controller: int = 19192
    postgres: int = 15432
    recorder: int = 18080
    projector: int = 18090


@dataclass(frozen=True)
class State:
    """The content of ``stack.json``."""

    ports: Ports
    password: str
    tls: bool = False  # whether Kafka speaks it


def load(home: Home, preferred: Ports) -> State:
    """What is known; where nothing is and nothing would be lost, the preferred ports and a new password."""
    if found := known(home):
        return found
    if home.stack_json.exists():
        raise StackError("bad_state", file=home.stack_json)
    if postgres.has_data(home):
        raise StackError("no_state", file=home.stack_json, data=home.postgres)
    return State(preferred, secrets.token_urlsafe(24))


def known(home: Home) -> State | None:
    """What ``stack.json`` holds; where it is lost, what ``stack.env`` and ``pgpass.admin`` repeat of it."""
    return noted(home) or _repeated(home)


def noted(home: Home) -> State | None:
    """What ``stack.json`` holds; None where it can't be read as it should be."""
    try:
        kept = json.loads(home.stack_json.read_text(encoding="utf-8"))
        return State(Ports(**kept["ports"]), kept["password"], kept["tls"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _repeated(home: Home) -> State | None:
    """All but the controller's port, which only Kafka's start needs, and may change then."""
    try:
        told = dict(line.split("=", 1) for line in home.stack_env.read_text(encoding="utf-8").splitlines())
        ports = {name: int(re.findall(rf"{LOOPBACK}:(\d+)", told[key])[0]) for name, key in _ADDRESSES.items()}
        password = home.admin_pgpass.read_text(encoding="utf-8").rstrip("\n").rpartition(":")[2]
        return State(Ports(**ports), password, "CHENGZHANG_KAFKA_CA_FILE" in told)
    except (FileNotFoundError, ValueError, KeyError, IndexError):
        return None


def save(home: Home, state: State) -> None:
    """Write ``stack.json``, and for others the files of passwords and ``stack.env``."""
    write_private(home.stack_json, json.dumps(asdict(state), indent=2).encode() + b"\n")
    for file, lines_of in ((home.pgpass, postgres.passfile), (home.admin_pgpass, postgres.superusers_passfile)):
        write_private(file, lines_of(state.ports.postgres, state.password).encode())
    lines = [f"{key}={value}\n" for key, value in settings(home, state).items()]
    write_private(home.stack_env, "".join(lines).encode())


def settings(home: Home, state: State) -> dict[str, str]:
    """Return the settings that every service and command of this stack shares."""
    kafka = address(home, state)
    trusted = {} if kafka.ca is None else {"CHENGZHANG_KAFKA_CA_FILE": str(kafka.ca)}
    return {
        "CHENGZHANG_KAFKA": kafka.bootstrap,
        "CHENGZHANG_KAFKA_PROTOCOL": kafka.protocol,
        **trusted,
        "CHENGZHANG_DATABASE_URL": postgres.shown_url(state.ports.postgres, home.pgpass),
        "CHENGZHANG_RECORDER_URL": f"http://{LOOPBACK}:{state.ports.recorder}",
        "CHENGZHANG_PROJECTOR_URL": f"http://{LOOPBACK}:{state.ports.projector}",
        "CHENGZHANG_TOKENS": str(home.tokens),
        "CHENGZHANG_KEK_FILE": str(home.kek),
        "CHENGZHANG_ERASURE_DELAY_HOURS": "0",  # its persons are made up
    }


def address(home: Home, state: State) -> Address:
    """Where Kafka is."""
    return Address(f"{LOOPBACK}:{state.ports.kafka}", home.kafka_ca if state.tls else None)


def make_secrets(home: Home) -> None:
    """Write tokens and wrapping key where there are none; never replace one."""
    if not home.kek.exists():
        if postgres.has_data(home):
            # A new key would come up, and nothing sealed under the old one could ever be opened again.
            raise StackError("no_kek", file=home.kek, data=home.postgres)
        write_private(home.kek, secrets.token_bytes(_KEY_BYTES))
    if not home.tokens.exists():
        from schemas.people.erasure import IRREVOCABLE  # noqa: PLC0415  # whoever only looks needs no contract

        tokens: dict[str, Any] = {role: secrets.token_urlsafe(_KEY_BYTES) for role in ROLES}
        # What can't be undone is taken from a grant that names it: another one's than the publisher's, who requests.
        tokens["eraser"] = {
            "token": secrets.token_urlsafe(_KEY_BYTES), "role": "publisher", "types": sorted(IRREVOCABLE),
        }  # fmt: skip
        write_private(home.tokens, json.dumps(tokens, indent=2).encode() + b"\n")
