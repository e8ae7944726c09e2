-- name: installation^
-- The ledger's id and its shard count.
SELECT
    ledger,
    shards
FROM ledger.installation;

-- name: heads
-- Where each shard stands, of one moment.
SELECT
    shard,
    size,
    next_receipt,
    peaks
FROM ledger.shard
ORDER BY shard;

-- name: checkpoints
-- All checkpoints that the ledger keeps.
SELECT
    shard,
    size,
    root,
    note
FROM ledger.checkpoint
ORDER BY shard, size;

-- name: beyond
-- Events and receipts behind their shard's end, of one moment.
SELECT
    s.shard,
    s.size,
    s.next_receipt,
    (SELECT array_agg(position ORDER BY position) FROM ledger.event AS e WHERE e.shard = s.shard AND position >= s.size)
        AS events,
    (SELECT array_agg(number ORDER BY number) FROM ledger.receipt AS r WHERE r.shard = s.shard AND number >= s.next_receipt)
        AS receipts
FROM ledger.shard AS s
WHERE s.shard = ANY(:shards::int[]);

-- name: leaves
-- What the hashes of a range are made of.
SELECT
    position,
    body,
    leaf_hash
FROM ledger.event
WHERE shard = :shard AND position >= :first AND position < :end
ORDER BY position;

-- name: tiles
-- A shard's tiles of a level, from one on up to another.
SELECT
    number,
    hashes
FROM ledger.tile
WHERE shard = :shard AND level = :level AND number >= :first AND number < :end
ORDER BY number;

-- name: archived
-- What left the ledger for files.
SELECT
    shard,
    first,
    last
FROM ledger.archived
ORDER BY shard, first;

-- name: tiled
-- How many events each shard's newest checkpoint spans: its tiles hold them all.
SELECT
    shard,
    max(size) AS size
FROM ledger.checkpoint
GROUP BY shard;

-- name: upper_tiles
-- A shard's tiles from a level on upwards.
SELECT
    level,
    number,
    hashes
FROM ledger.tile
WHERE shard = :shard AND level >= :level
ORDER BY level, number;

-- name: head^
-- Where a shard stands.
SELECT
    size,
    next_receipt
FROM ledger.shard
WHERE shard = :shard;

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
-- Whole receipts of a range.
SELECT
    number,
    digest,
    body_digest,
    binding,
    receipt
FROM ledger.receipt
WHERE shard = :shard AND number >= :first AND number < :end
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

-- name: tiled_hashes
-- The hashes at these positions as far as tiles hold them: of events that are not in the ledger.
SELECT
    wanted.position AS number,
    substring(t.hashes FROM (wanted.position % 256)::int * 32 + 1 FOR 32) AS hash
FROM unnest(:numbers::bigint[]) AS wanted (position)
JOIN ledger.tile AS t ON t.shard = :shard AND t.level = 0 AND t.number = wanted.position / 256;

-- name: published_receipts
-- What the receipts topic must hold of these.
SELECT
    number,
    receipt,
    body_digest
FROM ledger.receipt
WHERE shard = :shard AND number = ANY(:numbers::bigint[]);
