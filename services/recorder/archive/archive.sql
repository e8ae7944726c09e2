-- name: lock$
-- One archiving process at a time; held as long as the connection.
SELECT pg_try_advisory_lock(x'61726368'::bigint);

-- name: years
-- The years that have a partition.
SELECT substring(c.relname FROM 'event_([0-9]+)')::int AS year
FROM pg_inherits AS i
JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'ledger.event'::regclass AND c.relname ~ '^event_[0-9]+$'
ORDER BY 1;

-- name: outside
-- The years of events that a wrong clock left without a partition, unless that year left before.
SELECT DISTINCT extract(year FROM recorded_at AT TIME ZONE 'UTC')::int AS year
FROM ledger.event_outside
EXCEPT
SELECT year
FROM ledger.archived
ORDER BY year;

-- name: has_year$
-- Whether a year has a table.
SELECT to_regclass('ledger.event_' || :year::int) IS NOT NULL;

-- name: held
-- What a year's partition holds of each shard.
SELECT
    shard,
    min(position) AS first,
    max(position) AS last,
    count(*) AS events,
    sum(length(body))::bigint AS bytes
FROM ledger.event
WHERE
    recorded_at >= make_timestamptz(:year, 1, 1, 0, 0, 0, 'UTC')
    AND recorded_at < make_timestamptz(:year + 1, 1, 1, 0, 0, 0, 'UTC')
GROUP BY shard
ORDER BY shard;

-- name: ends
-- The first and last position of each shard in a year's partition, by its index.
SELECT
    s.shard,
    e.first,
    e.last
FROM ledger.shard AS s
CROSS JOIN LATERAL (
    SELECT
        min(position) AS first,
        max(position) AS last
    FROM ledger.event
    WHERE
        shard = s.shard
        AND recorded_at >= make_timestamptz(:year, 1, 1, 0, 0, 0, 'UTC')
        AND recorded_at < make_timestamptz(:year + 1, 1, 1, 0, 0, 0, 'UTC')
) AS e
WHERE e.first IS NOT NULL
ORDER BY s.shard;

-- name: note_ids!
-- Note the ids of events that are about to leave; a second time changes nothing.
INSERT INTO ledger.archived_event (shard, id, position)
SELECT
    shard,
    id,
    position
FROM ledger.event
WHERE shard = :shard AND position >= :first AND position <= :last
ON CONFLICT DO NOTHING;

-- name: note_files*!
-- These files hold what leaves now.
INSERT INTO ledger.archived (shard, first, last, year, file, bytes, sha256)
VALUES (:shard, :first, :last, :year, :file, :bytes, :sha256);

-- name: files
-- All files that hold what left, or those of some years.
SELECT
    shard,
    first,
    last,
    year,
    file,
    bytes,
    sha256
FROM ledger.archived
WHERE :years::int[] IS NULL OR year = ANY(:years::int[])
ORDER BY shard, first;

-- name: forget_files!
-- A year is back.
DELETE FROM ledger.archived
WHERE year = :year;

-- name: forget_ids!
-- The ids of a year's events that are back: the shards' ids are looked through once.
DELETE FROM ledger.archived_event AS e
USING (SELECT shard, min(first) AS first, max(last) AS last FROM ledger.archived WHERE year = :year GROUP BY shard) AS a
WHERE e.shard = a.shard AND e.position BETWEEN a.first AND a.last;

-- name: left^
-- Where an event is that left, and which file holds it. The join asks shard by shard, so that the index serves.
SELECT
    e.shard,
    e.position,
    a.file
FROM ledger.shard AS s
JOIN ledger.archived_event AS e ON e.shard = s.shard AND e.id = :event::uuid
JOIN ledger.archived AS a ON a.shard = e.shard AND e.position BETWEEN a.first AND a.last;
