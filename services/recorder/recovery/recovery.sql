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
-- Before these offsets of the actions topics everything was answered. Noted twice, the higher one holds.
INSERT INTO ledger.rereading AS r (topic, partition, until)
SELECT *
FROM unnest(:topics::text[], :partitions::int[], :untils::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET until = greatest(r.until, excluded.until);

-- name: newest$
-- When something was last recorded.
SELECT max(recorded_at) FROM ledger.shard;

-- name: unknown
-- Those of these keys that the vault has never held.
SELECT wanted.kid
FROM unnest(:kids::uuid[]) AS wanted (kid)
LEFT JOIN vault.data_key AS held USING (kid)
WHERE held.kid IS NULL;
