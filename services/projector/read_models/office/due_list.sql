-- 待办事项 · what is due
-- What is due by when, of whom, and what is done? Duty reports, section exchanges, required talks, what was promised in talks, items of
-- plans, sessions that carriers owe by the rule pack, what is to be made up; and what waits: duty reports for their assessment, visits
-- for their approval, proposed entries for being verified, disputes and pending effects for a decision; of appraisals the next steps,
-- objections, reviews and appeals. What was never begun, too.
-- Overdue is what is due before today and not done.
-- resource: due
-- kind: asked
-- whose: owner
-- types: chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-left.v1, chengzhang.people.section-defined.v1, chengzhang.work.duty-report-delivered.v1, chengzhang.work.duty-report-assessed.v1, chengzhang.work.section-exchange-held.v1, chengzhang.talk.talk-required.v1, chengzhang.talk.talk-held.v1, chengzhang.talk.follow-up-promised.v1, chengzhang.learning.month-arranged.v1, chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.attendance-recorded.v1, chengzhang.learning.make-up-completed.v1, chengzhang.welfare.visit-proposed.v1, chengzhang.welfare.visit-approved.v1, chengzhang.welfare.home-visit-made.v1, chengzhang.learning.carrier-joined.v1, chengzhang.learning.plan-adopted.v1, chengzhang.people.branch-defined.v1, chengzhang.any.pack-followed.v1, chengzhang.any.entry-proposed.v1, chengzhang.any.entry-verified.v1, chengzhang.any.entry-disputed.v1, chengzhang.any.dispute-settled.v1, chengzhang.work.output-filed.v1, chengzhang.people.person-registered.v1, chengzhang.appraisal.cycle-opened.v1, chengzhang.appraisal.self-review-submitted.v1, chengzhang.appraisal.democratic-assessment-held.v1, chengzhang.appraisal.findings-verified.v1, chengzhang.appraisal.grade-proposed.v1, chengzhang.appraisal.grade-decided.v1, chengzhang.appraisal.grade-supplemented.v1, chengzhang.appraisal.excellent-list-posted.v1, chengzhang.appraisal.objection-raised.v1, chengzhang.appraisal.objection-settled.v1, chengzhang.appraisal.notice-given.v1, chengzhang.appraisal.notice-signed.v1, chengzhang.appraisal.file-archived.v1, chengzhang.appraisal.review-requested.v1, chengzhang.appraisal.review-decided.v1, chengzhang.appraisal.appeal-lodged.v1, chengzhang.appraisal.appeal-decided.v1

SELECT
    d.duty, -- key text · 任务 · duty-report, section-exchange, talk, follow-up, plan-item, session, make-up, assessment, visit-approval, verification, dispute, effect, self-review, democratic-assessment, findings, grade, notice, signature, objection, review, appeal or admonition-talk
    d.id, -- key text · 编号 · what tells it apart: person/2026H1, section/2026-03, party-day/2026-03, session/person, cycle/person, or its id
    min(d.owner) AS owner, -- base.Person · 责任人 · whose it is; null where it is nobody's in particular
    min(d.section) AS section, -- base.Section · 科室 · the section that owes it, or where the owner sat as it was recorded
    min(d.what) AS what, -- text · 事项 · report, exchange, talk, follow-up, plan-item, session, make-up, assessment, approval, verification, decision, self-review or notice
    min(d.due_on) AS due_on, -- date · 期限 · by when; null where nothing says so
    min(d.done_on) AS done_on, -- date · 完成日期 · when it was done; null until then
    jsonb_object_agg(d.event_id, 1) AS told_by -- behind
