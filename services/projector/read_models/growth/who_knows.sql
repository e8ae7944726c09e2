-- 人尽其才 · who knows what
-- Who is good at what, who shared it, who learned it from whom? By strength or topic.
-- resource: strengths
-- kind: sum
-- whose: person
-- types: chengzhang.people.strength-stated.v1, chengzhang.team.knowledge-shared.v1, chengzhang.team.paired-up.v1

SELECT
    known_by.topic, -- key text · 主题 · the strength, or what was shared or taught
    known_by.who AS person, -- key base.Person
    known_by.stated, -- sum · 认定次数 · how often it was stated to be a strength
    known_by.shared, -- sum · 分享次数 · how often it was shared with others
    known_by.learned, -- sum · 受益次数 · how often it was learned from a sharing
    known_by.taught, -- sum · 带教次数 · pairings as a mentor
    known_by.apprenticed -- sum · 受教次数 · pairings as a learner
FROM fact
CROSS JOIN LATERAL (
    SELECT data ->> 'strength', data ->> 'person', 1, 0, 0, 0, 0
    WHERE type = 'chengzhang.people.strength-stated.v1'
    UNION ALL
    SELECT data ->> 'topic', data ->> 'person', 0, 1, 0, 0, 0
    WHERE type = 'chengzhang.team.knowledge-shared.v1'
    UNION ALL
    SELECT data ->> 'topic', r.person, 0, 0, 1, 0, 0
    FROM (SELECT DISTINCT value FROM jsonb_array_elements_text(data -> 'reached')) AS r (person)
    WHERE type = 'chengzhang.team.knowledge-shared.v1'
    UNION ALL
    SELECT data ->> 'for', data ->> 'mentor', 0, 0, 0, 1, 0
    WHERE type = 'chengzhang.team.paired-up.v1'
    UNION ALL
    SELECT data ->> 'for', data ->> 'learner', 0, 0, 0, 0, 1
    WHERE type = 'chengzhang.team.paired-up.v1'
) AS known_by (topic, who, stated, shared, learned, taught, apprenticed)
