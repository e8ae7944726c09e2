-- 应谈未谈 · talks due
-- Who owes whom a heart-to-heart talk, in which period, and how many were held? By the rule pack, between tiers and between party roles, as
-- these are on the period's last day (a secretary counts as committee; each member with at least one of the branch); and what was
-- required. Pairs that never talked are rows, too. Overdue is what is due before today and not held as often as needed.
-- resource: talk-due
-- kind: asked
-- whose: person_a, person_b
-- types: chengzhang.people.party-role-set.v1, chengzhang.people.person-left.v1, chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.talk.talk-required.v1, chengzhang.talk.talk-held.v1, chengzhang.talk.follow-up-promised.v1

SELECT
    d.person_a, -- key base.Person · 甲方 · the one whose id sorts first
    d.person_b, -- key base.Person · 乙方 · the other; empty where anybody will do
    d.duty, -- key text · 任务 · the pair of tiers or party roles, or the id of what was required
    d.period, -- key text · 时段 · the month or year; or the day by which it was required
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
    WITH period AS (
        SELECT DISTINCT o.office, p.every, p.period, period_ends(p.period) AS last_day
        FROM (
            SELECT DISTINCT f.office
            FROM everything AS f
            WHERE f.type IN ('chengzhang.people.post-assumed.v1', 'chengzhang.people.party-role-set.v1')
        ) AS o
        CROSS JOIN moment AS k
        CROSS JOIN LATERAL generate_series(
            date_trunc('month', least(began_on(o.office, k.known), newest_month(o.office, k.known))::timestamp),
            newest_month(o.office, k.known)::timestamp,
            interval '1 month'
        ) AS m (month)
        CROSS JOIN LATERAL (
            VALUES ('month', month_of(m.month::date)), ('year', left(month_of(m.month::date), 4))
        ) AS p (every, period)
    ),

    owed AS (
        SELECT p.office, p.period, p.last_day, t.pair AS duty, t.talks
        FROM period AS p
        CROSS JOIN LATERAL talks_owed(p.office, p.last_day, (SELECT m.known FROM moment AS m)) AS t
        WHERE t.every = p.every
    ),

    sat AS (
        SELECT DISTINCT ON (p.office, p.last_day, r.data ->> 'branch', r.person)
            p.office,
            p.last_day,
            r.data ->> 'branch' AS branch,
            r.person,
            CASE
                WHEN EXISTS (
                    SELECT FROM everything AS l
                    WHERE
                        l.type = 'chengzhang.people.person-left.v1' AND l.office = r.office AND l.person = r.person
                        AND l.data ->> 'on' BETWEEN r.data ->> 'from_on' AND p.last_day::text
                )
                    THEN 'none'
                WHEN r.data ->> 'role' = 'secretary' THEN 'committee'
                ELSE r.data ->> 'role'
            END AS role,
            r.event_id
        FROM (SELECT DISTINCT office, last_day FROM owed) AS p
        INNER JOIN everything AS r
            ON r.type = 'chengzhang.people.party-role-set.v1' AND r.office = p.office AND (r.data ->> 'from_on')::date <= p.last_day
        ORDER BY p.office, p.last_day, r.data ->> 'branch', r.person, r.data ->> 'from_on' DESC, r.position DESC
    ),

    held AS (
        SELECT DISTINCT ON (p.office, p.last_day, a.person)
            p.office,
            p.last_day,
            NULL AS branch,
            a.person,
            a.data ->> 'tier' AS role,
            a.event_id
        FROM (SELECT DISTINCT office, last_day FROM owed) AS p
        INNER JOIN everything AS a
            ON a.type = 'chengzhang.people.post-assumed.v1' AND a.office = p.office AND (a.data ->> 'from_on')::date <= p.last_day
        WHERE NOT EXISTS (
            SELECT FROM everything AS e
            WHERE
                e.office = a.office AND e.person = a.person AND (e.data ->> 'on')::date <= p.last_day AND (
                    e.type = 'chengzhang.people.post-ended.v1' AND e.data ->> 'post' = a.data ->> 'post'
                    OR e.type = 'chengzhang.people.person-left.v1' AND e.data ->> 'on' >= a.data ->> 'from_on'
                )
        )
        ORDER BY p.office, p.last_day, a.person, array_position(ARRAY['leadership', 'section-head', 'staff'], a.data ->> 'tier'),
            a.position
    ),

    stood AS (SELECT * FROM sat UNION ALL SELECT * FROM held)

    SELECT o.office, least(a.person, b.person) AS person_a, greatest(a.person, b.person) AS person_b, o.duty, o.period,
        o.talks AS needed, o.last_day AS due_on, jsonb_build_object(a.event_id::text, 1, b.event_id::text, 1) AS told_by, NULL AS required
    FROM owed AS o
    INNER JOIN stood AS a ON a.office = o.office AND a.last_day = o.last_day AND starts_with(o.duty, a.role || '-')
    INNER JOIN stood AS b
        ON b.office = a.office AND b.last_day = a.last_day AND b.branch IS NOT DISTINCT FROM a.branch AND b.person <> a.person
    WHERE o.duty <> 'member-member' AND o.duty = a.role || '-' || b.role AND (a.role <> b.role OR a.person < b.person)
    UNION ALL
    SELECT o.office, a.person, '', o.duty, o.period, o.talks, o.last_day, jsonb_build_object(a.event_id::text, 1), NULL
    FROM owed AS o
    INNER JOIN sat AS a ON a.office = o.office AND a.last_day = o.last_day
    WHERE
        o.duty = 'member-member' AND a.role = 'member'
        AND EXISTS (
            SELECT FROM sat AS b
            WHERE
                b.office = a.office AND b.last_day = a.last_day AND b.branch = a.branch AND b.role = 'member'
                AND b.person <> a.person
        )
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
            ELSE
                d.duty IN (h.data ->> 'pair', h.data ->> 'party_pair')
                AND shanghai_day(h.occurred_at) BETWEEN period_begins(d.period) AND d.due_on
        END
) AS t ON true
LEFT JOIN LATERAL (
    SELECT f.event_id, f.data
    FROM everything AS f
    WHERE f.type = 'chengzhang.talk.follow-up-promised.v1' AND f.office = d.office AND f.data ->> 'talk' = t.talk
) AS p ON true
GROUP BY d.office, d.person_a, d.person_b, d.duty, d.period
