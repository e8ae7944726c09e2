-- 审计例外 · exceptions for auditors
-- What came more than 30 days after it happened without saying why; what was taken back or corrected after an appraisal had been archived,
-- which reopens it; visits that cost the union's fund more than any cap of the rule pack that the office goes by, decided under another?
-- What came late stays here when it is revoked; what was corrected or verified later is as late as it was at first.
-- resource: exceptions
-- kind: log
-- whose: person

SELECT
    event_id::text COLLATE "C" AS event_id, -- key text · 事件 · the event
    x.exception, -- key text · 例外 · late-entry: late, without a reason; after-archiving: it reopened an archived appraisal; over-cap: a visit above the cap
    nullif(coalesce(x.whose, person), '') AS person, -- base.Person · 人员 · whom it is about first; null where it is nobody's
    type AS event, -- text · 事件类型 · the event's type
    occurred_at, -- timestamptz · 发生时间 · when it happened
    recorded_at, -- timestamptz · 记录时间 · when it was recorded
    revoked_at, -- timestamptz · 撤销时间 · when it was revoked; null while it stands
    x.archived_on, -- date · 归档日期 · when the appraisal had been archived that it reopened
    coalesce(x.told_by, jsonb_build_object(event_id, 1)) AS archived_by -- behind person archived_on
FROM everything AS f
CROSS JOIN LATERAL (
    SELECT 'late-entry' AS exception, NULL AS whose, NULL::date AS archived_on, NULL::jsonb AS told_by
    WHERE
        f.recorded_at > f.occurred_at + interval '30 days'
        AND NOT f.data ? 'late_reason'
        AND NOT f.data ? 'corrects'
        AND NOT f.data ? 'proposal'
    UNION ALL
    SELECT 'after-archiving', min(a.person), min(shanghai_day(a.occurred_at)), jsonb_object_agg(a.event_id, 1) || jsonb_build_object(f.event_id, 1)
    FROM everything AS a
    WHERE a.office = f.office AND a.type = 'chengzhang.appraisal.file-archived.v1' AND f.data -> 'reopens' ? a.event_id::text
    HAVING count(*) > 0
    UNION ALL
    SELECT 'over-cap', NULL, NULL, NULL
    WHERE
        f.type = 'chengzhang.welfare.home-visit-made.v1' AND f.revoked_at IS NULL AND f.data ->> 'fund' = 'union'
        AND (f.data -> 'fen')::bigint > (
            SELECT max(c.fen)
            FROM pack_of(f.office, (f.data ->> 'event_on')::date, (SELECT m.known FROM moment AS m)) AS p (pack)
            INNER JOIN visit_caps() AS c ON c.pack = p.pack
            WHERE p.pack IS DISTINCT FROM f.data ->> 'rule_pack' AND (c.occasion = 'festivals') = (f.data ->> 'class' = 'festival')
        )
) AS x
