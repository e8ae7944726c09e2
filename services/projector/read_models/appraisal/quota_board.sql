-- 优秀名额 · seats for excellent
-- How many may be excellent, pool by pool, and how many are? Counted are those who held a post on 31 December, but for leadership, whoever
-- is on probation, and whoever is decided not to be appraised, or not here. Pools that nobody is in are left out.
-- resource: quota
-- kind: asked
-- whose: office
-- types: chengzhang.people.person-registered.v1, chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-left.v1, chengzhang.appraisal.cycle-opened.v1, chengzhang.appraisal.seats-approved.v1, chengzhang.appraisal.grade-proposed.v1, chengzhang.appraisal.grade-decided.v1, chengzhang.appraisal.grade-supplemented.v1, chengzhang.appraisal.review-decided.v1, chengzhang.appraisal.appeal-decided.v1, chengzhang.appraisal.excellent-list-posted.v1

SELECT
    q.cycle, -- key appraisal.grading.Cycle
    q.pool, -- key appraisal.grading.Pool
    q.appraised, -- bigint · 应考核人数 · who must be appraised
    q.rate_percent, -- integer · 优秀比例（百分比） · the share that may be excellent: the rule pack's, or as approved
    (q.appraised * q.rate_percent + CASE WHEN q.nearest THEN 50 ELSE 0 END) / 100 AS seats, -- bigint · 优秀名额 · rounded down, unless the rule pack says otherwise
    q.used, -- bigint · 已用名额 · who is excellent by the grade that stands
    q.posting_ends_on, -- date · 公示截止日 · until when the last list of the pool is posted
    q.year, -- base.Year
    q.counted_by, -- behind appraised
    q.used_by, -- behind used
    q.told_by -- behind
FROM (
    SELECT
        p.*,
        r.nearest,
        coalesce(approved.rate_percent, r.excellent_percent) AS rate_percent,
        posted.ends_on AS posting_ends_on,
        p.said_by || coalesce(approved.told_by, '{}') || coalesce(posted.told_by, '{}') AS told_by
    FROM (
        SELECT
            a.office,
            a.cycle,
            a.year,
            a.rule_pack,
            a.pool,
            count(*) FILTER (WHERE counted.so) AS appraised,
            count(*) FILTER (WHERE a.grade = 'excellent' AND a.here) AS used,
            overlaid(nought(a.told_by) || jsonb_build_object(a.held_by, counted.so::integer)) AS counted_by,
            overlaid(nought(a.told_by) || jsonb_build_object(a.verdict_by, 1)) FILTER (WHERE a.grade = 'excellent' AND a.here) AS used_by,
            overlaid(a.told_by) AS said_by
        FROM appraised AS a
        CROSS JOIN LATERAL (
            SELECT NOT a.on_probation AND NOT coalesce(a.grade = 'not-appraised' OR a.grade IS NOT NULL AND NOT a.here, false) AS so
        ) AS counted
        WHERE a.cycle IS NOT NULL AND a.pool <> 'leadership'
        GROUP BY a.office, a.cycle, a.year, a.rule_pack, a.pool
    ) AS p
    LEFT JOIN appraisal_figures() AS r ON r.pack = p.rule_pack
    LEFT JOIN LATERAL (
        SELECT (s.data -> 'rate_percent')::integer AS rate_percent, jsonb_build_object(s.event_id, 1) AS told_by
        FROM fact AS s
        WHERE
            s.type = 'chengzhang.appraisal.seats-approved.v1' AND s.office = p.office AND s.data ->> 'cycle' = p.cycle
            AND s.data ->> 'pool' = p.pool
        ORDER BY s.position DESC
        LIMIT 1
    ) AS approved ON true
    CROSS JOIN LATERAL (
        SELECT max((l.data ->> 'ends_on')::date) AS ends_on, jsonb_object_agg(l.event_id, 1) AS told_by
        FROM fact AS l
        WHERE
            l.type = 'chengzhang.appraisal.excellent-list-posted.v1' AND l.office = p.office AND l.data ->> 'cycle' = p.cycle
            AND l.data -> 'pools' ? p.pool
    ) AS posted
) AS q
