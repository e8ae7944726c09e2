"""The bytes of an event, and their hash. What is hashed, stored and published is this, once and for all."""

import hashlib
from typing import Any

import orjson


def canonical(value: Any) -> bytes:  # noqa: ANN401  # anything that JSON holds
    """UTF-8 JSON with sorted keys and no spaces; models by their members.

    Equal to RFC 8785 for what our data hold: ASCII keys, strings, integers within ±(2^53−1), true, false, null.
    """
    # Copied, for what orjson gives holds on to 4 KB and more, however short it is.
    return bytes(memoryview(orjson.dumps(value, default=vars, option=orjson.OPT_SORT_KEYS)))


def leaf_hash(body: bytes) -> bytes:
    """The hash of a Merkle tree's leaf: SHA-256(0x00 ‖ body), 32 bytes (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + body).digest()
