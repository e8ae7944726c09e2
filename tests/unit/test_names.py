"""When a text says a name: as people read it, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recorder.vault.names import plain

_UNSEEN = " \t\u3000\u00a0\u200b\u200d\u2060\ufeff\u00ad\ufe00\U000e0100\U000e0041\u3164\u034f\u180b\u2800\uffa0\u1160"


@pytest.mark.parametrize(
    "written",
    [
        "王芳",
        " 王芳 ",
        "王\u3000芳",
        "王 芳",
        "王芳\u200b",
        "\ufeff王芳",
        "王\u2060芳",
        "王\U000e0100芳",
        "王芳\ufe00",
        "王\u00ad芳",
    ],
)
def test_what_reads_as_a_name_is_that_name(written: str) -> None:
    assert plain(written) == plain("王芳")


def test_wide_letters_and_capitals_are_letters() -> None:
    assert plain("Ｌｉ　Ｎａ") == plain("li na") == "lina"


@pytest.mark.parametrize("other", ["王方", "王芳芳", "芳王", "王-芳"])
def test_another_name_is_another(other: str) -> None:
    assert plain(other) != plain("王芳")


@given(st.lists(st.sampled_from(_UNSEEN), min_size=3, max_size=3))
def test_nothing_that_is_not_seen_makes_another_name(between: list[str]) -> None:
    assert plain(f"{between[0]}董{between[1]}清{between[2]}") == "董清"
