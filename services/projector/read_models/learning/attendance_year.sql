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
    WITH line AS (
        SELECT m.office, m.stream, e.person, 'expected' AS what, m.event_id
        FROM standing_session AS m
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
        FROM standing_session AS m
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
