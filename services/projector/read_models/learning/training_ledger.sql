-- 培训学时台账 · training ledger
-- How much has a cadre studied in each account, year by year, and is what the rule pack asks for met? Training off the job counts as
-- recognised; the five years end with the year. Never a score: the requirement is met or not.
-- resource: training
-- kind: asked
-- whose: person
-- types: chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.hours-credited.v1, chengzhang.learning.course-completed.v1, chengzhang.learning.requirement-waived.v1, chengzhang.people.rank-set.v1, chengzhang.any.pack-followed.v1, chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-left.v1

SELECT
    q.person, -- key base.Person
    q.year, -- key base.Year
    q.account, -- key learning.courses.Ledger
    q.centi_xueshi, -- bigint · 学时（百分之一） · 1/100 study hour
    q.days, -- bigint · 天数 · days of courses
    q.required_centi_xueshi, -- integer · 要求学时（百分之一） · what the pack asks for; null where it asks for none in this account
    q.required_days, -- integer · 要求天数 · or so many days of courses; null where days don't count
    q.met, -- boolean · 达到要求 · whether that is met, by hours or by days; null where nothing is asked for
    q.studied_by, -- behind centi_xueshi
    q.days_by, -- behind days
    q.told_by_all -- behind
FROM (
    WITH studied AS (
        SELECT f.office, f.person, e.year, e.account, f.event_id, f.occurred_at, f.position, (f.data -> 'centi_xueshi')::bigint AS centi_xueshi,
            coalesce((f.data -> 'days')::bigint, 0) AS days, array_remove(ARRAY[m.event_id, m.moved_by], NULL) AS session_by
        FROM fact AS f
        LEFT JOIN standing_session AS m ON m.office = f.office AND m.stream = f.stream
        CROSS JOIN LATERAL (
            SELECT
                coalesce(date_part('year', (f.data ->> 'to_on')::date)::integer, shanghai_year(m.starts_at)) AS year,
                CASE f.data ->> 'kind' WHEN 'online' THEN 'online' ELSE coalesce(f.data ->> 'account', 'recognised') END AS account
        ) AS own
        CROSS JOIN LATERAL (
            SELECT own.year, own.account
            UNION ALL
            SELECT own.year + later.years, 'five-years'
            FROM generate_series(0, 4) AS later (years)
            WHERE own.account = 'recognised'
        ) AS e
        WHERE f.type IN ('chengzhang.learning.hours-credited.v1', 'chengzhang.learning.course-completed.v1')
    ),
    row AS (
        SELECT
            r.office,
            r.person,
            r.year,
            r.account,
            coalesce(sum(r.centi_xueshi), 0)::bigint AS centi_xueshi,
            coalesce(sum(r.days), 0)::bigint AS days,
            jsonb_object_agg(r.event_id, r.centi_xueshi) FILTER (WHERE r.studied) AS studied_by,
            jsonb_object_agg(r.event_id, r.days) FILTER (WHERE r.studied) AS days_by,
            jsonb_object_agg(r.event_id, 1) AS told_by
        FROM (
            SELECT s.office, s.person, s.year, s.account, true AS studied, e.event_id, e.centi_xueshi, e.days
            FROM studied AS s
            CROSS JOIN LATERAL (
                SELECT s.event_id, s.centi_xueshi, s.days
                UNION ALL
                SELECT d.event_id, 0, 0 FROM unnest(s.session_by) AS d (event_id)
            ) AS e
            WHERE s.year <= date_part('year', newest_month(s.office, (SELECT m.known FROM moment AS m)))
            UNION ALL
            SELECT h.office, h.person, h.year, account, false, h.event_id, 0, 0
            FROM held_year AS h
            CROSS JOIN unnest(ARRAY['study', 'recognised', 'online', 'five-years']) AS account
        ) AS r
        GROUP BY r.office, r.person, r.year, r.account
    )
    SELECT
        r.*,
        owed.centi_xueshi AS required_centi_xueshi,
        owed.days AS required_days,
        met(r.centi_xueshi, r.days, owed.centi_xueshi, owed.days) AS met,
        r.told_by || ruled.told_by AS told_by_all
    FROM row AS r
    LEFT JOIN LATERAL owed_study(r.office, r.person, r.year, r.account, (SELECT m.known FROM moment AS m)) AS owed ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_object_agg(f.event_id, 1), '{}') AS told_by
        FROM fact AS f
        WHERE
            f.office = r.office AND (
                f.person = r.person
                AND f.type IN ('chengzhang.people.rank-set.v1', 'chengzhang.learning.requirement-waived.v1')
                OR f.type = 'chengzhang.any.pack-followed.v1'
            )
    ) AS ruled
) AS q
