-- 带头学习 · leadership
-- Do the leaders learn first? Of each member of the leadership, month by month: sessions taken part in and chaired, talks held, decisions
-- that rest on their work. The month of a session is the one in which it begins.
-- resource: leadership
-- kind: asked
-- whose: person
-- types: chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.attendance-recorded.v1, chengzhang.talk.talk-held.v1, chengzhang.work.research-adopted.v1

SELECT
    q.person, -- key base.Person
    q.month, -- key text · 月份 · YYYY-MM in Shanghai
    q.attended, -- bigint · 参加学习 · sessions taken part in
    q.chaired, -- bigint · 主持学习 · sessions chaired
    q.talks, -- bigint · 谈心谈话 · talks held
    q.decisions, -- bigint · 决策 · decisions that rest on outputs of theirs
    q.attended_by, -- behind attended
    q.chaired_by, -- behind chaired
    q.talks_by, -- behind talks
    q.decisions_by, -- behind decisions
    q.told_by -- behind
FROM (
    WITH line AS (
        SELECT
            f.office,
            who.stamp ->> 'person' AS person,
            shanghai_month(coalesce(m.starts_at, f.occurred_at)) AS month,
            CASE f.type
                WHEN 'chengzhang.learning.attendance-recorded.v1' THEN 'attended'
                WHEN 'chengzhang.learning.session-convened.v1' THEN 'chaired'
                WHEN 'chengzhang.talk.talk-held.v1' THEN 'talk'
                ELSE 'decision'
            END AS what,
            f.event_id,
            m.event_id AS convened_by,
            m.moved_by
        FROM everything AS f
        CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'stamps') AS who (stamp)
        LEFT JOIN standing_session AS m ON m.office = f.office AND m.stream = f.stream
        WHERE
            who.stamp ->> 'tier' = 'leadership' AND (
                f.type = 'chengzhang.learning.attendance-recorded.v1' AND f.data ->> 'state' IN ('present', 'partial')
                OR f.type = 'chengzhang.learning.session-convened.v1' AND m.cancelled_by IS NULL AND f.event_id = m.event_id
                OR f.type IN ('chengzhang.talk.talk-held.v1', 'chengzhang.work.research-adopted.v1')
            )
    ),
    counted AS (
        SELECT l.office, l.person, l.month, l.what, t.event_id, max(t.counts) AS counts
        FROM line AS l
        CROSS JOIN LATERAL (VALUES (l.event_id, 1), (l.convened_by, 0), (l.moved_by, 0)) AS t (event_id, counts)
        WHERE t.event_id IS NOT NULL
        GROUP BY l.office, l.person, l.month, l.what, t.event_id
    )
    SELECT
        c.office,
        c.person,
        c.month,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'attended'), 0)::bigint AS attended,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'chaired'), 0)::bigint AS chaired,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'talk'), 0)::bigint AS talks,
        coalesce(sum(c.counts) FILTER (WHERE c.what = 'decision'), 0)::bigint AS decisions,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'attended') AS attended_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'chaired') AS chaired_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'talk') AS talks_by,
        jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'decision') AS decisions_by,
        jsonb_object_agg(c.event_id, c.counts) AS told_by
    FROM counted AS c
    GROUP BY c.office, c.person, c.month
) AS q
