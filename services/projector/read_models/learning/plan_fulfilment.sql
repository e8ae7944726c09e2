-- 计划落实 · plan fulfilment
-- How far is a plan fulfilled: of the year, of a month, of a week? A session counts through the items that it names, once it was held,
-- which is with somebody there; in the item's own period, whenever it took place.
-- resource: plan-fulfilment
-- kind: asked
-- whose: office
-- types: chengzhang.learning.plan-adopted.v1, chengzhang.learning.plan-revised.v1, chengzhang.learning.month-arranged.v1, chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.attendance-recorded.v1

SELECT
    q.plan, -- key text · 学习计划 · the plan's id
    q.period, -- key text · 期间 · the year (2026), a month (2026-03) or a week (2026-W10)
    q.carrier, -- learning.sessions.Carrier
    q.planned, -- bigint · 计划场次 · of the year its target sessions, or its items where it has no targets; else items
    q.held, -- bigint · 已开展 · sessions held that fulfil an item
    q.late, -- bigint · 逾期 · those held after the item's week or ten days
    q.cancelled, -- bigint · 已取消 · sessions cancelled
    q.expected, -- bigint · 应到人次 · persons expected at those held
    q.attended, -- bigint · 实到人次 · of these those who came
    q.told_by -- behind
FROM (
    WITH item AS (
        SELECT
            a.office,
            a.event_id,
            a.data ->> 'plan' AS plan,
            a.data ->> 'month' AS month,
            i.item ->> 'item' AS item,
            i.item ->> 'iso_week' AS week,
            coalesce(week_ends(i.item ->> 'iso_week'), ten_days_end(a.data ->> 'month', i.item ->> 'ten_days')) AS last_day
        FROM fact AS a
        CROSS JOIN LATERAL jsonb_array_elements(a.data -> 'items') AS i (item)
        WHERE a.type = 'chengzhang.learning.month-arranged.v1'
    ),
    plan AS (
        SELECT DISTINCT ON (a.office, a.stream)
            a.office,
            a.event_id,
            r.event_id AS revised_by,
            a.data ->> 'plan' AS plan,
            a.data ->> 'year' AS year,
            a.data ->> 'carrier' AS carrier,
            (
                SELECT sum((t.target -> 'sessions')::bigint)
                FROM jsonb_array_elements(coalesce(r.targets, a.data -> 'targets')) AS t (target)
            ) AS targets
        FROM fact AS a
        LEFT JOIN LATERAL (
            SELECT r.event_id, r.data -> 'targets' AS targets
            FROM fact AS r
            WHERE
                r.office = a.office AND r.stream = a.stream AND r.type = 'chengzhang.learning.plan-revised.v1'
                AND r.data ? 'targets'
            ORDER BY r.occurred_at DESC, r.position DESC
            LIMIT 1
        ) AS r ON true
        WHERE a.type = 'chengzhang.learning.plan-adopted.v1'
        ORDER BY a.office, a.stream, a.position DESC
    ),
    cell AS (
        SELECT p.office, p.plan, p.year AS period, i.item, i.last_day, i.event_id
        FROM plan AS p
        LEFT JOIN item AS i ON i.office = p.office AND i.plan = p.plan
        UNION ALL
        SELECT p.office, p.plan, d.period, i.item, i.last_day, i.event_id
        FROM plan AS p
        INNER JOIN item AS i ON i.office = p.office AND i.plan = p.plan
        CROSS JOIN LATERAL (SELECT i.month UNION ALL SELECT i.week WHERE i.week IS NOT NULL) AS d (period)
    ),
    session AS (
        SELECT
            m.office,
            m.session,
            i.item,
            shanghai_day(m.starts_at) AS on_day,
            m.cancelled_by IS NOT NULL AS cancelled,
            came.anybody AS held,
            came.expected AS attended,
            (SELECT count(DISTINCT e.person) FROM jsonb_array_elements_text(m.data -> 'expected') AS e (person)) AS expected,
            came.told_by || jsonb_build_object(m.event_id, 1)
            || CASE WHEN m.moved_by IS NULL THEN '{}' ELSE jsonb_build_object(m.moved_by, 1) END
            || CASE WHEN m.cancelled_by IS NULL THEN '{}' ELSE jsonb_build_object(m.cancelled_by, 1) END AS told_by
        FROM standing_session AS m
        CROSS JOIN LATERAL jsonb_array_elements_text(m.data -> 'items') AS i (item)
        CROSS JOIN LATERAL (
            SELECT
                count(*) > 0 AS anybody,
                count(DISTINCT a.data ->> 'person') FILTER (WHERE m.data -> 'expected' ? (a.data ->> 'person')) AS expected,
                coalesce(jsonb_object_agg(a.event_id, 1), '{}') AS told_by
            FROM fact AS a
            WHERE
                a.office = m.office AND a.stream = m.stream AND a.type = 'chengzhang.learning.attendance-recorded.v1'
                AND a.data ->> 'state' IN ('present', 'partial')
        ) AS came
    ),
    counted AS (
        SELECT
            c.office,
            c.plan,
            c.period,
            s.session,
            coalesce(bool_or(s.held AND s.on_day > c.last_day), false) AS late,
            bool_or(s.held) AS held,
            bool_or(s.cancelled) AS cancelled,
            max(s.expected) AS expected,
            max(s.attended) AS attended,
            overlaid(s.told_by) AS told_by
        FROM cell AS c
        INNER JOIN session AS s ON s.office = c.office AND s.item = c.item
        GROUP BY c.office, c.plan, c.period, s.session
    ),
    planned AS (
        SELECT
            c.office,
            c.plan,
            c.period,
            count(DISTINCT c.item) AS items,
            coalesce(jsonb_object_agg(c.event_id, 1) FILTER (WHERE c.event_id IS NOT NULL), '{}') AS told_by
        FROM cell AS c
        GROUP BY c.office, c.plan, c.period
    )
    SELECT
        n.office,
        n.plan,
        n.period,
        p.carrier,
        CASE WHEN n.period = p.year THEN coalesce(p.targets, n.items)::bigint ELSE n.items END AS planned,
        d.held,
        d.late,
        d.cancelled,
        d.expected,
        d.attended,
        n.told_by || d.told_by || jsonb_build_object(p.event_id, 1)
        || CASE WHEN p.revised_by IS NULL THEN '{}' ELSE jsonb_build_object(p.revised_by, 1) END AS told_by
    FROM planned AS n
    INNER JOIN plan AS p ON p.office = n.office AND p.plan = n.plan
    CROSS JOIN LATERAL (
        SELECT
            count(*) FILTER (WHERE x.held) AS held,
            count(*) FILTER (WHERE x.late) AS late,
            count(*) FILTER (WHERE x.cancelled) AS cancelled,
            coalesce(sum(x.expected) FILTER (WHERE x.held), 0)::bigint AS expected,
            coalesce(sum(x.attended) FILTER (WHERE x.held), 0)::bigint AS attended,
            overlaid(x.told_by) AS told_by
        FROM counted AS x
        WHERE x.office = n.office AND x.plan = n.plan AND x.period = n.period
    ) AS d
) AS q
