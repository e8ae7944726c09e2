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
    q.state, -- meeting.Attended
    q.minutes, -- bigint · 分钟 · minutes attended
    q.made_up, -- boolean · 已补课 · whether it was made up
    q.told_by -- behind
FROM (
    WITH met AS (
        SELECT
            c.office,
            c.stream,
            c.data ->> 'session' AS session,
            c.data,
            c.event_id,
            moved.event_id AS moved_by,
            called_off.event_id AS cancelled_by,
            coalesce(moved.starts_at, c.data ->> 'starts_at')::timestamptz AS starts_at
        FROM (
            SELECT DISTINCT ON (v.office, v.stream) v.office, v.stream, v.data, v.event_id
            FROM fact AS v
            WHERE v.type = 'chengzhang.learning.session-convened.v1'
            ORDER BY v.office, v.stream, v.position DESC
        ) AS c
        LEFT JOIN LATERAL (
            SELECT m.event_id, m.data ->> 'starts_at' AS starts_at
            FROM fact AS m
            WHERE m.office = c.office AND m.stream = c.stream AND m.type = 'chengzhang.learning.session-rescheduled.v1'
            ORDER BY m.occurred_at DESC, m.position DESC
            LIMIT 1
        ) AS moved ON true
        LEFT JOIN LATERAL (
            SELECT x.event_id
            FROM fact AS x
            WHERE x.office = c.office AND x.stream = c.stream AND x.type = 'chengzhang.learning.session-cancelled.v1'
            ORDER BY x.position
            LIMIT 1
        ) AS called_off ON true
    ),
    line AS (
        SELECT m.office, m.stream, e.person, true AS expected, NULL AS state, NULL::bigint AS minutes, false AS made_up, NULL::uuid AS event_id
        FROM met AS m
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
    FROM met AS m
    INNER JOIN line AS l ON l.office = m.office AND l.stream = m.stream
    GROUP BY m.office, m.session, l.person, m.data, m.starts_at, m.event_id, m.moved_by, m.cancelled_by
) AS q
