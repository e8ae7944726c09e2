-- name: lock_shards
-- Take these shards' locks, in ascending order; nothing else in the ledger waits. Also why one is read-only, whoever
-- noted it.
SELECT
    s.shard,
    s.size,
    s.next_receipt,
    s.recorded_at,
    s.peaks,
    s.recent,
    s.fold_version,
    r.reason,
    r.reason_zh
FROM ledger.shard AS s
LEFT JOIN ledger.relay AS r ON r.shard = s.shard
WHERE s.shard = ANY(:shards::integer[])
ORDER BY s.shard
FOR UPDATE OF s;

-- Looked up one by one below, by LATERAL … OFFSET 0: so the plan is the same however many there are, however large the
-- tables, and can be kept (plan_cache_mode). Planned for each call they cost more than they did.

-- name: look_up
-- The binding receipts of these actions, and the events that revocations name; of archived ones the file (stream).
SELECT
    asked.shard,
    found.digest AS key,
    found.body_digest AS other,
    found.receipt AS body,
    NULL AS stream
FROM unnest(:shards::integer[], :digests::bytea[]) AS asked (shard, digest)
CROSS JOIN LATERAL (
    SELECT
        r.digest,
        r.body_digest,
        r.receipt
    FROM ledger.receipt AS r
    WHERE r.shard = asked.shard AND r.digest = asked.digest AND r.binding
    OFFSET 0
) AS found
UNION ALL
SELECT
    asked.shard,
    NULL,
    uuid_send(asked.id),
    found.body,
    found.stream
FROM unnest(:events_of::integer[], :events::uuid[]) AS asked (shard, id)
CROSS JOIN LATERAL (
    SELECT
        e.body,
        e.stream
    FROM ledger.event AS e
    WHERE e.shard = asked.shard AND e.id = asked.id
    OFFSET 0
) AS found
UNION ALL
SELECT
    asked.shard,
    NULL,
    uuid_send(asked.id),
    NULL,
    found.file
FROM unnest(:events_of::integer[], :events::uuid[]) AS asked (shard, id)
CROSS JOIN LATERAL (
    SELECT a.file
    FROM ledger.archived_event AS e
    JOIN ledger.archived AS a ON a.shard = e.shard AND e.position BETWEEN a.first AND a.last
    WHERE e.shard = asked.shard AND e.id = asked.id
    OFFSET 0
) AS found;

-- name: read_states
-- The states with these keys, each of its shard, as far as that fold has made them.
SELECT
    wanted.shard,
    wanted.kind,
    wanted.key,
    found.version,
    found.state
FROM unnest(:shards::integer[], :kinds::text[], :keys::text[]) AS wanted (shard, kind, key)
CROSS JOIN LATERAL (
    SELECT
        s.version,
        s.state
    FROM ledger.state AS s
    WHERE s.shard = wanted.shard AND s.fold_version = :fold_version AND s.kind = wanted.kind AND s.key = wanted.key
    OFFSET 0
) AS found;

-- name: unlike
-- The shards whose states are of another fold, and what stands in the way of making them anew.
SELECT
    s.shard,
    s.fold_version,
    r.reason,
    r.reason_zh
FROM ledger.shard AS s
LEFT JOIN ledger.refold AS r ON r.shard = s.shard AND r.fold_version = :fold_version
WHERE s.fold_version <> :fold_version
ORDER BY s.shard;

-- name: naming
-- The states of offices that name these ids: what may rest on something that is to be taken back. Seldom asked.
SELECT
    wanted.shard,
    wanted.office,
    wanted.ident,
    found.kind,
    found.key,
    found.version,
    found.state
FROM unnest(:shards::integer[], :kinds::text[], :offices::text[], :idents::text[])
    AS wanted (shard, kind, office, ident)
CROSS JOIN LATERAL (
    SELECT
        s.kind,
        s.key,
        s.version,
        s.state
    FROM ledger.state AS s
    WHERE
        s.shard = wanted.shard
        AND s.fold_version = :fold_version
        AND s.kind = wanted.kind
        AND s.key COLLATE "C" >= wanted.office || '/'
        AND s.key COLLATE "C" < wanted.office || '0' -- what follows on the slash
        AND strpos(s.state::text, '"' || wanted.ident || '"') > 0
    OFFSET 0
) AS found;

