-- name: event^
-- Where an event is, and its bytes. The join asks shard by shard, so that the index serves.
SELECT
    e.shard,
    e.position,
    e.body
FROM ledger.shard AS s
JOIN ledger.event AS e ON e.shard = s.shard AND e.id = :event::uuid;

-- name: known$
-- Whether a shard holds anything of an office.
SELECT exists(
    SELECT
    FROM ledger.state
    WHERE shard = :shard AND starts_with(key, :office || '/')
);

-- name: sizes
-- The sizes that a shard was signed at, nearest to one.
SELECT size
FROM ledger.checkpoint
WHERE shard = :shard
ORDER BY abs(size - :size)
LIMIT 5;
