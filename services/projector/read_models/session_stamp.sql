-- What was a session called, and when? One row for each correction of a session, from which on its entries bear the new title, kind and
-- carrier. Internal: a file is read from it as it stood before the correction.
-- base: `appraisal_summary` and the growth file ask it.

-- name: table#
CREATE TABLE IF NOT EXISTS session_stamp (
    office      text COLLATE "C" NOT NULL,
    session     text COLLATE "C" NOT NULL,
    position    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    title       text NOT NULL,
    kind        text NOT NULL,
    carrier     text NOT NULL,
    PRIMARY KEY (office, session, position)
);
-- Growth entries as they stood at an instant, by the time of recording. What was revoked later isn't revoked here.
CREATE OR REPLACE FUNCTION entry_as_of(stood_at timestamptz) RETURNS TABLE (
    office      text,
    person      text,
    event_id    uuid,
    event       text,
    entry_group text,
    title       text,
    guide       text,
    occurred_at timestamptz,
    recorded_at timestamptz,
    revoked_at  timestamptz,
    section     text,
    tier        text,
    half_xueshi integer,
    shard       integer,
    "position"  bigint,
    kind        text,
    carrier     text,
    effect      text
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        e.office,
        e.person,
        e.event_id,
        e.event,
        e.entry_group,
        CASE WHEN e.own IS NULL THEN e.title ELSE coalesce(renamed.title, e.own ->> 'title') END,
        e.guide,
        e.occurred_at,
        e.recorded_at,
        CASE WHEN e.revoked_at <= entry_as_of.stood_at THEN e.revoked_at END,
        e.section,
        e.tier,
        e.half_xueshi,
        e.shard,
        e.position,
        CASE WHEN e.own IS NULL THEN e.kind ELSE coalesce(renamed.kind, e.own ->> 'kind') END,
        CASE WHEN e.own IS NULL THEN e.carrier ELSE coalesce(renamed.carrier, e.own ->> 'carrier') END,
        e.effect
    FROM growth_entry AS e
    LEFT JOIN LATERAL (
        SELECT
            s.title,
            s.kind,
            s.carrier
        FROM session_stamp AS s
        WHERE
            e.own IS NOT NULL
            AND s.office = e.office
            AND s.session = e.session
            AND s.position > e.position
            AND s.recorded_at <= entry_as_of.stood_at
        ORDER BY s.position DESC
        LIMIT 1
    ) AS renamed ON true
    WHERE e.recorded_at <= entry_as_of.stood_at;
END;

-- name: fold_1_enter()!
-- Corrections enter.
INSERT INTO session_stamp
SELECT
    office,
    data ->> 'session',
    position,
    recorded_at,
    data ->> 'title',
    data ->> 'kind',
    data ->> 'carrier'
FROM fact
WHERE sign = 1 AND type = 'chengzhang.learning.session-convened.v1' AND data ? 'corrects';