-- name: write_states!
-- Store the changed states and move the shards' rows, as one statement.
WITH stored AS (
    INSERT INTO ledger.state (shard, kind, key, fold_version, version, state)
    SELECT
        changed.shard,
        changed.kind,
        changed.key,
        :fold_version,
        changed.version,
        changed.state::json
    FROM unnest(:of::integer[], :kinds::text[], :keys::text[], :versions::bigint[], :states::text[])
        AS changed (shard, kind, key, version, state)
    ON CONFLICT (shard, fold_version, kind, key) DO UPDATE SET
        version = excluded.version,
        state = excluded.state
)
UPDATE ledger.shard AS s
SET
    size = moved.size,
    next_receipt = moved.next_receipt,
    recorded_at = moved.recorded_at,
    peaks = moved.peaks,
    recent = moved.recent
FROM unnest(
    :shards::integer[],
    :sizes::bigint[],
    :next_receipts::bigint[],
    :recorded_at::timestamptz[],
    :peaks::bytea[],
    :recent::text[]
) AS moved (shard, size, next_receipt, recorded_at, peaks, recent)
WHERE s.shard = moved.shard;

-- name: installation^
-- The ledger's id and its shard count.
SELECT
    ledger,
    shards
FROM ledger.installation;

-- name: install!
-- Found the ledger, once: its id and its shards.
INSERT INTO ledger.installation (shards)
VALUES (:shards)
ON CONFLICT DO NOTHING;

-- name: install_shards!
-- One row a shard; of a new one there are no states, so they are of any fold.
WITH shards AS (
    INSERT INTO ledger.shard (shard, fold_version)
    SELECT
        generate_series(0, :shards - 1),
        :fold_version
    ON CONFLICT DO NOTHING
)
INSERT INTO ledger.relay (shard)
SELECT generate_series(0, :shards - 1)
ON CONFLICT DO NOTHING;

-- name: sizes
-- How far each of these shards has come.
SELECT
    shard,
    size,
    next_receipt,
    fold_version
FROM ledger.shard
WHERE shard = ANY(:shards::int[]);

-- name: events_from
-- A shard's events from a position on.
SELECT
    position,
    stream AS key,
    body
FROM ledger.event
WHERE shard = :shard AND position >= :first
ORDER BY position
LIMIT :count;

-- name: receipts_from
-- A shard's receipts from a number on.
SELECT
    body_digest,
    receipt AS body
FROM ledger.receipt
WHERE shard = :shard AND number >= :first
ORDER BY number
LIMIT :count;

-- name: body_at$
-- One event's bytes.
SELECT body
FROM ledger.event
WHERE shard = :shard AND position = :position;

-- name: receipt_at$
-- One receipt's bytes.
SELECT receipt
FROM ledger.receipt
WHERE shard = :shard AND number = :number;

-- name: receipt_of$
-- The binding receipt of an action.
SELECT receipt
FROM ledger.receipt
WHERE shard = :shard AND digest = :digest AND binding;

-- name: receipts_after
-- The next so many numbers of a shard, and the receipts among them that have both members: canonical JSON has them so,
-- and in a text they would be escaped.
SELECT
    number,
    CASE
        WHEN position(:office::bytea IN receipt) > 0 AND position(:source::bytea IN receipt) > 0 THEN receipt
    END AS receipt
FROM ledger.receipt
WHERE shard = :shard AND number > :after
ORDER BY number
LIMIT :count;

-- name: rereading
-- Which partitions of the actions topics are read again, and up to where.
SELECT
    topic,
    partition,
    until
FROM ledger.rereading;

-- name: reread!
-- These have been.
DELETE FROM ledger.rereading
WHERE (topic, partition) IN (SELECT * FROM unnest(:topics::text[], :partitions::int[]));

-- name: unbound_receipts
-- How often each action was answered without its id being bound: refused for now, in conflict, or not theirs.
SELECT
    digest,
    body_digest,
    count(*) AS receipts
FROM ledger.receipt
WHERE NOT binding
GROUP BY digest, body_digest;

-- name: note_relayed!
-- How far the relay has come.
UPDATE ledger.relay AS r
SET
    events = noted.events,
    receipts = noted.receipts
