-- 年度考核 · appraisals
-- How far has a cadre's yearly appraisal come, and what does it rest on? Whether the study requirement is met, and the evidence with the
-- events behind it. Evidence is learning, work and activity; talks and welfare never are, by construction. No points, no ranking.
-- resource: appraisals/{year}
-- kind: asked
-- whose: person

SELECT
    q.person, -- key base.Person
    q.year, -- key base.Year
    q.section, -- base.Section · 科室 · of the main post at the end of the year; where none was held then, of the last one before
    q.tier, -- base.Tier · 职务层次 · tier of that post
    q.stage, -- appraisal.grading.Stage
    q.requirement_met, -- boolean · 达到学习要求 · whether what the rule pack asks for is met, or was waived; never the hours themselves
    q.requirement_events, -- text[] · 学习要求依据 · the recognised study behind it, by time, then what waived it
    q.evidence_by_group, -- counts group · 依据按类别 · unrevoked learning, work and activity entries; what is zero is left out, here and below
    q.evidence_by_guide, -- counts base.Guide · 依据按引导 · the same by guide word (六个方面引导)
    q.evidence_events, -- text[] · 考核依据 · the events behind both, by time
    q.routine_grades, -- jsonb · 平时考核 · routine grades of the year: period, grade
    q.duty_reports, -- jsonb · 述职 · duty reports on half-years of the year: half, on which day, assessed or not
    q.proposed_grade, -- appraisal.grading.Grade · 拟定等次 · the grade proposed last; null until then
    q.grade, -- appraisal.grading.Grade · 考核等次 · the grade as it stands: decided, supplemented, changed by review or appeal; null until then
    q.shard, -- place integer · 分片 · the shard of the office
    q.last_position, -- place bigint · 最近序号 · position of the latest event on which it rests
    q.admitted_events, -- text[] · 列为依据 · of the evidence what was admitted, by time
    q.cycle, -- text · 考核周期 · the cycle of the year, the one opened last; null until then
    q.pool, -- appraisal.grading.Pool · 考核范围 · whose seats the person is counted with; null without a post on 31 December
    q.establishment, -- people.cadres.Establishment
    q.special_appraisals, -- jsonb · 专项考核 · special appraisals of the year: task, day, result
    q.bars, -- text[] · 处分影响 · what discipline bars, the heavier first: incompetent, no-grade, not-excellent
    q.missing, -- text[] · 尚缺 · steps that are still to be taken: self-review, democratic-assessment, findings, proposal, decision, posting, objection, notice, signature, archive
    q.posting_ends_on, -- date · 公示截止日 · until when the person is posted as excellent
    q.notice_signed_on, -- date · 签署日期 · when the notice was signed, or signing it refused
    q.appraised_by, -- appraisal.grading.AppraisedBy
    q.reason, -- appraisal.grading.Without · 不定等次原因 · why there is no grade, where there is none
    ARRAY(SELECT jsonb_array_elements_text(coalesce(q.follows, '[]'))) AS follows, -- text[] · 结果运用 · what the rule pack lets follow the grade; shown, never done
    ARRAY(SELECT jsonb_object_keys(q.all_by)) AS further_events, -- place text[] · 其他依据 · what else it rests on: posts, rank, rule pack, waivers, sessions of what was credited, duty reports, discipline, the steps of the cycle
    q.seated_by, -- behind section tier
    q.required_by, -- behind requirement_met requirement_events
    q.grouped_by, -- behind evidence_by_group
    q.guided_by, -- behind evidence_by_guide
    q.evident_by, -- behind evidence_events
    q.evident_by || q.told_by AS admitted_by, -- behind admitted_events
    q.routine_by, -- behind routine_grades
    q.special_by, -- behind special_appraisals
    q.reported_by, -- behind duty_reports
    q.told_by AS graded_by, -- behind stage proposed_grade grade cycle pool establishment missing posting_ends_on notice_signed_on appraised_by reason follows
    q.barred_by, -- behind bars
    q.all_by -- behind
