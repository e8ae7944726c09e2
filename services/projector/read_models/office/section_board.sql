-- 比学赶帮超 · section board
-- How do the sections stand side by side, month by month: study, effect, decisions, exchanges; each beside the office's median? Talks
-- are never compared, and persons never.
-- resource: section-board
-- kind: asked
-- whose: office
-- types: chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.attendance-recorded.v1, chengzhang.work.output-filed.v1, chengzhang.work.research-adopted.v1, chengzhang.work.section-exchange-held.v1

SELECT
    b.section, -- key base.Section
    b.month, -- key text · 月份 · YYYY-MM in Shanghai
    b.sessions, -- bigint · 学习活动 · sessions in which somebody of the section took part
    b.attended, -- bigint · 出勤人次 · who of the section was there, session by session
    b.outputs_in_effect, -- bigint · 见效成果 · outputs filed in the month that by now have an effect
    b.decisions, -- bigint · 决策 · decisions that rest on its people's outputs
    b.exchanges, -- bigint · 科室交流 · exchanges in which it took part
    CASE
        WHEN count(*) OVER w >= 5
            THEN jsonb_build_object(
                'sessions', median(array_agg(b.sessions) OVER w),
                'attended', median(array_agg(b.attended) OVER w),
                'outputs_in_effect', median(array_agg(b.outputs_in_effect) OVER w),
                'decisions', median(array_agg(b.decisions) OVER w),
                'exchanges', median(array_agg(b.exchanges) OVER w)
            )
    END AS office_median, -- jsonb · 机关中位数 · the medians of the month over all sections in it; null where these are fewer than five
    b.attended_by, -- behind attended
    b.effected_by, -- behind outputs_in_effect
    b.decided_by, -- behind decisions
    b.exchanged_by, -- behind exchanges
    overlaid(b.told_by) OVER w AS compared_by, -- behind office_median
    b.told_by -- behind
FROM (
    SELECT
        c.office,
        c.section,
        c.month,
        count(DISTINCT c.session) AS sessions,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'attendance'), 0)::bigint AS attended,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'output'), 0)::bigint AS outputs_in_effect,
        count(*) FILTER (WHERE c.what = 'decision') AS decisions,
        count(*) FILTER (WHERE c.what = 'exchange') AS exchanges,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'attendance') AS attended_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'output') AS effected_by,
        jsonb_object_agg(c.event_id, 1) FILTER (WHERE c.what = 'decision') AS decided_by,
        jsonb_object_agg(c.event_id, 1) FILTER (WHERE c.what = 'exchange') AS exchanged_by,
        jsonb_object_agg(c.event_id, 1) AS told_by
    FROM (
        SELECT a.office, a.section, shanghai_month(m.starts_at) AS month, 'attendance' AS what, m.session, e.counts, e.event_id
        FROM standing_session AS m
        INNER JOIN fact AS a ON a.office = m.office AND a.stream = m.stream
        CROSS JOIN LATERAL (VALUES (1, a.event_id), (0, m.event_id), (0, m.moved_by)) AS e (counts, event_id)
        WHERE
            a.type = 'chengzhang.learning.attendance-recorded.v1' AND a.data ->> 'state' IN ('present', 'partial')
            AND a.section IS NOT NULL AND e.event_id IS NOT NULL
        UNION ALL
        SELECT o.office, s.section, shanghai_month(o.occurred_at), 'output', NULL, coalesce((o.data -> 'count')::integer, 1), o.event_id
        FROM fact AS o
        CROSS JOIN LATERAL (
            SELECT DISTINCT p.stamp ->> 'section' AS section FROM jsonb_array_elements(o.data -> 'stamps') AS p (stamp)
        ) AS s
        WHERE
            o.type = 'chengzhang.work.output-filed.v1' AND s.section IS NOT NULL
            AND coalesce(o.data -> 'settled' ->> 'effect', o.data ->> 'effect') <> 'pending'
        UNION ALL
        SELECT d.office, s.section, shanghai_month(d.occurred_at), 'decision', NULL, 1, d.event_id
        FROM fact AS d
        CROSS JOIN LATERAL (
            SELECT DISTINCT p.stamp ->> 'section' AS section FROM jsonb_array_elements(d.data -> 'stamps') AS p (stamp)
        ) AS s
        WHERE d.type = 'chengzhang.work.research-adopted.v1' AND s.section IS NOT NULL
        UNION ALL
        SELECT x.office, s.section, x.data ->> 'month', 'exchange', NULL, 1, x.event_id
        FROM fact AS x
        CROSS JOIN LATERAL jsonb_array_elements_text(x.data -> 'sections') AS s (section)
        WHERE x.type = 'chengzhang.work.section-exchange-held.v1'
    ) AS c
    GROUP BY c.office, c.section, c.month
) AS b
WINDOW w AS (PARTITION BY b.office, b.month)
