-- 谈心谈话 · heart-to-heart talks
-- Who has talked heart to heart with whom, month by month? One-to-one talks by pair of people; never contents.
-- resource: talk-coverage
-- kind: sum
-- whose: person_a, person_b
-- types: chengzhang.talk.talk-held.v1

SELECT
    least(
        data -> 'stamps' -> 0 ->> 'person' COLLATE "C",
        data -> 'stamps' -> 1 ->> 'person'
    ) AS person_a, -- key base.Person · 甲方 · the one whose id sorts first
    greatest(
        data -> 'stamps' -> 0 ->> 'person' COLLATE "C",
        data -> 'stamps' -> 1 ->> 'person'
    ) AS person_b, -- key base.Person · 乙方 · the other
    data ->> 'pair' AS pair, -- key life.talk.Pair · 谈话对象 · by the tier each held at that date; peer counts for no duty
    shanghai_month(occurred_at) AS month, -- key text · 月份 · YYYY-MM in Shanghai
    1 AS held -- sum · 次数 · talks held and not revoked
FROM care
WHERE data ->> 'mode' = 'one-to-one'
