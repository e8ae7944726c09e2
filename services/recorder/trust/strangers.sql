-- Foreign records on our topics, as far as they were seen: for people to look at.

-- name: last$
-- Where the last is that was noted; null where none was.
SELECT "offset" FROM ledger.foreign_record WHERE topic = :topic AND shard = :shard;

-- name: note!
-- So many more, the last of which is there.
INSERT INTO ledger.foreign_record (topic, shard, count, "offset", told)
VALUES (:topic, :shard, :count, :offset, :told)
ON CONFLICT (topic, shard) DO UPDATE SET
    count = foreign_record.count + excluded.count,
    "offset" = excluded."offset",
    told = excluded.told,
    seen_at = now();

-- name: clear!
-- None are left.
DELETE FROM ledger.foreign_record WHERE topic = :topic AND shard = :shard;
