-- name: lock!
-- One at a time extends a shard's tiles and signs its tree; held until the transaction ends.
SELECT pg_advisory_xact_lock(:lock, :shard);

-- name: head^
-- A shard's size and the peaks of its tree, of one moment.
SELECT
    size,
    peaks
FROM ledger.shard
WHERE shard = :shard;

-- name: newest^
-- A shard's newest checkpoint.
SELECT
    size,
    root,
    note,
    made_at
FROM ledger.checkpoint
WHERE shard = :shard
ORDER BY size DESC
LIMIT 1;

-- name: of_size^
-- A shard's checkpoint of exactly that size.
SELECT
    size,
    root,
    note,
    made_at
FROM ledger.checkpoint
WHERE shard = :shard AND size = :size;

-- name: any_signed$
-- Whether anything was signed here before.
SELECT EXISTS (SELECT FROM ledger.checkpoint);

-- name: progress
-- How far each shard is, how far it was signed, and how many seconds ago.
SELECT
    s.shard,
    s.size,
    coalesce(c.size, 0) AS signed,
    extract(epoch FROM now() - c.made_at)::float8 AS age
FROM ledger.shard AS s
LEFT JOIN LATERAL (
    SELECT
        size,
        made_at
    FROM ledger.checkpoint
    WHERE shard = s.shard
    ORDER BY size DESC
    LIMIT 1
) AS c ON true
ORDER BY s.shard;

-- name: keep<!
-- Keep a signed checkpoint.
INSERT INTO ledger.checkpoint (shard, size, root, note)
VALUES (:shard, :size, :root, :note)
RETURNING made_at;

-- name: unfiled
-- Checkpoints that the file doesn't have yet, oldest first.
SELECT
    shard,
    size,
    note
FROM ledger.checkpoint
WHERE NOT filed
ORDER BY made_at, shard, size
LIMIT 100;

-- name: unpublished
-- Checkpoints that the topic doesn't have yet, oldest first.
SELECT
    shard,
    size,
    note
FROM ledger.checkpoint
WHERE NOT published
ORDER BY made_at, shard, size
LIMIT 100;

-- name: note_filed!
-- The file has these.
UPDATE ledger.checkpoint AS c
SET filed = true
FROM unnest(:shards::int[], :sizes::bigint[]) AS told (shard, size)
WHERE c.shard = told.shard AND c.size = told.size;

-- name: note_published!
-- The topic has these.
UPDATE ledger.checkpoint AS c
SET published = true
FROM unnest(:shards::int[], :sizes::bigint[]) AS told (shard, size)
WHERE c.shard = told.shard AND c.size = told.size;

-- name: refusals
-- Which shards get no checkpoints, and why.
SELECT
    shard,
    reason
FROM ledger.checkpoint_refusal;

-- name: refuse!
-- A shard gets no checkpoints for now.
INSERT INTO ledger.checkpoint_refusal (shard, reason, reason_zh)
VALUES (:shard, :reason, :reason_zh)
ON CONFLICT (shard) DO UPDATE SET
    reason = excluded.reason,
    reason_zh = excluded.reason_zh;

-- name: resume!
-- It gets them again.
DELETE FROM ledger.checkpoint_refusal
WHERE shard = :shard;
