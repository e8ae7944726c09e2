-- 条线位次 · standings of work lines
-- Where does a work line stand among the offices of a city or province (走在全市前列), and how many decisions came of its outputs and
-- study in that period? Of the line, never of a person.
-- resource: line-standings
-- kind: asked
-- whose: office
-- types: chengzhang.work.standing-recorded.v1, chengzhang.work.research-adopted.v1

SELECT
    s.line, -- key base.Line
    s.period, -- key base.Period
    s.scope, -- key text · 范围 · city or province
    min(s.place) AS place, -- bigint · 位次 · its place; null where none was given
    min(s.among) AS of, -- bigint · 参评数 · of how many
    count(DISTINCT s.decision) AS decisions, -- bigint · 决策数 · decisions of the period that rest on the line's outputs or study
    jsonb_object_agg(s.decision, 1) FILTER (WHERE s.decision IS NOT NULL) AS decided_by, -- behind decisions
    jsonb_object_agg(s.event_id, 1) AS told_by -- behind
FROM (
    SELECT r.office, r.event_id, r.data ->> 'line' AS line, r.data ->> 'period' AS period, r.data ->> 'scope' AS scope,
        (r.data -> 'place')::bigint AS place, (r.data -> 'of')::bigint AS among, d.event_id AS decision
    FROM fact AS r
    LEFT JOIN fact AS d
        ON d.office = r.office AND d.type = 'chengzhang.work.research-adopted.v1' AND d.data -> 'lines' ? (r.data ->> 'line')
        AND shanghai_day(d.occurred_at) BETWEEN period_begins(r.data ->> 'period') AND period_ends(r.data ->> 'period')
    WHERE r.type = 'chengzhang.work.standing-recorded.v1'
) AS s
GROUP BY s.office, s.line, s.period, s.scope
