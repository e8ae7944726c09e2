-- How does a cadre's year look in figures? One row a person and Shanghai calendar year: unrevoked entries by group, guide word,
-- session kind and carrier, outputs by effect. Counts only, never a score.

-- name: table#
CREATE TABLE IF NOT EXISTS growth_file (
    office                text COLLATE "C" NOT NULL,
    person                text COLLATE "C" NOT NULL,
    year                  integer NOT NULL,
    learning              integer NOT NULL,
    talk                  integer NOT NULL,
    work                  integer NOT NULL,
    guide_people          integer NOT NULL,
    guide_work            integer NOT NULL,
    guide_innovation      integer NOT NULL,
    guide_results         integer NOT NULL,
    guide_harmony         integer NOT NULL,
    guide_excellence      integer NOT NULL,
    kind_lecture          integer NOT NULL,
    kind_report_meeting   integer NOT NULL,
    kind_exchange         integer NOT NULL,
    kind_discussion       integer NOT NULL,
    kind_speech_contest   integer NOT NULL,
    kind_quiz             integer NOT NULL,
    carrier_central_group integer NOT NULL,
    carrier_youth_group   integer NOT NULL,
    carrier_branch        integer NOT NULL,
    carrier_section       integer NOT NULL,
    effect_adopted        integer NOT NULL,
    effect_in_force       integer NOT NULL,
    effect_problem_solved integer NOT NULL,
    effect_pending        integer NOT NULL,
    PRIMARY KEY (office, person, year)
) WITH (fillfactor = 70);

