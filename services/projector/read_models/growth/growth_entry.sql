-- 成长档案 · growth file entries
-- What stands in a cadre's growth file, fact by fact? Learning, work, activity and talks; never welfare. What is
-- proposed or disputed is here, and counts nowhere; a revoked entry stays, with revoked_at.
-- resource: growth-entries
-- kind: log
-- whose: person
-- order: person, occurred_at, event_id

SELECT
    person, -- key base.Person
    event_id::text COLLATE "C" AS event_id, -- key text · 事件 · the event behind the entry
    type AS event, -- text · 事件类型 · the event's type
    entry_group, -- group · 类别 · learning, work, activity or talk
    title, -- text · 标题 · what it is called; a talk has no title
    guide, -- base.Guide
    occurred_at, -- timestamptz · 发生时间 · when it happened
    recorded_at, -- timestamptz · 记录时间 · when it was recorded
    revoked_at, -- timestamptz · 撤销时间 · when it was revoked; null while it counts
    state, -- text · 状态 · verified, proposed or disputed; only what is verified counts anywhere
    section, -- base.Section · 科室 · where the person sat at that time, as decided
    tier, -- base.Tier · 职务层次 · the person's tier at that time, as decided
    (data -> 'centi_xueshi')::integer AS centi_xueshi, -- integer · 学时（百分之一） · 1/100 study hour, of credits only
    shard, -- integer · 分片 · the shard of the event
    position -- bigint · 序号 · the event's position in the shard
FROM filed
