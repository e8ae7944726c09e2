-- The versions of the read models: which is live, which is being built, which are kept.

-- name: in_state(state)^
-- The one that answers, or is being built beside it, and which of its tables are gone.
SELECT
    number,
    digest,
    staging,
    steps,
    tables,
    compared,
    views,
    ARRAY(
        SELECT t.name
        FROM unnest('{cursor}'::text[] || tables) AS t (name)
        WHERE to_regclass(format('office_v%s.%I', number, t.name)) IS NULL
    ) AS missing
FROM projector.version
WHERE state = :state;

-- name: old()
-- Those that answered before.
SELECT number
FROM projector.version
WHERE state = 'old'
ORDER BY number;

-- name: hold#
-- Keep the live version live until this transaction ends; said before its first query, so that its snapshot is not older.
LOCK TABLE projector.version IN ACCESS SHARE MODE;

-- name: live_number()$
-- The live one's number.
SELECT number
FROM projector.version
WHERE state = 'live';

-- name: highest()$
-- The highest number that a schema bears, or that a version bore.
SELECT coalesce(max(given.number), 0)
FROM (
    SELECT substring(nspname FROM '^office_v(\d+)$')::integer AS number FROM pg_namespace
    UNION ALL
    SELECT number FROM projector.version
) AS given;

-- name: enter(number, state, digest, staging, steps, tables)!
-- A version begins.
INSERT INTO projector.version (number, state, digest, staging, steps, tables, live_at)
VALUES (:number, :state, :digest, :staging, :steps, :tables, CASE WHEN :state = 'live' THEN now() END);

-- name: note_views(number, views)!
-- Its public views are these.
UPDATE projector.version SET views = :views
WHERE number = :number;

-- name: note_compared(number, compared)!
-- What comparing it with the live one found.
UPDATE projector.version SET compared = :compared
WHERE number = :number;

-- name: close#
-- Nobody reads while the live version changes: waits for the answers that are being read.
LOCK TABLE projector.version IN ACCESS EXCLUSIVE MODE;

-- name: retire_live()!
-- It no longer answers.
UPDATE projector.version SET state = 'old'
WHERE state = 'live';

-- name: make_live(number)!
-- This one answers.
UPDATE projector.version SET
    state = 'live',
    live_at = now()
WHERE number = :number;

-- name: tell(positions)!
-- Wake whoever waits for a position.
SELECT pg_notify('office_moved', :positions);

-- name: forget(number)!
-- It is gone.
DELETE FROM projector.version
WHERE number = :number;

-- name: users_of(schema)
-- Views outside that rest on something in this schema.
SELECT DISTINCT format('%I.%I', n.nspname, v.relname) AS name
FROM pg_depend AS d
INNER JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
INNER JOIN pg_class AS v ON v.oid = r.ev_class
INNER JOIN pg_namespace AS n ON n.oid = v.relnamespace
LEFT JOIN pg_class AS c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
LEFT JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
WHERE coalesce(c.relnamespace, p.pronamespace)::regnamespace::text = :schema AND n.nspname <> :schema
ORDER BY name;
