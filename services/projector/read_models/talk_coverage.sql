-- Who has talked heart to heart with whom (谈心谈话), month by month? Held one-to-one talks by pair of people; never contents.

-- name: table#
CREATE TABLE IF NOT EXISTS talk_coverage (
    office   text COLLATE "C" NOT NULL,
    month    text COLLATE "C" NOT NULL,
    person_a text COLLATE "C" NOT NULL,
    person_b text COLLATE "C" NOT NULL,
    pair     text COLLATE "C" NOT NULL,
    held     integer NOT NULL,
    PRIMARY KEY (office, month, person_a, person_b, pair)
);

-- name: view#
CREATE OR REPLACE VIEW office.talk_coverage AS
SELECT
    office,
    person_a,
    person_b,
    pair,
    month,
    held
FROM talk_coverage
WHERE held <> 0;
COMMENT ON VIEW office.talk_coverage IS '谈心谈话: one-to-one talks held, by two people and month. Key (office, person_a, person_b, pair, month)';
COMMENT ON COLUMN office.talk_coverage.person_a IS 'the one whose id sorts first';
COMMENT ON COLUMN office.talk_coverage.person_b IS 'the other';
COMMENT ON COLUMN office.talk_coverage.pair IS 'by the tier each held at that date; peer counts for no duty';
COMMENT ON COLUMN office.talk_coverage.month IS 'YYYY-MM in Shanghai';
COMMENT ON COLUMN office.talk_coverage.held IS 'talks held and not revoked';

-- name: fold_1_count()!
-- A pure sum: a revoked talk counts -1 in its own month.
INSERT INTO talk_coverage AS c
SELECT
    office,
    to_char(occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'),
    least(data -> 'stamps' -> 0 ->> 'person', data -> 'stamps' -> 1 ->> 'person' COLLATE "C"),
    greatest(data -> 'stamps' -> 0 ->> 'person', data -> 'stamps' -> 1 ->> 'person' COLLATE "C"),
    data ->> 'pair',
    sum(sign)
FROM fact
WHERE type = 'chengzhang.talk.talk-held.v1' AND data ->> 'mode' = 'one-to-one'
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (office, month, person_a, person_b, pair) DO UPDATE SET held = c.held + excluded.held;

-- name: of_office(office, person, section, after, limit)
-- An office's pairs, month by month; a page of them.
SELECT *
FROM office.talk_coverage
WHERE
    office = :office
    AND (:person::text IS NULL OR :person IN (person_a, person_b))
    AND (
        :section::text IS NULL
        OR EXISTS (
            SELECT
            FROM seat AS s
            WHERE s.office = :office AND s.section = :section AND s.person IN (person_a, person_b)
        )
    )
    AND (
        :after::text[] IS NULL
        OR (month, person_a, person_b, pair)
        > ((:after::text[])[1], (:after::text[])[2], (:after::text[])[3], (:after::text[])[4])
    )
ORDER BY month, person_a, person_b, pair
LIMIT :limit;
