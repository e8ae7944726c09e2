-- name: migrate#
-- One row a data key. A destroyed one leaves its row, so that what it sealed is known to be erased, not lost.
CREATE SCHEMA IF NOT EXISTS vault;

CREATE TABLE IF NOT EXISTS vault.data_key (
    kid          uuid PRIMARY KEY,
    owner        text NOT NULL,
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    event        uuid,
    closed_for   text[] NOT NULL DEFAULT '{}',
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
-- One row an owner, for ever: who was erased never gets a new key.
CREATE UNIQUE INDEX IF NOT EXISTS data_key_of_owner ON vault.data_key (owner);

COMMENT ON TABLE vault.data_key IS 'Data keys of persons, wrapped by the key-encryption key, which is not in this database';
COMMENT ON COLUMN vault.data_key.owner IS 'A person, installation-wide: whose name, need or review the key seals';
COMMENT ON COLUMN vault.data_key.wrapped IS '12-byte iv, then the 32-byte key under AES-256-GCM with its tag; null once destroyed';
COMMENT ON COLUMN vault.data_key.event IS 'The person-erased event for which it was destroyed';
COMMENT ON COLUMN vault.data_key.closed_for IS
    'Offices that erased the person while others still have the person: nothing of theirs opens any more';

-- name: keys_of(owners)
-- The keys of these owners, destroyed ones too.
SELECT
    kid,
    owner,
    wrapped
FROM vault.data_key
WHERE owner = ANY(:owners::text[]);

-- name: add_keys(kids, owners, wrapped)
-- New keys; where another connection was first, its key. The update changes nothing: it makes the row come back.
INSERT INTO vault.data_key (kid, owner, wrapped)
SELECT
    fresh.kid,
    fresh.owner,
    fresh.wrapped
FROM unnest(:kids::uuid[], :owners::text[], :wrapped::bytea[]) AS fresh (kid, owner, wrapped)
ORDER BY fresh.owner
ON CONFLICT (owner) DO UPDATE SET owner = excluded.owner
RETURNING
    kid,
    owner,
    wrapped;

-- name: keys_by_id(kids)
-- These keys, destroyed ones too.
SELECT
    kid,
    owner,
    wrapped,
    closed_for
FROM vault.data_key
WHERE kid = ANY(:kids::uuid[]);

-- name: not_destroyed(owners)
-- Those of these owners who have a key yet, or no row that says that they never get one.
SELECT owner
FROM unnest(:owners::text[]) AS erased (owner)
WHERE NOT EXISTS (SELECT FROM vault.data_key AS k WHERE k.owner = erased.owner AND k.destroyed_at IS NOT NULL);

-- name: close_for(owners, offices)!
-- Nothing of these offices (ids, a blank in between) opens any more of these owners; others' does.
UPDATE vault.data_key AS k
SET closed_for = string_to_array(closed.offices, ' ')
FROM unnest(:owners::text[], :offices::text[]) AS closed (owner, offices)
WHERE k.owner = closed.owner AND k.closed_for IS DISTINCT FROM string_to_array(closed.offices, ' ');

-- name: destroy(owners, events)!
-- Destroy the keys of these owners; one who has none can't get one any more.
INSERT INTO vault.data_key (kid, owner, destroyed_at, event)
SELECT
    gen_random_uuid(),
    erased.owner,
    now(),
    erased.event
FROM unnest(:owners::text[], :events::uuid[]) AS erased (owner, event)
ORDER BY erased.owner
ON CONFLICT (owner) DO UPDATE SET
    wrapped = NULL,
    destroyed_at = excluded.destroyed_at,
    event = excluded.event
WHERE data_key.destroyed_at IS NULL;
