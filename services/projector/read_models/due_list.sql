-- 待办事项 · what is due
-- What is due by when, of whom, and what is done? Duty reports, section exchanges, required talks, what was promised in talks, items of
-- plans, what is to be made up; duty reports that wait for their assessment, visits for their approval. What was never begun, too.
-- Overdue is what is due before today and not done.
-- resource: due
-- kind: asked
-- whose: owner
-- types: chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-left.v1, chengzhang.people.section-defined.v1, chengzhang.work.duty-report-delivered.v1, chengzhang.work.duty-report-assessed.v1, chengzhang.work.section-exchange-held.v1, chengzhang.talk.talk-required.v1, chengzhang.talk.talk-held.v1, chengzhang.talk.follow-up-promised.v1, chengzhang.learning.month-arranged.v1, chengzhang.learning.session-convened.v1, chengzhang.learning.attendance-recorded.v1, chengzhang.learning.make-up-completed.v1, chengzhang.welfare.visit-proposed.v1, chengzhang.welfare.visit-approved.v1, chengzhang.welfare.home-visit-made.v1

SELECT
    d.duty, -- key text · 任务 · duty-report, section-exchange, talk, follow-up, plan-item, make-up, assessment or visit-approval
    d.id, -- key text · 编号 · what tells it apart: person/2026H1, section/2026-03, session/person, or its id
    min(d.owner) AS owner, -- base.Person · 责任人 · whose it is; null where it is nobody's in particular
    min(d.section) AS section, -- base.Section · 科室 · the section that owes it, or where the owner sat as it was recorded
    min(d.what) AS what, -- text · 事项 · report, exchange, talk, follow-up, plan-item, make-up, assessment or approval
    min(d.due_on) AS due_on, -- date · 期限 · by when; null where nothing says so
    min(d.done_on) AS done_on, -- date · 完成日期 · when it was done; null until then
    jsonb_object_agg(d.event_id, 1) AS told_by -- behind
