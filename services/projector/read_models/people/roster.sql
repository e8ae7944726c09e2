-- 人员名册 · roster
-- Where is everybody: posts, duties, rank, party role, away or not? As of today, or of the day that is asked for.
-- resource: roster
-- kind: asked
-- whose: person
-- types: chengzhang.people.person-registered.v1, chengzhang.people.post-assumed.v1, chengzhang.people.post-ended.v1, chengzhang.people.person-transferred.v1, chengzhang.people.rank-set.v1, chengzhang.people.party-role-set.v1, chengzhang.people.secondment-started.v1, chengzhang.people.secondment-ended.v1, chengzhang.people.long-leave-started.v1, chengzhang.people.long-leave-ended.v1, chengzhang.people.person-left.v1

SELECT
    q.person, -- key base.Person
    q.posts, -- jsonb · 现任职务 · the posts held that day, main ones first
    q.section, -- base.Section
    q.tier, -- base.Tier
    q.rank, -- text · 职级 · rank
    q.party_role, -- people.cadres.PartyRole
    q.duties, -- text · 分管或从事工作 · duties of the main post
    q.away, -- text · 外出 · the kind of secondment, or long-leave; null where the person is here
    q.since, -- date · 到岗日期 · since when in the office
    q.until, -- date · 离任日期 · the day of leaving; null until then
    q.told_by -- behind
FROM (
    SELECT
        r.office,
        r.person,
        held.*,
        told.told_by
    FROM (
        SELECT DISTINCT v.office, v.person
        FROM fact AS v
        WHERE v.type = 'chengzhang.people.person-registered.v1'
    ) AS r
    CROSS JOIN LATERAL roster_of(r.office, r.person, (SELECT m.known FROM moment AS m)) AS held
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(f.event_id, 1) AS told_by
        FROM fact AS f
        WHERE f.office = r.office AND f.person = r.person
    ) AS told
) AS q
