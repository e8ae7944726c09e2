-- name: shards_without_peaks
-- Shards from before there were peaks, locked, and how far each came.
SELECT
    shard,
    size
FROM ledger.shard
WHERE size > 0 AND peaks = ''
ORDER BY shard
FOR UPDATE;

-- name: leaves
-- The leaf hashes of a shard from a position on, in order.
SELECT leaf_hash
FROM ledger.event
WHERE shard = :shard AND position >= :first
ORDER BY position
LIMIT :count;

-- name: set_peaks!
-- The peaks of a shard's tree.
UPDATE ledger.shard
SET peaks = :peaks
WHERE shard = :shard;
