-- 年年有新气象、新进步 · progress by year
-- What did a person or a section want to reach in a year, what was reached, and what came of the work; beside the year before, and for a
-- person alone beside the own tier's median?
-- resource: progress
-- kind: asked
-- whose: subject
-- types: chengzhang.people.goal-set.v1, chengzhang.work.output-filed.v1

SELECT
    y.subject, -- key base.Person · 人员或科室 · a person or a section
    y.year, -- key base.Year
    y.goals, -- bigint · 目标数 · goals set for the year
    y.goals_met, -- bigint · 达成数 · of these met, by what was reported last
    y.outputs_in_effect, -- bigint · 见效成果 · outputs filed in the year that by now have an effect
    CASE
        WHEN y.before IS NOT NULL
            THEN jsonb_build_object('goals', y.before[1], 'goals_met', y.before[2], 'outputs_in_effect', y.before[3])
    END AS last_year, -- jsonb · 上年 · the same of the year before; null where there was nothing
    CASE
        WHEN y.tier IS NOT NULL AND count(*) OVER w >= 5
            THEN jsonb_build_object(
                'goals', median(array_agg(y.goals) OVER w),
                'goals_met', median(array_agg(y.goals_met) OVER w),
                'outputs_in_effect', median(array_agg(y.outputs_in_effect) OVER w)
            )
    END AS tier_median, -- own jsonb · 同层次中位数 · the medians of the year over those of the same tier; null where these are fewer than five, and to everybody but the person
    y.section, -- base.Section · 科室 · the section whose year it is; null where it is a person's
    y.set_by, -- behind goals
    y.met_by, -- behind goals_met
    y.effected_by, -- behind outputs_in_effect
    y.told_by || coalesce(y.told_before, '{}') AS told_by -- behind
FROM (
    WITH one AS NOT MATERIALIZED (
        SELECT
            c.office,
            c.subject,
            c.year,
            min(c.section) AS section,
            count(*) FILTER (WHERE c.what = 'goal') AS goals,
            count(*) FILTER (WHERE c.met) AS goals_met,
            coalesce(sum(c.counts) FILTER (WHERE c.what = 'output'), 0)::bigint AS outputs_in_effect,
            jsonb_object_agg(c.event_id, 1) FILTER (WHERE c.what = 'goal') AS set_by,
            jsonb_object_agg(c.event_id, 1) FILTER (WHERE c.met) AS met_by,
            jsonb_object_agg(c.event_id, c.counts) FILTER (WHERE c.what = 'output') AS effected_by,
            jsonb_object_agg(c.event_id, 1) AS told_by
        FROM (
            SELECT g.office, coalesce(g.data ->> 'person', g.data ->> 'section') AS subject,
                CASE WHEN NOT g.data ? 'person' THEN g.data ->> 'section' END AS section, (g.data -> 'year')::integer AS year,
                'goal' AS what, coalesce(g.data -> 'reported' ->> 'state' = 'met', false) AS met, 1 AS counts, g.event_id
            FROM fact AS g
            WHERE g.type = 'chengzhang.people.goal-set.v1' AND coalesce(g.data ->> 'person', g.data ->> 'section') IS NOT NULL
            UNION ALL
            SELECT o.office, s.subject, s.section, shanghai_year(o.occurred_at), 'output', false, coalesce((o.data -> 'count')::integer, 1),
                o.event_id
            FROM fact AS o
            CROSS JOIN LATERAL (
                SELECT DISTINCT w.subject, w.section
                FROM jsonb_array_elements(o.data -> 'stamps') AS p (stamp)
                CROSS JOIN LATERAL (
                    VALUES (p.stamp ->> 'person', NULL), (p.stamp ->> 'section', p.stamp ->> 'section')
                ) AS w (subject, section)
                WHERE w.subject IS NOT NULL
            ) AS s
            WHERE
                o.type = 'chengzhang.work.output-filed.v1'
                AND coalesce(o.data -> 'settled' ->> 'effect', o.data ->> 'effect') <> 'pending'
        ) AS c
        GROUP BY c.office, c.subject, c.year
    )
    SELECT
        o.*,
        (
            SELECT s.tier
            FROM last_seat(o.office, o.subject, make_date(o.year, 12, 31), (SELECT m.known FROM moment AS m)) AS s
        ) AS tier,
        CASE WHEN l.goals IS NOT NULL THEN ARRAY[l.goals, l.goals_met, l.outputs_in_effect] END AS before,
        l.told_by AS told_before
    FROM one AS o
    LEFT JOIN one AS l ON l.office = o.office AND l.subject = o.subject AND l.year = o.year - 1
) AS y
WINDOW w AS (PARTITION BY y.office, y.year, y.tier)
