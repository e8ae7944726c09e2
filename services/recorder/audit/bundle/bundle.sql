-- name: persons
-- The offices that know a person, each with its shard and what it keeps of the person.
SELECT
    shard,
    fold_version,
    split_part(p.key, '/', 1) AS office,
    p.state
FROM ledger.shard AS s
JOIN ledger.state AS p USING (shard, fold_version)
WHERE p.kind = 'person' AND split_part(p.key, '/', 2) = :person
ORDER BY 2;

-- name: figures
-- A person's appraisals of a year, as reports read them.
SELECT
    office,
    shard,
    section,
    tier,
    stage,
    requirement_met,
    requirement_events,
    evidence_by_group,
    evidence_by_guide,
    evidence_events,
    routine_grades,
    duty_reports,
    proposed_grade,
    grade,
    admitted_events,
    cycle,
    pool,
    establishment,
    special_appraisals,
    bars,
    missing,
    posting_ends_on::text AS posting_ends_on,
    notice_signed_on::text AS notice_signed_on,
    appraised_by,
    reason,
    follows,
    further_events,
    last_position
FROM office.appraisal_summary
WHERE office = ANY(:offices::text[]) AND person = :person AND year = :year
ORDER BY office;

-- name: entries
-- The person's learning, work and activity entries of the year, revoked ones too: never talks and welfare.
SELECT
    office,
    shard,
    event_id
FROM office.growth_entry
WHERE
    office = ANY(:offices::text[])
    AND person = :person
    AND entry_group <> 'talk'
    AND state <> 'proposed'
    AND occurred_at >= make_timestamptz(:year, 1, 1, 0, 0, 0, 'Asia/Shanghai')
    AND occurred_at < make_timestamptz(:year + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai');

-- name: disputes
-- The events by which these entries were disputed, and those disputes settled.
SELECT
    s.shard,
    said.key AS event_id
FROM unnest(:shards::int[], :keys::text[]) AS wanted (shard, key)
JOIN ledger.shard AS s USING (shard)
JOIN ledger.state AS r ON r.shard = s.shard AND r.fold_version = s.fold_version AND r.kind = 'event' AND r.key = wanted.key
CROSS JOIN LATERAL json_each(r.state -> 'facts') AS said
WHERE said.value ->> 0 IN ('chengzhang.any.entry-disputed.v1', 'chengzhang.any.dispute-settled.v1');

-- name: revocations
-- The events that took these events back, where some did.
SELECT
    r.shard,
    r.state ->> 'by' AS event_id
FROM unnest(:shards::int[], :keys::text[]) AS wanted (shard, key)
JOIN ledger.shard AS s USING (shard)
JOIN ledger.state AS r
    ON r.shard = s.shard AND r.fold_version = s.fold_version AND r.kind = 'revocation' AND r.key = wanted.key
WHERE r.state ->> 'by' IS NOT NULL;

-- name: events
-- Where these events are, with their bytes, or the file that has those of one that left the ledger.
SELECT
    wanted.shard,
    wanted.id::text AS event_id,
    coalesce(e.position, gone.position) AS position,
    e.body,
    a.file
FROM unnest(:shards::int[], :ids::uuid[]) AS wanted (shard, id)
LEFT JOIN ledger.event AS e ON e.shard = wanted.shard AND e.id = wanted.id
LEFT JOIN ledger.archived_event AS gone ON gone.shard = wanted.shard AND gone.id = wanted.id AND e.position IS NULL
LEFT JOIN ledger.archived AS a ON a.shard = gone.shard AND a.first <= gone.position AND a.last >= gone.position
ORDER BY 1, 3;
