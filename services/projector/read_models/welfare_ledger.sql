-- How did the office look after its people (实事工程)? Each home visit: for whom, of what class, from which fund, how soon after the
-- occasion. The occasion itself is sealed and not here. Never evidence in an appraisal.

-- name: table#
CREATE TABLE IF NOT EXISTS welfare_ledger (
    office     text COLLATE "C" NOT NULL,
    visit      text COLLATE "C" NOT NULL,
    event_id   uuid NOT NULL,
    person     text COLLATE "C" NOT NULL,
    class      text NOT NULL,
    fund       text NOT NULL,
    fen        bigint NOT NULL,
    event_on   date NOT NULL,
    visited_on date NOT NULL,
    shard      integer NOT NULL,
    position   bigint NOT NULL,
    PRIMARY KEY (office, visit, event_id)
);

-- name: view#
CREATE OR REPLACE VIEW office.welfare_ledger AS
SELECT DISTINCT ON (office, visit)
    office,
    visit,
    person,
    class,
    fund,
    fen,
    event_on,
    visited_on,
    visited_on - event_on AS days,
    shard,
    position
FROM welfare_ledger
ORDER BY office, visit, position DESC;
COMMENT ON VIEW office.welfare_ledger IS '实事工程: a home visit that stands. Key (office, visit). Never evidence in an appraisal';
COMMENT ON COLUMN office.welfare_ledger.class IS 'joy, care or festival';
COMMENT ON COLUMN office.welfare_ledger.fund IS 'union, welfare or none';
COMMENT ON COLUMN office.welfare_ledger.fen IS '1/100 yuan; zero is normal';
COMMENT ON COLUMN office.welfare_ledger.event_on IS 'the day of the occasion';
COMMENT ON COLUMN office.welfare_ledger.visited_on IS 'the day of the visit, in Shanghai';
COMMENT ON COLUMN office.welfare_ledger.days IS 'days from the occasion to the visit';

-- name: fold_1_enter()!
-- Visits enter.
INSERT INTO welfare_ledger
SELECT
    office,
    data ->> 'visit',
    event_id,
    data ->> 'person',
    data ->> 'class',
    data ->> 'fund',
    (data -> 'fen')::bigint,
    (data ->> 'event_on')::date,
    (occurred_at AT TIME ZONE 'Asia/Shanghai')::date,
    shard,
    position
FROM fact
WHERE sign = 1 AND type = 'chengzhang.welfare.home-visit-made.v1';

-- name: fold_2_revoke()!
-- Revoked ones leave.
DELETE FROM welfare_ledger AS w
USING fact AS f
WHERE
    f.sign = -1
    AND f.type = 'chengzhang.welfare.home-visit-made.v1'
    AND w.office = f.office
    AND w.visit = f.data ->> 'visit'
    AND w.event_id = f.event_id;

-- name: of_office(office, person, section, after, limit)
-- An office's visits; a page of them.
SELECT *
FROM office.welfare_ledger
WHERE
    office = :office
    AND (:person::text IS NULL OR person = :person)
    AND (:section::text IS NULL OR person IN (SELECT s.person FROM seat AS s WHERE s.office = :office AND s.section = :section))
    AND (:after::text[] IS NULL OR visit > (:after::text[])[1])
ORDER BY visit
LIMIT :limit;
