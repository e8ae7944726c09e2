-- 补记变动 · backdated changes
-- Which facts does a change of post touch that was recorded after them, though its day comes before? Each keeps the section and tier that
-- it was recorded with: nothing is derived anew. Where another change follows by that day, the fact may be as it should.
-- resource: backdated
-- kind: asked
-- whose: person

SELECT
    c.event_id::text COLLATE "C" AS event_id, -- key text · 变动 · a post, its end, a transfer or a leaving
    t.event_id::text COLLATE "C" AS touched, -- key text · 所涉事项 · a fact of that day or later, recorded before it
    c.person, -- base.Person
    c.type AS event, -- text · 变动类型 · the type of the change
    c.on_day AS from_on, -- date · 起算日期 · the day of the change
    c.recorded_at, -- timestamptz · 变动记录时间 · when the change was recorded
    t.type AS touched_event, -- text · 所涉事件类型 · the type of the fact
    t.occurred_at, -- timestamptz · 发生时间 · when the fact happened
    t.stamp ->> 'section' AS section, -- base.Section · 科室 · where the person sat, as decided with the fact
    t.stamp ->> 'tier' AS tier, -- base.Tier · 职务层次 · the person's tier, as decided with the fact
    jsonb_build_object(c.event_id, 1, t.event_id, 1) AS told_by -- behind
FROM (
    SELECT
        f.office,
        f.person,
        f.event_id,
        f.type,
        f.position,
        f.recorded_at,
        coalesce(f.data ->> 'from_on', f.data ->> 'on')::date AS on_day
    FROM everything AS f
    WHERE
        f.type IN (
            'chengzhang.people.post-assumed.v1',
            'chengzhang.people.post-ended.v1',
            'chengzhang.people.person-transferred.v1',
            'chengzhang.people.person-left.v1'
        )
        AND f.data ->> 'concurrent' IS DISTINCT FROM 'true'
) AS c
INNER JOIN (
    SELECT DISTINCT
        f.office AS in_office,
        f.event_id,
        f.type,
        f.position,
        f.occurred_at,
        s.stamp
    FROM everything AS f
    CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'stamps') AS s (stamp)
    WHERE f.type NOT LIKE 'chengzhang.people.%'
) AS t
    ON
        t.in_office = c.office
        AND t.stamp ->> 'person' = c.person
        AND t.position < c.position
        AND shanghai_day(t.occurred_at) >= c.on_day
