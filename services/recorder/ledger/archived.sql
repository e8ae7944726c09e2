-- name: archived_at^
-- The file that holds this position, where it was archived.
SELECT
    file,
    year
FROM ledger.archived
WHERE shard = :shard AND first <= :position AND last >= :position
ORDER BY first DESC
LIMIT 1;

-- name: leaves_from
-- The leaf hashes from an archived position on, to the end of its file at most; from their tiles, which stay.
SELECT substring(t.hashes FROM (p.position % 256)::int * 32 + 1 FOR 32) AS leaf
FROM (
    SELECT last
    FROM ledger.archived
    WHERE shard = :shard AND first <= :first AND last >= :first
    ORDER BY first DESC
    LIMIT 1
) AS a
CROSS JOIN LATERAL generate_series(:first, least(a.last, :first + :count - 1)) AS p (position)
JOIN ledger.tile AS t ON t.shard = :shard AND t.level = 0 AND t.number = p.position / 256
ORDER BY p.position;
