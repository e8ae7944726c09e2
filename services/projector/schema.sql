-- What all read models stand on. Run at every start, by one process at a time; each statement may find its object there.

-- name: control#
CREATE SCHEMA IF NOT EXISTS office;
COMMENT ON SCHEMA office IS 'What reports read: views only. Their tables change; these append columns and keep the rest';
CREATE SCHEMA IF NOT EXISTS projector;

-- The versions of the read models, each in a schema `office_v<number>` with cursors of its own, and the SQL that folds it: two
-- projectors of different code fold one version in the same way.
CREATE TABLE IF NOT EXISTS projector.version (
    number   integer PRIMARY KEY,
    state    text NOT NULL CHECK (state IN ('building', 'live', 'old')),
    digest   text NOT NULL,
    staging  text NOT NULL,
    folds    text NOT NULL,
    models   text[] NOT NULL,
    views    text, -- digest of the public views that show it
    compared jsonb, -- what comparing a building one with the live one found
    begun_at timestamptz NOT NULL DEFAULT now(),
    live_at  timestamptz
);
CREATE UNIQUE INDEX IF NOT EXISTS version_state ON projector.version (state) WHERE state <> 'old';

-- name: version#
-- What each version begins with, in its own schema.

-- How far the read models have come: the only truth about progress, moved in the same transaction as their rows. Those of a version
-- that another has followed are retired: whoever finds that folds the live one.
CREATE TABLE IF NOT EXISTS cursor (
    consumer    text NOT NULL,
    shard       integer NOT NULL,
    ledger      text,
    next        bigint NOT NULL DEFAULT 0,
    leaf_hash   bytea,
    offset_hint bigint,
    state       text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'halted', 'retired')),
    error       text,
    moved_at    timestamptz,
    PRIMARY KEY (consumer, shard)
) WITH (fillfactor = 50);

-- {"name": count} without what is zero.
CREATE OR REPLACE FUNCTION counts(names text[], numbers integer[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(counted.name, counted.number), '{}'::jsonb)
    FROM unnest(names, numbers) AS counted (name, number)
    WHERE counted.number <> 0
);

-- name: staging#
-- A batch's facts. A revocation stands here as the fact that it takes back, with sign -1 and its own position and recorded_at.
CREATE TEMP TABLE IF NOT EXISTS fact (
    shard       integer NOT NULL,
    position    bigint NOT NULL,
    sign        smallint NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL,
    office      text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    data        jsonb NOT NULL
) ON COMMIT DELETE ROWS;

-- name: roles#
-- Reports read the views and nothing else.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reporter') THEN
        CREATE ROLE reporter NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN RAISE WARNING 'may not create the role reporter; an administrator may';
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reporter') THEN
        GRANT USAGE ON SCHEMA office TO reporter;
        GRANT SELECT ON ALL TABLES IN SCHEMA office TO reporter;
    END IF;
END $$;
