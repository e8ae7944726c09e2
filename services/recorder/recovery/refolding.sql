-- name: lock$
-- One process at a time folds anew, in the whole database; held as long as the connection.
SELECT pg_try_advisory_lock(x'7265666f6c64'::bigint);

-- name: older
-- The shards whose states are of an older fold.
SELECT
    shard,
    size,
    fold_version
FROM ledger.shard
WHERE fold_version < :fold_version
ORDER BY shard;

-- name: under_way$
-- How many events a fold that was begun before has in; null where none can be gone on with.
SELECT r.position
FROM ledger.refold AS r
JOIN ledger.shard AS s USING (shard)
WHERE r.shard = :shard AND r.fold_version = :fold_version AND r.position <= s.size;

-- name: discard!
-- Whatever states of the shard are not those that count.
DELETE FROM ledger.state AS s
USING ledger.shard AS h
WHERE s.shard = :shard AND h.shard = :shard AND s.fold_version <> h.fold_version;

-- name: begin!
-- A fold begins with the first event.
INSERT INTO ledger.refold (shard, fold_version)
VALUES (:shard, :fold_version)
ON CONFLICT (shard) DO UPDATE SET
    fold_version = excluded.fold_version,
    position = 0,
    reason = NULL,
    reason_zh = NULL;

-- name: advance!
-- The states that the next events changed, and how many events are in.
WITH stored AS (
    INSERT INTO ledger.state (shard, fold_version, kind, key, version, state)
    SELECT
        :shard,
        :fold_version,
        changed.kind,
        changed.key,
        changed.version,
        changed.state::json
    FROM unnest(:kinds::text[], :keys::text[], :versions::bigint[], :states::text[])
        AS changed (kind, key, version, state)
    ON CONFLICT (shard, fold_version, kind, key) DO UPDATE SET
        version = excluded.version,
        state = excluded.state
)
UPDATE ledger.refold
SET
    position = :position,
    reason = NULL,
    reason_zh = NULL
WHERE shard = :shard;

-- name: waits!
-- What the fold can't go on without.
UPDATE ledger.refold
SET
    reason = :reason,
    reason_zh = :reason_zh
WHERE shard = :shard;

-- name: switch!
-- From now on the new states count.
WITH done AS (DELETE FROM ledger.refold WHERE shard = :shard)
UPDATE ledger.shard
SET fold_version = :fold_version
WHERE shard = :shard;

-- name: left
-- The files of what left the ledger of a shard, from a position on.
SELECT
    first,
    last,
    year,
    file,
    bytes,
    sha256
FROM ledger.archived
WHERE shard = :shard AND last >= :position
ORDER BY first;
