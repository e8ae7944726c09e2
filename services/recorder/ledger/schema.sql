-- The ledger. Every key begins with the shard, so that all of it can be partitioned and distributed by it.
-- Run at every start, by one process at a time; each statement may find its object there.

CREATE SCHEMA IF NOT EXISTS ledger;

CREATE TABLE IF NOT EXISTS ledger.installation (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ledger    uuid NOT NULL DEFAULT gen_random_uuid(),
    shards    integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A row as long as the ledger is being rebuilt from the topics: until all of it is back, nothing is appended.
CREATE TABLE IF NOT EXISTS ledger.restoring (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since    timestamptz NOT NULL DEFAULT now()
);

-- Under which keys (`mac-keys.json`) records on the topics carry their MACs; for ever, as the records are.
CREATE TABLE IF NOT EXISTS ledger.mac_key (
    id text PRIMARY KEY
);

-- Records on our topics that no recorder wrote, by topic and shard: how many were seen, and the last of them.
CREATE TABLE IF NOT EXISTS ledger.foreign_record (
    topic    text NOT NULL,
    shard    integer NOT NULL,
    count    bigint NOT NULL,
    "offset" bigint NOT NULL,
    told     text NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, shard)
);

-- A row for each partition of the actions topics that is read again after that: everything before the offset "until" had
-- been answered before the ledger was lost. It goes once the intake has come there.
CREATE TABLE IF NOT EXISTS ledger.rereading (
    topic     text NOT NULL,
    partition integer NOT NULL,
    until     bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Its row lock is the one serialised point: positions and receipt numbers are given under it.
CREATE TABLE IF NOT EXISTS ledger.shard (
    shard        integer PRIMARY KEY,
    size         bigint NOT NULL DEFAULT 0,
    next_receipt bigint NOT NULL DEFAULT 0,
    recorded_at  timestamptz NOT NULL DEFAULT 'epoch',
    peaks        bytea NOT NULL DEFAULT '',
    recent       text NOT NULL DEFAULT '[]',
    fold_version integer NOT NULL
) WITH (fillfactor = 50);

-- One partition a year (UTC, as recordedtime in the bytes is), made by event.sql with its unique indexes on
-- (shard, position) and (shard, id). Across partitions the shard's lock keeps positions unique, and the receipts'
-- digests keep ids unique: a key on this table would have to contain recorded_at. So ON CONFLICT takes no target here.
CREATE TABLE IF NOT EXISTS ledger.event (
    shard       integer NOT NULL,
    position    bigint NOT NULL,
    id          uuid NOT NULL,
    stream      text NOT NULL,
    version     bigint NOT NULL,
    type        text NOT NULL,
    recorded_at timestamptz NOT NULL,
    body        bytea NOT NULL,
    leaf_hash   bytea NOT NULL
) PARTITION BY RANGE (recorded_at);

-- What left the ledger for files (`recorder archive`): which positions, which file, with which hash.
CREATE TABLE IF NOT EXISTS ledger.archived (
    shard       integer NOT NULL,
    first       bigint NOT NULL,
    last        bigint NOT NULL,
    year        integer NOT NULL,
    file        text NOT NULL,
    bytes       bigint NOT NULL,
    sha256      bytea NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, first)
);

-- The ids of what left: who takes such an event back is told where it is.
CREATE TABLE IF NOT EXISTS ledger.archived_event (
    shard    integer NOT NULL,
    id       uuid NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (shard, id)
);

-- What deciding needs, written with the events that change it, rebuildable from them. Those of the shard's fold_version
-- count. Others are of a fold under way: nobody reads them before the shard's row says their number.
CREATE TABLE IF NOT EXISTS ledger.state (
    shard        integer NOT NULL,
    kind         text NOT NULL,
    key          text COLLATE "C" NOT NULL,
    fold_version integer NOT NULL,
    version      bigint NOT NULL,
    state        json,
    PRIMARY KEY (shard, fold_version, kind, key)
) WITH (fillfactor = 80);

-- In which offices somebody is: asked for a bundle.
CREATE INDEX IF NOT EXISTS state_person ON ledger.state (shard, split_part(key, '/', 2)) WHERE kind = 'person';

-- A row as long as a shard's states are folded anew: into which version, how many events are in, and what it waits for.
CREATE TABLE IF NOT EXISTS ledger.refold (
    shard        integer PRIMARY KEY,
    fold_version integer NOT NULL,
    position     bigint NOT NULL DEFAULT 0,
    reason       text,
    reason_zh    text
);

