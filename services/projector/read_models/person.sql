-- Who is behind a person's id? The sealed name and the branch that keeps the file (党支部), as last registered and not revoked. A revoked
-- registration stays, with revoked_at: a file read as it stood bears the name of that time.
-- Internal: whoever may know the name has it opened by the recorder.

-- name: table#
CREATE TABLE IF NOT EXISTS person (
    office      text COLLATE "C" NOT NULL,
    person      text COLLATE "C" NOT NULL,
    event_id    uuid NOT NULL,
    name        jsonb NOT NULL,
    branch      text NOT NULL,
    previous    text,
    recorded_at timestamptz NOT NULL,
    revoked_at  timestamptz,
    shard       integer NOT NULL,
    position    bigint NOT NULL,
    PRIMARY KEY (office, person, event_id)
);
CREATE INDEX IF NOT EXISTS person_anywhere ON person (person);

-- name: fold_1_enter()!
-- Registrations enter.
INSERT INTO person
SELECT
    office,
    data ->> 'person',
    event_id,
    data -> 'name',
    data ->> 'branch',
    data ->> 'previous',
    recorded_at,
    NULL,
    shard,
    position
FROM fact
WHERE sign = 1 AND type = 'chengzhang.people.person-registered.v1';

-- name: fold_2_revoke()!
-- Revoked ones stay, with revoked_at.
UPDATE person AS p SET revoked_at = f.recorded_at
FROM fact AS f
WHERE
    f.sign = -1
    AND f.type = 'chengzhang.people.person-registered.v1'
    AND p.office = f.office
    AND p.person = f.data ->> 'person'
    AND p.event_id = f.event_id;

-- name: offices_of(person)
-- The offices that know a person.
SELECT DISTINCT office
FROM person
WHERE person = :person AND revoked_at IS NULL
ORDER BY office;

-- name: offices(offices, person, after, limit)
-- The offices in which somebody is registered, a page of them; of these offices, or that know this person.
SELECT DISTINCT office
FROM person
WHERE
    revoked_at IS NULL
    AND (:offices::text[] IS NULL OR office = ANY(:offices))
    AND (:person::text IS NULL OR person = :person)
    AND (:after::text[] IS NULL OR office > (:after::text[])[1])
ORDER BY office
LIMIT :limit;

-- name: names_of(persons, offices, as_of)
-- The sealed names of these persons, as last registered there by then.
SELECT DISTINCT ON (person)
    person,
    name
FROM person
WHERE
    person = ANY(:persons::text[])
    AND office = ANY(:offices::text[])
    AND recorded_at <= :as_of::timestamptz
    AND (revoked_at IS NULL OR revoked_at > :as_of::timestamptz)
ORDER BY person, office, position DESC;
