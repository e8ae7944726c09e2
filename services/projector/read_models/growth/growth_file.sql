-- 成长档案年度统计 · growth files by year
-- How does a cadre's year look in figures? Unrevoked entries of a Shanghai calendar year. Counts only, never a score; what is zero is
-- left out. A session of several kinds or carriers is one entry, and one in each kind and carrier it has.
-- resource: growth-files
-- kind: sum
-- whose: person

SELECT
    person, -- key base.Person
    shanghai_year(occurred_at) AS year, -- key base.Year
    to_jsonb(entry_group) AS by_group, -- counts group · 按类别 · entries by group
    data -> 'guide' AS by_guide, -- counts base.Guide · 按引导 · entries by guide word (六个方面引导)
    data -> 'session_stamp' -> 'kinds' AS by_session_kind, -- counts learning.sessions.Kind · 按活动形式 · entries by kind of session
    data -> 'session_stamp' -> 'carriers' AS by_carrier, -- counts learning.sessions.Carrier · 按学习载体 · entries by carrier
    coalesce(data -> 'settled' -> 'effect', data -> 'effect') AS outputs_by_effect, -- counts life.work.Effect · 按实效 · outputs by effect (以工作绩效论英雄)
    occurred_at AS last_entry_at -- latest timestamptz · 最近一项 · when the latest of them happened
FROM entry
