-- 评先 · selections
-- Who may be chosen, by the conditions of the rule pack, and which of them fails where not; who is recommended, with how many votes, and
-- who was chosen? Everybody with a post, or every section; as of the day of the decision, and today until then.
-- resource: selections
-- kind: asked
-- whose: subject
-- types: chengzhang.selection.selection-opened.v1, chengzhang.selection.candidate-recommended.v1, chengzhang.selection.candidate-withdrawn.v1, chengzhang.selection.opinion-recorded.v1, chengzhang.selection.selection-voted.v1, chengzhang.selection.candidates-posted.v1, chengzhang.selection.selection-decided.v1, chengzhang.people.person-registered.v1, chengzhang.people.section-defined.v1, chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-left.v1, chengzhang.people.discipline-recorded.v1, chengzhang.people.discipline-closed.v1, chengzhang.appraisal.grade-decided.v1, chengzhang.appraisal.grade-supplemented.v1, chengzhang.appraisal.review-decided.v1, chengzhang.appraisal.appeal-decided.v1, chengzhang.work.duty-report-delivered.v1, chengzhang.work.section-exchange-held.v1

SELECT
    q.selection, -- key appraisal.selection.Selection
    q.subject, -- key base.Person · 人员或科室 · a person or a section
    cardinality(q.fails) = 0 AS eligible, -- boolean · 符合条件 · whether every condition is met
    q.fails, -- text[] · 不符合的条件 · the conditions that fail, by their codes
    coalesce(said.recommended, false) AS recommended, -- boolean · 已推荐 · whether recommended, and not withdrawn since
    said.votes, -- bigint · 得票 · votes; null until there was a vote
    coalesce(said.chosen, false) AS chosen, -- boolean · 入选 · whether chosen
    q.honour, -- text · 荣誉 · the honour for which it is
    CASE WHEN q.of_sections THEN q.subject END AS section, -- base.Section · 科室 · the section that may be chosen; null where it is a person
    q.asked_by || q.fails_by AS fails_by, -- behind eligible fails
    q.asked_by || coalesce(said.told_by, '{}') AS told_by -- behind
