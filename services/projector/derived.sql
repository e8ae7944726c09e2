-- What is derived for every read model. What stands in braces is filled in; {one} is the read model's own SELECT, which tells of each
-- row of its relation to which row of the read model it counts, and what.

-- name: changed#
-- A source of relations: what a batch changes.
SELECT
    office, person, occurred_at, event_id, nth, type, stream, recorded_at, section, tier, shard, position, data,
    position AS made_by, NULL::timestamptz AS revoked_at, sign
FROM {table}_change;

-- name: known#
-- A source of relations: the versions of facts for which a condition holds.
SELECT
    office, person, occurred_at, event_id, nth, type, stream, recorded_at, section, tier, shard, position, data,
    made_by, CASE WHEN revoked_at <= {instant} THEN revoked_at END AS revoked_at, 1 AS sign
FROM {table}
WHERE {condition};

-- name: facts#
-- One arm of a relation of facts, each once; what is disputed doesn't count.
SELECT * FROM ({source}) AS f WHERE nth = 1 AND NOT data ? '{member}' AND type IN ({types});

-- name: entries#
-- One arm of a relation of entries in growth files, once for each person; what is nobody's is in none.
SELECT
    *,
    CASE told {groups} END AS entry_group,
    CASE told {titles} END AS title,
    data ->> 'guide' AS guide
FROM ({source}) AS f
WHERE person <> '' AND ({conditions});

-- name: counting#
-- Of the entries those that count.
SELECT *, type AS told FROM ({source}) AS f WHERE NOT data ? '{member}';

-- name: filed#
-- All entries: proposed ones as what they propose, until they are verified.
SELECT
    office, person, occurred_at, event_id, nth, type, stream, recorded_at, section, tier, shard, position,
    CASE WHEN type = '{proposed}' THEN data -> 'data' ELSE data END AS data,
    made_by, revoked_at, sign,
    CASE WHEN type = '{proposed}' THEN CASE data ->> 'type' {becomes} END ELSE type END AS told,
    coalesce(data ->> '{member}', CASE WHEN type = '{proposed}' THEN 'proposed' ELSE 'verified' END) AS state
FROM ({source}) AS f
WHERE data ->> '{member}' IS DISTINCT FROM '{closed}';

-- name: one#
-- A read model's SELECT, with the fact that each row comes from.
WITH {named}
SELECT
    sign AS _sign, event_id AS _event_id, type AS _event, occurred_at AS _occurred_at, shard AS _shard, position AS _position,
    stream AS _stream, person AS _person, office, {columns}
{tail};

-- name: all#
-- The same where it sums up by itself, or is told whenever it is asked.
WITH {named}
SELECT office, {columns}
{tail};

-- name: table#
-- Its rows.
CREATE TABLE {name} (office text COLLATE "C" NOT NULL, {columns}, PRIMARY KEY (office, {keys})) WITH (fillfactor = 70);

-- name: sum#
-- Each change counts its sign.
INSERT INTO {name} AS t (office, {keys}, facts, {figures}, shard, last_position)
SELECT office, {keys}, sum(_sign), {sums}, min(_shard), max(_position)
FROM ({one} OFFSET 0) AS q -- so that its columns are worked out once
GROUP BY office, {keys}
ON CONFLICT (office, {keys}) DO UPDATE SET
    facts = t.facts + excluded.facts, {added}, last_position = greatest(t.last_position, excluded.last_position);

-- name: clear#
-- What a batch touches is made anew: first it goes.
DELETE FROM {name} AS t
USING (SELECT DISTINCT office, {keys} FROM ({one}) AS q) AS q
WHERE t.office = q.office AND {same};

-- name: enter#
-- Then it is told from the facts that stand.
INSERT INTO {name} (office, {columns}, shard, position)
SELECT DISTINCT ON (q.office, {key}) q.office, {qualified}, q._shard, q._position
FROM (SELECT DISTINCT office, {within} FROM {table}_change WHERE type IN ({types})) AS s
CROSS JOIN LATERAL ({standing}) AS q
WHERE ((q.office, {key}) IN (SELECT office, {keys} FROM ({one}) AS c)) IS TRUE -- looked up in a hash, not row by row
ORDER BY q.office, {key}, {latest}q._position DESC;

-- name: recompute#
-- The same where it sums up by itself.
INSERT INTO {name} (office, {columns})
SELECT q.office, {qualified}
FROM (SELECT DISTINCT office, {within} FROM {table}_change WHERE type IN ({types})) AS s
CROSS JOIN LATERAL ({standing}) AS q
WHERE ((q.office, {key}) IN (SELECT office, {keys} FROM ({one}) AS c)) IS TRUE; -- looked up in a hash, not row by row

-- name: rows#
-- What readers see of a read model.
SELECT {shown}
FROM (SELECT k.*, {instant} AS known FROM ({kept}) AS k) AS k
{joins};

-- name: shown#
-- Its table, less the rows in which nothing counts any more.
SELECT * FROM {name} {standing};

