-- 登记负担 · what people still type
-- How much do people still type, app by app and week by week (防止形式主义)? One submission counts once, however many events it gives.
-- resource: burden
-- kind: sum
-- whose: office

SELECT
    data -> 'entered' ->> 'source' AS source, -- key text · 来源 · the app that it came from
    shanghai_week(occurred_at) AS week, -- key text · 周 · ISO week of what happened, 2026-W10
    CASE WHEN data -> 'entered' ->> 'entry' = 'hand' THEN 1 END AS by_hand, -- sum · 手工登记 · entries made by hand
    CASE WHEN data -> 'entered' ->> 'entry' = 'machine' THEN 1 END AS by_machine, -- sum · 系统登记 · entries made by a program
    CASE WHEN data -> 'entered' ->> 'entry' = 'hand' THEN (data -> 'entered' -> 'typed')::integer END AS fields -- sum · 填写项数 · values typed by hand
FROM everything
WHERE data ? 'entered' AND type <> 'chengzhang.any.entry-revoked.v1'
