"""A table on a narrow terminal: headings break at blanks, figures nowhere, and nothing is cut off."""

from __future__ import annotations

import pytest
from rich.console import Console

from services.common.telling.showing import Whole

_HEADINGS = ("shard", "events relayed", "checkpoint at", "error")


def _drawn(width: int, *headings: str) -> str:
    table = Whole(title="a title")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "error" else "right", overflow="fold")
    table.add_row("0", "12345678", "1234", "read only since noon")
    table.add_row("1", "9", "", "")
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.parametrize("width", range(24, 90))
def test_no_word_of_a_heading_and_no_figure_is_broken_or_lost(width: int) -> None:
    page = _drawn(width, *_HEADINGS)
    words = page.replace("│", " ").replace("┃", " ").split()
    assert {"shard", "events", "relayed", "checkpoint", "at", "error", "12345678", "1234"} <= set(words)
    assert max(map(len, page.splitlines())) <= width


def test_the_frame_goes_first_then_rows_become_lists() -> None:
    assert "┃" in _drawn(60, *_HEADINGS)
    narrow = _drawn(36, *_HEADINGS)
    assert "┃" not in narrow
    assert "───" in narrow
    assert [line.split() for line in _drawn(28, *_HEADINGS).splitlines()][1:] == [
        ["shard", "0"],
        ["events", "relayed", "12345678"],
        ["checkpoint", "at", "1234"],
        ["error", "read", "only"],
        ["since", "noon"],
        [],
        ["shard", "1"],
        ["events", "relayed", "9"],
        [],
    ]
