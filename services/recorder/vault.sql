-- name: migrate#
-- One row a data key. A destroyed one leaves its row, so that what it sealed is known to be erased, not lost.
CREATE SCHEMA IF NOT EXISTS vault;

CREATE TABLE IF NOT EXISTS vault.data_key (
    kid          uuid PRIMARY KEY,
    owner        text NOT NULL,
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS data_key_owner ON vault.data_key (owner) WHERE destroyed_at IS NULL;

COMMENT ON TABLE vault.data_key IS 'Data keys of persons, wrapped by the key-encryption key, which is not in this database';
COMMENT ON COLUMN vault.data_key.owner IS 'A person, installation-wide: whose name, need or review the key seals';
COMMENT ON COLUMN vault.data_key.wrapped IS '12-byte iv, then the 32-byte key under AES-256-GCM with its tag; null once destroyed';

-- name: keys_of(owners)
-- The living keys of these owners.
SELECT
    kid,
    owner,
    wrapped
FROM vault.data_key
WHERE owner = ANY(:owners::text[]) AND destroyed_at IS NULL;

-- name: add_keys(kids, owners, wrapped)
-- New keys; where another connection was first, its key. The update changes nothing: it makes the row come back.
INSERT INTO vault.data_key (kid, owner, wrapped)
SELECT
    fresh.kid,
    fresh.owner,
    fresh.wrapped
FROM unnest(:kids::uuid[], :owners::text[], :wrapped::bytea[]) AS fresh (kid, owner, wrapped)
ORDER BY fresh.owner
ON CONFLICT (owner) WHERE destroyed_at IS NULL DO UPDATE SET owner = excluded.owner
RETURNING
    kid,
    owner,
    wrapped;

-- name: keys_by_id(kids)
-- These keys, destroyed ones too.
SELECT
    kid,
    owner,
    wrapped
FROM vault.data_key
WHERE kid = ANY(:kids::uuid[]);
