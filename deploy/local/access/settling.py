"""The stack's own logins, rules and clients' files, brought about after every start: all of it may be repeated."""

from __future__ import annotations

from deploy.local.access import clients, passwords
from deploy.local.access.granting import Broker
from deploy.local.access.principals import ADMIN, LOGINS, TO_HAND_OUT, of_all
from deploy.local.paths import Home


def settle(home: Home, address: str, prefix: str) -> None:
    """Have the broker know whoever has a password, and each hold files with the address as it is now."""
    admin = passwords.of_admin(home, has_data=True)
    clients.write_admin(home, address, admin)
    asked = Broker(address, admin)
    known = {name: passwords.of(home, name) for name in {*LOGINS, *passwords.holders(home)} - {ADMIN}}
    asked.set_logins(known)
    asked.set_rules(LOGINS, of_all(prefix), prefix)
    for name, password in known.items():
        if name in TO_HAND_OUT or name not in LOGINS:  # the services' own are for nobody else
            clients.write(home, address, name, password)
