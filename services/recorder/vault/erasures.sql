-- name: recorded(fold_version)
-- Who was erased or is held, in any office: few, and found by the key of each shard's states.
SELECT
    s.key,
    s.state
FROM ledger.shard AS shards
JOIN ledger.state AS s USING (shard, fold_version)
WHERE fold_version = :fold_version AND s.kind = 'erasure';

-- name: known(fold_version, persons)
-- What each office knows of these persons.
SELECT
    s.key,
    s.state
FROM ledger.shard AS shards
JOIN ledger.state AS s USING (shard, fold_version)
WHERE fold_version = :fold_version AND s.kind = 'person' AND split_part(s.key, '/', 2) = ANY(:persons::text[]);

-- name: events_of(events)
-- These events, of any shard; the body of an archived one is null.
SELECT
    e.id,
    e.body,
    shard,
    (SELECT count(*) FROM ledger.shard)::int AS shards
FROM ledger.shard AS shards
JOIN ledger.event AS e USING (shard)
WHERE e.id = ANY(:events::uuid[])
UNION ALL
SELECT
    a.id,
    NULL,
    shard,
    (SELECT count(*) FROM ledger.shard)::int
FROM ledger.shard AS shards
JOIN ledger.archived_event AS a USING (shard)
WHERE a.id = ANY(:events::uuid[]);
