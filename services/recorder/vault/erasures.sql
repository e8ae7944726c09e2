-- name: recorded(fold_version)
-- Who was erased or is held, in any office: few, and found by the key of each shard's states.
SELECT
    s.key,
    s.state
FROM ledger.shard AS shards
JOIN ledger.state AS s USING (shard, fold_version)
WHERE fold_version = :fold_version AND s.kind = 'erasure';
