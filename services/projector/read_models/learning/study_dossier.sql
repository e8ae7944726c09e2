-- 学习台账 · study dossier
-- Is the dossier of a carrier's session whole: plan, roll, minutes, speeches, reflections, observers, make-up? What is missing, by name:
-- of every session the roll, the minutes, a plan unless something was conveyed, open make-up; of the central group also speeches and
-- reflections.
-- resource: study-dossiers
-- kind: asked
-- whose: office
-- types: chengzhang.learning.session-convened.v1, chengzhang.learning.session-rescheduled.v1, chengzhang.learning.session-cancelled.v1, chengzhang.learning.attendance-recorded.v1, chengzhang.learning.make-up-completed.v1, chengzhang.learning.minutes-recorded.v1, chengzhang.learning.speech-delivered.v1, chengzhang.learning.reflection-submitted.v1, chengzhang.learning.session-observed.v1

SELECT
    q.session, -- key base.Session
    q.carrier, -- key learning.sessions.Carrier
    q.title, -- base.Title
    q.starts_at, -- timestamptz · 开始时间 · when the session begins
    q.planned, -- boolean · 列入计划 · whether it fulfils an item of a plan
    q.roll, -- boolean · 签到 · whether there is a roll
    q.minutes_recorded, -- boolean · 会议记录 · whether minutes were taken
    q.speeches, -- bigint · 发言 · speeches delivered
    q.reflections, -- bigint · 心得体会 · reflections submitted
    q.observed, -- boolean · 列席旁听 · whether a unit observed it
    q.make_up_open, -- bigint · 待补课 · people who were away and haven't made it up
    array_remove(
        ARRAY[
            CASE WHEN NOT q.planned AND q.occasion <> 'conveyed' THEN 'plan' END,
            CASE WHEN NOT q.roll THEN 'roll' END,
            CASE WHEN NOT q.minutes_recorded THEN 'minutes' END,
            CASE WHEN q.carrier = 'central-group' AND q.speeches = 0 THEN 'speeches' END,
            CASE WHEN q.carrier = 'central-group' AND q.reflections = 0 THEN 'reflections' END,
            CASE WHEN q.make_up_open > 0 THEN 'make-up' END
        ],
        NULL
    ) AS missing, -- text[] · 尚缺 · what is missing: plan, roll, minutes, speeches, reflections, make-up
    q.told_by -- behind
FROM (
    SELECT
        m.office,
        m.session,
        held.carrier,
        m.data ->> 'title' AS title,
        m.starts_at,
        m.data ->> 'occasion' AS occasion,
        jsonb_array_length(m.data -> 'items') > 0 AS planned,
        coalesce(b.roll, false) AS roll,
        coalesce(b.minutes_recorded, false) AS minutes_recorded,
        b.speeches,
        b.reflections,
        coalesce(b.observed, false) AS observed,
        greatest(b.away - b.made_up, 0) AS make_up_open,
        coalesce(b.told_by, '{}') || jsonb_build_object(m.event_id, 1)
        || CASE WHEN m.moved_by IS NULL THEN '{}' ELSE jsonb_build_object(m.moved_by, 1) END AS told_by
    FROM standing_session AS m
    CROSS JOIN LATERAL jsonb_array_elements_text(m.data -> 'carriers') AS held (carrier)
    CROSS JOIN LATERAL (
        SELECT
            bool_or(f.type = 'chengzhang.learning.attendance-recorded.v1') AS roll,
            bool_or(f.type = 'chengzhang.learning.minutes-recorded.v1') AS minutes_recorded,
            count(*) FILTER (WHERE f.type = 'chengzhang.learning.speech-delivered.v1') AS speeches,
            count(*) FILTER (WHERE f.type = 'chengzhang.learning.reflection-submitted.v1') AS reflections,
            bool_or(f.type = 'chengzhang.learning.session-observed.v1') AS observed,
            count(DISTINCT f.data ->> 'person') FILTER (WHERE f.data ->> 'state' IN ('leave', 'absent')) AS away,
            count(DISTINCT f.data ->> 'person') FILTER (WHERE f.type = 'chengzhang.learning.make-up-completed.v1') AS made_up,
            jsonb_object_agg(f.event_id, 1) AS told_by
        FROM fact AS f
        WHERE
            f.office = m.office AND f.stream = m.stream
            AND f.type NOT IN (
                'chengzhang.learning.session-convened.v1', 'chengzhang.learning.session-rescheduled.v1',
                'chengzhang.learning.session-cancelled.v1'
            )
    ) AS b
    WHERE m.cancelled_by IS NULL
) AS q
