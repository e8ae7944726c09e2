-- What several read models that are asked make of their relation, and may name beside it.

-- name: standing_session#
-- Each session as it stands, moved or cancelled.
SELECT
    c.office,
    c.stream,
    c.data ->> 'session' AS session,
    c.data,
    c.event_id,
    moved.event_id AS moved_by,
    called_off.event_id AS cancelled_by,
    coalesce(moved.starts_at, c.data ->> 'starts_at')::timestamptz AS starts_at
FROM (
    SELECT DISTINCT ON (v.office, v.stream) v.office, v.stream, v.data, v.event_id
    FROM {name} AS v
    WHERE v.type = 'chengzhang.learning.session-convened.v1'
    ORDER BY v.office, v.stream, v.position DESC
) AS c
LEFT JOIN LATERAL (
    SELECT m.event_id, m.data ->> 'starts_at' AS starts_at
    FROM {name} AS m
    WHERE m.office = c.office AND m.stream = c.stream AND m.type = 'chengzhang.learning.session-rescheduled.v1'
    ORDER BY m.occurred_at DESC, m.position DESC
    LIMIT 1
) AS moved ON true
LEFT JOIN LATERAL (
    SELECT x.event_id
    FROM {name} AS x
    WHERE x.office = c.office AND x.stream = c.stream AND x.type = 'chengzhang.learning.session-cancelled.v1'
    ORDER BY x.position
    LIMIT 1
) AS called_off ON true;

-- name: owed_duty#
-- Duty reports and section exchanges that are owed, and those that were done.
SELECT p.office, 'duty-report' AS duty, p.person AS subject, half_of(h.last_day) AS period, h.last_day AS due_on,
    NULL::date AS done_on, p.data ->> 'section' AS section, p.event_id
