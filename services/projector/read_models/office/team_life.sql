-- 团队建设 · team life
-- What do the office's teams do, and whom does their sharing reach (倍增)? A row for each month with an activity, a sharing or a change
-- of members.
-- resource: teams
-- kind: asked
-- whose: office
-- types: chengzhang.people.person-left.v1, chengzhang.team.team-formed.v1, chengzhang.team.team-dissolved.v1, chengzhang.team.team-joined.v1, chengzhang.team.team-left.v1, chengzhang.team.team-activity-held.v1, chengzhang.team.knowledge-shared.v1

SELECT
    t.team, -- key text · 团队 · its id
    t.month, -- key text · 月份 · YYYY-MM in Shanghai
    min(b.kind) AS kind, -- life.team.TeamKind
    min(b.name) AS name, -- text · 名称 · what it is called
    min(b.members) AS members, -- bigint · 成员数 · who belongs to it on the month's last day
    count(DISTINCT t.event_id) FILTER (WHERE t.what = 'activity') AS activities, -- bigint · 活动次数 · what it did together
    count(DISTINCT t.event_id) FILTER (WHERE t.what = 'sharing') AS shared, -- bigint · 分享次数 · sharings that name it
    count(DISTINCT t.reached) AS reached, -- bigint · 受益人数 · distinct persons whom these reached
    jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what = 'activity') AS done_by, -- behind activities
    jsonb_object_agg(t.event_id, 1) FILTER (WHERE t.what = 'sharing') AS shared_by, -- behind shared
    coalesce(overlaid(b.told_by), '{}') || jsonb_object_agg(t.event_id, 1) AS told_by -- behind
FROM (
    SELECT a.office, a.event_id, 'activity' AS what, a.data ->> 'team' AS team, left(a.data ->> 'on', 7) AS month, NULL AS reached
    FROM fact AS a
    WHERE a.type = 'chengzhang.team.team-activity-held.v1'
    UNION ALL
    SELECT s.office, s.event_id, 'sharing', s.data ->> 'team', shanghai_month(s.occurred_at), r.person
    FROM fact AS s
    LEFT JOIN LATERAL jsonb_array_elements_text(s.data -> 'reached') AS r (person) ON true
    WHERE s.type = 'chengzhang.team.knowledge-shared.v1' AND s.data ? 'team'
    UNION ALL
    SELECT j.office, j.event_id, 'change', j.data ->> 'team', left(j.data ->> 'on', 7), NULL
    FROM fact AS j
    WHERE j.type IN ('chengzhang.team.team-joined.v1', 'chengzhang.team.team-left.v1')
) AS t
LEFT JOIN LATERAL (
    SELECT
        min(f.kind) AS kind,
        min(f.name) AS name,
        count(*) FILTER (WHERE f.belongs AND NOT f.dissolved) AS members,
        jsonb_object_agg(f.event_id, 1) FILTER (WHERE f.event_id IS NOT NULL) AS told_by
    FROM (
        SELECT DISTINCT ON (m.person, m.made)
            m.event_id,
            m.data ->> 'kind' AS kind,
            m.data ->> 'name' AS name,
            m.type = 'chengzhang.team.team-joined.v1'
            AND NOT EXISTS (
                SELECT FROM fact AS l
                WHERE
                    l.type = 'chengzhang.people.person-left.v1' AND l.office = t.office AND l.person = m.person
                    AND (l.data ->> 'on')::date BETWEEN m.since::date AND month_ends(month_begins(t.month))
            ) AS belongs,
            bool_or(m.type = 'chengzhang.team.team-dissolved.v1') OVER () AS dissolved
        FROM (
            SELECT
                n.*,
                CASE WHEN n.person = '' THEN n.type END AS made,
                coalesce(n.data ->> 'from_on', n.data ->> 'on', shanghai_day(n.occurred_at)::text) AS since
            FROM fact AS n
            WHERE n.office = t.office AND n.stream = 'team/' || t.team
        ) AS m
        WHERE m.since::date <= month_ends(month_begins(t.month))
        ORDER BY m.person, m.made, m.since DESC, m.position DESC
    ) AS f
) AS b ON true
GROUP BY t.office, t.team, t.month
