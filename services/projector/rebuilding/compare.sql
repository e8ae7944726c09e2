-- Two versions of a read model, compared row by row, on the columns that both have. The words in capitals stand for names.

-- name: export()$
-- A snapshot that other transactions may read in.
SELECT pg_export_snapshot();

-- name: columns(schema, table)
-- A table's columns with their types, and their places in its key.
SELECT
    a.attname AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    array_position(i.indkey::smallint[], a.attnum) AS place
FROM pg_attribute AS a
LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = to_regclass(format('%I.%I', :schema::text, :table::text)) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: difference#
-- Rows that differ; null where one side has none.
CREATE TEMP TABLE difference (
    read_model text NOT NULL,
    key        jsonb NOT NULL,
    live       jsonb,
    other      jsonb
);

-- name: copy#
-- The live rows as they stood in the snapshot; the other version is brought to the same positions later.
CREATE TEMP TABLE live_row AS
SELECT COLUMNS
FROM LIVE_TABLE;

-- name: compare#
-- Whole rows against whole rows.
INSERT INTO difference
SELECT
    'READ_MODEL',
    to_jsonb(k),
    to_jsonb(l),
    to_jsonb(o)
FROM live_row AS l
FULL JOIN (SELECT COLUMNS FROM OTHER_TABLE) AS o USING (KEYS)
CROSS JOIN LATERAL (SELECT KEYS) AS k
WHERE l IS DISTINCT FROM o;

-- name: forget#
-- The next read model's turn.
DROP TABLE live_row;

-- name: counts()
-- How many rows differ.
SELECT
    read_model,
    count(*) AS rows
FROM difference
GROUP BY read_model
ORDER BY read_model;

-- name: rows(limit)
-- The first differing rows of each read model, by key; key, live and other as JSON text.
SELECT
    read_model,
    key,
    live,
    other
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY read_model ORDER BY key) AS place
    FROM difference
) AS numbered
WHERE place <= :limit
ORDER BY read_model, place;

-- name: figures#
-- What differs, figure by figure. A person's, where the row is about one; of two people's, both.
CREATE TEMP TABLE figure AS
SELECT
    d.key ->> 'office' AS office,
    coalesce(whole.content ->> 'person', concat_ws(' ', whole.content ->> 'person_a', whole.content ->> 'person_b')) AS person,
    d.read_model,
    d.key - ARRAY['office', 'person', 'person_a', 'person_b'] AS key,
    f.figure,
    d.live -> f.figure AS before,
    d.other -> f.figure AS after
FROM difference AS d
CROSS JOIN LATERAL (SELECT coalesce(d.other, d.live) AS content) AS whole
CROSS JOIN LATERAL jsonb_object_keys(whole.content) AS f (figure)
WHERE NOT d.key ? f.figure AND coalesce(d.live -> f.figure, 'null') <> coalesce(d.other -> f.figure, 'null');

-- name: summary()
-- How many rows and people each figure differs for.
SELECT
    read_model,
    figure,
    count(*) AS rows,
    count(DISTINCT (office, person)) AS people
FROM figure
GROUP BY read_model, figure
ORDER BY read_model, figure;

-- name: listed#
-- By person, and in one order.
SELECT
    office,
    person,
    read_model,
    key,
    figure,
    before,
    after
FROM figure
ORDER BY office, person, read_model, key, figure