FROM (
    SELECT o.office, o.duty, o.subject || '/' || o.period AS id, CASE o.duty WHEN 'duty-report' THEN o.subject END AS owner,
        o.section, CASE o.duty WHEN 'duty-report' THEN 'report' ELSE 'exchange' END AS what, o.due_on, o.done_on, o.event_id
    FROM owed_duty AS o
    UNION ALL
    SELECT s.office, 'session', s.id, NULL, NULL, 'session', s.due_on, s.done_on, s.event_id
    FROM owed_session AS s
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
        coalesce(week_ends(i.item ->> 'iso_week'), ten_days_end(m.data ->> 'month', i.item ->> 'ten_days')), NULL, m.event_id
    FROM everything AS m
    CROSS JOIN LATERAL jsonb_array_elements(m.data -> 'items') AS i (item)
    WHERE m.type = 'chengzhang.learning.month-arranged.v1'
    UNION ALL
    SELECT m.office, 'plan-item', i.item, NULL, NULL, 'plan-item', NULL, shanghai_day(m.starts_at), e.event_id
    FROM standing_session AS m
    CROSS JOIN LATERAL jsonb_array_elements_text(m.data -> 'items') AS i (item)
    CROSS JOIN LATERAL (
        SELECT o.event_id
        FROM everything AS o
        WHERE
            o.type = 'chengzhang.learning.attendance-recorded.v1' AND o.office = m.office AND o.stream = m.stream
            AND o.data ->> 'state' IN ('present', 'partial')
        ORDER BY o.position
        LIMIT 1
    ) AS a
    CROSS JOIN LATERAL (VALUES (m.event_id), (a.event_id), (m.moved_by)) AS e (event_id)
    WHERE e.event_id IS NOT NULL
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
    UNION ALL
    SELECT p.office, 'verification', p.event_id::text, NULL, p.section, 'verification', NULL, NULL, p.event_id
    FROM everything AS p
    WHERE p.type = 'chengzhang.any.entry-proposed.v1'
    UNION ALL
    SELECT v.office, 'verification', v.data ->> 'event', NULL, v.section, 'verification', NULL, shanghai_day(v.occurred_at), v.event_id
    FROM everything AS v
    WHERE v.type = 'chengzhang.any.entry-verified.v1'
    UNION ALL
    SELECT d.office, 'dispute', d.event_id::text, NULL, d.section, 'decision', NULL, shanghai_day(s.occurred_at), e.event_id
    FROM everything AS d
    LEFT JOIN LATERAL (
        SELECT s.event_id, s.occurred_at
        FROM everything AS s
        WHERE
            s.type = 'chengzhang.any.dispute-settled.v1' AND s.office = d.office AND s.data ->> 'event' = d.data ->> 'event'
            AND s.position > d.position
        ORDER BY s.position
        LIMIT 1
    ) AS s ON true
    CROSS JOIN LATERAL (VALUES (d.event_id), (s.event_id)) AS e (event_id)
    WHERE d.type = 'chengzhang.any.entry-disputed.v1' AND e.event_id IS NOT NULL
    UNION ALL
    SELECT o.office, 'effect', o.data ->> 'output', o.data ->> 'lead', o.section, 'decision', NULL,
        CASE WHEN o.data -> 'settled' ->> 'effect' <> 'pending' THEN (o.data -> 'settled' ->> 'on')::date END, o.event_id
    FROM everything AS o
    WHERE o.type = 'chengzhang.work.output-filed.v1' AND o.data ->> 'effect' = 'pending'
    UNION ALL
    SELECT a.office, w.duty, a.cycle || '/' || a.person, CASE WHEN w.own THEN a.person END, NULL, w.what, NULL, NULL, e.event_id::uuid
    FROM appraised AS a
    CROSS JOIN (
        VALUES
        ('self-review', 'self-review', 'self-review', NULL, true),
        ('democratic-assessment', 'assessment', 'democratic-assessment', 'self-review', false),
        ('findings', 'verification', 'findings', 'self-review', false),
        ('grade', 'decision', 'decision', 'proposal', false),
        ('notice', 'notice', 'notice', 'decision', false),
        ('signature', 'notice', 'signature', 'notice', true)
    ) AS w (duty, what, step, after, own)
    CROSS JOIN LATERAL jsonb_object_keys(a.told_by) AS e (event_id)
    WHERE
        a.cycle IS NOT NULL AND a.pool <> 'leadership' AND w.step = ANY(a.missing)
        AND NOT coalesce(w.after = ANY(a.missing), false)
    UNION ALL
    SELECT s.office, w.duty, (s.data ->> 'cycle') || '/' || s.person, CASE WHEN w.own THEN s.person END, s.section, w.what, NULL,
        coalesce((s.data ->> 'on')::date, shanghai_day(s.occurred_at)), s.event_id
    FROM everything AS s
    INNER JOIN (
        VALUES
        ('self-review', 'self-review', 'chengzhang.appraisal.self-review-submitted.v1', true),
        ('democratic-assessment', 'assessment', 'chengzhang.appraisal.democratic-assessment-held.v1', false),
        ('findings', 'verification', 'chengzhang.appraisal.findings-verified.v1', false),
        ('grade', 'decision', 'chengzhang.appraisal.grade-decided.v1', false),
        ('notice', 'notice', 'chengzhang.appraisal.notice-given.v1', false),
        ('signature', 'notice', 'chengzhang.appraisal.notice-signed.v1', true)
    ) AS w (duty, what, type, own) ON w.type = s.type
    UNION ALL
    SELECT o.office, 'objection', o.data ->> 'objection', NULL, o.section, 'decision', NULL,
        CASE WHEN o.type = 'chengzhang.appraisal.objection-settled.v1' THEN shanghai_day(o.occurred_at) END, o.event_id
    FROM everything AS o
    WHERE o.type IN ('chengzhang.appraisal.objection-raised.v1', 'chengzhang.appraisal.objection-settled.v1')
    UNION ALL
    SELECT r.office, w.duty, r.event_id::text, NULL, r.section, 'decision', (r.data ->> 'answer_until')::date, d.on_day, e.event_id
    FROM everything AS r
    INNER JOIN (
        VALUES
        ('review', 'chengzhang.appraisal.review-requested.v1', 'chengzhang.appraisal.review-decided.v1'),
        ('appeal', 'chengzhang.appraisal.appeal-lodged.v1', 'chengzhang.appraisal.appeal-decided.v1')
    ) AS w (duty, asked, answered) ON w.asked = r.type
    LEFT JOIN LATERAL (
        SELECT d.event_id, (d.data ->> 'on')::date AS on_day
        FROM everything AS d
        WHERE
            d.office = r.office AND d.person = r.person AND d.type = w.answered AND d.data ->> 'cycle' = r.data ->> 'cycle'
            AND d.position > r.position
        ORDER BY d.position
        LIMIT 1
    ) AS d ON true
    CROSS JOIN LATERAL (VALUES (r.event_id), (d.event_id)) AS e (event_id)
    WHERE e.event_id IS NOT NULL
    UNION ALL
    SELECT a.office, 'admonition-talk', a.cycle || '/' || a.person, NULL, NULL, 'talk', NULL, t.day, e.event_id
    FROM appraised AS a
    INNER JOIN everything AS v ON v.office = a.office AND v.person = a.person AND v.event_id = a.verdict_by
    LEFT JOIN LATERAL (
        SELECT h.event_id, shanghai_day(h.occurred_at) AS day
        FROM everything AS h
        WHERE
            h.office = a.office AND h.type = 'chengzhang.talk.talk-held.v1' AND h.data ->> 'mode' = 'one-to-one'
            AND h.data -> 'participants' ? a.person AND h.data ->> 'initiator' <> a.person AND h.occurred_at >= v.occurred_at
        ORDER BY h.occurred_at, h.position
        LIMIT 1
    ) AS t ON true
    CROSS JOIN LATERAL (
        SELECT k.event_id::uuid FROM jsonb_object_keys(a.told_by) AS k (event_id) UNION ALL SELECT t.event_id WHERE t.event_id IS NOT NULL
    ) AS e (event_id)
    WHERE a.follows ? 'admonition-talk'
) AS d
GROUP BY d.office, d.duty, d.id
