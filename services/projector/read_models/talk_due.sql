-- 应谈未谈 · talks due
-- Who owes whom a heart-to-heart talk, in which period, and how many were held? Among a branch's committee, of it with each member, and of
-- each member with another, once a year (by the roles at the year's end; a secretary counts as committee); and what was required.
-- Pairs that never talked are rows, too. Overdue is what is due before today and not held as often as needed.
-- resource: talk-due
-- kind: asked
-- whose: person_a, person_b
-- types: chengzhang.people.party-role-set.v1, chengzhang.people.person-left.v1, chengzhang.talk.talk-required.v1, chengzhang.talk.talk-held.v1, chengzhang.talk.follow-up-promised.v1

SELECT
    d.person_a, -- key base.Person · 甲方 · the one whose id sorts first
    d.person_b, -- key base.Person · 乙方 · the other; empty where anybody will do
    d.duty, -- key text · 任务 · the pair of party roles, or the id of what was required
    d.period, -- key text · 时段 · the year, or the day by which it was required
    min(d.needed) AS needed, -- integer · 应谈次数 · one-to-one talks that are due in the period
    count(DISTINCT t.event_id) AS held, -- bigint · 已谈次数 · those held
    max(t.day) AS last_held_on, -- date · 最近一次 · the day of the latest
    min(d.due_on) AS due_on, -- date · 期限 · by when
    count(DISTINCT p.event_id) FILTER (WHERE NOT p.data ? 'closed') AS open_follow_ups, -- bigint · 未办结事项 · what was promised in them and is not done yet
    jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.event_id IS NOT NULL) AS held_by, -- behind held
    overlaid(d.told_by)
    || coalesce(jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.event_id IS NOT NULL), '{}')
    || coalesce(jsonb_object_agg(p.event_id, 1) FILTER (WHERE p.event_id IS NOT NULL), '{}') AS told_by -- behind
FROM (
    WITH sat AS NOT MATERIALIZED (
        SELECT DISTINCT ON (r.office, y.year, r.data ->> 'branch', r.person)
            r.office,
            y.year,
            r.data ->> 'branch' AS branch,
            r.person,
            CASE
                WHEN EXISTS (
                    SELECT FROM everything AS l
                    WHERE
                        l.type = 'chengzhang.people.person-left.v1' AND l.office = r.office AND l.person = r.person
                        AND l.data ->> 'on' BETWEEN r.data ->> 'from_on' AND y.year || '-12-31'
                )
                    THEN 'none'
                WHEN r.data ->> 'role' = 'secretary' THEN 'committee'
                ELSE r.data ->> 'role'
            END AS role,
            r.event_id
        FROM everything AS r
        CROSS JOIN LATERAL generate_series(
            date_part(
                'year', greatest((r.data ->> 'from_on')::date, began_on(r.office, (SELECT m.known FROM moment AS m)))
            )::integer,
            date_part('year', newest_month(r.office, (SELECT m.known FROM moment AS m)))::integer
        ) AS y (year)
        WHERE r.type = 'chengzhang.people.party-role-set.v1'
        ORDER BY r.office, y.year, r.data ->> 'branch', r.person, r.data ->> 'from_on' DESC, r.position DESC
    ),

    pair AS (
        SELECT a.office, a.year, least(a.person, b.person) AS person_a, greatest(a.person, b.person) AS person_b,
            CASE WHEN a.role = b.role THEN 'committee-committee' ELSE 'committee-member' END AS duty,
            jsonb_build_object(a.event_id::text, 1, b.event_id::text, 1) AS told_by
        FROM sat AS a
        INNER JOIN sat AS b ON b.office = a.office AND b.year = a.year AND b.branch = a.branch
        WHERE a.role = 'committee' AND (b.role = 'member' OR b.role = 'committee' AND a.person < b.person)
        UNION ALL
        SELECT a.office, a.year, a.person, '', 'member-member', jsonb_build_object(a.event_id::text, 1)
        FROM sat AS a
        WHERE
            a.role = 'member'
            AND EXISTS (
                SELECT FROM sat AS b
                WHERE
                    b.office = a.office AND b.year = a.year AND b.branch = a.branch AND b.role = 'member' AND b.person <> a.person
            )
    )

    SELECT office, person_a, person_b, duty, year::text AS period, 1 AS needed, make_date(year, 12, 31) AS due_on, told_by,
        NULL AS required
    FROM pair
    UNION ALL
    SELECT q.office, coalesce(least(q.person, q.data ->> 'with'), q.person),
        coalesce(greatest(q.person, q.data ->> 'with'), ''), q.data ->> 'duty', q.data ->> 'due_on', 1,
        (q.data ->> 'due_on')::date, jsonb_build_object(q.event_id::text, 1), q.data ->> 'duty'
    FROM everything AS q
    WHERE q.type = 'chengzhang.talk.talk-required.v1'
) AS d
LEFT JOIN LATERAL (
    SELECT h.event_id, h.data ->> 'talk' AS talk, shanghai_day(h.occurred_at) AS day
    FROM everything AS h
    WHERE
        h.type = 'chengzhang.talk.talk-held.v1' AND h.office = d.office AND h.data ->> 'mode' = 'one-to-one'
        AND d.person_a IN (h.data -> 'stamps' -> 0 ->> 'person', h.data -> 'stamps' -> 1 ->> 'person')
        AND d.person_b IN ('', h.data -> 'stamps' -> 0 ->> 'person', h.data -> 'stamps' -> 1 ->> 'person')
        AND CASE
            WHEN d.required IS NOT NULL THEN h.data ->> 'duty' = d.required
            ELSE h.data ->> 'party_pair' = d.duty AND shanghai_year(h.occurred_at)::text = d.period
        END
) AS t ON true
LEFT JOIN LATERAL (
    SELECT f.event_id, f.data
    FROM everything AS f
    WHERE f.type = 'chengzhang.talk.follow-up-promised.v1' AND f.office = d.office AND f.data ->> 'talk' = t.talk
) AS p ON true
GROUP BY d.office, d.person_a, d.person_b, d.duty, d.period
