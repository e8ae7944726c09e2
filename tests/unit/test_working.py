"""The states at hand are of one history: where the ledger went back behind what is known, that is seen."""

from __future__ import annotations

import pytest

from services.recorder.ledger.appending.working import Working


@pytest.mark.parametrize(
    ("size", "next_receipt", "ahead"),
    [(5, 9, False), (6, 10, False), (5, 10, False), (4, 9, True), (5, 8, True), (4, 12, True), (7, 8, True)],
)
@pytest.mark.parametrize("how", ["seen", "committed"])
def test_a_ledger_that_went_back_is_behind_in_events_or_in_receipts(
    how: str, size: int, next_receipt: int, ahead: bool
) -> None:
    """Refusals take receipts and no positions, so either number alone can tell."""
    working = Working()
    working.begin(9 if how == "seen" else 8, size=5)
    if how == "committed":
        working.commit(9, size=5)
    assert working.ahead_of(size, next_receipt) is ahead
