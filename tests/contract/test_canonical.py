"""Our canonical bytes are RFC 8785's, by a library that is not ours; ids and shards are what anyone can compute."""

from __future__ import annotations

import hashlib
import json
import uuid

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.base import LARGEST
from schemas.trust.canonical import canonical, leaf_hash
from schemas.trust.identity import NAMESPACE, event_id, shard_of

# What our data hold: ASCII names, texts without lone surrogates, integers, true, false, null.
NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # JSON, recursively


@given(VALUES)
def test_canonical_bytes_read_back_to_the_same(value: object) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_a_leaf_is_hashed_as_rfc_6962_says() -> None:
    assert leaf_hash(b"{}") == hashlib.sha256(b"\x00{}").digest()


@given(TEXTS, st.text(max_size=5, alphabet="ab/"), st.integers(0, 2000))
def test_an_event_id_is_a_uuid5_that_the_standard_library_gives_too(source: str, action: str, index: int) -> None:
    name = json.dumps(["o-1", source, action, index], ensure_ascii=False, separators=(",", ":"))
    escaped = canonical(["o-1", source, action, index]).decode()
    assert json.loads(name) == json.loads(escaped)
    assert event_id("o-1", source, action, index) == str(uuid.uuid5(NAMESPACE, escaped))


def test_an_office_always_lives_in_the_same_shard() -> None:
    assert [shard_of(office, 8) for office in ("o-1", "o-2", "o-3")] == [
        int.from_bytes(hashlib.sha256(o.encode()).digest()[:8], "big") % 8 for o in ("o-1", "o-2", "o-3")
    ]