FROM (
    SELECT p.office, 'duty-report' AS duty, p.person || '/' || half_of(h.last_day) AS id, p.person AS owner,
        p.data ->> 'section' AS section, 'report' AS what, h.last_day AS due_on, NULL::date AS done_on, p.event_id
    FROM everything AS p
    LEFT JOIN LATERAL (
        SELECT min((e.data ->> 'on')::date) AS on_day
        FROM everything AS e
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
    SELECT r.office, 'duty-report', r.person || '/' || (r.data ->> 'half'), r.person, r.section, 'report',
        half_ends(r.data ->> 'half'), shanghai_day(r.occurred_at), r.event_id
    FROM everything AS r
    WHERE r.type = 'chengzhang.work.duty-report-delivered.v1'
    UNION ALL
    SELECT s.office, 'section-exchange', (s.data ->> 'section') || '/' || month_of(m.month::date), NULL, s.data ->> 'section',
        'exchange', month_ends(m.month::date), NULL, s.event_id
    FROM everything AS s
    CROSS JOIN LATERAL generate_series(
        month_begins(shanghai_month(s.occurred_at)),
        newest_month(s.office, (SELECT m.known FROM moment AS m)),
        interval '1 month'
    ) AS m (month)
    WHERE s.type = 'chengzhang.people.section-defined.v1'
    UNION ALL
    SELECT x.office, 'section-exchange', s.section || '/' || (x.data ->> 'month'), NULL, s.section, 'exchange',
        month_ends(month_begins(x.data ->> 'month')), shanghai_day(x.occurred_at), x.event_id
    FROM everything AS x
    CROSS JOIN LATERAL jsonb_array_elements_text(x.data -> 'sections') AS s (section)
    WHERE x.type = 'chengzhang.work.section-exchange-held.v1'
    UNION ALL
    SELECT q.office, 'talk', q.data ->> 'duty', coalesce(q.data ->> 'with', q.person), q.section, 'talk',
        (q.data ->> 'due_on')::date, NULL, q.event_id
    FROM everything AS q
    WHERE q.type = 'chengzhang.talk.talk-required.v1'
    UNION ALL
    SELECT h.office, 'talk', h.data ->> 'duty', NULL, NULL, 'talk', NULL, shanghai_day(h.occurred_at), h.event_id
    FROM everything AS h
    INNER JOIN everything AS q
        ON q.type = 'chengzhang.talk.talk-required.v1' AND q.office = h.office AND q.data ->> 'duty' = h.data ->> 'duty'
        AND q.person IN (h.data -> 'stamps' -> 0 ->> 'person', h.data -> 'stamps' -> 1 ->> 'person')
    WHERE
        h.type = 'chengzhang.talk.talk-held.v1' AND h.data ->> 'mode' = 'one-to-one'
        AND coalesce(q.data ->> 'with', q.person) IN (
            h.data -> 'stamps' -> 0 ->> 'person', h.data -> 'stamps' -> 1 ->> 'person'
        )
    UNION ALL
    SELECT f.office, 'follow-up', f.data ->> 'follow_up', f.person, f.section, 'follow-up', (f.data ->> 'due_on')::date,
        (f.data -> 'closed' ->> 'on')::date, f.event_id
    FROM everything AS f
    WHERE f.type = 'chengzhang.talk.follow-up-promised.v1'
    UNION ALL
    SELECT m.office, 'plan-item', i.item ->> 'item', i.item ->> 'lead', NULL, 'plan-item',
        coalesce(
            to_date(i.item ->> 'iso_week', 'IYYY-"W"IW') + 6,
            CASE i.item ->> 'ten_days'
                WHEN 'early' THEN month_begins(m.data ->> 'month') + 9
                WHEN 'middle' THEN month_begins(m.data ->> 'month') + 19
                ELSE month_ends(month_begins(m.data ->> 'month'))
            END
        ), NULL, m.event_id
    FROM everything AS m
    CROSS JOIN LATERAL jsonb_array_elements(m.data -> 'items') AS i (item)
    WHERE m.type = 'chengzhang.learning.month-arranged.v1'
    UNION ALL
    SELECT c.office, 'plan-item', i.item, NULL, NULL, 'plan-item', NULL,
        CASE WHEN e.number = 1 THEN shanghai_day((a.data -> 'session_stamp' ->> 'starts_at')::timestamptz) END,
        CASE e.number WHEN 1 THEN c.event_id ELSE a.event_id END
    FROM everything AS c
    CROSS JOIN LATERAL jsonb_array_elements_text(c.data -> 'items') AS i (item)
    CROSS JOIN LATERAL (
        SELECT o.event_id, o.data
        FROM everything AS o
        WHERE
            o.type = 'chengzhang.learning.attendance-recorded.v1' AND o.office = c.office AND o.stream = c.stream
            AND o.data ->> 'state' IN ('present', 'partial')
        ORDER BY o.position
        LIMIT 1
    ) AS a
    CROSS JOIN generate_series(1, 2) AS e (number)
    WHERE c.type = 'chengzhang.learning.session-convened.v1'
    UNION ALL
    SELECT a.office, 'make-up', (a.data ->> 'session') || '/' || a.person, a.person, a.section, 'make-up', NULL, NULL, a.event_id
    FROM everything AS a
    WHERE a.type = 'chengzhang.learning.attendance-recorded.v1' AND a.data ->> 'state' IN ('leave', 'absent')
    UNION ALL
    SELECT u.office, 'make-up', (u.data ->> 'session') || '/' || u.person, u.person, u.section, 'make-up', NULL,
        (u.data ->> 'on')::date, u.event_id
    FROM everything AS u
    WHERE u.type = 'chengzhang.learning.make-up-completed.v1'
    UNION ALL
    SELECT v.office, 'visit-approval', v.data ->> 'visit', v.data ->> 'approver', v.section, 'approval', NULL,
        CASE WHEN v.type <> 'chengzhang.welfare.visit-proposed.v1' THEN shanghai_day(v.occurred_at) END, v.event_id
    FROM everything AS v
    WHERE
        v.type IN ('chengzhang.welfare.visit-proposed.v1', 'chengzhang.welfare.visit-approved.v1')
        OR v.type = 'chengzhang.welfare.home-visit-made.v1'
        AND EXISTS (
            SELECT FROM everything AS p
            WHERE p.type = 'chengzhang.welfare.visit-proposed.v1' AND p.office = v.office AND p.stream = v.stream
        )
    UNION ALL
    SELECT r.office, 'assessment', r.person || '/' || (r.data ->> 'half'), NULL, r.section, 'assessment', NULL, NULL, r.event_id
    FROM everything AS r
    WHERE r.type = 'chengzhang.work.duty-report-delivered.v1'
    UNION ALL
    SELECT a.office, 'assessment', a.person || '/' || (a.data ->> 'half'), a.data ->> 'by', a.section, 'assessment', NULL,
        shanghai_day(a.occurred_at), a.event_id
    FROM everything AS a
    WHERE a.type = 'chengzhang.work.duty-report-assessed.v1'
) AS d
GROUP BY d.office, d.duty, d.id