FROM (
    SELECT
        a.*,
        a.signed_on AS notice_signed_on,
        seated.section,
        seated.tier,
        cardinality(own.waived_by) > 0 AND pack.pack IS NOT NULL OR coalesce(own.enough, false) AS requirement_met,
        own.studied || own.waived_by AS requirement_events,
        own.ruled_by || pack.told_by AS required_by,
        evident.by_group AS evidence_by_group,
        evident.by_guide AS evidence_by_guide,
        coalesce(evident.events, '{}') AS evidence_events,
        evident.grouped_by,
        evident.guided_by,
        coalesce(evident.told_by, '{}') AS evident_by,
        own.duty_reports,
        own.reported_by,
        own.routine_grades,
        own.routine_by,
        own.special_appraisals,
        own.special_by,
        own.seated_by,
        ARRAY(
            SELECT e.event_id
            FROM unnest(evident.events) WITH ORDINALITY AS e (event_id, nth)
            WHERE own.admitted ? e.event_id
            ORDER BY e.nth
        ) AS admitted_events,
        ARRAY(
            SELECT w.bar
            FROM unnest(ARRAY['incompetent', 'no-grade', 'not-excellent']) WITH ORDINALITY AS w (bar, nth)
            WHERE own.barred ? w.bar OR w.bar = pack.open_case AND a.grade IS NULL AND (own.case_in <= a.year OR a.cycle IS NOT NULL AND own.case_in IS NOT NULL)
            ORDER BY w.nth
        ) AS bars,
        a.told_by || own.disciplined_by || pack.told_by AS barred_by,
        a.told_by || own.told_by || pack.told_by AS all_by,
        greatest(a.position, own.position, pack.position, evident.position) AS last_position
    FROM appraised AS a
    LEFT JOIN LATERAL last_seat(a.office, a.person, make_date(a.year, 12, 31), (SELECT m.known FROM moment AS m)) AS seated ON true
    LEFT JOIN LATERAL (
        SELECT s.*, r.open_case, f.told_by, f.position
        FROM (
            SELECT
                coalesce(jsonb_object_agg(f.event_id, 1), '{}') AS told_by,
                max(f.position) AS position,
                (
                    array_agg(f.data ->> 'pack' ORDER BY f.data ->> 'from_on' DESC, f.position DESC)
                    FILTER (WHERE (f.data ->> 'from_on')::date <= make_date(a.year, 12, 31))
                )[1] AS followed
            FROM fact AS f
            WHERE f.office = a.office AND f.stream = 'office/' || a.office AND f.type = 'chengzhang.any.pack-followed.v1'
        ) AS f
        LEFT JOIN study_figures() AS s ON s.pack = coalesce(f.followed, national_pack(a.year))
        LEFT JOIN appraisal_figures() AS r ON r.pack = coalesce(a.rule_pack, s.pack)
    ) AS pack ON true
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
                e.office = a.office AND e.person = a.person
                AND e.occurred_at >= make_timestamptz(a.year, 1, 1, 0, 0, 0, 'Asia/Shanghai')
                AND e.occurred_at < make_timestamptz(a.year + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai')
            GROUP BY GROUPING SETS ((e.entry_group), (e.guide), ())
            HAVING count(*) > 0
        ) AS g
    ) AS evident
    CROSS JOIN LATERAL (
        WITH mine AS MATERIALIZED (
            SELECT f.event_id, f.type, f.stream, f.occurred_at, f.position, f.data
            FROM fact AS f
            WHERE f.office = a.office AND f.person = a.person AND f.type IN (
                'chengzhang.people.post-assumed.v1', 'chengzhang.people.post-ended.v1', 'chengzhang.people.person-transferred.v1',
                'chengzhang.people.person-left.v1', 'chengzhang.people.rank-set.v1', 'chengzhang.people.discipline-recorded.v1',
                'chengzhang.learning.requirement-waived.v1', 'chengzhang.learning.hours-credited.v1',
                'chengzhang.learning.course-completed.v1', 'chengzhang.work.duty-report-delivered.v1',
                'chengzhang.work.duty-report-assessed.v1', 'chengzhang.appraisal.routine-grade-given.v1',
                'chengzhang.appraisal.special-appraisal-recorded.v1', 'chengzhang.appraisal.evidence-admitted.v1'
            )
        ),
        bound AS (
            SELECT coalesce(
                (
                    SELECT m.data ->> 'rank' = ANY(pack.five_ranks)
                    FROM mine AS m
                    WHERE m.type = 'chengzhang.people.rank-set.v1' AND (m.data ->> 'from_on')::date <= make_date(a.year, 12, 31)
                    ORDER BY m.data ->> 'from_on' DESC, m.position DESC
                    LIMIT 1
                ),
                false
            ) AS five
        ),
        study AS (
            SELECT m.event_id, m.occurred_at, m.position, (m.data -> 'centi_xueshi')::bigint AS centi_xueshi,
                coalesce((m.data -> 'days')::bigint, 0) AS days, jsonb_build_object(m.event_id, 1)
                || CASE WHEN convened.event_id IS NULL THEN '{}' ELSE jsonb_build_object(convened.event_id, 1) END
                || CASE WHEN moved.event_id IS NULL THEN '{}' ELSE jsonb_build_object(moved.event_id, 1) END AS told_by
            FROM mine AS m
            CROSS JOIN bound AS b
            LEFT JOIN LATERAL (
                SELECT c.event_id, c.data ->> 'starts_at' AS starts_at
                FROM fact AS c
                WHERE c.office = a.office AND c.stream = m.stream AND c.type = 'chengzhang.learning.session-convened.v1'
                ORDER BY c.position DESC
                LIMIT 1
            ) AS convened ON m.data ? 'session'
            LEFT JOIN LATERAL (
                SELECT c.event_id, c.data ->> 'starts_at' AS starts_at
                FROM fact AS c
                WHERE c.office = a.office AND c.stream = m.stream AND c.type = 'chengzhang.learning.session-rescheduled.v1'
                ORDER BY c.occurred_at DESC, c.position DESC
                LIMIT 1
            ) AS moved ON m.data ? 'session'
            CROSS JOIN LATERAL (
                SELECT coalesce(
                    date_part('year', (m.data ->> 'to_on')::date)::integer,
                    shanghai_year(coalesce(moved.starts_at, convened.starts_at)::timestamptz)
                ) AS year
            ) AS own
            WHERE
                (
                    m.type = 'chengzhang.learning.hours-credited.v1' AND m.data ->> 'account' = 'recognised'
                    OR m.type = 'chengzhang.learning.course-completed.v1' AND m.data ->> 'kind' <> 'online'
                )
                AND own.year BETWEEN a.year - CASE WHEN b.five THEN 4 ELSE 0 END AND a.year
        ),
        told AS (
            SELECT m.*, w.what, m.data -> 'half' AS half
            FROM mine AS m
            CROSS JOIN LATERAL (
                SELECT CASE m.type
                    WHEN 'chengzhang.people.rank-set.v1' THEN 'rank'
                    WHEN 'chengzhang.learning.requirement-waived.v1' THEN CASE WHEN (m.data -> 'year')::integer = a.year THEN 'waiver' END
                    WHEN 'chengzhang.work.duty-report-delivered.v1' THEN CASE WHEN left(m.data ->> 'half', 4)::integer = a.year THEN 'report' END
                    WHEN 'chengzhang.work.duty-report-assessed.v1' THEN CASE WHEN left(m.data ->> 'half', 4)::integer = a.year THEN 'assessment' END
                    WHEN 'chengzhang.appraisal.routine-grade-given.v1' THEN CASE WHEN (m.data -> 'year')::integer = a.year THEN 'routine' END
                    WHEN 'chengzhang.appraisal.special-appraisal-recorded.v1' THEN CASE WHEN (m.data -> 'year')::integer = a.year THEN 'special' END
                    WHEN 'chengzhang.appraisal.evidence-admitted.v1' THEN CASE WHEN m.data ->> 'cycle' = a.cycle THEN 'admission' END
                    WHEN 'chengzhang.people.discipline-recorded.v1'
                        THEN CASE
                            WHEN m.data ->> 'case' = 'decided' THEN 'bar'
                            WHEN NOT EXISTS (
                                SELECT FROM fact AS c
                                WHERE c.office = a.office AND c.stream = m.stream AND c.type = 'chengzhang.people.discipline-closed.v1'
                            )
                                THEN 'case'
                        END
                    ELSE
                        CASE WHEN coalesce(m.data ->> 'from_on', m.data ->> 'on')::date <= make_date(a.year, 12, 31) THEN 'seat' END
                END AS what
            ) AS w
            WHERE
                m.type NOT IN ('chengzhang.learning.hours-credited.v1', 'chengzhang.learning.course-completed.v1')
                AND w.what IS NOT NULL
        )
        SELECT
            s.enough,
            coalesce(s.events, '{}') AS studied,
            coalesce(s.told_by, '{}') || t.ruled_by AS ruled_by,
            coalesce(s.told_by, '{}') || t.told_by AS told_by,
            t.waived_by,
            t.seated_by,
            t.duty_reports,
            t.reported_by,
            t.routine_grades,
            t.routine_by,
            t.special_appraisals,
            t.special_by,
            t.disciplined_by,
            t.case_in,
            greatest(s.position, t.position) AS position,
            (
                SELECT overlaid(jsonb_build_object(b.bar ->> 'bar', 1))
                FROM told AS t
                CROSS JOIN LATERAL jsonb_array_elements(t.data -> 'bars') AS b (bar)
                WHERE t.what = 'bar' AND (b.bar -> 'year')::integer = a.year
            ) AS barred,
            (
                SELECT jsonb_object_agg(e.event_id, 1)
                FROM told AS t
                CROSS JOIN LATERAL jsonb_array_elements_text(t.data -> 'events') AS e (event_id)
                WHERE t.what = 'admission'
            ) AS admitted
        FROM (
            SELECT
                CASE WHEN b.five
                    THEN met(sum(s.centi_xueshi)::bigint, sum(s.days)::bigint, pack.five_centi, pack.five_days)
                    ELSE met(sum(s.centi_xueshi)::bigint, sum(s.days)::bigint, pack.year_centi, pack.year_days)
                END AS enough,
                array_agg(s.event_id::text ORDER BY s.occurred_at, s.event_id) FILTER (WHERE s.event_id IS NOT NULL) AS events,
                max(s.position) AS position,
                overlaid(s.told_by) FILTER (WHERE s.event_id IS NOT NULL) AS told_by
            FROM bound AS b
            LEFT JOIN study AS s ON true
            GROUP BY b.five
        ) AS s
        CROSS JOIN (
            SELECT
                coalesce(jsonb_object_agg(t.event_id, 1), '{}') AS told_by,
                coalesce(jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what = 'seat'), '{}') AS seated_by,
                coalesce(jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what IN ('rank', 'waiver')), '{}') AS ruled_by,
                coalesce(array_agg(t.event_id::text ORDER BY t.occurred_at, t.event_id) FILTER (WHERE t.what = 'waiver'), '{}') AS waived_by,
                coalesce(
                    jsonb_agg(
                        jsonb_build_object(
                            'half', t.half, 'on', coalesce(t.data ->> 'on', shanghai_day(t.occurred_at)::text),
                            'assessed', EXISTS (SELECT FROM told AS o WHERE o.what = 'assessment' AND o.half = t.half)
                        )
                        ORDER BY t.half, t.position
                    ) FILTER (WHERE t.what = 'report'),
                    '[]'
                ) AS duty_reports,
                jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what IN ('report', 'assessment')) AS reported_by,
                coalesce(
                    jsonb_agg(
                        jsonb_build_object('period', t.data -> 'period', 'grade', t.data -> 'grade')
                        ORDER BY t.data ->> 'period' COLLATE "C", t.position
                    ) FILTER (WHERE t.what = 'routine'),
                    '[]'
                ) AS routine_grades,
                jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what = 'routine') AS routine_by,
                coalesce(
                    jsonb_agg(
                        jsonb_build_object('task', t.data -> 'task', 'on', t.data -> 'on', 'result', t.data -> 'result')
                        ORDER BY t.data ->> 'on', t.position
                    ) FILTER (WHERE t.what = 'special'),
                    '[]'
                ) AS special_appraisals,
                jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what = 'special') AS special_by,
                coalesce(jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what IN ('bar', 'case')), '{}') AS disciplined_by,
                min(shanghai_year(t.occurred_at)) FILTER (WHERE t.what = 'case') AS case_in,
                max(t.position) AS position
            FROM told AS t
        ) AS t
    ) AS own
) AS q
ORDER BY q.office, q.person, q.year
