-- name: heads
-- Where each shard stands, and what events and receipts are behind its end, of one moment.
SELECT
    s.shard,
    s.size,
    s.next_receipt,
    s.peaks,
    (SELECT array_agg(position ORDER BY position) FROM ledger.event AS e WHERE e.shard = s.shard AND position >= s.size)
        AS events,
    (SELECT array_agg(number ORDER BY number) FROM ledger.receipt AS r WHERE r.shard = s.shard AND number >= s.next_receipt)
        AS receipts
FROM ledger.shard AS s
WHERE s.shard = ANY(:shards::int[])
ORDER BY s.shard;

-- name: checkpoints
-- All checkpoints that the ledger keeps.
SELECT
    shard,
    size,
    root,
    note
FROM ledger.checkpoint
ORDER BY shard, size;

-- name: leaves
-- What the hashes of a range are made of.
SELECT
    position,
    body,
    leaf_hash
FROM ledger.event
WHERE shard = :shard AND position >= :first AND position < :end
ORDER BY position;

-- name: events
-- Whole events of a range.
SELECT
    position,
    id::text AS id,
    stream,
    version,
    type,
    recorded_at,
    body
FROM ledger.event
WHERE shard = :shard AND position >= :first AND position < :end
ORDER BY position;

-- name: receipts
-- Whole receipts of these numbers.
SELECT
    number,
    digest,
    body_digest,
    binding,
    receipt
FROM ledger.receipt
WHERE shard = :shard AND number = ANY(:numbers::bigint[])
ORDER BY number;

-- name: states
-- A shard's states, those that count, in the order of the bytes of kind and key.
SELECT
    kind,
    key,
    fold_version,
    version,
    state
FROM ledger.shard
JOIN ledger.state USING (shard, fold_version)
WHERE shard = :shard
ORDER BY kind COLLATE "C", key COLLATE "C";

-- name: published_events
-- What the events topic must hold at these positions: key, and the bytes' hash.
SELECT
    position AS number,
    stream AS key,
    leaf_hash AS hash
FROM ledger.event
WHERE shard = :shard AND position = ANY(:numbers::bigint[]);
