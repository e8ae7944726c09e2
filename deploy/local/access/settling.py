"""The stack's own logins, rules and clients' files, brought about after every start: all of it may be repeated."""

from __future__ import annotations

from deploy.local.access import clients, passwords
from deploy.local.access.clients import Address
from deploy.local.access.granting import Broker
from deploy.local.access.principals import ADMIN, LOGINS, TO_HAND_OUT, of_all, of_app
from deploy.local.paths import Home
from services.common.kafka.actions import CONFIGS, PARTITIONS, topic_of


def settle(home: Home, address: Address, prefix: str) -> None:
    """Have the broker know whoever has a password, and each hold files with the address as it is now."""
    asked = broker(home, address)
    clients.write_admin(home, address, passwords.of(home, ADMIN))
    asked.set_rules(LOGINS, of_all(prefix), prefix)
    asked.set_logins({name: passwords.of(home, name) for name in LOGINS})
    for name in TO_HAND_OUT:  # the services' own are for nobody else
        clients.write(home, address, name, passwords.of(home, name))
    for name in apps(home):
        admit(home, asked, address, prefix, name)


def broker(home: Home, address: Address) -> Broker:
    """The stack's broker, as its administrator."""
    return Broker(address, passwords.of_admin(home, has_data=True))


def apps(home: Home) -> list[str]:
    """The apps that log in."""
    return [name for name in passwords.holders(home) if name not in {ADMIN, *LOGINS}]


def admit(home: Home, asked: Broker, address: Address, prefix: str, app: str) -> None:
    """Have an app log in and publish: its topic, its rules, its files."""
    asked.make_topic(topic_of(prefix, app), PARTITIONS, 1, CONFIGS)
    asked.set_rules([app], of_app(prefix, app), prefix)
    asked.set_logins({app: passwords.of(home, app)})
    clients.write(home, address, app, passwords.of(home, app))


def dismiss(home: Home, asked: Broker, app: str) -> None:
    """Have it do nothing any more, wherever it is connected. What it sent stays in its topic."""
    asked.drop_rules(app)
    asked.drop_login(app)
    clients.forget(home, app)
    passwords.forgotten(home, app)
