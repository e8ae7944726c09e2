-- What every version of the read models stands on: the facts, as versions of rows, and what is asked of them by many.

-- name: control#
-- Once a database.
CREATE SCHEMA IF NOT EXISTS office;
COMMENT ON SCHEMA office IS 'What reports read: views only. Their tables change; these append columns and keep the rest';
CREATE SCHEMA IF NOT EXISTS projector;

-- The versions of the read models, each in a schema `office_v<number>` with cursors of its own, and the SQL that folds it: two
-- projectors of different code fold one version in the same way.
CREATE TABLE IF NOT EXISTS projector.version (
    number   integer PRIMARY KEY,
    state    text NOT NULL CHECK (state IN ('building', 'live', 'old')),
    digest   text NOT NULL,
    staging  text NOT NULL,
    steps    text NOT NULL, -- JSON: a batch's statements in their order, each with the types of facts that call for it
    tables   text[] NOT NULL,
    views    text, -- digest of the public views that show it
    compared jsonb, -- what comparing a building one with the live one found
    begun_at timestamptz NOT NULL DEFAULT now(),
    live_at  timestamptz
);
CREATE UNIQUE INDEX IF NOT EXISTS version_state ON projector.version (state) WHERE state <> 'old';

-- name: version#
-- What each version begins with, in its own schema.

-- How far the read models have come: the only truth about progress, moved in the same transaction as their rows. Those of a version
-- that another has followed are retired: whoever finds that folds the live one.
CREATE TABLE cursor (
    consumer    text NOT NULL,
    shard       integer NOT NULL,
    ledger      text,
    next        bigint NOT NULL DEFAULT 0,
    leaf_hash   bytea,
    offset_hint bigint,
    foreign_count  bigint NOT NULL DEFAULT 0, -- records that no recorder wrote, and were passed over
    foreign_offset bigint,
    foreign_told   text,
    state       text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'halted', 'retired')),
    error       text,
    moved_at    timestamptz,
    PRIMARY KEY (consumer, shard)
) WITH (fillfactor = 50);

-- Every fact but those of care, once for each person whom it stamps. A row is one version of it: known from an instant until another
-- version followed, or until the fact was revoked (then the last one says so). Positions say which events did that.
CREATE TABLE fact (
    office      text COLLATE "C" NOT NULL,
    person      text COLLATE "C" NOT NULL, -- '' where it is about nobody
    occurred_at timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    made_by     bigint NOT NULL, -- of the first version the event's own position
    known_from  timestamptz NOT NULL,
    known_to    timestamptz NOT NULL,
    ended_by    bigint,
    revoked_at  timestamptz,
    nth         smallint NOT NULL, -- which of the persons, from 1 on
    type        text COLLATE "C" NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    section     text,
    tier        text,
    shard       integer NOT NULL,
    position    bigint NOT NULL,
    data        jsonb NOT NULL,
    -- The time comes before the id: one index finds a fact and reads a file in order.
    PRIMARY KEY (office, person, occurred_at, event_id, made_by)
) WITH (fillfactor = 90);
-- The stream comes before the office: so it never looks as good as the primary key, where a plan is made of an empty table.
CREATE INDEX fact_stream ON fact (stream, office, type);

-- Talks, welfare and needs: apart, so that nothing that judges people can name them.
CREATE TABLE care (LIKE fact, PRIMARY KEY (office, person, occurred_at, event_id, made_by)) WITH (fillfactor = 90);
CREATE INDEX care_stream ON care (stream, office, type);

-- In which Shanghai months (their first days) the office recorded anything: no figure asks a clock what year it is.
CREATE TABLE office_month (
    office      text COLLATE "C" NOT NULL,
    month       date NOT NULL,
    recorded_at timestamptz NOT NULL, -- the first of it
    PRIMARY KEY (office, month)
);

-- What is asked of an office, or of somebody in it, by types of which there are few; of the others there are thousands, and an index over
-- them costs more than it spares.
CREATE INDEX fact_type ON fact (office, type, person) WHERE type NOT IN (
    'chengzhang.learning.attendance-recorded.v1',
    'chengzhang.learning.hours-credited.v1'
);
CREATE INDEX fact_registered ON fact (person) WHERE type IN (
    'chengzhang.people.person-registered.v1',
    'chengzhang.people.person-left.v1'
);

