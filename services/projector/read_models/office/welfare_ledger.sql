-- 实事工程 · welfare
-- How did the office look after its people? Each home visit, need and gathering: for whom, of what class, from which fund, how soon
-- after the occasion or the need. What it was about is sealed. Never evidence in an appraisal.
-- resource: welfare
-- kind: recompute
-- whose: person
-- types: chengzhang.welfare.home-visit-made.v1, chengzhang.welfare.need-raised.v1, chengzhang.welfare.need-met.v1, chengzhang.welfare.gathering-held.v1
-- within: stream

SELECT
    split_part(stream, '/', 1) AS kind, -- key text · 事项 · what it is: visit, need or gathering
    split_part(stream, '/', 2) AS id, -- key text · 编号 · its id
    (array_agg(person ORDER BY position DESC) FILTER (WHERE data ? 'person'))[1] AS person, -- base.Person
    (array_agg(data ->> 'class' ORDER BY position DESC) FILTER (WHERE data ? 'class'))[1] AS class, -- life.welfare.Class
    (array_agg(data ->> 'fund' ORDER BY position DESC) FILTER (WHERE data ? 'fund'))[1] AS fund, -- life.welfare.Fund
    (array_agg((data -> 'fen')::bigint ORDER BY position DESC) FILTER (WHERE data ? 'fen'))[1] AS fen, -- bigint · 金额（分） · 1/100 yuan; zero is normal
    (
        array_agg(
            coalesce((data ->> 'on')::date, shanghai_day(occurred_at)) ORDER BY (data ->> 'on')::date, position DESC
        ) FILTER (WHERE type <> 'chengzhang.welfare.need-raised.v1')
    )[1] AS on_day, -- date · 日期 · the day of the visit or gathering, or on which the need was first met; null while it is open
    (
        array_agg(
            coalesce((data ->> 'event_on')::date, shanghai_day(occurred_at)) ORDER BY position DESC
        ) FILTER (WHERE data ? 'person')
    )[1] AS event_on, -- date · 事件日期 · the day of the occasion, or on which the need was raised
    (
        array_agg(
            coalesce((data ->> 'on')::date, shanghai_day(occurred_at)) ORDER BY (data ->> 'on')::date, position DESC
        ) FILTER (WHERE type <> 'chengzhang.welfare.need-raised.v1')
    )[1] - (
        array_agg(
            coalesce((data ->> 'event_on')::date, shanghai_day(occurred_at)) ORDER BY position DESC
        ) FILTER (WHERE data ? 'person')
    )[1] AS days, -- integer · 间隔天数 · days from the occasion to the visit, from the need to when it was met; null while it is open
    (array_agg(data ->> 'title' ORDER BY position DESC) FILTER (WHERE data ? 'title'))[1] AS title, -- text · 标题 · what a gathering was called
    max(jsonb_array_length(data -> 'persons') + (data -> 'relatives')::integer) AS guests -- integer · 人数 · how many came to a gathering, relatives included
FROM care
GROUP BY office, stream
