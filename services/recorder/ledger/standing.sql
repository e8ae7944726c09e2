-- name: state^
-- Whether anything is recorded here, and whether the ledger is being restored.
SELECT
    coalesce((SELECT sum(size + next_receipt) FROM ledger.shard), 0)::bigint AS recorded,
    EXISTS (SELECT FROM ledger.restoring) AS restoring,
    (SELECT ledger FROM ledger.installation) AS ledger,
    (SELECT shards FROM ledger.installation) AS shards;

-- name: restoring$
-- Whether the ledger is being restored.
SELECT EXISTS (SELECT FROM ledger.restoring);

-- name: stand^
-- Where a shard stands, with its last event's hash and its last receipt.
SELECT
    s.size,
    s.next_receipt,
    e.body AS event,
    r.receipt
FROM ledger.shard AS s
LEFT JOIN ledger.event AS e ON e.shard = s.shard AND e.position = s.size - 1
LEFT JOIN ledger.receipt AS r ON r.shard = s.shard AND r.number = s.next_receipt - 1
WHERE s.shard = :shard;

-- name: leaf$
-- The leaf hash of one event.
SELECT leaf_hash
FROM ledger.event
WHERE shard = :shard AND position = :position;

-- name: leaves
-- The leaf hashes of a shard from a position on, in order.
SELECT leaf_hash
FROM ledger.event
WHERE shard = :shard AND position >= :first
ORDER BY position
LIMIT :count;