FROM unnest(:shards::int[], :events::bigint[], :receipts::bigint[]) AS noted (shard, events, receipts)
WHERE r.shard = noted.shard;

-- name: note_mode!
-- Why these shards are read-only; null where they are not. What stands for a checkpoint is taken back by those only
-- who know one as large.
UPDATE ledger.relay AS r
SET
    reason = noted.reason,
    reason_zh = noted.reason_zh,
    signed = CASE WHEN noted.reason IS NULL THEN 0 ELSE greatest(r.signed, noted.signed) END
FROM unnest(:shards::int[], :reasons::text[], :reasons_zh::text[], :signed::bigint[], :known::bigint[])
    AS noted (shard, reason, reason_zh, signed, known)
WHERE
    r.shard = noted.shard
    AND (noted.reason IS NOT NULL OR r.signed <= noted.known)
    AND (r.reason, r.reason_zh, r.signed) IS DISTINCT FROM (noted.reason, noted.reason_zh, noted.signed);

-- name: noted_modes
-- Those of these shards that are read-only, and why.
SELECT
    shard,
    reason,
    reason_zh
FROM ledger.relay
WHERE shard = ANY(:shards::int[]) AND reason IS NOT NULL;

-- name: status
-- Each shard as an operator sees it.
SELECT
    s.shard,
    s.size,
    s.next_receipt,
    s.fold_version,
    r.events,
    r.receipts,
    coalesce(r.reason, w.reason) AS reason,
    CASE WHEN r.reason IS NULL THEN w.reason_zh ELSE r.reason_zh END AS reason_zh,
    w.position AS folded,
    (SELECT max(c.size) FROM ledger.checkpoint AS c WHERE c.shard = s.shard) AS signed,
    f.reason AS unsigned,
    f.reason_zh AS unsigned_zh
FROM ledger.shard AS s
JOIN ledger.relay AS r USING (shard)
LEFT JOIN ledger.refold AS w ON w.shard = s.shard AND w.fold_version = :fold_version
LEFT JOIN ledger.checkpoint_refusal AS f ON f.shard = s.shard
ORDER BY s.shard;

-- name: foreign_records
-- Records on our topics that no recorder wrote, as far as they were seen.
SELECT
    topic,
    shard,
    count,
    "offset",
    told
FROM ledger.foreign_record
ORDER BY shard, topic;

-- name: undelivered$
-- How many checkpoints the file or the topic doesn't have yet.
SELECT count(*) FROM ledger.checkpoint WHERE NOT (filed AND published);

-- name: begun$
-- Whether anything was ever recorded here.
SELECT EXISTS (SELECT FROM ledger.shard WHERE next_receipt > 0 OR size > 0);

-- name: quarantine!
-- Keep what could not be read. A second delivery changes nothing; something else at the same place, as in a log that was
-- cut off and written anew, takes the place of what was told before.
INSERT INTO ledger.quarantine AS kept (topic, partition, "offset", code, en, zh, length, sha256, raw)
VALUES (:topic, :partition, :offset, :code, :en, :zh, :length, :sha256, :raw)
ON CONFLICT (topic, partition, "offset") DO UPDATE
SET code = excluded.code,
    en = excluded.en,
    zh = excluded.zh,
    length = excluded.length,
    sha256 = excluded.sha256,
    raw = excluded.raw,
    recorded_at = now(),
    published = false
WHERE (kept.code, kept.sha256) <> (excluded.code, excluded.sha256);

-- name: quarantined$
-- How many there are.
SELECT count(*) FROM ledger.quarantine;

-- name: unpublished
-- What the quarantine topic has not been told yet.
SELECT
    topic,
    partition,
    "offset",
    code,
    en,
    zh,
    length,
    sha256,
    recorded_at
FROM ledger.quarantine
WHERE NOT published
ORDER BY recorded_at
LIMIT 100;

-- name: published!
-- The quarantine topic has it.
UPDATE ledger.quarantine
SET published = true
WHERE topic = :topic AND partition = :partition AND "offset" = :offset;

-- name: purge_quarantine!
-- Raw bytes are kept for 90 days; that something was quarantined stays known.
UPDATE ledger.quarantine
SET raw = NULL
WHERE raw IS NOT NULL AND recorded_at < now() - interval '90 days';
