-- 签到统计 · rolls of sessions
-- Who came to a session, what is it called, when was the first one there? For tests: nothing of it is a sum.
-- resource: session-rolls
-- kind: recompute
-- whose: office
-- types: chengzhang.learning.attendance-recorded.v1

SELECT
    data ->> 'session' AS session, -- key base.Session
    count(DISTINCT person) AS came, -- bigint · 人数 · people who came
    (array_agg(title ORDER BY position DESC))[1] AS title, -- text · 标题 · what it is called
    min(occurred_at) AS first_at -- timestamptz · 最早 · when the first was there
FROM evidence
GROUP BY office, data ->> 'session'
