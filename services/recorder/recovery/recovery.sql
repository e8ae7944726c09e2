-- name: forget!
-- An empty ledger that somebody founded goes, so that the lost one can take its place.
WITH gone AS (DELETE FROM ledger.installation), relays AS (DELETE FROM ledger.relay)
DELETE FROM ledger.shard;

-- name: found!
-- The lost ledger's id and shard count.
INSERT INTO ledger.installation (ledger, shards)
VALUES (:ledger, :shards);

-- name: begin_restoring!
-- From now on, until all is back, nothing is appended.
INSERT INTO ledger.restoring
DEFAULT VALUES
ON CONFLICT DO NOTHING;

-- name: end_restoring!
-- All that can be had is back.
DELETE FROM ledger.restoring;

-- name: note_rereading!
-- Before these offsets of the actions topic everything was answered. Noted twice, the higher one holds.
INSERT INTO ledger.rereading AS r (partition, until)
SELECT *
FROM unnest(:partitions::int[], :untils::bigint[])
ON CONFLICT (partition) DO UPDATE SET until = greatest(r.until, excluded.until);

-- name: newest$
-- When something was last recorded.
SELECT max(recorded_at) FROM ledger.shard;

-- name: receipts_before
-- The last receipts of a shard: they tell which apps there are.
SELECT receipt
FROM ledger.receipt
WHERE shard = :shard AND number >= :first
ORDER BY number;

-- name: events
-- Events of a shard from a position on.
SELECT body
FROM ledger.event
WHERE shard = :shard AND position >= :first
ORDER BY position
LIMIT :count;

-- name: receipts
-- Receipts of a shard from a number on.
SELECT receipt
FROM ledger.receipt
WHERE shard = :shard AND number >= :first
ORDER BY number
LIMIT :count;

-- name: holders
-- The shards whose lease a running recorder holds in this database.
SELECT DISTINCT objid::int AS shard
FROM pg_locks
WHERE
    locktype = 'advisory' AND granted AND classid = :leases::int::oid
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY shard;
