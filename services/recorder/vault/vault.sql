-- name: migrate#
-- One row a data key. A destroyed one leaves its row, so that what it sealed is known to be erased, not lost.
CREATE SCHEMA IF NOT EXISTS vault;

CREATE TABLE IF NOT EXISTS vault.data_key (
    kid          uuid PRIMARY KEY,
    office       text NOT NULL,
    person       text NOT NULL,
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    event        uuid,
    closed       boolean NOT NULL DEFAULT false,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
-- One row a person and office, for ever: who was erased never gets a new key there.
CREATE UNIQUE INDEX IF NOT EXISTS data_key_of_owner ON vault.data_key (office, person);

COMMENT ON TABLE vault.data_key IS
    'Data keys of persons by office, wrapped by the key-encryption key, which is not in this database';
COMMENT ON COLUMN vault.data_key.person IS 'Whose name, need or review the key seals, as that office has the person';
COMMENT ON COLUMN vault.data_key.wrapped IS '12-byte iv, then the 32-byte key under AES-256-GCM with its tag; null once destroyed';
COMMENT ON COLUMN vault.data_key.event IS 'The person-erased event for which it was destroyed';
COMMENT ON COLUMN vault.data_key.closed IS
    'An erasure is on the topic, and the ledger doesn''t have it yet: nothing opens, and the key waits for the ledger';

-- name: keys_of(offices, persons)
-- The keys of these owners, destroyed ones too.
SELECT
    k.kid,
    k.office,
    k.person,
    k.wrapped
FROM unnest(:offices::text[], :persons::text[]) AS wanted (office, person)
JOIN vault.data_key AS k USING (office, person);

-- name: add_keys(kids, offices, persons, wrapped)
-- New keys; where another connection was first, its key. The update changes nothing: it makes the row come back.
INSERT INTO vault.data_key (kid, office, person, wrapped)
SELECT
    fresh.kid,
    fresh.office,
    fresh.person,
    fresh.wrapped
FROM unnest(:kids::uuid[], :offices::text[], :persons::text[], :wrapped::bytea[])
    AS fresh (kid, office, person, wrapped)
ORDER BY
    fresh.office,
    fresh.person
ON CONFLICT (office, person) DO UPDATE SET person = excluded.person
RETURNING
    kid,
    office,
    person,
    wrapped;

-- name: keys_by_id(kids)
-- These keys, destroyed ones too.
SELECT
    kid,
    office,
    person,
    wrapped,
    closed
FROM vault.data_key
WHERE kid = ANY(:kids::uuid[]);

-- name: not_destroyed(offices, persons)
-- Those of these owners who have a key yet, or no row that says that they never get one.
SELECT
    office,
    person
FROM unnest(:offices::text[], :persons::text[]) AS erased (office, person)
LEFT JOIN vault.data_key AS k USING (office, person)
WHERE k.destroyed_at IS NULL;

-- name: close(offices, persons)!
-- Nothing of these owners opens; what was closed of all others opens again.
UPDATE vault.data_key AS k
SET closed = NOT k.closed
FROM (
    SELECT
        all_keys.kid,
        wanted.office IS NOT NULL AS closed
    FROM vault.data_key AS all_keys
    LEFT JOIN unnest(:offices::text[], :persons::text[]) AS wanted (office, person) USING (office, person)
) AS told
WHERE k.kid = told.kid AND k.closed <> told.closed;

-- name: destroy(offices, persons, events)!
-- Destroy the keys of these owners; one who has none can't get one any more.
INSERT INTO vault.data_key (kid, office, person, destroyed_at, event)
SELECT
    gen_random_uuid(),
    erased.office,
    erased.person,
    now(),
    erased.event
FROM unnest(:offices::text[], :persons::text[], :events::uuid[]) AS erased (office, person, event)
ORDER BY
    erased.office,
    erased.person
ON CONFLICT (office, person) DO UPDATE SET
    wrapped = NULL,
    destroyed_at = excluded.destroyed_at,
    event = excluded.event
WHERE data_key.destroyed_at IS NULL;