-- name: view#
CREATE OR REPLACE VIEW office.growth_file AS
SELECT
    f.office,
    f.person,
    f.year,
    counts(ARRAY['learning', 'talk', 'work'], ARRAY[f.learning, f.talk, f.work]) AS by_group,
    counts(
        ARRAY['people', 'work', 'innovation', 'results', 'harmony', 'excellence'],
        ARRAY[f.guide_people, f.guide_work, f.guide_innovation, f.guide_results, f.guide_harmony, f.guide_excellence]
    ) AS by_guide,
    counts(
        ARRAY['lecture', 'report-meeting', 'exchange', 'discussion', 'speech-contest', 'quiz'],
        ARRAY[
            f.kind_lecture, f.kind_report_meeting, f.kind_exchange, f.kind_discussion, f.kind_speech_contest, f.kind_quiz
        ]
    ) AS by_session_kind,
    counts(
        ARRAY['central-group', 'youth-group', 'branch', 'section'],
        ARRAY[f.carrier_central_group, f.carrier_youth_group, f.carrier_branch, f.carrier_section]
    ) AS by_carrier,
    counts(
        ARRAY['adopted', 'in-force', 'problem-solved', 'pending'],
        ARRAY[f.effect_adopted, f.effect_in_force, f.effect_problem_solved, f.effect_pending]
    ) AS outputs_by_effect,
    (
        SELECT e.occurred_at
        FROM growth_entry AS e
        WHERE
            e.office = f.office
            AND e.person = f.person
            AND e.occurred_at >= make_timestamptz(f.year, 1, 1, 0, 0, 0, 'Asia/Shanghai')
            AND e.occurred_at < make_timestamptz(f.year + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai')
            AND e.revoked_at IS NULL
        ORDER BY e.occurred_at DESC
        LIMIT 1
    ) AS last_entry_at
FROM growth_file AS f
WHERE f.learning + f.talk + f.work > 0;
COMMENT ON VIEW office.growth_file IS '成长档案, 年度: a person''s unrevoked entries of a Shanghai calendar year, counted. Key (office, person, year)';
COMMENT ON COLUMN office.growth_file.by_group IS 'entries by group; what is zero is left out, here and below';
COMMENT ON COLUMN office.growth_file.by_guide IS 'entries by guide word (六个方面引导)';
COMMENT ON COLUMN office.growth_file.by_session_kind IS 'learning entries by kind of session (活动形式)';
COMMENT ON COLUMN office.growth_file.by_carrier IS 'learning entries by carrier (学习载体)';
COMMENT ON COLUMN office.growth_file.outputs_by_effect IS 'work entries by effect (以工作绩效论英雄)';
COMMENT ON COLUMN office.growth_file.last_entry_at IS 'when the latest of them happened';

-- name: fold_1_count()!
-- A pure sum: each change of an entry counts its sign.
INSERT INTO growth_file AS f
SELECT
    office,
    person,
    year,
    coalesce(sum(sign) FILTER (WHERE entry_group = 'learning'), 0),
    coalesce(sum(sign) FILTER (WHERE entry_group = 'talk'), 0),
    coalesce(sum(sign) FILTER (WHERE entry_group = 'work'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'people'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'work'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'innovation'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'results'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'harmony'), 0),
    coalesce(sum(sign) FILTER (WHERE guide = 'excellence'), 0),
    coalesce(sum(sign) FILTER (WHERE kind = 'lecture'), 0),
    coalesce(sum(sign) FILTER (WHERE kind = 'report-meeting'), 0),
    coalesce(sum(sign) FILTER (WHERE kind = 'exchange'), 0),
    coalesce(sum(sign) FILTER (WHERE kind = 'discussion'), 0),
    coalesce(sum(sign) FILTER (WHERE kind = 'speech-contest'), 0),
    coalesce(sum(sign) FILTER (WHERE kind = 'quiz'), 0),
    coalesce(sum(sign) FILTER (WHERE carrier = 'central-group'), 0),
    coalesce(sum(sign) FILTER (WHERE carrier = 'youth-group'), 0),
    coalesce(sum(sign) FILTER (WHERE carrier = 'branch'), 0),
    coalesce(sum(sign) FILTER (WHERE carrier = 'section'), 0),
    coalesce(sum(sign) FILTER (WHERE effect = 'adopted'), 0),
    coalesce(sum(sign) FILTER (WHERE effect = 'in-force'), 0),
    coalesce(sum(sign) FILTER (WHERE effect = 'problem-solved'), 0),
    coalesce(sum(sign) FILTER (WHERE effect = 'pending'), 0)
FROM entry_change
GROUP BY office, person, year
ON CONFLICT (office, person, year) DO UPDATE SET
    learning = f.learning + excluded.learning,
    talk = f.talk + excluded.talk,
    work = f.work + excluded.work,
    guide_people = f.guide_people + excluded.guide_people,
    guide_work = f.guide_work + excluded.guide_work,
    guide_innovation = f.guide_innovation + excluded.guide_innovation,
    guide_results = f.guide_results + excluded.guide_results,
    guide_harmony = f.guide_harmony + excluded.guide_harmony,
    guide_excellence = f.guide_excellence + excluded.guide_excellence,
    kind_lecture = f.kind_lecture + excluded.kind_lecture,
    kind_report_meeting = f.kind_report_meeting + excluded.kind_report_meeting,
    kind_exchange = f.kind_exchange + excluded.kind_exchange,
    kind_discussion = f.kind_discussion + excluded.kind_discussion,
    kind_speech_contest = f.kind_speech_contest + excluded.kind_speech_contest,
    kind_quiz = f.kind_quiz + excluded.kind_quiz,
    carrier_central_group = f.carrier_central_group + excluded.carrier_central_group,
    carrier_youth_group = f.carrier_youth_group + excluded.carrier_youth_group,
    carrier_branch = f.carrier_branch + excluded.carrier_branch,
    carrier_section = f.carrier_section + excluded.carrier_section,
    effect_adopted = f.effect_adopted + excluded.effect_adopted,
    effect_in_force = f.effect_in_force + excluded.effect_in_force,
    effect_problem_solved = f.effect_problem_solved + excluded.effect_problem_solved,
    effect_pending = f.effect_pending + excluded.effect_pending;

-- name: of_office(office, person, section, after, limit)
-- An office's files, person by person; a page of them.
SELECT *
FROM office.growth_file
WHERE
    office = :office
    AND (:person::text IS NULL OR person = :person)
    AND (:section::text IS NULL OR person IN (SELECT s.person FROM seat AS s WHERE s.office = :office AND s.section = :section))
    AND (:after::text[] IS NULL OR (person, year) > ((:after::text[])[1], (:after::text[])[2]::integer))
ORDER BY person, year
LIMIT :limit;