CREATE FUNCTION shanghai_day(moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (moment AT TIME ZONE 'Asia/Shanghai')::date;
CREATE FUNCTION shanghai_month(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE RETURN to_char(moment AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM');
CREATE FUNCTION shanghai_week(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE RETURN to_char(moment AT TIME ZONE 'Asia/Shanghai', 'IYYY-"W"IW');
CREATE FUNCTION shanghai_year(moment timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN date_part('year', moment AT TIME ZONE 'Asia/Shanghai')::integer;

-- The last day of a half-year, 2026H1.
CREATE FUNCTION half_ends(half text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (make_date(left(half, 4)::integer, 6 * right(half, 1)::integer, 1) + interval '1 month')::date - 1;

-- The half-year of a day, 2026H1; the month of a day, 2026-03.
CREATE FUNCTION half_of(day date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lpad(date_part('year', day)::text, 4, '0') || CASE WHEN date_part('month', day) <= 6 THEN 'H1' ELSE 'H2' END;
CREATE FUNCTION month_of(day date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lpad(date_part('year', day)::text, 4, '0') || '-' || lpad(date_part('month', day)::text, 2, '0');

-- The last day of the month of a day; the first day of a month, 2026-03.
CREATE FUNCTION month_ends(day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (make_date(date_part('year', day)::integer, date_part('month', day)::integer, 1) + interval '1 month')::date - 1;
CREATE FUNCTION month_begins(month text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN make_date(left(month, 4)::integer, right(month, 2)::integer, 1);

-- The first months of a period and of the one that follows: 2026, 2026H1, 2026Q2, 2026-03.
CREATE FUNCTION period_begins(period text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN make_date(
    left(period, 4)::integer,
    CASE substr(period, 5, 1)
        WHEN 'H' THEN 6 * right(period, 1)::integer - 5
        WHEN 'Q' THEN 3 * right(period, 1)::integer - 2
        WHEN '-' THEN right(period, 2)::integer
        ELSE 1
    END,
    1
);
CREATE FUNCTION period_ends(period text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    period_begins(period)
    + make_interval(months => CASE substr(period, 5, 1) WHEN 'H' THEN 6 WHEN 'Q' THEN 3 WHEN '-' THEN 1 ELSE 12 END)
)::date - 1;

-- The median of some numbers, a half where it lies between two; as JSON.
CREATE FUNCTION median(numbers bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT to_jsonb(percentile_cont(0.5) WITHIN GROUP (ORDER BY n)) FROM unnest(numbers) AS n);

-- The last day of a week, 2026-W10, and of ten days (旬) of a month, early, middle or late.
CREATE FUNCTION week_ends(week text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_date(week, 'IYYY-"W"IW') + 6;
CREATE FUNCTION ten_days_end(month text, ten_days text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE ten_days
    WHEN 'early' THEN month_begins(month) + 9
    WHEN 'middle' THEN month_begins(month) + 19
    WHEN 'late' THEN month_ends(month_begins(month))
END;

-- {"name": count} without what is zero.
CREATE FUNCTION counts(names text[], numbers bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(counted.name, counted.number), '{}'::jsonb)
    FROM unnest(names, numbers) AS counted (name, number)
    WHERE counted.number <> 0
);

-- Objects laid over one another, the later the higher.
CREATE AGGREGATE overlaid(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');

-- The first day of the Shanghai month in which an office recorded anything last, up to an instant.
CREATE FUNCTION newest_month(in_office text, stood_at timestamptz) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT max(o.month)
    FROM office_month AS o
    WHERE o.office = newest_month.in_office COLLATE "C" AND o.recorded_at <= newest_month.stood_at;
END;

-- The Shanghai day on which an office's record of its people begins, as known at an instant: before it nobody owes anything.
CREATE FUNCTION began_on(in_office text, stood_at timestamptz) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT shanghai_day(min(f.occurred_at))
    FROM fact AS f
    WHERE
        f.office = began_on.in_office COLLATE "C"
        AND f.type IN ('chengzhang.people.person-registered.v1', 'chengzhang.people.post-assumed.v1')
        AND f.known_from <= began_on.stood_at
        AND f.known_to > began_on.stood_at;
END;

-- The last seat in the main post up to a day, as known at an instant: `until` is that day, or the last one on which it was held. Read
-- as the recorder reads it: the main post of a day is, of those not concurrent that are held then, the one held from the latest day on,
-- of one day the last recorded; its latest move says the section.
-- It reads for those who may read the views that rest on it, and not this table.
CREATE FUNCTION last_seat(in_office text, of_person text, up_to date, stood_at timestamptz) RETURNS TABLE (
    section text,
    tier    text,
    until   date
)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    WITH known AS (
        SELECT
            f.position,
            f.type,
            coalesce(f.data ->> 'from_on', f.data ->> 'on')::date AS since,
            f.data ->> 'post' AS post,
            (f.data -> 'concurrent')::boolean AS concurrent,
            coalesce(f.data ->> 'section', f.data ->> 'to_section') AS section,
            f.data ->> 'tier' AS tier
        FROM fact AS f
        WHERE
            f.office = last_seat.in_office COLLATE "C"
            AND f.person = last_seat.of_person COLLATE "C"
            AND f.type IN (
                'chengzhang.people.post-assumed.v1',
                'chengzhang.people.post-ended.v1',
                'chengzhang.people.person-transferred.v1',
                'chengzhang.people.person-left.v1'
            )
            AND f.known_from <= last_seat.stood_at
            AND f.known_to > last_seat.stood_at
    )
    SELECT
        coalesce(moved.section, p.section),
        p.tier,
        held.until
    FROM known AS p
    CROSS JOIN LATERAL (
        SELECT least(last_seat.up_to, min(e.since) - 1) AS until
        FROM known AS e
        WHERE
            e.type = 'chengzhang.people.post-ended.v1' AND e.post = p.post
            OR e.type = 'chengzhang.people.person-left.v1' AND e.since >= p.since
    ) AS held
    LEFT JOIN LATERAL (
        SELECT m.section
        FROM known AS m
        WHERE m.type = 'chengzhang.people.person-transferred.v1' AND m.post = p.post AND m.since <= held.until
        ORDER BY m.since DESC, m.position DESC
        LIMIT 1
    ) AS moved ON true
    WHERE p.type = 'chengzhang.people.post-assumed.v1' AND NOT p.concurrent AND p.since <= held.until
    ORDER BY held.until DESC, p.since DESC, p.position DESC
    LIMIT 1;
END;

-- What a section is called, as known at an instant; null where nothing says so.
CREATE FUNCTION section_name(in_office text, of_section text, stood_at timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    SELECT f.data ->> 'name'
    FROM fact AS f
    WHERE
        f.office = section_name.in_office COLLATE "C"
        AND f.stream = 'section/' || section_name.of_section COLLATE "C"
        AND f.type = 'chengzhang.people.section-defined.v1'
        AND f.known_from <= section_name.stood_at
        AND f.known_to > section_name.stood_at
    ORDER BY f.position DESC
    LIMIT 1;
END;

-- Where everyone sits today.
CREATE VIEW seat AS
SELECT
    p.office,
    p.person,
    s.section,
    s.tier
FROM (
    SELECT DISTINCT
        f.office,
        f.person
    FROM fact AS f
    WHERE f.type = 'chengzhang.people.post-assumed.v1' AND f.known_to = 'infinity'
) AS p
CROSS JOIN LATERAL last_seat(p.office, p.person, (now() AT TIME ZONE 'Asia/Shanghai')::date, '9999-12-31') AS s
WHERE s.until = (now() AT TIME ZONE 'Asia/Shanghai')::date;

-- name: staging#
-- A batch's changes, once a connection; they stay until the next batch. A revocation stands here as the fact that it takes back, with
-- sign -1 and its own position and recorded_at; so does a version that another follows, and that other with 1.
CREATE TEMP TABLE fact_change (
    office      text COLLATE "C" NOT NULL,
    person      text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    nth         smallint NOT NULL,
    type        text COLLATE "C" NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    section     text,
    tier        text,
    shard       integer NOT NULL,
    position    bigint NOT NULL,
    sign        smallint NOT NULL,
    data        jsonb NOT NULL
);
CREATE TEMP TABLE care_change (LIKE fact_change);
CREATE INDEX fact_change_revoked ON fact_change (position) WHERE sign = -1;
CREATE INDEX care_change_revoked ON care_change (position) WHERE sign = -1;

-- name: unstage#
-- Away with the last batch's changes, as long as few were left behind: it is cheap, and its plans stay.
WITH facts AS (DELETE FROM fact_change) DELETE FROM care_change;

-- name: stage_anew#
-- The same where there were many, and the room that they took.
TRUNCATE fact_change, care_change;

-- name: roles#
-- Reports read the views and nothing else, where there is a role for them (deploy/postgres/roles.sql).
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reporter') THEN
        GRANT USAGE ON SCHEMA office TO reporter;
        GRANT SELECT ON ALL TABLES IN SCHEMA office TO reporter;
    END IF;
END $$;
