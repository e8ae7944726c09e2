-- What views ask of each of their rows: functions of every version, each read as known at an instant. They read for those who may read
-- the views that rest on them, and not the tables.

-- Events that are behind a figure, and count nothing in it.
CREATE FUNCTION nought(told_by jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_object_agg(t.event_id, 0), '{}') FROM jsonb_object_keys(told_by) AS t (event_id));

-- By the installed rule packs (filled in): what study is owed.
CREATE FUNCTION study_figures() RETURNS TABLE (
    pack          text,
    region        text,
    year          integer,
    year_centi    integer,
    year_days     integer,
    five_centi    integer,
    five_days     integer,
    five_ranks    text[],
    online_centi  integer
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.* FROM (VALUES {study}) AS v;
END;

-- The nation's rule pack of a year: of the latest year before where it has none of its own, or the first.
CREATE FUNCTION national_pack(of_year integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT s.pack
    FROM study_figures() AS s
    WHERE s.region = 'national'
    ORDER BY s.year <= of_year DESC, CASE WHEN s.year <= of_year THEN -s.year ELSE s.year END
    LIMIT 1
);

-- The rule pack by which an office goes on a day: the one followed last from then or before, else the nation's.
CREATE FUNCTION pack_of(in_office text, on_day date, stood_at timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT coalesce(
        (
            SELECT f.data ->> 'pack'
            FROM fact AS f
            WHERE
                f.office = pack_of.in_office COLLATE "C"
                AND f.stream = 'office/' || pack_of.in_office COLLATE "C"
                AND f.type = 'chengzhang.any.pack-followed.v1'
                AND f.known_from <= pack_of.stood_at
                AND f.known_to > pack_of.stood_at
                AND (f.data ->> 'from_on')::date <= pack_of.on_day
            ORDER BY f.data ->> 'from_on' DESC, f.position DESC
            LIMIT 1
        ),
        national_pack(date_part('year', pack_of.on_day)::integer)
    );
END;

-- What study a person owes in an account for a year, by the pack and the rank held at its end; nothing where the year was waived.
-- Whom the five years bind owes no year's recognised study, and everybody else none of five years.
CREATE FUNCTION owed_study(in_office text, of_person text, in_year integer, in_account text, stood_at timestamptz) RETURNS TABLE (
    centi_xueshi integer,
    days         integer
)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    WITH known AS (
        SELECT f.type, f.position, f.data
        FROM fact AS f
        WHERE
            f.office = owed_study.in_office COLLATE "C"
            AND f.person = owed_study.of_person COLLATE "C"
            AND f.type IN ('chengzhang.people.rank-set.v1', 'chengzhang.learning.requirement-waived.v1')
            AND f.known_from <= owed_study.stood_at
            AND f.known_to > owed_study.stood_at
    ),
    pack AS (
        SELECT s.*, coalesce(held.rank = ANY(s.five_ranks), false) AS bound, waived.so AS waived
        FROM study_figures() AS s
        LEFT JOIN LATERAL (
            SELECT k.data ->> 'rank' AS rank
            FROM known AS k
            WHERE
                k.type = 'chengzhang.people.rank-set.v1'
                AND (k.data ->> 'from_on')::date <= make_date(owed_study.in_year, 12, 31)
            ORDER BY k.data ->> 'from_on' DESC, k.position DESC
            LIMIT 1
        ) AS held ON true
        CROSS JOIN LATERAL (
            SELECT count(*) > 0 AS so
            FROM known AS k
            WHERE
                k.type = 'chengzhang.learning.requirement-waived.v1'
                AND (k.data -> 'year')::integer = owed_study.in_year
        ) AS waived
        WHERE s.pack = pack_of(owed_study.in_office, make_date(owed_study.in_year, 12, 31), owed_study.stood_at)
    )
    SELECT
        CASE owed_study.in_account
            WHEN 'recognised' THEN CASE WHEN NOT p.bound THEN CASE WHEN p.waived THEN 0 ELSE p.year_centi END END
            WHEN 'online' THEN CASE WHEN p.waived THEN 0 ELSE p.online_centi END
            WHEN 'five-years' THEN CASE WHEN p.bound THEN CASE WHEN p.waived THEN 0 ELSE p.five_centi END END
        END,
        CASE owed_study.in_account
            WHEN 'recognised' THEN CASE WHEN NOT p.bound AND NOT p.waived THEN p.year_days END
            WHEN 'five-years' THEN CASE WHEN p.bound AND NOT p.waived THEN p.five_days END
        END
    FROM pack AS p;
END;

-- Whether that is met: by hours, or by days where days count.
CREATE FUNCTION met(had bigint, had_days bigint, owed integer, owed_days integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(had, 0) >= owed OR coalesce(coalesce(had_days, 0) >= owed_days, false);

-- Where a person is on the day of an instant, today where that lies ahead: posts held, seat, rank, party role, away or not; since and
-- until when in the office.
CREATE FUNCTION roster_of(in_office text, of_person text, stood_at timestamptz) RETURNS TABLE (
    posts      jsonb,
    section    text,
    tier       text,
    rank       text,
    party_role text,
    duties     text,
    away       text,
    since      date,
    until      date
)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    WITH today AS (
        SELECT shanghai_day(least(roster_of.stood_at, now())) AS day
    ),
    known AS (
        SELECT f.type, f.position, f.data, coalesce(f.data ->> 'from_on', f.data ->> 'on')::date AS since
        FROM fact AS f
        WHERE
            f.office = roster_of.in_office COLLATE "C"
            AND f.person = roster_of.of_person COLLATE "C"
            AND f.type IN (
                'chengzhang.people.person-registered.v1', 'chengzhang.people.post-assumed.v1', 'chengzhang.people.post-ended.v1',
                'chengzhang.people.rank-set.v1', 'chengzhang.people.party-role-set.v1', 'chengzhang.people.secondment-started.v1',
                'chengzhang.people.secondment-ended.v1', 'chengzhang.people.long-leave-started.v1',
                'chengzhang.people.long-leave-ended.v1', 'chengzhang.people.person-left.v1'
            )
            AND f.known_from <= roster_of.stood_at
            AND f.known_to > roster_of.stood_at
    ),
    held AS (
        SELECT p.*
        FROM known AS p
        CROSS JOIN today AS t
        WHERE p.type = 'chengzhang.people.post-assumed.v1' AND p.since <= t.day AND NOT EXISTS (
            SELECT FROM known AS e
            WHERE e.since <= t.day AND (
                e.type = 'chengzhang.people.post-ended.v1' AND e.data ->> 'post' = p.data ->> 'post'
                OR e.type = 'chengzhang.people.person-left.v1' AND e.since >= p.since
            )
        )
    ),
    gone AS (
        SELECT coalesce(a.data ->> 'kind', 'long-leave') AS away, a.since, a.position
        FROM known AS a
        CROSS JOIN today AS t
        WHERE
            a.type IN ('chengzhang.people.secondment-started.v1', 'chengzhang.people.long-leave-started.v1') AND a.since <= t.day
            AND coalesce(a.data ->> 'direction', 'out') = 'out' AND NOT EXISTS (
                SELECT FROM known AS e
                WHERE
                    e.type IN ('chengzhang.people.secondment-ended.v1', 'chengzhang.people.long-leave-ended.v1') AND e.since <= t.day
                    AND (e.data ->> 'secondment' = a.data ->> 'secondment' OR e.data ->> 'leave' = a.data ->> 'leave')
            )
    )
    SELECT
        (
            SELECT coalesce(
                jsonb_agg(
                    jsonb_strip_nulls(
                        jsonb_build_object(
                            'post', h.data -> 'post', 'title', h.data -> 'title', 'tier', h.data -> 'tier',
                            'section', h.data -> 'section', 'concurrent', h.data -> 'concurrent', 'acting', h.data -> 'acting',
                            'duties', h.data -> 'duties', 'managed_by', h.data -> 'managed_by', 'from_on', h.data -> 'from_on'
                        )
                    )
                    ORDER BY (h.data -> 'concurrent')::boolean, h.since, h.position
                ),
                '[]'
            )
            FROM held AS h
        ),
        seated.section,
        seated.tier,
        (
            SELECT r.data ->> 'rank' FROM known AS r
            WHERE r.type = 'chengzhang.people.rank-set.v1' AND r.since <= t.day
            ORDER BY r.since DESC, r.position DESC LIMIT 1
        ),
        (
            SELECT b.role
            FROM (
                SELECT DISTINCT ON (r.data ->> 'branch') r.data ->> 'role' AS role
                FROM known AS r
                WHERE r.type = 'chengzhang.people.party-role-set.v1' AND r.since <= t.day
                ORDER BY r.data ->> 'branch', r.since DESC, r.position DESC
            ) AS b
            WHERE b.role <> 'none'
            ORDER BY array_position(ARRAY['secretary', 'committee', 'member'], b.role)
            LIMIT 1
        ),
        (
            SELECT h.data ->> 'duties' FROM held AS h WHERE NOT (h.data -> 'concurrent')::boolean
            ORDER BY h.since DESC, h.position DESC LIMIT 1
        ),
        (SELECT g.away FROM gone AS g ORDER BY g.since DESC, g.position DESC LIMIT 1),
        (
            SELECT (r.data ->> 'joined_on')::date FROM known AS r
            WHERE r.type = 'chengzhang.people.person-registered.v1' ORDER BY r.position DESC LIMIT 1
        ),
        (SELECT min(l.since) FROM known AS l WHERE l.type = 'chengzhang.people.person-left.v1')
    FROM today AS t
    LEFT JOIN LATERAL last_seat(roster_of.in_office, roster_of.of_person, t.day, roster_of.stood_at) AS seated
        ON seated.until = t.day;
END;

-- How often pairs talk by the rule pack (filled in) that an office follows on a day.
CREATE FUNCTION talks_owed(in_office text, on_day date, stood_at timestamptz) RETURNS TABLE (
    pair  text,
    talks integer,
    every text
)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT g.pair, g.talks, g.every
    FROM (VALUES {talks}) AS g (pack, pair, talks, every)
    WHERE g.pack = (SELECT pack_of(talks_owed.in_office, talks_owed.on_day, talks_owed.stood_at));
END;

-- Which sessions carriers owe by the rule pack (filled in) that an office follows on a day.
CREATE FUNCTION sessions_owed(in_office text, on_day date, stood_at timestamptz) RETURNS TABLE (
    what     text,
    carrier  text,
    kind     text,
    sessions integer,
    every    text
)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT g.what, g.carrier, g.kind, g.sessions, g.every
    FROM (VALUES {sessions}) AS g (pack, what, carrier, kind, sessions, every)
    WHERE g.pack = (SELECT pack_of(sessions_owed.in_office, sessions_owed.on_day, sessions_owed.stood_at));
END;

-- By the rule packs (filled in): the share of excellent grades, rounded to the nearest or down, and what an open case bars.
CREATE FUNCTION appraisal_figures() RETURNS TABLE (
    pack              text,
    excellent_percent integer,
    nearest           boolean,
    open_case         text
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.* FROM (VALUES {appraisals}) AS v;
END;

-- By the rule packs (filled in): the figures of conditions of selections.
CREATE FUNCTION condition_figures() RETURNS TABLE (
    pack   text,
    code   text,
    figure integer
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.* FROM (VALUES {conditions}) AS v;
END;

-- By the rule packs (filled in): what a visit may cost the union's fund, in fen.
CREATE FUNCTION visit_caps() RETURNS TABLE (
    pack     text,
    occasion text,
    fen      integer
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.* FROM (VALUES {caps}) AS v;
END;