FROM (
    WITH opened AS (
        SELECT DISTINCT ON (o.office, o.data ->> 'selection')
            o.office, o.data ->> 'selection' AS selection, o.data ->> 'honour' AS honour, o.data ->> 'for' = 'sections' AS of_sections,
            o.data -> 'conditions' AS conditions, (o.data -> 'year')::integer AS year, o.data ->> 'rule_pack' AS rule_pack, o.event_id,
            d.event_id AS decided_by, coalesce(d.day, shanghai_day(least((SELECT m.known FROM moment AS m), now()))) AS day
        FROM fact AS o
        LEFT JOIN LATERAL (
            SELECT f.event_id, shanghai_day(f.occurred_at) AS day
            FROM fact AS f
            WHERE
                f.type = 'chengzhang.selection.selection-decided.v1' AND f.office = o.office
                AND f.data ->> 'selection' = o.data ->> 'selection'
            ORDER BY f.position DESC
            LIMIT 1
        ) AS d ON true
        WHERE o.type = 'chengzhang.selection.selection-opened.v1'
        ORDER BY o.office, o.data ->> 'selection', o.position DESC
    ),
    held AS (
        SELECT p.office, p.person, p.data ->> 'tier' AS tier, (p.data ->> 'from_on')::date AS since, e.until, p.event_id, e.told_by
        FROM fact AS p
        CROSS JOIN LATERAL (
            SELECT min((e.data ->> 'on')::date) AS until, coalesce(jsonb_object_agg(e.event_id, 1), '{}') AS told_by
            FROM fact AS e
            WHERE
                e.office = p.office AND e.person = p.person AND (
                    e.type = 'chengzhang.people.post-ended.v1' AND e.data ->> 'post' = p.data ->> 'post'
                    OR e.type = 'chengzhang.people.person-left.v1' AND e.data ->> 'on' >= p.data ->> 'from_on'
                )
        ) AS e
        WHERE p.type = 'chengzhang.people.post-assumed.v1'
    ),
    subject AS (
        SELECT o.office, o.selection, h.person AS subject
        FROM opened AS o
        INNER JOIN held AS h ON h.office = o.office AND h.since <= o.day AND (h.until IS NULL OR h.until > o.day)
        WHERE NOT o.of_sections
        UNION
        SELECT o.office, o.selection, s.data ->> 'section'
        FROM opened AS o
        INNER JOIN fact AS s ON s.office = o.office AND s.type = 'chengzhang.people.section-defined.v1'
        WHERE o.of_sections
        UNION
        SELECT o.office, o.selection, coalesce(r.data ->> 'person', r.data ->> 'section')
        FROM opened AS o
        INNER JOIN fact AS r
            ON r.office = o.office AND r.type = 'chengzhang.selection.candidate-recommended.v1' AND r.data ->> 'selection' = o.selection
    )
    SELECT
        o.*,
        s.subject,
        jsonb_build_object(o.event_id, 1) || CASE WHEN o.decided_by IS NULL THEN '{}' ELSE jsonb_build_object(o.decided_by, 1) END AS asked_by,
        own.told_by AS fails_by,
        ARRAY(
            SELECT c.code
            FROM jsonb_array_elements_text(o.conditions) WITH ORDINALITY AS c (code, nth)
            INNER JOIN condition_figures() AS f ON f.pack = o.rule_pack AND f.code = c.code
            WHERE NOT CASE c.code
                WHEN 'competent-years' THEN own.competent >= f.figure
                WHEN 'excellent-years' THEN own.excellent >= f.figure
                WHEN 'months-served' THEN coalesce(own.holds AND own.months >= f.figure, false)
                WHEN 'duty-reports' THEN NOT EXISTS (
                    SELECT
                    FROM generate_series(1, f.figure) AS k (back)
                    CROSS JOIN LATERAL half_of((period_begins(half_of(o.day)) - make_interval(months => 6 * k.back))::date) AS h (half)
                    WHERE NOT own.reported ? h.half AND EXISTS (
                        SELECT FROM held AS p
                        WHERE
                            p.office = o.office AND p.person = s.subject AND p.tier = 'section-head'
                            AND p.since <= half_ends(h.half) AND (p.until IS NULL OR p.until > half_ends(h.half))
                    )
                )
                WHEN 'no-bar' THEN NOT own.barred
                WHEN 'off-probation' THEN NOT own.on_probation
                WHEN 'no-opinion-against' THEN own.against <= f.figure
                WHEN 'section-exchanges' THEN own.exchanges >= f.figure
            END
            ORDER BY c.nth
        ) AS fails
    FROM subject AS s
    INNER JOIN opened AS o ON o.office = s.office AND o.selection = s.selection
    CROSS JOIN LATERAL (
        WITH mine AS MATERIALIZED (
            SELECT f.event_id, f.type, f.stream, f.position, f.data
            FROM fact AS f
            WHERE f.office = o.office AND f.person = s.subject AND f.type IN (
                'chengzhang.people.person-registered.v1', 'chengzhang.people.post-assumed.v1', 'chengzhang.people.post-ended.v1',
                'chengzhang.people.person-left.v1', 'chengzhang.people.discipline-recorded.v1', 'chengzhang.appraisal.grade-decided.v1',
                'chengzhang.appraisal.grade-supplemented.v1', 'chengzhang.appraisal.review-decided.v1',
                'chengzhang.appraisal.appeal-decided.v1', 'chengzhang.work.duty-report-delivered.v1'
            )
            UNION ALL
            SELECT f.event_id, f.type, f.stream, f.position, f.data
            FROM fact AS f
            WHERE
                f.office = o.office AND f.type = 'chengzhang.selection.opinion-recorded.v1' AND f.data ->> 'selection' = o.selection
                AND s.subject IN (f.data ->> 'person', f.data ->> 'section')
            UNION ALL
            SELECT f.event_id, f.type, f.stream, f.position, f.data
            FROM fact AS f
            WHERE
                f.office = o.office AND f.type = 'chengzhang.work.section-exchange-held.v1' AND f.data -> 'sections' ? s.subject
                AND left(f.data ->> 'month', 4) = o.year::text
        ),
        closed AS (
            SELECT c.event_id, c.stream, (c.data ->> 'on')::date AS on_day
            FROM mine AS m
            INNER JOIN fact AS c
                ON c.office = o.office AND c.stream = m.stream AND c.type = 'chengzhang.people.discipline-closed.v1'
            WHERE m.type = 'chengzhang.people.discipline-recorded.v1'
        ),
        graded AS (
            SELECT DISTINCT ON (m.data -> 'year') o.year - (m.data -> 'year')::integer AS back, m.data ->> 'grade' AS grade
            FROM mine AS m
            WHERE m.type LIKE 'chengzhang.appraisal.%' AND m.data ->> 'grade' IS NOT NULL AND (m.data -> 'year')::integer < o.year
            ORDER BY m.data -> 'year', m.type = 'chengzhang.appraisal.grade-decided.v1', m.position DESC
        ),
        posts AS (SELECT p.* FROM held AS p WHERE p.office = o.office AND p.person = s.subject)
        SELECT
            coalesce((SELECT jsonb_object_agg(m.event_id, 1) FROM mine AS m), '{}')
            || coalesce((SELECT jsonb_object_agg(c.event_id, 1) FROM closed AS c), '{}') AS told_by,
            -- For so many years on end before, the last one first.
            (
                SELECT count(*) FROM graded AS g
                WHERE g.grade IN ('excellent', 'competent') AND NOT EXISTS (
                    SELECT FROM generate_series(1, g.back) AS k (back)
                    WHERE NOT EXISTS (SELECT FROM graded AS b WHERE b.back = k.back AND b.grade IN ('excellent', 'competent'))
                )
            ) AS competent,
            (
                SELECT count(*) FROM graded AS g
                WHERE g.grade = 'excellent' AND NOT EXISTS (
                    SELECT FROM generate_series(1, g.back) AS k (back)
                    WHERE NOT EXISTS (SELECT FROM graded AS b WHERE b.back = k.back AND b.grade = 'excellent')
                )
            ) AS excellent,
            EXISTS (SELECT FROM posts AS p WHERE p.since <= o.day AND (p.until IS NULL OR p.until > o.day)) AS holds,
            (
                SELECT 12 * (date_part('year', o.day) - date_part('year', min(p.since))) + date_part('month', o.day)
                    - date_part('month', min(p.since)) - (date_part('day', o.day) < date_part('day', min(p.since)))::integer
                FROM posts AS p
            ) AS months,
            coalesce(
                (SELECT jsonb_object_agg(m.data ->> 'half', 1) FROM mine AS m WHERE m.type = 'chengzhang.work.duty-report-delivered.v1'), '{}'
            ) AS reported,
            EXISTS (
                SELECT FROM mine AS m
                WHERE m.type = 'chengzhang.people.discipline-recorded.v1' AND CASE m.data ->> 'case'
                    WHEN 'decided'
                        THEN EXISTS (
                            SELECT FROM jsonb_array_elements(m.data -> 'bars') AS b (bar) WHERE (b.bar -> 'year')::integer = o.year
                        )
                    ELSE NOT EXISTS (SELECT FROM closed AS c WHERE c.stream = m.stream AND c.on_day <= o.day)
                END
            ) AS barred,
            coalesce(
                (
                    SELECT (m.data ->> 'probation_until')::date >= o.day
                    FROM mine AS m
                    WHERE m.type = 'chengzhang.people.person-registered.v1'
                    ORDER BY m.position DESC
                    LIMIT 1
                ),
                false
            ) AS on_probation,
            (
                SELECT count(*) FILTER (WHERE w.against)
                FROM (
                    SELECT DISTINCT ON (m.data ->> 'of') (m.data -> 'against')::boolean AS against
                    FROM mine AS m
                    WHERE m.type = 'chengzhang.selection.opinion-recorded.v1'
                    ORDER BY m.data ->> 'of', m.position DESC
                ) AS w
            ) AS against,
            (SELECT count(*) FROM mine AS m WHERE m.type = 'chengzhang.work.section-exchange-held.v1') AS exchanges
    ) AS own
) AS q
CROSS JOIN LATERAL (
    SELECT
        (
            array_agg(f.type = 'chengzhang.selection.candidate-recommended.v1' ORDER BY f.position DESC)
            FILTER (WHERE f.data ->> 'person' = q.subject OR f.data ->> 'section' = q.subject)
        )[1] AS recommended,
        (
            array_agg(coalesce((f.data -> 'counts' ->> q.subject)::bigint, 0) ORDER BY f.position DESC)
            FILTER (WHERE f.type = 'chengzhang.selection.selection-voted.v1')
        )[1] AS votes,
        bool_or(f.type = 'chengzhang.selection.selection-decided.v1' AND f.data -> 'chosen' ? q.subject) AS chosen,
        jsonb_object_agg(f.event_id, 1) AS told_by
    FROM fact AS f
    WHERE
        f.office = q.office AND f.data ->> 'selection' = q.selection AND (
            f.type IN ('chengzhang.selection.candidate-recommended.v1', 'chengzhang.selection.candidate-withdrawn.v1')
            AND q.subject IN (f.data ->> 'person', f.data ->> 'section')
            OR f.type IN ('chengzhang.selection.selection-voted.v1', 'chengzhang.selection.selection-decided.v1')
        )
) AS said
