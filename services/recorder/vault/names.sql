-- name: migrate#
-- What the persons of an office are called, so that nobody is called so in plain text: HMACs under a key that the
-- database never sees.
CREATE SCHEMA IF NOT EXISTS vault;

CREATE TABLE IF NOT EXISTS vault.name (
    office text NOT NULL,
    mac    bytea NOT NULL,
    person text NOT NULL,
    PRIMARY KEY (office, mac, person)
);
CREATE INDEX IF NOT EXISTS name_of_owner ON vault.name (office, person);

COMMENT ON TABLE vault.name IS
    'HMAC-SHA-256 of each person''s name under a key of the office, derived from the key-encryption key';

-- name: named(offices, macs)
-- Which of these are names of somebody in that office.
SELECT DISTINCT
    n.office,
    n.mac
FROM unnest(:offices::text[], :macs::bytea[]) AS asked (office, mac)
JOIN vault.name AS n USING (office, mac);

-- name: remember(offices, persons, macs)!
-- What these are called; of whoever has a key, which stays locked meanwhile: nobody is erased in between.
INSERT INTO vault.name (office, mac, person)
SELECT
    k.office,
    called.mac,
    k.person
FROM (
    SELECT
        office,
        person
    FROM vault.data_key
    WHERE
        (office, person) IN (SELECT o, p FROM unnest(:offices::text[], :persons::text[]) AS owners (o, p))
        AND wrapped IS NOT NULL
    ORDER BY
        office,
        person
    FOR SHARE
) AS k
JOIN unnest(:offices::text[], :persons::text[], :macs::bytea[]) AS called (office, person, mac) USING (office, person)
ON CONFLICT DO NOTHING;

-- name: forget(offices, persons)!
-- These are called nothing any more.
DELETE FROM vault.name AS n
USING unnest(:offices::text[], :persons::text[]) AS erased (office, person)
WHERE n.office = erased.office AND n.person = erased.person;
