"""What a stack keeps from start to start: ports, the database password, tokens, the wrapping key."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

from deploy.local import postgres
from deploy.local.errors import StackError
from deploy.local.paths import Home, write_private
from deploy.local.ports import LOOPBACK

ROLES = ("publisher", "reader", "auditor", "operator")
_KEY_BYTES = 32


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


def load(home: Home, preferred: Ports) -> State:
    """Read ``stack.json``; without one, begin with the preferred ports and a new password."""
    try:
        kept = json.loads(home.stack_json.read_text(encoding="utf-8"))
        return State(Ports(**kept["ports"]), kept["password"])
    except FileNotFoundError:
        if postgres.has_data(home):
            raise StackError("no_state", file=home.stack_json, data=home.postgres) from None
        return State(preferred, secrets.token_urlsafe(24))
    except (ValueError, KeyError, TypeError):
        raise StackError("bad_state", file=home.stack_json) from None


def save(home: Home, state: State) -> None:
    """Write ``stack.json`` and ``stack.env``."""
    write_private(home.stack_json, json.dumps(asdict(state), indent=2).encode() + b"\n")
    lines = [f"{key}={value}\n" for key, value in settings(home, state).items()]
    write_private(home.stack_env, "".join(lines).encode())


def settings(home: Home, state: State) -> dict[str, str]:
    """Return the settings that every service and command of this stack shares."""
    return {
        "CHENGZHANG_KAFKA": f"{LOOPBACK}:{state.ports.kafka}",
        "CHENGZHANG_DATABASE_URL": postgres.url(state.ports.postgres, state.password),
        "CHENGZHANG_RECORDER_URL": f"http://{LOOPBACK}:{state.ports.recorder}",
        "CHENGZHANG_PROJECTOR_URL": f"http://{LOOPBACK}:{state.ports.projector}",
        "CHENGZHANG_TOKENS": str(home.tokens),
        "CHENGZHANG_KEK_FILE": str(home.kek),
    }


def make_secrets(home: Home) -> None:
    """Write tokens and wrapping key where there are none; never replace one."""
    if not home.kek.exists():
        if postgres.has_data(home):
            # A new key would come up, and nothing sealed under the old one could ever be opened again.
            raise StackError("no_kek", file=home.kek, data=home.postgres)
        write_private(home.kek, secrets.token_bytes(_KEY_BYTES))
    if not home.tokens.exists():
        tokens = {role: secrets.token_urlsafe(32) for role in ROLES}
        write_private(home.tokens, json.dumps(tokens, indent=2).encode() + b"\n")
