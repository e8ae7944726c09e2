-- name: persons(fold_version, shards, keys)
-- What the offices of these shards know of these persons (keys `office/person`).
SELECT
    s.key,
    s.state
FROM unnest(:shards::int[], :keys::text[]) AS asked (shard, key)
JOIN ledger.shard AS h USING (shard)
JOIN ledger.state AS s ON s.shard = asked.shard AND s.fold_version = h.fold_version AND s.key = asked.key
WHERE h.fold_version = :fold_version AND s.kind = 'person';
