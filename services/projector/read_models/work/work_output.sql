-- 工作成果 · work outputs
-- What did a cadre's work bring about (以工作绩效论英雄)? Outputs by work line, effect as settled last, and month of filing, for the lead
-- and each participant.
-- resource: work-outputs
-- kind: sum
-- whose: person
-- types: chengzhang.work.output-filed.v1

SELECT
    person, -- key base.Person
    data ->> 'line' AS line, -- key base.Line
    coalesce(data -> 'settled' ->> 'effect', data ->> 'effect') AS effect, -- key life.work.Effect
    shanghai_month(occurred_at) AS month, -- key text · 月份 · YYYY-MM in Shanghai
    coalesce((data -> 'count')::integer, 1) AS outputs -- sum · 数量 · outputs; of 机要 (classified communications) as many as were counted
FROM evidence
