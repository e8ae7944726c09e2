-- 审计例外 · exceptions for auditors
-- What came more than 30 days after it happened, without saying why? It is recorded all the same, and stays here when it is revoked. What
-- was corrected or verified later is as late as it was at first.
-- resource: exceptions
-- kind: log
-- whose: person

SELECT
    event_id::text COLLATE "C" AS event_id, -- key text · 事件 · the event
    'late-entry'::text AS exception, -- key text · 例外 · late-entry: late, without a reason
    nullif(person, '') AS person, -- base.Person · 人员 · whom it is about first; null where it is nobody's
    type AS event, -- text · 事件类型 · the event's type
    occurred_at, -- timestamptz · 发生时间 · when it happened
    recorded_at, -- timestamptz · 记录时间 · when it was recorded
    revoked_at, -- timestamptz · 撤销时间 · when it was revoked; null while it stands
    NULL::date AS archived_on -- date · 归档日期 · of what was corrected after archiving, when that was
FROM everything
WHERE
    recorded_at > occurred_at + interval '30 days'
    AND NOT data ? 'late_reason'
    AND NOT data ? 'corrects'
    AND NOT data ? 'proposal'
