-- What did a cadre's work bring about (以工作绩效论英雄)? Outputs by work line, effect and month, for the lead and each participant.

-- name: table#
CREATE TABLE IF NOT EXISTS work_output (
    office  text COLLATE "C" NOT NULL,
    month   text COLLATE "C" NOT NULL,
    person  text COLLATE "C" NOT NULL,
    line    text COLLATE "C" NOT NULL,
    effect  text COLLATE "C" NOT NULL,
    outputs bigint NOT NULL,
    PRIMARY KEY (office, month, person, line, effect)
);

-- name: view#
CREATE OR REPLACE VIEW office.work_output AS
SELECT
    office,
    person,
    line,
    effect,
    month,
    outputs
FROM work_output
WHERE outputs <> 0;
COMMENT ON VIEW office.work_output IS '工作成果: outputs by person, line, effect and month. Key (office, person, line, effect, month)';
COMMENT ON COLUMN office.work_output.line IS '工作条线: the work line';
COMMENT ON COLUMN office.work_output.effect IS 'adopted, in-force, problem-solved or pending';
COMMENT ON COLUMN office.work_output.month IS 'YYYY-MM in Shanghai';
COMMENT ON COLUMN office.work_output.outputs IS 'outputs; on the line classified-communications (机要) the count that was filed, of one entry at most 2147483647';

-- name: fold_1_count()!
-- A pure sum: a revoked output counts its negative in its own month.
INSERT INTO work_output AS o
SELECT
    f.office,
    to_char(f.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'),
    stamp ->> 'person',
    f.data ->> 'line',
    f.data ->> 'effect',
    sum(f.sign * least(coalesce((f.data -> 'count')::bigint, 1), 2147483647)) -- more would not add up in a bigint
FROM fact AS f
CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'stamps') AS stamp
WHERE f.type = 'chengzhang.work.output-filed.v1'
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (office, month, person, line, effect) DO UPDATE SET outputs = o.outputs + excluded.outputs;

-- name: of_office(office, person, section, after, limit)
-- An office's outputs, month by month; a page of them.
SELECT *
FROM office.work_output
WHERE
    office = :office
    AND (:person::text IS NULL OR person = :person)
    AND (:section::text IS NULL OR person IN (SELECT s.person FROM seat AS s WHERE s.office = :office AND s.section = :section))
    AND (
        :after::text[] IS NULL
        OR (month, person, line, effect)
        > ((:after::text[])[1], (:after::text[])[2], (:after::text[])[3], (:after::text[])[4])
    )
ORDER BY month, person, line, effect
LIMIT :limit;
