-- 年度考核 · appraisals
-- What does a cadre's yearly appraisal rest on? Whether the study requirement is met, and the evidence with the events behind it. Evidence
-- is learning, work and activity; talks and welfare never are, by construction. No points, no ranking.
-- resource: appraisals/{year}
-- kind: asked
-- whose: person

SELECT
    q.person, -- key base.Person
    q.year, -- key base.Year
    q.section, -- base.Section · 科室 · of the main post at the end of the year; where none was held then, of the last one before
    q.tier, -- base.Tier · 职务层次 · tier of that post
    'not-opened'::text AS stage, -- text · 进程 · how far the appraisal has come
    q.requirement_met, -- boolean · 达到学习要求 · whether what the rule pack asks for is met, or was waived; never the hours themselves
    q.requirement_events, -- text[] · 学习要求依据 · the recognised study behind it, by time, then what waived it
    q.evidence_by_group, -- counts group · 依据按类别 · unrevoked learning, work and activity entries; what is zero is left out, here and below
    q.evidence_by_guide, -- counts base.Guide · 依据按引导 · the same by guide word (六个方面引导)
    q.evidence_events, -- text[] · 考核依据 · the events behind both, by time
    '[]'::jsonb AS routine_grades, -- jsonb · 平时考核 · routine grades
    q.duty_reports, -- jsonb · 述职 · duty reports on half-years of the year: half, on which day, assessed or not
    NULL::text AS proposed_grade, -- text · 拟定等次 · the grade proposed; null until then
    NULL::text AS grade, -- text · 考核等次 · the grade decided; null until then
    q.shard, -- place integer · 分片 · the shard of the office
    q.last_position, -- place bigint · 最近序号 · position of the latest event on which it rests
    ARRAY(SELECT jsonb_object_keys(q.told_by)) AS further_events, -- place text[] · 其他依据 · what else it rests on: posts, rank, rule pack, waivers, sessions of what was credited, duty reports
    q.seated_by, -- behind section tier
    q.required_by, -- behind requirement_met requirement_events
    q.grouped_by, -- behind evidence_by_group
    q.guided_by, -- behind evidence_by_guide
    q.evident_by, -- behind evidence_events
    q.reported_by, -- behind duty_reports
    q.told_by -- behind
