-- name: archived_at^
-- The file that holds this position, where it was archived.
SELECT
    file,
    year
FROM ledger.archived
WHERE shard = :shard AND first <= :position AND last >= :position
ORDER BY first DESC
LIMIT 1;

-- name: leaf_at$
-- The leaf hash at a position, from its tile: tiles stay.
SELECT substring(hashes FROM (:position % 256)::int * 32 + 1 FOR 32)
FROM ledger.tile
WHERE shard = :shard AND level = 0 AND number = :position / 256;
