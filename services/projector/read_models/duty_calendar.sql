-- 述职日程 · duty calendar
-- Which duty reports were delivered for which half-year, when, and were they late? Done only.
-- resource: duties
-- kind: rows
-- whose: subject
-- types: chengzhang.work.duty-report-delivered.v1

SELECT
    'duty-report' AS duty, -- key text · 任务 · what is owed: duty-report
    person AS subject, -- key base.Person · 责任人 · who owes it
    data ->> 'half' AS period, -- key base.Half
    half_ends(data ->> 'half') AS due_on, -- date · 期限 · the last day of the half-year
    shanghai_day(occurred_at) AS done_on, -- date · 完成日期 · the Shanghai day on which it was done
    shanghai_day(occurred_at) > half_ends(data ->> 'half') AS late -- boolean · 逾期 · whether that was after the day due
FROM fact
