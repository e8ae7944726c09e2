-- Where does a person sit, and in what tier, on any day? One row for each event about a person's posts: a post, the end of one, or a
-- move of the main post to another section. Read as the recorder reads them: the main post of a day is, of those not concurrent that
-- are held then, the one held from the latest day on, of one day the last recorded; its latest move says the section. A revoked row
-- stays, with revoked_at. Internal: readers of a section ask it.
-- base: `appraisal_summary` asks it, too.

-- name: table#
CREATE TABLE IF NOT EXISTS placement (
    office      text COLLATE "C" NOT NULL,
    person      text COLLATE "C" NOT NULL,
    position    bigint NOT NULL,
    event_id    uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    revoked_at  timestamptz,
    revoked_by  bigint, -- the revocation's position
    what        text NOT NULL, -- post, end or move
    since       date NOT NULL,
    post        text COLLATE "C",
    concurrent  boolean,
    section     text,
    tier        text,
    PRIMARY KEY (office, person, position)
);
-- The last seat in the main post up to a day, as known at an instant: `until` is that day, or the last one on which it was held.
-- It reads for those who may read the views that rest on it, and not this table.
CREATE OR REPLACE FUNCTION last_seat(in_office text, of_person text, up_to date, stood_at timestamptz) RETURNS TABLE (
    section text,
    tier    text,
    until   date
)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    WITH known AS (
        SELECT
            position,
            what,
            since,
            post,
            concurrent,
            section,
            tier
        FROM placement
        WHERE
            office = last_seat.in_office COLLATE "C"
            AND person = last_seat.of_person COLLATE "C"
            AND recorded_at <= last_seat.stood_at
            AND (revoked_at IS NULL OR revoked_at > last_seat.stood_at)
    )
    SELECT
        coalesce(moved.section, p.section),
        p.tier,
        held.until
    FROM known AS p
    CROSS JOIN LATERAL (
        SELECT least(last_seat.up_to, min(e.since) - 1) AS until
        FROM known AS e
        WHERE e.what = 'end' AND e.post = p.post
    ) AS held
    LEFT JOIN LATERAL (
        SELECT m.section
        FROM known AS m
        WHERE m.what = 'move' AND m.post = p.post AND m.since <= held.until
        ORDER BY m.since DESC, m.position DESC
        LIMIT 1
    ) AS moved ON true
    WHERE p.what = 'post' AND NOT p.concurrent AND p.since <= held.until
    ORDER BY held.until DESC, p.since DESC, p.position DESC
    LIMIT 1;
END;
-- Where everyone sits today.
CREATE OR REPLACE VIEW seat AS
SELECT
    p.office,
    p.person,
    s.section,
    s.tier
FROM (SELECT DISTINCT office, person FROM placement) AS p
CROSS JOIN LATERAL last_seat(p.office, p.person, (now() AT TIME ZONE 'Asia/Shanghai')::date, 'infinity') AS s
WHERE s.until = (now() AT TIME ZONE 'Asia/Shanghai')::date;

-- name: fold_1_enter()!
-- Posts, their ends and moves enter. Older transfers don't say which post they moved.
INSERT INTO placement
SELECT
    office,
    data ->> 'person',
    position,
    event_id,
    recorded_at,
    NULL,
    NULL,
    CASE type
        WHEN 'chengzhang.people.post-assumed.v1' THEN 'post'
        WHEN 'chengzhang.people.post-ended.v1' THEN 'end'
        ELSE 'move'
    END,
    coalesce(data ->> 'from_on', data ->> 'on')::date,
    data ->> 'post',
    (data -> 'concurrent')::boolean,
    coalesce(data ->> 'section', data ->> 'to_section'),
    data ->> 'tier'
FROM fact
WHERE
    sign = 1
    AND type IN (
        'chengzhang.people.post-assumed.v1',
        'chengzhang.people.post-ended.v1',
        'chengzhang.people.person-transferred.v1'
    );

-- name: fold_2_revoke()!
-- Revoked ones stay, with revoked_at.
UPDATE placement AS p SET
    revoked_at = f.recorded_at,
    revoked_by = f.position
FROM fact AS f
WHERE
    f.sign = -1
    AND f.type IN (
        'chengzhang.people.post-assumed.v1',
        'chengzhang.people.post-ended.v1',
        'chengzhang.people.person-transferred.v1'
    )
    AND p.office = f.office
    AND p.person = f.data ->> 'person'
    AND p.event_id = f.event_id;

-- name: fold_3_bind()!
-- An older transfer moved what was the main post of its day when it was recorded, whatever became of that since.
UPDATE placement AS m SET post = (
    SELECT p.post
    FROM placement AS p
    WHERE
        p.office = m.office
        AND p.person = m.person
        AND p.what = 'post'
        AND NOT p.concurrent
        AND p.since <= m.since
        AND p.position < m.position
        AND (p.revoked_by IS NULL OR p.revoked_by > m.position)
        AND NOT EXISTS (
            SELECT
            FROM placement AS e
            WHERE
                e.office = p.office
                AND e.person = p.person
                AND e.what = 'end'
                AND e.post = p.post
                AND e.since <= m.since
                AND e.position < m.position
                AND (e.revoked_by IS NULL OR e.revoked_by > m.position)
        )
    ORDER BY p.since DESC, p.position DESC
    LIMIT 1
)
FROM fact AS f
WHERE
    f.sign = 1
    AND f.type = 'chengzhang.people.person-transferred.v1'
    AND NOT f.data ? 'post'
    AND m.office = f.office
    AND m.person = f.data ->> 'person'
    AND m.position = f.position;

-- name: sections_of(person, offices)
-- The sections that a person sits in today.
SELECT section
FROM seat
WHERE person = :person AND office = ANY(:offices::text[]) AND section IS NOT NULL;
