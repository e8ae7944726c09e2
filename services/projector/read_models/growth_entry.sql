-- What stands in a cadre's growth file (成长档案), fact by fact? A learning, talk or work fact gives an entry to each person it
-- stamps; welfare never does. A revoked entry stays, with revoked_at.
-- base: the others sum up the changes that this one notes in `entry_change`, so that none of them ever looks back.

-- name: table#
CREATE TABLE IF NOT EXISTS growth_entry (
    office      text COLLATE "C" NOT NULL,
    person      text COLLATE "C" NOT NULL,
    event_id    uuid NOT NULL,
    event       text NOT NULL,
    entry_group text NOT NULL,
    title       text,
    guide       text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    revoked_at  timestamptz,
    section     text,
    tier        text,
    half_xueshi integer,
    shard       integer NOT NULL,
    position    bigint NOT NULL,
    session     text COLLATE "C",
    kind        text,
    carrier     text,
    effect      text,
    account     text,
    -- What its session was called when the entry was recorded, where that was corrected since; `session_stamp` has the rest.
    own         jsonb,
    -- The time comes before the id: one index finds an entry and reads a file in order.
    PRIMARY KEY (office, person, occurred_at, event_id)
);
CREATE INDEX IF NOT EXISTS growth_entry_of_session ON growth_entry (office, session) WHERE session IS NOT NULL;

-- name: staging#
CREATE TEMP TABLE IF NOT EXISTS entry_change (
    sign        smallint NOT NULL,
    office      text COLLATE "C" NOT NULL,
    person      text COLLATE "C" NOT NULL,
    year        integer NOT NULL,
    entry_group text NOT NULL,
    guide       text,
    kind        text,
    carrier     text,
    effect      text,
    account     text,
    half_xueshi integer,
    recorded_at timestamptz NOT NULL,
    shard       integer NOT NULL,
    position    bigint NOT NULL
) ON COMMIT DELETE ROWS;

-- name: view#
CREATE OR REPLACE VIEW office.growth_entry AS
SELECT
    office,
    person,
    event_id::text AS event_id,
    event,
    entry_group,
    title,
    guide,
    occurred_at,
    recorded_at,
    revoked_at,
    'verified'::text AS state,
    section,
    tier,
    half_xueshi,
    shard,
    position
FROM growth_entry;
COMMENT ON VIEW office.growth_entry IS '成长档案: one fact in one person''s file. Key (office, person, event_id). Learning, talk and work; never welfare';
COMMENT ON COLUMN office.growth_entry.office IS '机关: the office in which the fact was recorded';
COMMENT ON COLUMN office.growth_entry.person IS '干部: a pseudonym; the name is sealed';
COMMENT ON COLUMN office.growth_entry.event_id IS 'the event behind the entry';
COMMENT ON COLUMN office.growth_entry.event IS 'the event''s type';
COMMENT ON COLUMN office.growth_entry.entry_group IS 'learning, talk or work';
COMMENT ON COLUMN office.growth_entry.title IS 'the session''s or the output''s title; null for a talk';
COMMENT ON COLUMN office.growth_entry.guide IS '六个方面引导: the guide word, if the entry carries one';
COMMENT ON COLUMN office.growth_entry.occurred_at IS 'when it happened';
COMMENT ON COLUMN office.growth_entry.recorded_at IS 'when it was recorded';
COMMENT ON COLUMN office.growth_entry.revoked_at IS 'when it was revoked; null while it counts';
COMMENT ON COLUMN office.growth_entry.state IS 'verified, proposed or disputed';
COMMENT ON COLUMN office.growth_entry.section IS '科室: where the person sat at that time, as decided';
COMMENT ON COLUMN office.growth_entry.tier IS 'the person''s tier at that time, as decided';
COMMENT ON COLUMN office.growth_entry.half_xueshi IS '学时 in halves, of credits only; 2147483647 where more was recorded';
COMMENT ON COLUMN office.growth_entry.shard IS 'the shard of the event';
COMMENT ON COLUMN office.growth_entry.position IS 'the event''s position in the shard';

-- name: fold_1_enter()!
-- New facts enter, one row a stamped person.
WITH entered AS (
    INSERT INTO growth_entry
    SELECT
        f.office,
        stamp ->> 'person',
        f.event_id,
        f.type,
        split_part(f.type, '.', 2),
        coalesce(f.data -> 'session_stamp' ->> 'title', f.data ->> 'title'),
        f.data ->> 'guide',
        f.occurred_at,
        f.recorded_at,
        NULL,
        stamp ->> 'section',
        stamp ->> 'tier',
        -- A ledger may hold more than fits: that must halt nobody.
        CASE
            WHEN (f.data -> 'half_xueshi')::bigint > 2147483647 THEN 2147483647
            ELSE (f.data -> 'half_xueshi')::integer
        END,
        f.shard,
        f.position,
        f.data ->> 'session',
        f.data -> 'session_stamp' ->> 'kind',
        f.data -> 'session_stamp' ->> 'carrier',
        f.data ->> 'effect',
        f.data ->> 'account'
    FROM fact AS f
    CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'stamps') AS stamp
    WHERE
        f.sign = 1
        AND (
            f.type IN ('chengzhang.learning.hours-credited.v1', 'chengzhang.talk.talk-held.v1', 'chengzhang.work.output-filed.v1')
            OR f.type = 'chengzhang.learning.attendance-recorded.v1' AND f.data ->> 'state' IN ('present', 'partial')
        )
    RETURNING *
)
INSERT INTO entry_change
SELECT
    1,
    office,
    person,
    date_part('year', occurred_at AT TIME ZONE 'Asia/Shanghai'),
    entry_group,
    guide,
    kind,
    carrier,
    effect,
    account,
    half_xueshi,
    recorded_at,
    shard,
    position
