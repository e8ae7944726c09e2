-- 实事工程 · welfare
-- How did the office look after its people? Each home visit: for whom, of what class, from which fund, how soon after the occasion, which
-- itself is sealed. Never evidence in an appraisal.
-- resource: welfare
-- kind: rows
-- whose: person
-- types: chengzhang.welfare.home-visit-made.v1

SELECT
    'visit' AS kind, -- key text · 事项 · what it is: visit
    data ->> 'visit' AS id, -- key text · 编号 · its id
    person, -- base.Person
    data ->> 'class' AS class, -- welfare.Class
    data ->> 'fund' AS fund, -- welfare.Fund
    (data -> 'fen')::bigint AS fen, -- bigint · 金额（分） · 1/100 yuan; zero is normal
    shanghai_day(occurred_at) AS on_day, -- date · 日期 · the day of the visit, in Shanghai
    (data ->> 'event_on')::date AS event_on, -- date · 事件日期 · the day of the occasion
    shanghai_day(occurred_at) - (data ->> 'event_on')::date AS days -- integer · 间隔天数 · days from the occasion to the visit
FROM care
