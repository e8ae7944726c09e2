-- 述职日程 · duty calendar
-- Which duty reports and section exchanges are owed, by whom and by when; which were done, and were they late? A report by whoever
-- heads a section on a half-year's last day, acting or not; an exchange by every section, every month. From the period
-- in which the record of the office's people begins up to that in which it recorded anything last.
-- resource: duties
-- kind: asked
-- whose: subject
-- types: chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-left.v1, chengzhang.people.section-defined.v1, chengzhang.work.duty-report-delivered.v1, chengzhang.work.section-exchange-held.v1

SELECT
    d.duty, -- key text · 任务 · what is owed: duty-report or section-exchange
    d.subject, -- key base.Person · 责任人或科室 · who owes it: the head of a section, or a section
    d.period, -- key text · 时段 · the half-year, or the month
    min(d.due_on) AS due_on, -- date · 期限 · the period's last day
    min(d.done_on) AS done_on, -- date · 完成日期 · the Shanghai day on which it was done; null until then
    min(d.done_on) > min(d.due_on) AS late, -- boolean · 逾期 · whether that was after the day due
    CASE WHEN d.duty = 'section-exchange' THEN d.subject END AS section, -- base.Section · 科室 · the section whose it is; null where it is a person's
    jsonb_object_agg(d.event_id, 1) AS told_by -- behind
FROM owed_duty AS d
GROUP BY d.office, d.duty, d.subject, d.period
