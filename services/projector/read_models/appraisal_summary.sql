-- What does a cadre's yearly appraisal (年度考核) rest on? Whether the study requirement is met, and the evidence with the events behind
-- it. Evidence is learning and work; talks and welfare never are, by construction. No points, no ranking.

-- name: table#
CREATE TABLE IF NOT EXISTS appraisal_summary (
    office           text COLLATE "C" NOT NULL,
    year             integer NOT NULL,
    person           text COLLATE "C" NOT NULL,
    recognised       bigint NOT NULL,
    learning         integer NOT NULL,
    work             integer NOT NULL,
    guide_people     integer NOT NULL,
    guide_work       integer NOT NULL,
    guide_innovation integer NOT NULL,
    guide_results    integer NOT NULL,
    guide_harmony    integer NOT NULL,
    guide_excellence integer NOT NULL,
    shard            integer NOT NULL,
    last_position    bigint NOT NULL,
    PRIMARY KEY (office, year, person)
) WITH (fillfactor = 70);

-- name: view#
CREATE OR REPLACE VIEW office.appraisal_summary AS
SELECT
    a.office,
    a.person,
    a.year,
    placed.section,
    placed.tier,
    'not-opened'::text AS stage,
    a.recognised >= 180 AS requirement_met,
    behind.requirement_events,
    counts(ARRAY['learning', 'work'], ARRAY[a.learning, a.work]) AS evidence_by_group,
    counts(
        ARRAY['people', 'work', 'innovation', 'results', 'harmony', 'excellence'],
        ARRAY[a.guide_people, a.guide_work, a.guide_innovation, a.guide_results, a.guide_harmony, a.guide_excellence]
    ) AS evidence_by_guide,
    behind.evidence_events,
    '[]'::jsonb AS routine_grades,
    '[]'::jsonb AS duty_reports,
    NULL::text AS proposed_grade,
    NULL::text AS grade,
    a.shard,
    a.last_position