FROM (
    WITH had AS (
        SELECT
            s.office,
            s.person,
            s.year,
            s.account,
            sum(s.centi_xueshi)::bigint AS centi_xueshi,
            sum(s.days)::bigint AS days,
            array_agg(s.event_id::text ORDER BY s.occurred_at, s.event_id) AS events,
            max(s.position) AS position,
            jsonb_object_agg(s.event_id, 1) || coalesce(overlaid(met_by.told_by), '{}') AS told_by
        FROM studied AS s
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(d.event_id, 1) AS told_by FROM unnest(s.session_by) AS d (event_id)
        ) AS met_by
        WHERE s.account IN ('recognised', 'five-years')
        GROUP BY s.office, s.person, s.year, s.account
    )
    SELECT
        h.office,
        h.person,
        h.year,
        h.shard,
        seated.section,
        seated.tier,
        coalesce(met(had.centi_xueshi, had.days, owed.centi_xueshi, owed.days), false) AS requirement_met,
        coalesce(had.events, '{}') || placed.waived_by AS requirement_events,
        coalesce(had.told_by, '{}') || placed.ruled_by || pack.told_by AS required_by,
        evident.by_group AS evidence_by_group,
        evident.by_guide AS evidence_by_guide,
        coalesce(evident.events, '{}') AS evidence_events,
        evident.grouped_by,
        evident.guided_by,
        evident.told_by AS evident_by,
        placed.duty_reports,
        placed.reported_by,
        placed.seated_by,
        h.told_by || placed.seated_by || coalesce(had.told_by, '{}') || placed.ruled_by || pack.told_by
        || coalesce(placed.reported_by, '{}') AS told_by,
        greatest(h.position, had.position, placed.position, pack.position, evident.position) AS last_position
    FROM (
        SELECT y.office, y.person, y.year, min(y.shard) AS shard, max(y.position) AS position, jsonb_object_agg(y.event_id, 1) AS told_by
        FROM held_year AS y
        GROUP BY y.office, y.person, y.year
    ) AS h
    LEFT JOIN LATERAL last_seat(h.office, h.person, make_date(h.year, 12, 31), (SELECT m.known FROM moment AS m)) AS seated ON true
    LEFT JOIN LATERAL (
        SELECT a.account, o.centi_xueshi, o.days
        FROM unnest(ARRAY['recognised', 'five-years']) AS a (account)
        CROSS JOIN LATERAL owed_study(h.office, h.person, h.year, a.account, (SELECT m.known FROM moment AS m)) AS o
        WHERE o.centi_xueshi IS NOT NULL
    ) AS owed ON true
    LEFT JOIN had ON had.office = h.office AND had.person = h.person AND had.year = h.year AND had.account = owed.account
    CROSS JOIN LATERAL (
        SELECT
            coalesce(jsonb_object_agg(g.entry_group, g.entries) FILTER (WHERE g.entry_group IS NOT NULL), '{}') AS by_group,
            coalesce(jsonb_object_agg(g.guide, g.entries) FILTER (WHERE g.guide IS NOT NULL), '{}') AS by_guide,
            jsonb_object_agg(g.entry_group, g.told_by) FILTER (WHERE g.entry_group IS NOT NULL) AS grouped_by,
            jsonb_object_agg(g.guide, g.told_by) FILTER (WHERE g.guide IS NOT NULL) AS guided_by,
            max(g.events) FILTER (WHERE g.of_all) AS events,
            overlaid(g.told_by) FILTER (WHERE g.of_all) AS told_by,
            max(g.position) AS position
        FROM (
            SELECT
                e.entry_group,
                e.guide,
                grouping(e.entry_group, e.guide) = 3 AS of_all,
                count(*) AS entries,
                array_agg(e.event_id::text ORDER BY e.occurred_at, e.event_id) AS events,
                jsonb_object_agg(e.event_id, 1) AS told_by,
                max(e.position) AS position
            FROM evidence AS e
            WHERE
                e.office = h.office AND e.person = h.person
                AND e.occurred_at >= make_timestamptz(h.year, 1, 1, 0, 0, 0, 'Asia/Shanghai')
                AND e.occurred_at < make_timestamptz(h.year + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai')
            GROUP BY GROUPING SETS ((e.entry_group), (e.guide), ())
            HAVING count(*) > 0
        ) AS g
    ) AS evident
    CROSS JOIN LATERAL (
        SELECT
            coalesce(jsonb_object_agg(f.event_id, 1) FILTER (WHERE f.what = 'seat'), '{}') AS seated_by,
            coalesce(jsonb_object_agg(f.event_id, 1) FILTER (WHERE f.what IN ('rank', 'waiver')), '{}') AS ruled_by,
            coalesce(array_agg(f.event_id::text ORDER BY f.occurred_at, f.event_id) FILTER (WHERE f.what = 'waiver'), '{}') AS waived_by,
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'half', f.data -> 'half', 'on', coalesce(f.data ->> 'on', shanghai_day(f.occurred_at)::text),
                        'assessed', coalesce(f.data -> 'half' = ANY(f.assessed), false)
                    )
                    ORDER BY f.data ->> 'half', f.position
                ) FILTER (WHERE f.what = 'report'),
                '[]'
            ) AS duty_reports,
            jsonb_object_agg(f.event_id, 1) FILTER (WHERE f.what IN ('report', 'assessment')) AS reported_by,
            max(f.position) AS position
        FROM (
            SELECT f.event_id, f.occurred_at, f.position, f.data, w.what,
                array_agg(f.data -> 'half') FILTER (WHERE w.what = 'assessment') OVER () AS assessed
            FROM fact AS f
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN
                        f.type IN (
                            'chengzhang.people.post-assumed.v1', 'chengzhang.people.post-ended.v1',
                            'chengzhang.people.person-transferred.v1', 'chengzhang.people.person-left.v1'
                        )
                        AND coalesce(f.data ->> 'from_on', f.data ->> 'on')::date <= make_date(h.year, 12, 31)
                        THEN 'seat'
                    WHEN f.type = 'chengzhang.people.rank-set.v1' THEN 'rank'
                    WHEN f.type = 'chengzhang.learning.requirement-waived.v1' AND (f.data -> 'year')::integer = h.year THEN 'waiver'
                    WHEN left(f.data ->> 'half', 4)::integer = h.year
                        THEN CASE f.type
                            WHEN 'chengzhang.work.duty-report-delivered.v1' THEN 'report'
                            WHEN 'chengzhang.work.duty-report-assessed.v1' THEN 'assessment'
                        END
                END AS what
            ) AS w
            WHERE f.office = h.office AND f.person = h.person AND w.what IS NOT NULL
        ) AS f
    ) AS placed
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_object_agg(f.event_id, 1), '{}') AS told_by, max(f.position) AS position
        FROM fact AS f
        WHERE f.office = h.office AND f.stream = 'office/' || h.office AND f.type = 'chengzhang.any.pack-followed.v1'
    ) AS pack
) AS q
