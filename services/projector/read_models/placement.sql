-- Where did a person sit, and in what tier, from which day on? One row for each event about a person's posts, as the recorder stamped
-- its result. A revoked one stays, with revoked_at. Internal: readers of a section ask it.
-- base: `appraisal_summary` asks it, too.

-- name: table#
CREATE TABLE IF NOT EXISTS placement (
    office      text COLLATE "C" NOT NULL,
    person      text COLLATE "C" NOT NULL,
    from_on     date NOT NULL,
    position    bigint NOT NULL,
    event_id    uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    revoked_at  timestamptz,
    section     text,
    tier        text,
    PRIMARY KEY (office, person, from_on, position)
);
-- Where everyone sits today.
CREATE OR REPLACE VIEW seat AS
SELECT DISTINCT ON (office, person)
    office,
    person,
    section,
    tier
FROM placement
WHERE from_on <= (now() AT TIME ZONE 'Asia/Shanghai')::date AND revoked_at IS NULL
ORDER BY office, person, from_on DESC, position DESC;

-- name: fold_1_enter()!
-- What a person holds from a day on.
INSERT INTO placement
SELECT
    f.office,
    stamp ->> 'person',
    coalesce(f.data ->> 'from_on', f.data ->> 'on', f.data ->> 'joined_on')::date,
    f.position,
    f.event_id,
    f.recorded_at,
    NULL,
    stamp ->> 'section',
    stamp ->> 'tier'
FROM fact AS f
CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'stamps') AS stamp
WHERE
    f.sign = 1
    AND f.type IN (
        'chengzhang.people.person-registered.v1',
        'chengzhang.people.post-assumed.v1',
        'chengzhang.people.post-ended.v1',
        'chengzhang.people.person-transferred.v1'
    );

-- name: fold_2_revoke()!
-- Revoked ones stay, with revoked_at.
UPDATE placement AS p SET revoked_at = f.recorded_at
FROM fact AS f, LATERAL jsonb_array_elements(f.data -> 'stamps') AS stamp
WHERE
    f.sign = -1
    AND f.type IN (
        'chengzhang.people.person-registered.v1',
        'chengzhang.people.post-assumed.v1',
        'chengzhang.people.post-ended.v1',
        'chengzhang.people.person-transferred.v1'
    )
    AND p.office = f.office
    AND p.person = stamp ->> 'person'
    AND p.event_id = f.event_id;

-- name: sections_of(person, offices)
-- The sections that a person sits in today.
SELECT section
FROM seat
WHERE person = :person AND office = ANY(:offices::text[]) AND section IS NOT NULL;
