"""What is accepted can be taken back: an event that a revocation could not repeat is refused at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from schemas.envelope import LARGEST_EVENT
from services.common.tokens.grants import Grant
from tests.support.ledger import Bench, Json, action, bench, person

_PERSONS: Final = 1000
_WIDEST: Final = "\U00020000" * 256  # characters of four bytes: the longest actor, and nearly the longest id
_LONGEST: Final = Grant("s" * 64, "publisher")  # the longest name of a token


def _output(ident: str, participants: int, title: int = 1) -> Json:
    data = {
        "output": ident, "lead": "p-0", "participants": [f"p-{number}" for number in range(1, participants)],
        "line": "information", "title": "x" * title, "level": "office", "effect": "adopted",
    }  # fmt: skip
    return action("work.file-output", data)


def _revocation(event: str, ident: str) -> Json:
    """The longest there is."""
    data = {"event": event, "reason": "withdrawn", "late_reason": "evidence-late"}
    trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "entry": "machine"}
    ident = ident + _WIDEST[len(ident) :]
    return (
        action(
            "any.revoke-entry",
            data,
            id=ident,
            source=_WIDEST,
            actor=_WIDEST,
            time="2026-03-02T09:00:00.123456789+08:00",
        )
        | trace
    )


async def _most(low: int, high: int, accepts: Callable[[int], Awaitable[bool]]) -> int:
    """The largest number that is accepted, between one that is and one that isn't."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await accepts(middle) else (low, middle)
    return low


async def _taken_back(ledger: Bench, draft: Json) -> bool:
    """Whether it is accepted; then its longest revocation must be, too."""
    (receipt,) = await ledger.receipts([draft])
    if receipt["code"] is not None:
        assert (receipt["code"], receipt["final"]) == ("too-large", True)
        return False
    ledger.sender, sender = _LONGEST, ledger.sender
    await ledger.accepted(_revocation(receipt["events"][0]["id"], draft["data"]["output"]))
    ledger.sender = sender
    return True


async def test_the_largest_event_that_is_accepted_can_be_revoked(database: str) -> None:
    async with bench(database) as ledger:
        for begin in range(0, _PERSONS, 500):
            await ledger.accepted(*(person(f"p-{number}") for number in range(begin, begin + 500)))
        people = await _most(1, _PERSONS, lambda n: _taken_back(ledger, _output(f"u-{n}", n)))
        letters = await _most(1, 201, lambda n: _taken_back(ledger, _output(f"t-{n}", people, n)))
        (refused,) = await ledger.receipts([_output("more", people, letters + 1)])
        assert "its revocation, which repeats it, up to 65536; an event" in refused["message"]["en"]
        (largest,) = await ledger.rows("SELECT max(length(body)) AS bytes FROM ledger.event")
        assert LARGEST_EVENT - 300 < largest["bytes"] <= LARGEST_EVENT  # the bound refuses no more than it must
