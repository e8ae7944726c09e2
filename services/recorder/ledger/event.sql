-- The years of ledger.event, after schema.sql at every start: what makes a partition, and what catches a clock that is
-- wrong.

CREATE TABLE IF NOT EXISTS ledger.event_outside PARTITION OF ledger.event DEFAULT;
CREATE UNIQUE INDEX IF NOT EXISTS event_outside_position ON ledger.event_outside (shard, position);
CREATE UNIQUE INDEX IF NOT EXISTS event_outside_id ON ledger.event_outside (shard, id);
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
        GRANT SELECT ON ledger.event_outside TO auditor;
    END IF;
END
$$;
COMMENT ON TABLE ledger.event_outside IS 'Events recorded in a year without a partition: a clock was wrong.';

-- A year's table, with its indexes, not attached yet. The check saves attaching from reading all of it.
CREATE OR REPLACE FUNCTION ledger.make_year(year integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name  text := 'event_' || year;
    since text := lpad(year::text, 4, '0') || '-01-01 00:00:00+00';
    until text := lpad((year + 1)::text, 4, '0') || '-01-01 00:00:00+00';
BEGIN
    EXECUTE format(
        'CREATE TABLE ledger.%I (LIKE ledger.event INCLUDING ALL, '
        'CONSTRAINT in_year CHECK (recorded_at >= %L AND recorded_at < %L))', name, since, until);
    EXECUTE format('CREATE UNIQUE INDEX %I ON ledger.%I (shard, position)', name || '_position', name);
    EXECUTE format('CREATE UNIQUE INDEX %I ON ledger.%I (shard, id)', name || '_id', name);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
        EXECUTE format('GRANT SELECT ON ledger.%I TO auditor', name);
    END IF;
    EXECUTE format('COMMENT ON TABLE ledger.%I IS %L', name, 'Events recorded in ' || year || ' (UTC).');
END
$$;

-- Makes a year's table the year's partition (CREATE … PARTITION OF would lock out every reader and writer); what was
-- recorded in that year before it had one moves in. Says how many events that were.
CREATE OR REPLACE FUNCTION ledger.attach_year(year integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    name  text := 'event_' || year;
    since text := lpad(year::text, 4, '0') || '-01-01 00:00:00+00';
    until text := lpad((year + 1)::text, 4, '0') || '-01-01 00:00:00+00';
    moved bigint := 0;
BEGIN
    IF EXISTS (
        SELECT FROM ledger.event_outside
        WHERE recorded_at >= since::timestamptz AND recorded_at < until::timestamptz
    ) THEN
        LOCK TABLE ledger.event_outside IN ACCESS EXCLUSIVE MODE;
        EXECUTE format(
            'WITH moved AS (DELETE FROM ledger.event_outside WHERE recorded_at >= %L AND recorded_at < %L RETURNING *) '
            'INSERT INTO ledger.%I SELECT * FROM moved', since, until, name);
        GET DIAGNOSTICS moved = ROW_COUNT;
    END IF;
    EXECUTE format(
        'ALTER TABLE ledger.event ATTACH PARTITION ledger.%I FOR VALUES FROM (%L) TO (%L)', name, since, until);
    EXECUTE format('ALTER TABLE ledger.%I DROP CONSTRAINT in_year', name);
    RETURN moved;
END
$$;

-- Both, where a year has no partition; else null.
CREATE OR REPLACE FUNCTION ledger.open_year(year integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(x'79656172'::bigint); -- one at a time
    IF to_regclass('ledger.event_' || year) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    PERFORM ledger.make_year(year);
    RETURN ledger.attach_year(year);
END
$$;

SELECT ledger.open_year(extract(year FROM now() AT TIME ZONE 'UTC')::int + ahead) FROM generate_series(0, 1) AS ahead;
