-- Who is who and sits where, asked by the API.

-- name: places(person, as_of)
-- The offices that know a person: since when, whence they say that the person came, and by then whither the person went.
SELECT
    office,
    min(recorded_at) FILTER (WHERE type = 'chengzhang.people.person-registered.v1') AS since,
    max(data ->> 'previous') FILTER (WHERE known_to = 'infinity') AS previous,
    coalesce(
        array_agg(data ->> 'to') FILTER (
            WHERE
                type = 'chengzhang.people.person-left.v1'
                AND data ? 'to'
                AND known_from <= :as_of::timestamptz
                AND known_to > :as_of::timestamptz
        ),
        '{}'
    ) AS went_to
FROM fact
WHERE person = :person AND type IN ('chengzhang.people.person-registered.v1', 'chengzhang.people.person-left.v1')
GROUP BY office
HAVING bool_or(type = 'chengzhang.people.person-registered.v1' AND known_to = 'infinity');

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
-- The sealed names of these persons, as registered last by then in any of these offices.
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
ORDER BY
    person,
    recorded_at DESC,
    position DESC;

-- name: sections_of(person, offices)
-- The sections that a person sits in today, office by office.
SELECT
    office,
    section
FROM seat
WHERE person = :person AND office = ANY(:offices::text[]) AND section IS NOT NULL;