-- name: summed#
-- The sums of facts known at an instant.
SELECT office, {keys}, count(*) AS facts, {sums}, min(_shard) AS shard, max(_position) AS last_position
FROM ({one}) AS q
GROUP BY office, {keys};

-- name: latest#
-- Of several facts of one key the latest.
SELECT DISTINCT ON (office, {keys}) *, _shard AS shard, _position AS position
FROM ({one}) AS q
ORDER BY office, {keys}, {latest}_position DESC;

-- name: collected#
-- What is no sum is asked of the facts whenever a row is read.
LEFT JOIN LATERAL (SELECT {collected} FROM ({one}) AS q WHERE q.office = k.office AND {same}) AS b ON true;

-- name: found#
-- The facts behind a figure: each that counts, with what.
SELECT *
FROM (
    SELECT _event_id, _event, _occurred_at, _shard, _position, _stream, _person, {counts} AS counts
    FROM ({one}) AS q
    WHERE {same}
) AS q
WHERE {counting};

-- name: alone#
-- The facts of one key, each summed up alone.
SELECT
    f.event_id AS _event_id, f.type AS _event, f.occurred_at AS _occurred_at, f.shard AS _shard, f.position AS _position,
    f.stream AS _stream, f.person AS _person, 1 AS counts
FROM ({relation}) AS f
CROSS JOIN LATERAL (WITH {name} AS NOT MATERIALIZED (SELECT f.*) SELECT office, {columns} {tail}) AS q
WHERE {same};

-- name: pointed#
-- The facts to which a row points, each with what it counts.
SELECT
    f.event_id AS _event_id, f.type AS _event, f.occurred_at AS _occurred_at, f.shard AS _shard, f.position AS _position,
    f.stream AS _stream, f.person AS _person, p.counts::bigint AS counts
FROM ({one}) AS q
CROSS JOIN LATERAL jsonb_each_text(q.{behind}) AS p (event_id, counts)
INNER JOIN ({relation}) AS f ON f.event_id = p.event_id::uuid
WHERE {same};

-- name: explained#
-- The facts behind a figure, and what has changed them since, which counts nothing: a page of them, by time.
WITH found AS MATERIALIZED ({found})
SELECT event_id::text AS event_id, event, shard, position, occurred_at, sum(counts)::bigint AS counts
FROM (
    SELECT _event_id, _event, _shard, _position, _occurred_at, counts FROM found
    {changing}
) AS l (event_id, event, shard, position, occurred_at, counts)
WHERE $3::text IS NULL OR (occurred_at, position) > ($3::timestamptz, $4::text::bigint)
GROUP BY event_id, event, shard, position, occurred_at
ORDER BY occurred_at, position
LIMIT $5;

-- name: changing#
-- What made later versions of them, and what took them back; and what came before and is laid over them.
UNION ALL
SELECT a.event_id, a.type, a.shard, a.position, a.occurred_at, 0
FROM found AS f
INNER JOIN {table} AS v
    ON v.office = $1 AND v.person = f._person AND v.occurred_at = f._occurred_at AND v.event_id = f._event_id
INNER JOIN {other} AS a
    ON a.office = $1 AND a.stream = f._stream AND a.nth = 1 AND a.made_by = a.position AND (
        a.position = v.made_by AND v.made_by <> v.position AND v.known_from <= $2
        OR a.position = v.ended_by AND v.revoked_at <= $2
        OR v.made_by = v.position AND a.position < v.position AND (v.type, a.type) IN ({preceding})
    );

-- name: arrive#
-- New facts, each as its first version.
INSERT INTO {table} (
    office, person, occurred_at, event_id, made_by, known_from, known_to, nth, type, stream, recorded_at, section, tier, shard,
    position, data
)
SELECT
    office, person, occurred_at, event_id, position, recorded_at, 'infinity', nth, type, stream, recorded_at, section, tier, shard,
    position, data
FROM {table}_change
WHERE sign = 1;

-- name: revoke#
-- Facts that are taken back, by their whole key. What is subtracted is what they say by now, not what they said at first.
WITH revoked AS (
    UPDATE {table} AS f SET
        known_to = c.recorded_at,
        revoked_at = c.recorded_at,
        ended_by = c.position
    FROM {table}_change AS c
    WHERE
        c.sign = -1 AND f.office = c.office AND f.person = c.person AND f.occurred_at = c.occurred_at AND f.event_id = c.event_id
        AND f.known_to = 'infinity'
    RETURNING c.ctid AS place, f.data
)
UPDATE {table}_change AS c SET data = r.data
FROM revoked AS r
WHERE c.ctid = r.place AND c.data <> r.data;

