-- 述职日程 · duty calendar
-- Which duty reports and section exchanges are owed, by whom and by when; which were done, and were they late? A report by whoever
-- heads a section on a half-year's last day, acting or not; an exchange by every section, every month. From the period
-- in which the record of the office's people begins up to that in which it recorded anything last.
-- resource: duties
-- kind: asked
-- whose: subject
-- types: chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-left.v1, chengzhang.people.section-defined.v1, chengzhang.work.duty-report-delivered.v1, chengzhang.work.section-exchange-held.v1

SELECT
    d.duty, -- key text · 任务 · what is owed: duty-report or section-exchange
    d.subject, -- key base.Person · 责任人或科室 · who owes it: the head of a section, or a section
    d.period, -- key text · 时段 · the half-year, or the month
    min(d.due_on) AS due_on, -- date · 期限 · the period's last day
    min(d.done_on) AS done_on, -- date · 完成日期 · the Shanghai day on which it was done; null until then
    min(d.done_on) > min(d.due_on) AS late, -- boolean · 逾期 · whether that was after the day due
    CASE WHEN d.duty = 'section-exchange' THEN d.subject END AS section, -- base.Section · 科室 · the section whose it is; null where it is a person's
    jsonb_object_agg(d.event_id, 1) AS told_by -- behind
FROM (
    SELECT p.office, 'duty-report' AS duty, p.person AS subject, half_of(h.last_day) AS period, h.last_day AS due_on,
        NULL::date AS done_on, p.event_id
    FROM fact AS p
    LEFT JOIN LATERAL (
        SELECT min((e.data ->> 'on')::date) AS on_day
        FROM fact AS e
        WHERE
            e.office = p.office AND e.person = p.person AND (
                e.type = 'chengzhang.people.post-ended.v1' AND e.data ->> 'post' = p.data ->> 'post'
                OR e.type = 'chengzhang.people.person-left.v1' AND e.data ->> 'on' >= p.data ->> 'from_on'
            )
    ) AS ended ON true
    CROSS JOIN LATERAL (
        SELECT half_ends(half_of(s.month::date)) AS last_day
        FROM generate_series(
            half_ends(half_of(greatest((p.data ->> 'from_on')::date, began_on(p.office, (SELECT m.known FROM moment AS m))))) - 14,
            half_ends(half_of(newest_month(p.office, (SELECT m.known FROM moment AS m)))),
            interval '6 months'
        ) AS s (month)
    ) AS h
    WHERE
        p.type = 'chengzhang.people.post-assumed.v1' AND p.data ->> 'tier' = 'section-head'
        AND h.last_day >= (p.data ->> 'from_on')::date AND (ended.on_day IS NULL OR h.last_day < ended.on_day)
    UNION ALL
    SELECT r.office, 'duty-report', r.person, r.data ->> 'half', half_ends(r.data ->> 'half'), shanghai_day(r.occurred_at), r.event_id
    FROM fact AS r
    WHERE r.type = 'chengzhang.work.duty-report-delivered.v1'
    UNION ALL
    SELECT s.office, 'section-exchange', s.data ->> 'section', month_of(m.month::date), month_ends(m.month::date), NULL, s.event_id
    FROM fact AS s
    CROSS JOIN LATERAL generate_series(
        month_begins(shanghai_month(s.occurred_at)),
        newest_month(s.office, (SELECT m.known FROM moment AS m)),
        interval '1 month'
    ) AS m (month)
    WHERE s.type = 'chengzhang.people.section-defined.v1'
    UNION ALL
    SELECT x.office, 'section-exchange', s.section, x.data ->> 'month', month_ends(month_begins(x.data ->> 'month')),
        shanghai_day(x.occurred_at), x.event_id
    FROM fact AS x
    CROSS JOIN LATERAL jsonb_array_elements_text(x.data -> 'sections') AS s (section)
    WHERE x.type = 'chengzhang.work.section-exchange-held.v1'
) AS d
GROUP BY d.office, d.duty, d.subject, d.period
