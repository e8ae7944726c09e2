-- 出勤 · attendance
-- Who should have come to which session, who came, and who made it up? Whoever is expected by several carriers is expected once.
-- resource: attendance
-- kind: asked
-- whose: person
-- types: chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.attendance-recorded.v1, chengzhang.learning.make-up-completed.v1

SELECT
    q.session, -- key base.Session
    q.person, -- key base.Person
    q.carriers, -- jsonb · 学习载体 · carriers of the session
    q.kinds, -- jsonb · 活动形式 · kinds of the session
    q.starts_at, -- timestamptz · 开始时间 · when the session begins
    q.expected, -- boolean · 应到 · whether this person should come
    q.state, -- learning.meeting.Attended
    q.minutes, -- bigint · 分钟 · minutes attended
    q.made_up, -- boolean · 已补课 · whether it was made up
    q.told_by -- behind
FROM (
    WITH line AS (
        SELECT m.office, m.stream, e.person, true AS expected, NULL AS state, NULL::bigint AS minutes, false AS made_up, NULL::uuid AS event_id
        FROM standing_session AS m
        CROSS JOIN LATERAL (SELECT DISTINCT jsonb_array_elements_text(m.data -> 'expected') AS person) AS e
        WHERE m.cancelled_by IS NULL
        UNION ALL
        SELECT a.office, a.stream, a.data ->> 'person', false, a.data ->> 'state', (a.data -> 'minutes')::bigint, a.data ? 'form', a.event_id
        FROM fact AS a
        WHERE a.type IN ('chengzhang.learning.attendance-recorded.v1', 'chengzhang.learning.make-up-completed.v1')
    )
    SELECT
        m.office,
        m.session,
        l.person,
        m.data -> 'carriers' AS carriers,
        m.data -> 'kinds' AS kinds,
        m.starts_at,
        bool_or(l.expected) AS expected,
        max(l.state) AS state,
        max(l.minutes) AS minutes,
        bool_or(l.made_up) AS made_up,
        jsonb_object_agg(coalesce(l.event_id, m.event_id), 1) || jsonb_build_object(m.event_id, 1)
        || CASE WHEN m.moved_by IS NULL THEN '{}' ELSE jsonb_build_object(m.moved_by, 1) END
        || CASE WHEN m.cancelled_by IS NULL THEN '{}' ELSE jsonb_build_object(m.cancelled_by, 1) END AS told_by
    FROM standing_session AS m
    INNER JOIN line AS l ON l.office = m.office AND l.stream = m.stream
    GROUP BY m.office, m.session, l.person, m.data, m.starts_at, m.event_id, m.moved_by, m.cancelled_by
) AS q