-- name: precede#
-- Facts that come after what they are to be told by: it is laid over their first version.
WITH laid AS (
    SELECT l.ctid AS place, l.office, l.person, l.occurred_at, l.event_id, overlaid({over} ORDER BY {order}, c.position) AS over
    FROM {table}_change AS l
    CROSS JOIN LATERAL (
        SELECT *
        FROM {table} AS c
        WHERE
            c.office = l.office AND c.stream = l.stream AND c.nth = 1 AND c.made_by = c.position AND c.position < l.position
            AND (c.revoked_at IS NULL OR c.ended_by > l.position)
        OFFSET 0 -- by the stream's index, whatever the table looked like when this was planned
    ) AS c
    WHERE l.type = '{of}' AND l.sign = 1 AND c.type = '{type}'
    GROUP BY l.ctid, l.office, l.person, l.occurred_at, l.event_id
),
told AS (
    UPDATE {table} AS f SET data = jsonb_set(f.data, '{{{member}}}', l.over)
    FROM laid AS l
    WHERE
        f.office = l.office AND f.person = l.person AND f.occurred_at = l.occurred_at AND f.event_id = l.event_id
        AND f.made_by = f.position
    RETURNING l.place, f.data
)
UPDATE {table}_change AS c SET data = t.data
FROM told AS t
WHERE c.ctid = t.place;

-- name: amend#
-- Facts that others of their stream change get another version at each of them, whatever came with which batch. Those that are
-- revoked by now are cut, too: by this batch, which takes back what they said last.
WITH cut AS MATERIALIZED (
    SELECT
        l.*,
        c.position AS step,
        c.recorded_at AS step_at,
        lead(c.position) OVER w AS next_step,
        lead(c.recorded_at) OVER w AS next_at,
        row_number() OVER w = 1 AS is_first
    FROM {other}_change AS c
    INNER JOIN {table} AS l
        ON l.office = c.office AND l.stream = c.stream AND l.made_by < c.position AND l.position < c.position
        AND (l.known_to = 'infinity' OR l.revoked_at IS NOT NULL AND l.ended_by > c.position)
    WHERE c.nth = 1 AND ({changes})
    WINDOW w AS (PARTITION BY l.office, l.person, l.occurred_at, l.event_id ORDER BY c.position)
),
ended AS (
    UPDATE {table} AS f SET
        known_to = c.step_at,
        ended_by = c.step,
        revoked_at = NULL
    FROM cut AS c
    WHERE
        c.is_first AND f.office = c.office AND f.person = c.person AND f.occurred_at = c.occurred_at AND f.event_id = c.event_id
        AND f.made_by = c.made_by
),
made AS (
    INSERT INTO {table}
    SELECT
        l.office, l.person, l.occurred_at, l.event_id, l.step, l.step_at,
        coalesce(l.next_at, l.known_to), coalesce(l.next_step, l.ended_by), CASE WHEN l.next_step IS NULL THEN l.revoked_at END,
        l.nth, l.type, l.stream, l.recorded_at, l.section, l.tier, l.shard, l.position,
        (o.data || {blank} || laid.over) - CASE WHEN laid.over ->> '{member}' IS NULL THEN '{member}' ELSE '' END
    FROM cut AS l
    INNER JOIN {table} AS o
        ON o.office = l.office AND o.person = l.person AND o.occurred_at = l.occurred_at AND o.event_id = l.event_id
        AND o.made_by = o.position
    CROSS JOIN LATERAL (
        SELECT overlaid(CASE c.type {overlays} END ORDER BY {order}) AS over
        FROM {other} AS c
        WHERE
            c.office = l.office AND c.stream = l.stream AND c.nth = 1 AND c.made_by = c.position AND c.type IN ({types})
            AND c.position <= l.step AND (c.revoked_at IS NULL OR c.ended_by > l.step) AND ({standing})
    ) AS laid
    RETURNING *
),
retold AS (
    UPDATE {table}_change AS c SET data = m.data
    FROM made AS m
    WHERE
        m.revoked_at IS NOT NULL AND c.sign = -1 AND c.position = m.ended_by AND c.office = m.office AND c.person = m.person
        AND c.occurred_at = m.occurred_at AND c.event_id = m.event_id
),
changed AS (
    SELECT -1 AS sign, c.step AS at, c.step_at AS at_time, c.data, c.office, c.person, c.occurred_at, c.event_id, c.nth, c.type,
        c.stream, c.section, c.tier, c.shard
    FROM cut AS c
    WHERE c.is_first
    UNION ALL
    SELECT 1, m.made_by, m.known_from, m.data, m.office, m.person, m.occurred_at, m.event_id, m.nth, m.type,
        m.stream, m.section, m.tier, m.shard
    FROM made AS m
    WHERE m.known_to = 'infinity' OR m.revoked_at IS NOT NULL
)
INSERT INTO {table}_change (
    sign, position, recorded_at, data, office, person, occurred_at, event_id, nth, type, stream, section, tier, shard
)
SELECT * FROM changed
RETURNING type;

-- name: months#
-- In which months each office recorded anything.
INSERT INTO office_month
SELECT office, date_trunc('month', shanghai_day(recorded_at)::timestamp)::date, min(recorded_at)
FROM (SELECT office, recorded_at FROM fact_change UNION SELECT office, recorded_at FROM care_change) AS c
GROUP BY 1, 2
ON CONFLICT DO NOTHING;
