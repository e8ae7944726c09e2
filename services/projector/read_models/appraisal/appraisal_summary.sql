-- 年度考核 · appraisals
-- What does a cadre's yearly appraisal rest on? Whether the study requirement is met, and the evidence with the events behind it. Evidence
-- is learning, work and activity; talks and welfare never are, by construction. No points, no ranking.
-- resource: appraisals/{year}
-- kind: sum
-- whose: person
-- years: posts
-- beside: last_seat(office, person, make_date(year, 12, 31), known) AS seated

SELECT
    person, -- key base.Person
    shanghai_year(occurred_at) AS year, -- key base.Year
    seated.section, -- row base.Section · 科室 · of the main post at the end of the year; where none was held then, of the last one before
    seated.tier, -- row base.Tier · 职务层次 · tier of that post
    'not-opened'::text AS stage, -- row text · 进程 · how far the appraisal has come
    CASE WHEN data ->> 'account' = 'recognised' THEN (data -> 'centi_xueshi')::integer END AS requirement_met, -- reaches 9000 · 达到学习要求 · at least 90 recognised xueshi (学时) in the year; never the hours themselves
    data ->> 'account' = 'recognised' AS requirement_events, -- events · 学习要求依据 · the recognised credits behind it, by time
    to_jsonb(entry_group) AS evidence_by_group, -- counts group · 依据按类别 · unrevoked learning, work and activity entries; what is zero is left out, here and below
    data -> 'guide' AS evidence_by_guide, -- counts base.Guide · 依据按引导 · the same by guide word (六个方面引导)
    true AS evidence_events, -- events · 考核依据 · the events behind both, by time
    '[]'::jsonb AS routine_grades, -- row jsonb · 平时考核 · routine grades
    '[]'::jsonb AS duty_reports, -- row jsonb · 述职 · duty reports
    NULL::text AS proposed_grade, -- row text · 拟定等次 · the grade proposed; null until then
    NULL::text AS grade -- row text · 考核等次 · the grade decided; null until then
FROM evidence
