"""Why a shard is read-only, noted in the ledger: whoever finds it notes it, and no recorder appends while it stands."""

from collections.abc import Mapping
from typing import Final

import asyncpg

from services.common.telling.both import Both
from services.recorder.ledger.database import QUERIES, Connection

Reasons = Mapping[int, Both | None]
EVERYTHING: Final = 2**63 - 1  # known: nobody else could know more


async def note(
    connection: Connection,
    reasons: Reasons,
    signed: Mapping[int, int] | None = None,
    known: Mapping[int, int] | None = None,
) -> None:
    """Note why these shards are read-only, or that they are not.

    ``signed``: the size of the checkpoint that stands against a shard, where one does. ``known``: that of the newest
    checkpoint that was looked at; what stands for a larger one stays, for it is not known to be mended.
    """
    await QUERIES.note_mode(
        connection,
        shards=list(reasons),
        reasons=[why and why.en for why in reasons.values()],
        reasons_zh=[why and why.zh for why in reasons.values()],
        signed=[(signed or {}).get(shard, 0) for shard in reasons],
        known=[(known or {}).get(shard, 0) for shard in reasons],
    )


async def standing(connection: Connection, reasons: Reasons) -> dict[int, Both]:
    """What is noted of these shards now."""
    found = QUERIES.noted_modes(connection, shards=list(reasons))
    return {row["shard"]: why async for row in found if (why := noted(row)) is not None}


def noted(row: asyncpg.Record) -> Both | None:
    """The reason in a row."""
    return None if row["reason"] is None else Both(row["reason"], row["reason_zh"], "noted")
