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
    recorded_at      timestamptz NOT NULL, -- when the first of its facts was recorded
    shard            integer NOT NULL,
    last_position    bigint NOT NULL,
    PRIMARY KEY (office, year, person)
) WITH (fillfactor = 70);
-- The public view's rows as they stood at an instant, by the time of recording: counted from the entries that stood then.
CREATE OR REPLACE FUNCTION appraisal_as_of(stood_at timestamptz) RETURNS TABLE (
    office             text,
    person             text,
    year               integer,
    section            text,
    tier               text,
    stage              text,
    requirement_met    boolean,
    requirement_events text[],
    evidence_by_group  jsonb,
    evidence_by_guide  jsonb,
    evidence_events    text[],
    routine_grades     jsonb,
    duty_reports       jsonb,
    proposed_grade     text,
    grade              text
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        a.office,
        a.person,
        a.year,
        placed.section,
        placed.tier,
        'not-opened',
        behind.recognised >= 180,
        behind.requirement_events,
        counts(ARRAY['learning', 'work'], ARRAY[behind.learning, behind.work]),
        counts(
            ARRAY['people', 'work', 'innovation', 'results', 'harmony', 'excellence'],
            ARRAY[
                behind.guide_people, behind.guide_work, behind.guide_innovation,
                behind.guide_results, behind.guide_harmony, behind.guide_excellence
            ]
        ),
        behind.evidence_events,
        '[]'::jsonb,
        '[]'::jsonb,
        NULL::text,
        NULL::text
    FROM appraisal_summary AS a
    LEFT JOIN LATERAL
        last_seat(a.office, a.person, make_date(a.year, 12, 31), appraisal_as_of.stood_at) AS placed ON true
    CROSS JOIN LATERAL (
        SELECT
            coalesce(sum(e.half_xueshi) FILTER (WHERE e.account = 'recognised'), 0) AS recognised,
            (count(*) FILTER (WHERE e.entry_group = 'learning'))::integer AS learning,
            (count(*) FILTER (WHERE e.entry_group = 'work'))::integer AS work,
            (count(*) FILTER (WHERE e.guide = 'people'))::integer AS guide_people,
            (count(*) FILTER (WHERE e.guide = 'work'))::integer AS guide_work,
            (count(*) FILTER (WHERE e.guide = 'innovation'))::integer AS guide_innovation,
            (count(*) FILTER (WHERE e.guide = 'results'))::integer AS guide_results,
            (count(*) FILTER (WHERE e.guide = 'harmony'))::integer AS guide_harmony,
            (count(*) FILTER (WHERE e.guide = 'excellence'))::integer AS guide_excellence,
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
            AND e.recorded_at <= appraisal_as_of.stood_at
            AND (e.revoked_at IS NULL OR e.revoked_at > appraisal_as_of.stood_at)
    ) AS behind
    WHERE a.recorded_at <= appraisal_as_of.stood_at;
END;

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
LEFT JOIN LATERAL last_seat(a.office, a.person, make_date(a.year, 12, 31), 'infinity') AS placed ON true
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
COMMENT ON COLUMN office.appraisal_summary.section IS '科室 of the main post at the end of the year; where none was held then, of the last one before';
COMMENT ON COLUMN office.appraisal_summary.tier IS 'tier of that post';
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
    min(recorded_at),
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
        recorded_at,
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
        f.recorded_at,
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
ORDER BY EXISTS (SELECT FROM person AS p WHERE p.person = :person AND p.previous = a.office AND p.revoked_at IS NULL), office
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

-- name: of_person_as_of(person, offices, year, as_of)^
-- The same as it stood.
SELECT *
FROM appraisal_as_of(:as_of)
WHERE person COLLATE "C" = :person AND office COLLATE "C" = ANY(:offices::text[]) AND year = :year
ORDER BY
    office IN (
        SELECT p.previous
        FROM person AS p
        WHERE
            p.person = :person
            AND p.recorded_at <= :as_of
            AND (p.revoked_at IS NULL OR p.revoked_at > :as_of)
            AND p.previous IS NOT NULL
    ),
    office
LIMIT 1;

-- name: of_office_as_of(office, year, person, section, as_of, after, limit)
-- The same as they stood. Who may read them goes by where people sit today.
SELECT *
FROM appraisal_as_of(:as_of)
WHERE
    office COLLATE "C" = :office
    AND year = :year
    AND (:person::text IS NULL OR person = :person)
    AND (:section::text IS NULL OR person IN (SELECT s.person FROM seat AS s WHERE s.office = :office AND s.section = :section))
    AND (:after::text[] IS NULL OR person > (:after::text[])[1])
ORDER BY person
LIMIT :limit;
