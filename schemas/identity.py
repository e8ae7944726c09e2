"""Ids that anyone can compute: of an event, and of the shard that an office lives in."""

from __future__ import annotations

import hashlib
import uuid

from schemas.canonical import canonical

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:chengzhang:event")


def event_id(office: str, source: str, action: str, index: int) -> str:
    """UUIDv5, in our namespace, of the JSON array [office, source, action id, index]."""
    name = NAMESPACE.bytes + canonical([office, source, action, index])
    return str(uuid.UUID(bytes=hashlib.sha1(name, usedforsecurity=False).digest()[:16], version=5))


def shard_of(office: str, shards: int) -> int:
    """First 8 bytes of SHA-256(office), big-endian, modulo the shard count."""
    return int.from_bytes(hashlib.sha256(office.encode()).digest()[:8]) % shards
