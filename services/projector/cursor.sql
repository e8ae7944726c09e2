-- The cursor of each shard: how far the read models have come.

-- name: begin_shards(consumer, shards)!
-- One row a shard, at the beginning.
INSERT INTO cursor (consumer, shard)
SELECT :consumer, unnest(:shards::int[])
ON CONFLICT DO NOTHING;

-- name: read_cursors(consumer)
-- Where each shard stands.
SELECT
    shard,
    ledger,
    next,
    leaf_hash,
    offset_hint,
    state,
    error
FROM cursor
WHERE consumer = :consumer
ORDER BY shard;

-- name: lock_cursors(consumer, shards)
-- Take these shards' cursors, in one order for all, before anything else is written.
SELECT
    shard,
    ledger,
    next,
    leaf_hash,
    offset_hint,
    state,
    error,
    (SELECT min(known.ledger) FROM cursor AS known WHERE known.consumer = :consumer) AS known_ledger
FROM cursor
WHERE consumer = :consumer AND shard = ANY(:shards::int[])
ORDER BY shard
FOR UPDATE;

-- name: move_cursors(consumer, shards, ledgers, nexts, leaf_hashes, offset_hints)!
-- Move them, and wake whoever waits for it once this is committed.
WITH moved AS (
    UPDATE cursor SET
        ledger = m.ledger,
        next = m.next,
        leaf_hash = m.leaf_hash,
        offset_hint = m.offset_hint,
        state = 'live',
        error = NULL,
        moved_at = now()
    FROM unnest(:shards::int[], :ledgers::text[], :nexts::bigint[], :leaf_hashes::bytea[], :offset_hints::bigint[])
        AS m (shard, ledger, next, leaf_hash, offset_hint)
    WHERE cursor.consumer = :consumer AND cursor.shard = m.shard
    RETURNING cursor.shard, cursor.next
)
SELECT pg_notify('office_moved', string_agg(shard || ':' || next, ' ')) FROM moved;

-- name: note_state(consumer, shard, next, state, error)!
-- Stop a shard where it stands, or have it go on; unless it has moved meanwhile.
UPDATE cursor SET
    state = :state,
    error = :error
WHERE consumer = :consumer AND shard = :shard AND next = :next;

-- name: foreign_offset(consumer, shard)$
-- Where the last record of somebody else is that was told.
SELECT foreign_offset FROM cursor WHERE consumer = :consumer AND shard = :shard;

-- name: note_foreign(consumer, shard, count, offset, told)!
-- So many more of them, the last of which is there.
UPDATE cursor SET
    foreign_count = foreign_count + :count,
    foreign_offset = :offset,
    foreign_told = :told
WHERE consumer = :consumer AND shard = :shard;

-- name: seen(consumer, shards)
-- How far these shards are applied, and which version is live.
SELECT
    shard,
    next,
    (SELECT v.number FROM projector.version AS v WHERE v.state = 'live') AS live
FROM cursor
WHERE consumer = :consumer AND shard = ANY(:shards::int[])
ORDER BY shard;

-- name: status(consumer)
-- Where the read models and the ledger stand. Both in one statement: the ledger's size is never older than the cursor.
-- And whether the last event that was folded is the ledger's; of one that was archived the hash stayed in a tile.
SELECT
    s.shard,
    coalesce(c.next, 0) AS next,
    s.size AS end,
    coalesce(c.state, 'live') AS state,
    c.error,
    c.leaf_hash AS folded,
    coalesce(e.leaf_hash, nullif(substring(t.hashes FROM ((c.next - 1) % 256)::int * 32 + 1 FOR 32), '')) AS recorded,
    coalesce(c.foreign_count, 0) AS foreign_count,
    c.foreign_told
FROM ledger.shard AS s
LEFT JOIN cursor AS c ON c.shard = s.shard AND c.consumer = :consumer
LEFT JOIN ledger.event AS e ON e.shard = c.shard AND e.position = c.next - 1
LEFT JOIN ledger.tile AS t ON t.shard = c.shard AND t.level = 0 AND t.number = (c.next - 1) / 256
ORDER BY s.shard;

-- name: retire(consumer)!
-- Another version takes over from here.
UPDATE cursor SET
    state = 'retired',
    error = NULL
WHERE consumer = :consumer;
