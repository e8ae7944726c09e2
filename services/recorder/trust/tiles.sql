-- name: tiled$
-- How many leaves of a shard its tiles hold.
SELECT number * 256 + length(hashes) / 32
FROM ledger.tile
WHERE shard = :shard AND level = 0
ORDER BY number DESC
LIMIT 1;

-- name: tiles
-- These tiles of a shard, as far as they exist.
SELECT
    t.level,
    t.number,
    t.hashes
FROM unnest(:levels::int[], :numbers::bigint[]) AS wanted (level, number)
JOIN ledger.tile AS t ON t.shard = :shard AND t.level = wanted.level AND t.number = wanted.number;

-- name: leaves
-- The leaf hashes of a shard from a position up to another.
SELECT leaf_hash
FROM ledger.event
WHERE shard = :shard AND position >= :first AND position < :end
ORDER BY position;

-- name: put_tiles!
-- Store new tiles, and partial ones that grew.
INSERT INTO ledger.tile (shard, level, number, hashes)
SELECT
    :shard,
    grown.level,
    grown.number,
    grown.hashes
FROM unnest(:levels::int[], :numbers::bigint[], :hashes::bytea[]) AS grown (level, number, hashes)
ON CONFLICT (shard, level, number) DO UPDATE SET
    hashes = excluded.hashes;