FROM entered;

-- name: fold_2_follow_session()!
-- A corrected session renames the entries recorded before it, even to what they are called: `own` must not depend on what came
-- with which batch. Those recorded after carry its own stamp.
WITH moved AS (
    UPDATE growth_entry AS e SET
        own = coalesce(e.own, jsonb_build_object('title', e.title, 'kind', e.kind, 'carrier', e.carrier)),
        title = s.title,
        kind = s.kind,
        carrier = s.carrier
    FROM (
        SELECT DISTINCT ON (office, data ->> 'session')
            office,
            data ->> 'session' AS session,
            data ->> 'title' AS title,
            data ->> 'kind' AS kind,
            data ->> 'carrier' AS carrier,
            position
        FROM fact
        WHERE sign = 1 AND type = 'chengzhang.learning.session-convened.v1' AND data ? 'corrects'
        ORDER BY office, data ->> 'session', position DESC
    ) AS s
    WHERE
        e.office = s.office
        AND e.session = s.session
        AND e.position < s.position
    RETURNING old.kind AS old_kind, old.carrier AS old_carrier, e.*
)
INSERT INTO entry_change
SELECT
    change.sign,
    office,
    person,
    date_part('year', occurred_at AT TIME ZONE 'Asia/Shanghai'),
    entry_group,
    guide,
    change.kind,
    change.carrier,
    effect,
    account,
    half_xueshi,
    recorded_at,
    shard,
    position
FROM moved
CROSS JOIN LATERAL (VALUES (-1, old_kind, old_carrier), (1, moved.kind, moved.carrier)) AS change (sign, kind, carrier)
WHERE revoked_at IS NULL;

-- name: fold_3_revoke()!
-- A revocation carries the fact it takes back, so that its entries are found by their whole key.
WITH revoked AS (
    UPDATE growth_entry AS e SET revoked_at = f.recorded_at
    FROM (
        SELECT
            found.place,
            f.recorded_at,
            f.position
        FROM fact AS f
        CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'stamps') AS stamp
        CROSS JOIN LATERAL ( -- by the whole key, and so kept by OFFSET 0: the planner's own join reads whole offices
            SELECT g.ctid AS place
            FROM growth_entry AS g
            WHERE
                g.office = f.office
                AND g.person = stamp ->> 'person'
                AND g.occurred_at = f.occurred_at
                AND g.event_id = f.event_id
                AND g.revoked_at IS NULL
            OFFSET 0
        ) AS found
        WHERE f.sign = -1
    ) AS f
    WHERE e.ctid = f.place
    RETURNING e.*, f.position AS revoked_position
)
INSERT INTO entry_change
SELECT
    -1,
    office,
    person,
    date_part('year', occurred_at AT TIME ZONE 'Asia/Shanghai'),
    entry_group,
    guide,
    kind,
    carrier,
    effect,
    account,
    half_xueshi,
    recorded_at,
    shard,
    revoked_position
FROM revoked;

-- name: of_person(person, offices, as_of, after, limit)
-- A person's file as it stood, by time; a page of it.
SELECT
    office,
    event_id::text AS event_id,
    event,
    entry_group,
    title,
    guide,
    occurred_at,
    recorded_at,
    revoked_at,
    'verified' AS state,
    section,
    tier,
    half_xueshi,
    shard,
    position
FROM entry_as_of(:as_of)
WHERE
    person COLLATE "C" = :person -- the key's; what a function returns has none, and the key could not serve
    AND office COLLATE "C" = ANY(:offices::text[])
    AND (
        :after::text[] IS NULL
        OR (occurred_at, event_id, office)
        > ((:after::text[])[1]::timestamptz, (:after::text[])[2]::uuid, (:after::text[])[3])
    )
ORDER BY occurred_at, event_id, office
LIMIT :limit;

-- name: years_of_person(person, offices, as_of)
-- What its unrevoked entries were, counted, as it stood.
SELECT
    office,
    date_part('year', occurred_at AT TIME ZONE 'Asia/Shanghai')::integer AS year,
    entry_group,
    guide,
    kind,
    carrier,
    effect,
    count(*) AS entries,
    max(occurred_at) AS last_entry_at
FROM entry_as_of(:as_of)
WHERE
    person COLLATE "C" = :person -- the key's; what a function returns has none, and the key could not serve
    AND office COLLATE "C" = ANY(:offices::text[])
    AND revoked_at IS NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2;

-- name: of_office(office, person, section, after, limit)
-- An office's entries, person by person; a page of them.
SELECT *
FROM office.growth_entry
WHERE
    office = :office
    AND (:person::text IS NULL OR person = :person)
    AND (:section::text IS NULL OR person IN (SELECT s.person FROM seat AS s WHERE s.office = :office AND s.section = :section))
    AND (
        :after::text[] IS NULL
        OR (person, occurred_at, event_id)
        > ((:after::text[])[1], (:after::text[])[2]::timestamptz, (:after::text[])[3])
    )
ORDER BY person, occurred_at, event_id
LIMIT :limit;
