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

-- name: kept^
-- A shard's checkpoint of exactly that size, or its newest.
SELECT
    shard,
    size,
    root,
    note,
    made_at
FROM ledger.checkpoint
WHERE shard = :shard AND (:size::bigint IS NULL OR size = :size)
ORDER BY size DESC
LIMIT 1;

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

-- name: waiting
-- Checkpoints that the file, or else the topic, doesn't have yet, oldest first.
SELECT
    shard,
    size,
    note
FROM ledger.checkpoint
WHERE NOT (filed AND published) AND NOT CASE WHEN :to_file THEN filed ELSE published END
ORDER BY made_at, shard, size
LIMIT 100;

-- name: note_delivered!
-- The file, or else the topic, has these.
UPDATE ledger.checkpoint AS c
SET
    filed = filed OR :to_file,
    published = published OR NOT :to_file
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
