"""Nobody is called by name in plain text: ``actor`` is free, and stays readable for ever.

Where it is the sealed name of somebody of that office, the action is refused. Names become known here, too, when they
are sealed.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

import orjson

from schemas.people.cadres import RegisterPerson
from services.recorder.domain.deciding.core import NOT_BINDING, Rejection
from services.recorder.intake.reading import Readable
from services.recorder.vault.names import plain

NAMED: Final = Rejection(
    "plaintext-sealed",
    "The actor is the name of somebody of this office, and names are sealed. Give the person's id, or a program's "
    "name, and a new id for the action.",
    "actor 是本机关某人的姓名，而姓名须密封。请填写人员编号或程序名，并换一个操作编号。",
)


class Named(Protocol):
    """The vault's names."""

    async def named(self, said: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Those of these texts (by office) that are somebody's name there. Raises Unavailable."""

    async def remember(self, names: Mapping[tuple[str, str], str]) -> None:
        """What these persons (by office and id) are called. Raises Unavailable."""


async def unnamed(read: Sequence[Readable], vault: Named) -> list[Readable]:
    """The same; refused where the actor is somebody's name. Raises Unavailable."""
    said = [None if _stranger(each) else (each.office, _actor(each)) for each in read]
    asked = {each for each in said if each is not None}
    new = {(office, plain(name)) for (office, _), name in called(read).items()}  # of these very actions
    names = {*await vault.named(asked), *(each for each in asked if new and (each[0], plain(each[1])) in new)}
    if not names:
        return list(read)
    return [
        each._replace(action=None, refusal=NAMED, errors=()) if told in names else each
        for each, told in zip(read, said, strict=True)
    ]


def called(read: Sequence[Readable]) -> dict[tuple[str, str], str]:
    """The names that these give persons, by office and id."""
    facts = [each.action.replacement or each.action for each in read if each.action is not None]
    return {(f.office, f.data.person): f.data.name for f in facts if type(f.data) is RegisterPerson}


def _stranger(read: Readable) -> bool:
    """Whom a grant doesn't reach learns nothing of the office's people."""
    return read.refusal is not None and read.refusal.code in NOT_BINDING


def _actor(read: Readable) -> str:
    if read.action is not None:
        return read.action.actor
    actor: object = orjson.loads(read.body)["actor"]
    return actor if isinstance(actor, str) else ""