FROM appraisal_summary AS a
LEFT JOIN LATERAL (
    SELECT
        p.section,
        p.tier
    FROM placement AS p
    WHERE p.office = a.office AND p.person = a.person AND p.from_on <= make_date(a.year, 12, 31) AND p.section IS NOT NULL
    ORDER BY p.from_on DESC, p.position DESC
    LIMIT 1
) AS placed ON true
CROSS JOIN LATERAL (
    SELECT
        coalesce(
            array_agg(e.event_id::text ORDER BY e.occurred_at, e.event_id) FILTER (WHERE e.account = 'recognised'), '{}'
        ) AS requirement_events,
        coalesce(array_agg(e.event_id::text ORDER BY e.occurred_at, e.event_id), '{}') AS evidence_events
    FROM growth_entry AS e
    WHERE
        e.office = a.office
        AND e.person = a.person
        AND e.occurred_at >= make_timestamptz(a.year, 1, 1, 0, 0, 0, 'Asia/Shanghai')
        AND e.occurred_at < make_timestamptz(a.year + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai')
        AND e.entry_group IN ('learning', 'work')
        AND e.revoked_at IS NULL
) AS behind;
COMMENT ON VIEW office.appraisal_summary IS '年度考核: a person and Shanghai calendar year, with the events behind each figure. Key (office, person, year)';
COMMENT ON COLUMN office.appraisal_summary.section IS '科室 at the end of the year, as far as recorded';
COMMENT ON COLUMN office.appraisal_summary.tier IS 'tier at the end of the year, as far as recorded';
COMMENT ON COLUMN office.appraisal_summary.stage IS 'how far the appraisal has come';
COMMENT ON COLUMN office.appraisal_summary.requirement_met IS 'at least 180 recognised half xueshi (90 学时) in the year; never the hours themselves';
COMMENT ON COLUMN office.appraisal_summary.requirement_events IS 'the recognised credits behind it, by time';
COMMENT ON COLUMN office.appraisal_summary.evidence_by_group IS 'unrevoked learning and work entries; what is zero is left out, here and below';
COMMENT ON COLUMN office.appraisal_summary.evidence_by_guide IS 'the same by guide word (六个方面引导)';
COMMENT ON COLUMN office.appraisal_summary.evidence_events IS 'the events behind both, by time';
COMMENT ON COLUMN office.appraisal_summary.routine_grades IS '平时考核: quarterly grades';
COMMENT ON COLUMN office.appraisal_summary.duty_reports IS '述职: duty reports';
COMMENT ON COLUMN office.appraisal_summary.proposed_grade IS 'the grade proposed; null until then';
COMMENT ON COLUMN office.appraisal_summary.grade IS 'the grade decided; null until then';
COMMENT ON COLUMN office.appraisal_summary.last_position IS 'position of the latest event that touched the row';

-- name: fold_1_count()!
-- A pure sum over the changes of learning and work entries; facts about a person's posts open the year's row.
INSERT INTO appraisal_summary AS a
SELECT
    office,
    year,
    person,
    coalesce(sum(sign * half_xueshi) FILTER (WHERE account = 'recognised'), 0),
    coalesce(sum(sign) FILTER (WHERE entry_group = 'learning'), 0),
    coalesce(sum(sign) FILTER (WHERE entry_group = 'work'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'people'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'work'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'innovation'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'results'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'harmony'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'excellence'), 0),
    min(shard),
    max(position)
FROM (
    SELECT
        sign,
        office,
        person,
        year,
        entry_group,
        guide,
        account,
        half_xueshi,
        shard,
        position
    FROM entry_change
    WHERE entry_group IN ('learning', 'work')
    UNION ALL
    SELECT
        0,
        f.office,
        stamp ->> 'person',
        date_part('year', f.occurred_at AT TIME ZONE 'Asia/Shanghai')::integer,
        NULL,
        NULL,
        NULL,
        NULL,
        f.shard,
        f.position
    FROM fact AS f
    CROSS JOIN LATERAL jsonb_array_elements(f.data -> 'stamps') AS stamp
    WHERE
        f.type LIKE 'chengzhang.people.%'
        AND f.type NOT IN (
            'chengzhang.people.person-erased.v1',
            'chengzhang.people.hold-placed.v1',
            'chengzhang.people.hold-lifted.v1'
        )
) AS change
GROUP BY office, year, person
ON CONFLICT (office, year, person) DO UPDATE SET
    recognised = a.recognised + excluded.recognised,
    learning = a.learning + excluded.learning,
    work = a.work + excluded.work,
    guide_people = a.guide_people + excluded.guide_people,
    guide_work = a.guide_work + excluded.guide_work,
    guide_innovation = a.guide_innovation + excluded.guide_innovation,
    guide_results = a.guide_results + excluded.guide_results,
    guide_harmony = a.guide_harmony + excluded.guide_harmony,
    guide_excellence = a.guide_excellence + excluded.guide_excellence,
    last_position = greatest(a.last_position, excluded.last_position);

-- name: of_person(person, offices, year)^
-- A person's appraisal of a year; of several offices the one that nobody came from yet.
SELECT *
FROM office.appraisal_summary AS a
WHERE person = :person AND office = ANY(:offices::text[]) AND year = :year
ORDER BY EXISTS (SELECT FROM person AS p WHERE p.person = :person AND p.previous = a.office), office
LIMIT 1;

-- name: of_office(office, year, person, section, after, limit)
-- An office's appraisals of a year; a page of them.
SELECT *
FROM office.appraisal_summary
WHERE
    office = :office
    AND year = :year
    AND (:person::text IS NULL OR person = :person)
    AND (:section::text IS NULL OR person IN (SELECT s.person FROM seat AS s WHERE s.office = :office AND s.section = :section))
    AND (:after::text[] IS NULL OR person > (:after::text[])[1])
ORDER BY person
LIMIT :limit;