FROM {name} AS p
LEFT JOIN LATERAL (
    SELECT min((e.data ->> 'on')::date) AS on_day
    FROM {name} AS e
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
SELECT r.office, 'duty-report', r.person, r.data ->> 'half', half_ends(r.data ->> 'half'), shanghai_day(r.occurred_at),
    r.section, r.event_id
FROM {name} AS r
WHERE r.type = 'chengzhang.work.duty-report-delivered.v1'
UNION ALL
SELECT s.office, 'section-exchange', s.data ->> 'section', month_of(m.month::date), month_ends(m.month::date), NULL,
    s.data ->> 'section', s.event_id
FROM {name} AS s
CROSS JOIN LATERAL generate_series(
    month_begins(shanghai_month(s.occurred_at)),
    newest_month(s.office, (SELECT m.known FROM moment AS m)),
    interval '1 month'
) AS m (month)
WHERE s.type = 'chengzhang.people.section-defined.v1'
UNION ALL
SELECT x.office, 'section-exchange', s.section, x.data ->> 'month', month_ends(month_begins(x.data ->> 'month')),
    shanghai_day(x.occurred_at), s.section, x.event_id
FROM {name} AS x
CROSS JOIN LATERAL jsonb_array_elements_text(x.data -> 'sections') AS s (section)
WHERE x.type = 'chengzhang.work.section-exchange-held.v1';

-- name: owed_session#
-- The sessions that carriers owe in each period by the rule pack, from the first fact on that names a carrier: a
-- member, a plan, a session, a branch. `nth` of those held in the period; done once as many were held as are owed.
WITH named AS (
    SELECT DISTINCT ON (n.office, n.carrier) n.*
    FROM (
        SELECT j.office, j.data ->> 'carrier' AS carrier, (j.data ->> 'on')::date AS since, j.event_id, j.position
        FROM {name} AS j
        WHERE j.type = 'chengzhang.learning.carrier-joined.v1'
        UNION ALL
        SELECT a.office, a.data ->> 'carrier', make_date((a.data -> 'year')::integer, 1, 1), a.event_id, a.position
        FROM {name} AS a
        WHERE a.type = 'chengzhang.learning.plan-adopted.v1'
        UNION ALL
        SELECT b.office, 'branch', shanghai_day(b.occurred_at), b.event_id, b.position
        FROM {name} AS b
        WHERE b.type = 'chengzhang.people.branch-defined.v1'
        UNION ALL
        SELECT c.office, k.carrier, shanghai_day((c.data ->> 'starts_at')::timestamptz), c.event_id, c.position
        FROM {name} AS c
        CROSS JOIN LATERAL jsonb_array_elements_text(c.data -> 'carriers') AS k (carrier)
        WHERE c.type = 'chengzhang.learning.session-convened.v1'
    ) AS n
    ORDER BY n.office, n.carrier, n.since, n.position
),
quota AS (
    SELECT DISTINCT n.office, n.event_id, s.what, s.carrier, s.kind, s.sessions, p.period
    FROM named AS n
    CROSS JOIN moment AS k
    CROSS JOIN LATERAL generate_series(
        date_trunc('month', greatest(n.since, began_on(n.office, k.known))::timestamp),
        newest_month(n.office, k.known)::timestamp,
        interval '1 month'
    ) AS m (month)
    CROSS JOIN LATERAL (
        VALUES ('month', month_of(m.month::date)), ('quarter', to_char(m.month, 'YYYY"Q"Q'))
    ) AS p (every, period)
    CROSS JOIN LATERAL sessions_owed(n.office, period_ends(p.period), k.known) AS s
    WHERE s.carrier = n.carrier AND s.every = p.every
),
held AS (
    SELECT m.office, m.session, m.data, shanghai_day(m.starts_at) AS day, array_remove(ARRAY[m.event_id, m.moved_by, a.event_id], NULL) AS told_by
    FROM standing_session AS m
    CROSS JOIN LATERAL (
        SELECT f.event_id
        FROM {name} AS f
        WHERE
            f.type = 'chengzhang.learning.attendance-recorded.v1' AND f.office = m.office AND f.stream = m.stream
            AND f.data ->> 'state' IN ('present', 'partial')
        ORDER BY f.position
        LIMIT 1
    ) AS a
)
SELECT q.office, q.what || '/' || q.period AS id, period_ends(q.period) AS due_on, CASE WHEN h.nth = q.sessions THEN h.day END AS done_on,
    e.event_id
FROM quota AS q
LEFT JOIN LATERAL (
    SELECT m.day, m.told_by, row_number() OVER (ORDER BY m.day, m.session) AS nth
    FROM held AS m
    WHERE
        m.office = q.office AND m.data -> 'carriers' ? q.carrier AND (q.kind IS NULL OR m.data -> 'kinds' ? q.kind)
        AND m.day BETWEEN period_begins(q.period) AND period_ends(q.period)
) AS h ON true
CROSS JOIN LATERAL (
    SELECT q.event_id
    UNION ALL
    SELECT t.event_id FROM unnest(h.told_by) AS t (event_id)
    UNION ALL
    SELECT f.event_id FROM {name} AS f WHERE f.office = q.office AND f.type = 'chengzhang.any.pack-followed.v1'
) AS e;

-- name: held_year#
-- The years in which somebody held a post, up to the one in which the office recorded anything last.
SELECT p.office, p.person, y.year, p.event_id, p.position, p.shard
FROM {name} AS p
LEFT JOIN LATERAL (
    SELECT min((e.data ->> 'on')::date) AS on_day
    FROM {name} AS e
    WHERE
        e.office = p.office AND e.person = p.person
        AND (
            e.type = 'chengzhang.people.post-ended.v1' AND e.data ->> 'post' = p.data ->> 'post'
            OR e.type = 'chengzhang.people.person-left.v1' AND e.data ->> 'on' >= p.data ->> 'from_on'
        )
) AS ended ON true
CROSS JOIN LATERAL generate_series(
    date_part('year', (p.data ->> 'from_on')::date)::integer,
    least(
        date_part('year', newest_month(p.office, (SELECT m.known FROM moment AS m)))::integer,
        date_part('year', ended.on_day - 1)::integer
    )
) AS y (year)
WHERE
    p.type = 'chengzhang.people.post-assumed.v1' AND (ended.on_day IS NULL OR ended.on_day > (p.data ->> 'from_on')::date);

-- name: appraised#
-- How the appraisal stands of each who held a post in a year: the cycle opened last for it, if any; whose seats the person is counted
-- with, by the posts held on 31 December; the furthest step that stands, the grades proposed and decided, what is missing. `here`: this
-- office appraises. The verdict is what says the grade: of supplement, review and appeal the last that did, else the decision.
-- Each row is worked out by itself, in the order of persons, so that a page takes no more than its rows.
SELECT
    h.office, h.person, h.year, h.shard, c.cycle, c.rule_pack, c.event_id AS opened_by, posted.ends_on AS posting_ends_on,
    greatest(h.position, c.position, posted.position, f.position) AS position,
    h.told_by || f.told_by || coalesce(posted.told_by, '{{}}')
    || CASE WHEN c.event_id IS NULL THEN '{{}}' ELSE jsonb_build_object(c.event_id, 1) END AS told_by,
    f.held_by,
    f.pool,
    f.establishment,
    f.on_probation,
    f.heads,
    CASE WHEN c.cycle IS NULL THEN 'not-opened' ELSE coalesce(f.stage, 'opened') END AS stage,
    f.proposal ->> 'grade' AS proposed_grade,
    f.verdict ->> 'grade' AS grade,
    f.verdict_by,
    coalesce((coalesce(f.verdict, f.proposal) -> 'here')::boolean, true) AS here,
    coalesce(f.decision ->> 'appraised_by', f.proposal ->> 'appraised_by') AS appraised_by,
    CASE WHEN f.decision IS NULL THEN f.proposal ELSE f.decision END ->> 'reason' AS reason,
    f.verdict -> 'follows' AS follows,
    f.signed_on,
    CASE WHEN c.cycle IS NULL OR f.pool IS NULL THEN '{{}}' ELSE array_remove(
        ARRAY[
            CASE WHEN f.graded AND NOT 'self-review' = ANY(f.steps) THEN 'self-review' END,
            CASE WHEN f.graded AND f.heads AND NOT 'democratic-assessment' = ANY(f.steps) THEN 'democratic-assessment' END,
            CASE WHEN f.graded AND NOT 'findings' = ANY(f.steps) THEN 'findings' END,
            CASE WHEN NOT 'proposed' = ANY(f.steps) THEN 'proposal' END,
            CASE WHEN NOT 'decided' = ANY(f.steps) THEN 'decision' END,
            CASE
                WHEN
                    coalesce(f.verdict, f.proposal) ->> 'grade' = 'excellent' AND posted.ends_on IS NULL
                    AND coalesce((coalesce(f.verdict, f.proposal) -> 'here')::boolean, true)
                    THEN 'posting'
            END,
            CASE WHEN f.objected THEN 'objection' END,
            CASE WHEN NOT 'notified' = ANY(f.steps) THEN 'notice' END,
            CASE WHEN NOT 'signed' = ANY(f.steps) THEN 'signature' END,
            CASE WHEN NOT 'archived' = ANY(f.steps) THEN 'archive' END
        ],
        NULL
    ) END AS missing
FROM (
    SELECT y.office, y.person, y.year, min(y.shard) AS shard, max(y.position) AS position, jsonb_object_agg(y.event_id, 1) AS told_by
    FROM held_year AS y
    GROUP BY y.office, y.person, y.year
) AS h
LEFT JOIN LATERAL (
    SELECT c.data ->> 'cycle' AS cycle, c.data ->> 'rule_pack' AS rule_pack, c.event_id, c.position
    FROM {name} AS c
    WHERE c.type = 'chengzhang.appraisal.cycle-opened.v1' AND c.office = h.office AND (c.data -> 'year')::integer = h.year
    ORDER BY c.position DESC
    LIMIT 1
) AS c ON true
CROSS JOIN LATERAL (
    SELECT min((p.data ->> 'ends_on')::date) AS ends_on, max(p.position) AS position, jsonb_object_agg(p.event_id, 1) AS told_by
    FROM {name} AS p
    WHERE
        p.type = 'chengzhang.appraisal.excellent-list-posted.v1' AND p.office = h.office AND p.data ->> 'cycle' = c.cycle
        AND p.data -> 'persons' ? h.person
) AS posted
CROSS JOIN LATERAL (
    WITH own AS MATERIALIZED (
        SELECT f.event_id, f.type, f.position, f.data
        FROM {name} AS f
        WHERE
            f.office = h.office AND f.person = h.person AND (
                f.type IN (
                    'chengzhang.people.person-registered.v1', 'chengzhang.people.post-assumed.v1', 'chengzhang.people.post-ended.v1',
                    'chengzhang.people.person-left.v1'
                )
                OR f.type LIKE 'chengzhang.appraisal.%' AND f.data ->> 'cycle' = c.cycle
            )
    ),
    step AS (
        SELECT o.*, s.stage, s.nth
        FROM own AS o
        INNER JOIN (
            VALUES
            (1, 'self-review', 'chengzhang.appraisal.self-review-submitted.v1'),
            (2, 'democratic-assessment', 'chengzhang.appraisal.democratic-assessment-held.v1'),
            (3, 'findings', 'chengzhang.appraisal.findings-verified.v1'),
            (4, 'proposed', 'chengzhang.appraisal.grade-proposed.v1'),
            (5, 'decided', 'chengzhang.appraisal.grade-decided.v1'),
            (6, 'notified', 'chengzhang.appraisal.notice-given.v1'),
            (7, 'signed', 'chengzhang.appraisal.notice-signed.v1'),
            (8, 'archived', 'chengzhang.appraisal.file-archived.v1')
        ) AS s (nth, stage, type) ON s.type = o.type
    ),
    held AS (
        SELECT p.*
        FROM own AS p
        WHERE
            p.type = 'chengzhang.people.post-assumed.v1' AND (p.data ->> 'from_on')::date <= make_date(h.year, 12, 31) AND NOT EXISTS (
                SELECT FROM own AS e
                WHERE (e.data ->> 'on')::date <= make_date(h.year, 12, 31) AND (
                    e.type = 'chengzhang.people.post-ended.v1' AND e.data ->> 'post' = p.data ->> 'post'
                    OR e.type = 'chengzhang.people.person-left.v1' AND e.data ->> 'on' >= p.data ->> 'from_on'
                )
            )
    ),
    registered AS (
        SELECT r.data FROM own AS r WHERE r.type = 'chengzhang.people.person-registered.v1' ORDER BY r.position DESC LIMIT 1
    ),
    verdict AS (
        SELECT v.event_id, v.data
        FROM own AS v
        WHERE
            v.type IN (
                'chengzhang.appraisal.grade-decided.v1', 'chengzhang.appraisal.grade-supplemented.v1',
                'chengzhang.appraisal.review-decided.v1', 'chengzhang.appraisal.appeal-decided.v1'
            )
            AND v.data ->> 'grade' IS NOT NULL
        ORDER BY v.type = 'chengzhang.appraisal.grade-decided.v1', v.position DESC
        LIMIT 1
    ),
    proposal AS (SELECT s.data FROM step AS s WHERE s.nth = 4 ORDER BY s.position DESC LIMIT 1)
    SELECT
        p.*,
        coalesce((SELECT jsonb_object_agg(o.event_id, 1) FROM own AS o), '{{}}') AS told_by,
        (SELECT max(o.position) FROM own AS o) AS position,
        (SELECT h.event_id FROM held AS h ORDER BY h.position LIMIT 1) AS held_by,
        CASE
            WHEN EXISTS (SELECT FROM held AS h WHERE h.data ->> 'tier' = 'leadership' OR h.data ->> 'managed_by' = 'superior') THEN 'leadership'
            WHEN EXISTS (SELECT FROM held) THEN p.establishment
        END AS pool,
        EXISTS (SELECT FROM held AS h WHERE h.data ->> 'tier' = 'section-head') AS heads,
        coalesce((p.registration ->> 'probation_until')::date >= make_date(h.year, 12, 31), false) AS on_probation,
        (SELECT s.stage FROM step AS s ORDER BY s.nth DESC LIMIT 1) AS stage,
        coalesce((SELECT array_agg(s.stage) FROM step AS s), '{{}}') AS steps,
        NOT coalesce(
            coalesce(p.verdict, p.proposal) ->> 'grade' IN ('undetermined', 'not-appraised') OR p.proposal ->> 'reason' = 'refused', false
        ) AS graded,
        (SELECT (s.data ->> 'on')::date FROM step AS s WHERE s.nth = 7 ORDER BY s.position DESC LIMIT 1) AS signed_on,
        EXISTS (
            SELECT FROM own AS r
            WHERE r.type = 'chengzhang.appraisal.objection-raised.v1' AND NOT EXISTS (
                SELECT FROM own AS s
                WHERE s.type = 'chengzhang.appraisal.objection-settled.v1' AND s.data ->> 'objection' = r.data ->> 'objection'
            )
        ) AS objected
    FROM (
        SELECT
            (SELECT r.data FROM registered AS r) AS registration,
            coalesce((SELECT r.data ->> 'establishment' FROM registered AS r), 'civil-service') AS establishment,
            (SELECT v.data FROM verdict AS v) AS verdict,
            (SELECT v.event_id FROM verdict AS v) AS verdict_by,
            (SELECT p.data FROM proposal AS p) AS proposal,
            (SELECT s.data FROM step AS s WHERE s.nth = 5 ORDER BY s.position DESC LIMIT 1) AS decision
    ) AS p
) AS f;
