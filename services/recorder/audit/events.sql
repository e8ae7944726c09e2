-- name: shards
-- How far each shard has come, in one snapshot.
SELECT
    shard,
    size
FROM ledger.shard
ORDER BY shard;

-- name: bodies
-- The bytes of a shard's events from a position on, up to another.
SELECT
    position,
    body
FROM ledger.event
WHERE shard = :shard AND position >= :first AND position < :end
ORDER BY position;
