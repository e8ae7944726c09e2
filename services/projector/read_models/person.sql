-- Who is behind a person's id? The sealed name and the branch that keeps the file (党支部), as last registered and not revoked.
-- Internal: whoever may know the name has it opened by the recorder.

-- name: table#
CREATE TABLE IF NOT EXISTS person (
    office   text COLLATE "C" NOT NULL,
    person   text COLLATE "C" NOT NULL,
    event_id uuid NOT NULL,
    name     jsonb NOT NULL,
    branch   text NOT NULL,
    previous text,
    shard    integer NOT NULL,
    position bigint NOT NULL,
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
    shard,
    position
FROM fact
WHERE sign = 1 AND type = 'chengzhang.people.person-registered.v1';

-- name: fold_2_revoke()!
-- Revoked ones leave.
DELETE FROM person AS p
USING fact AS f
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
WHERE person = :person
ORDER BY office;

-- name: names_of(persons, offices)
-- The sealed names of these persons, as last registered there.
SELECT DISTINCT ON (person)
    person,
    name
FROM person
WHERE person = ANY(:persons::text[]) AND office = ANY(:offices::text[])
ORDER BY person, office, position DESC;