CREATE TABLE IF NOT EXISTS ledger.receipt (
    shard       integer NOT NULL,
    number      bigint NOT NULL,
    digest      bytea NOT NULL,
    body_digest bytea NOT NULL,
    binding     boolean NOT NULL,
    receipt     bytea NOT NULL,
    PRIMARY KEY (shard, number)
);
CREATE UNIQUE INDEX IF NOT EXISTS receipt_digest ON ledger.receipt (shard, digest) WHERE binding;

-- What could not even be read as an action. It has no office, hence no shard.
CREATE TABLE IF NOT EXISTS ledger.quarantine (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    code        text NOT NULL,
    en          text NOT NULL,
    zh          text NOT NULL,
    length      bigint NOT NULL,
    sha256      bytea NOT NULL,
    raw         bytea,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    published   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX IF NOT EXISTS quarantine_unpublished ON ledger.quarantine (recorded_at) WHERE NOT published;

-- How far the relay came, for people to look at: the topics themselves are what it resumes from. And why the shard is
-- read-only, for every append: ``signed`` is the size of the checkpoint that stands against it, 0 where none does.
CREATE TABLE IF NOT EXISTS ledger.relay (
    shard     integer PRIMARY KEY,
    events    bigint NOT NULL DEFAULT 0,
    receipts  bigint NOT NULL DEFAULT 0,
    reason    text,
    reason_zh text,
    signed    bigint NOT NULL DEFAULT 0,
    CHECK ((reason IS NULL) = (reason_zh IS NULL))
) WITH (fillfactor = 50);

-- The tree over a shard's events, in the tiles of C2SP tlog-tiles: 32 bytes a hash, up to 256 of them; those at the right
-- edge are partial and grow in place. Complete up to the newest checkpoint.
CREATE TABLE IF NOT EXISTS ledger.tile (
    shard  integer NOT NULL,
    level  integer NOT NULL,
    number bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (shard, level, number)
);

-- What was signed: one note a size, for ever.
CREATE TABLE IF NOT EXISTS ledger.checkpoint (
    shard     integer NOT NULL,
    size      bigint NOT NULL,
    root      bytea NOT NULL,
    note      bytea NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now(),
    filed     boolean NOT NULL DEFAULT false,
    published boolean NOT NULL DEFAULT false,
    PRIMARY KEY (shard, size)
);
CREATE INDEX IF NOT EXISTS checkpoint_undelivered ON ledger.checkpoint (shard, size) WHERE NOT (filed AND published);

-- Why a shard gets no checkpoints, for people to look at; no row where it gets them.
CREATE TABLE IF NOT EXISTS ledger.checkpoint_refusal (
    shard     integer PRIMARY KEY,
    reason    text NOT NULL,
    reason_zh text NOT NULL,
    since     timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE ledger.event IS 'The record itself: body holds the exact bytes that are hashed and published.';
COMMENT ON COLUMN ledger.event.position IS 'Position in the shard: from 0, gapless, in the order of commits.';
COMMENT ON COLUMN ledger.event.leaf_hash IS 'SHA-256(0x00 || body).';
COMMENT ON COLUMN ledger.shard.peaks IS
    'Roots of the perfect subtrees of the RFC 6962 tree over the shard''s leaf hashes, largest first, 32 bytes each.';
COMMENT ON TABLE ledger.archived IS 'Events that left for files of an archive; file is the path in its folder.';
COMMENT ON COLUMN ledger.shard.recent IS
    'The last batches, as JSON [[first receipt, next receipt, [office, …]], …]: what a recorder may keep in memory.';
COMMENT ON COLUMN ledger.shard.fold_version IS 'Which fold its states are of; a recorder appends with that fold only.';
COMMENT ON TABLE ledger.receipt IS 'The answer to every action. Binding ones answer a repeat, for ever.';
COMMENT ON TABLE ledger.checkpoint IS 'Signed notes (C2SP tlog-checkpoint) over the tree of the first size events.';
COMMENT ON COLUMN ledger.receipt.digest IS 'SHA-256 of the JSON array [office, source, action id].';
COMMENT ON COLUMN ledger.receipt.body_digest IS 'SHA-256 of the body, or its HMAC where the body had sealed fields.';

-- Who else may read what of it, where there are roles for them (deploy/postgres/roles.sql).
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
        GRANT USAGE ON SCHEMA ledger TO auditor;
        GRANT SELECT ON ledger.event, ledger.receipt, ledger.shard, ledger.installation, ledger.tile, ledger.checkpoint
            TO auditor;
        GRANT SELECT ON ledger.archived, ledger.archived_event TO auditor;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'projector') THEN
        GRANT USAGE ON SCHEMA ledger TO projector;
        GRANT SELECT ON ledger.shard, ledger.tile TO projector;
        GRANT SELECT (shard, position, leaf_hash) ON ledger.event TO projector;
    END IF;
END
$$;
