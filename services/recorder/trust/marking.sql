-- Which keys MAC this ledger's records on the topics; the keys themselves are in a file.

-- name: noted
-- The ids of all that have.
SELECT id FROM ledger.mac_key;

-- name: note!
-- These do, too.
INSERT INTO ledger.mac_key (id)
SELECT unnest(:ids::text[])
ON CONFLICT DO NOTHING;

-- name: forget!
-- They are lost.
DELETE FROM ledger.mac_key;
