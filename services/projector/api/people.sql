-- Who is who and sits where, asked by the API.

-- name: offices_of(person)
-- The offices that know a person.
SELECT DISTINCT office
FROM fact
WHERE person = :person AND type = 'chengzhang.people.person-registered.v1' AND known_to = 'infinity'
ORDER BY office;

-- name: offices(offices, person, after, limit)
-- The offices in which somebody is registered, a page of them; of these offices, or that know this person.
SELECT DISTINCT office
FROM fact
WHERE
    type = 'chengzhang.people.person-registered.v1'
    AND known_to = 'infinity'
    AND (:offices::text[] IS NULL OR office = ANY(:offices))
    AND (:person::text IS NULL OR person = :person)
    AND (:after::text[] IS NULL OR office > (:after::text[])[1])
ORDER BY office
LIMIT :limit;

-- name: names_of(persons, offices, as_of)
-- The sealed names of these persons, as last registered there by then.
SELECT DISTINCT ON (person)
    person,
    data -> 'name' AS name
FROM fact
WHERE
    person = ANY(:persons::text[])
    AND office = ANY(:offices::text[])
    AND type = 'chengzhang.people.person-registered.v1'
    AND known_from <= :as_of::timestamptz
    AND known_to > :as_of::timestamptz
ORDER BY person, office, position DESC;

-- name: sections_of(person, offices)
-- The sections that a person sits in today.
SELECT section
FROM seat
WHERE person = :person AND office = ANY(:offices::text[]) AND section IS NOT NULL;

-- name: left(person, as_of)
-- The offices that somebody came from, as known then.
SELECT DISTINCT data ->> 'previous' AS office
FROM fact
WHERE
    person = :person
    AND type = 'chengzhang.people.person-registered.v1'
    AND known_from <= :as_of::timestamptz
    AND known_to > :as_of::timestamptz
    AND data ? 'previous';
