-- 年度出勤 · attendance by year
-- How often was a person expected at sessions in a year, how often there, on leave, absent; how much was made up? Leave stays leave,
-- made up or not; the year is that in which a session begins.
-- resource: attendance-years
-- kind: asked
-- whose: person
-- types: chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.attendance-recorded.v1, chengzhang.learning.make-up-completed.v1

SELECT
    q.person, -- key base.Person
    q.year, -- key base.Year
    q.expected, -- bigint · 应到 · sessions at which the person was expected
    q.attended, -- bigint · 实到 · sessions attended, wholly or in part
    q.on_leave, -- bigint · 请假 · sessions missed on leave
    q.absent, -- bigint · 缺席 · sessions missed without
    q.made_up, -- bigint · 补课 · sessions made up
    q.expected_by, -- behind expected
    q.attended_by, -- behind attended
    q.leave_by, -- behind on_leave
    q.absent_by, -- behind absent
    q.made_up_by, -- behind made_up
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
        SELECT m.office, m.stream, e.person, 'expected' AS what, m.event_id
        FROM met AS m
        CROSS JOIN LATERAL (SELECT DISTINCT jsonb_array_elements_text(m.data -> 'expected') AS person) AS e
        WHERE m.cancelled_by IS NULL
        UNION ALL
        SELECT a.office, a.stream, a.data ->> 'person',
            CASE a.data ->> 'state' WHEN 'partial' THEN 'present' ELSE a.data ->> 'state' END, a.event_id
        FROM fact AS a
        WHERE a.type = 'chengzhang.learning.attendance-recorded.v1'
        UNION ALL
        SELECT u.office, u.stream, u.data ->> 'person', 'made-up', u.event_id
        FROM fact AS u
        WHERE u.type = 'chengzhang.learning.make-up-completed.v1'
    ),
    counted AS (
        SELECT m.office, l.person, shanghai_year(m.starts_at) AS year, l.what, t.event_id, max(t.counts) AS counts
        FROM met AS m
        INNER JOIN line AS l ON l.office = m.office AND l.stream = m.stream
        CROSS JOIN LATERAL (VALUES (l.event_id, 1), (m.event_id, 0), (m.moved_by, 0)) AS t (event_id, counts)
        WHERE t.event_id IS NOT NULL
        GROUP BY m.office, l.person, shanghai_year(m.starts_at), l.what, t.event_id
    )
    SELECT
        c.office,
        c.person,
        c.year,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'expected'), 0)::bigint AS expected,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'present'), 0)::bigint AS attended,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'leave'), 0)::bigint AS on_leave,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'absent'), 0)::bigint AS absent,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'made-up'), 0)::bigint AS made_up,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'expected') AS expected_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'present') AS attended_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'leave') AS leave_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'absent') AS absent_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'made-up') AS made_up_by,
        jsonb_object_agg(c.event_id, c.counts) AS told_by
    FROM counted AS c
    GROUP BY c.office, c.person, c.year
) AS q
