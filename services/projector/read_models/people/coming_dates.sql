-- 到期日程 · coming dates
-- Which dates come up for whom: the end of probation, of a bar in appraisals, of a secondment, of a posting; the last day for a review?
-- resource: coming-dates
-- kind: asked
-- whose: person
-- types: chengzhang.people.person-registered.v1, chengzhang.people.discipline-recorded.v1, chengzhang.people.discipline-closed.v1, chengzhang.people.secondment-ended.v1, chengzhang.appraisal.excellent-list-posted.v1, chengzhang.appraisal.notice-given.v1, chengzhang.selection.candidates-posted.v1

SELECT
    q.on_day AS "on", -- key date · 日期 · the day
    q.person, -- key base.Person
    q.what, -- key people.cadres.Coming
    q.event_id, -- text · 事件 · the event that says so
    q.told_by -- behind
FROM (
    SELECT DISTINCT ON (f.office, due.on_day, due.person, due.what)
        f.office,
        due.on_day,
        due.person,
        due.what,
        f.event_id::text AS event_id,
        jsonb_build_object(f.event_id, 1) AS told_by
    FROM fact AS f
    CROSS JOIN LATERAL (
        SELECT (f.data ->> 'probation_until')::date AS on_day, 'probation' AS what, f.person
        WHERE f.type = 'chengzhang.people.person-registered.v1' AND f.data ? 'probation_until'
        UNION ALL
        SELECT make_date(max((b.bar -> 'year')::integer), 12, 31), 'bar', f.person
        FROM jsonb_array_elements(f.data -> 'bars') AS b (bar)
        WHERE f.type = 'chengzhang.people.discipline-recorded.v1' AND NOT EXISTS (
            SELECT
            FROM fact AS c
            WHERE c.office = f.office AND c.stream = f.stream AND c.type = 'chengzhang.people.discipline-closed.v1'
        )
        HAVING count(*) > 0
        UNION ALL
        SELECT (f.data ->> 'on')::date, 'secondment', f.person
        WHERE f.type = 'chengzhang.people.secondment-ended.v1'
        UNION ALL
        SELECT (f.data ->> 'review_until')::date, 'review', f.person
        WHERE f.type = 'chengzhang.appraisal.notice-given.v1'
        UNION ALL
        SELECT (f.data ->> 'ends_on')::date, 'posting', w.person
        FROM jsonb_array_elements_text(f.data -> 'persons') AS w (person)
        WHERE f.type = 'chengzhang.appraisal.excellent-list-posted.v1'
        UNION ALL
        SELECT (f.data ->> 'ends_on')::date, 'posting', w.stamp ->> 'person'
        FROM jsonb_array_elements(f.data -> 'stamps') AS w (stamp)
        WHERE f.type = 'chengzhang.selection.candidates-posted.v1'
    ) AS due
    ORDER BY f.office, due.on_day, due.person, due.what, f.position DESC
) AS q
