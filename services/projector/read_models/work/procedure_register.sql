-- 制度台账 · procedure register
-- Which procedures are there, on which line, and since when does each stand as it is? Its latest revision.
-- resource: procedures
-- kind: rows
-- whose: office
-- types: chengzhang.work.procedure-revised.v1
-- within: stream
-- latest: from_on

SELECT
    data ->> 'procedure' AS procedure, -- key text · 制度 · its id
    data ->> 'line' AS line, -- base.Line
    data ->> 'title' AS title, -- base.Title
    (data -> 'version')::bigint AS version, -- bigint · 版次 · its version
    (data ->> 'from_on')::date AS from_on -- base.FromOn
FROM fact
