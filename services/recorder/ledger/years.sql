-- name: open_years
-- Make what is missing of these years; how many events moved in from outside, null where a partition was there.
SELECT
    year,
    ledger.open_year(year) AS moved
FROM unnest(:years::int[]) AS year
ORDER BY year;

-- name: outside^
-- Events without a year's partition: how many, from when to when.
SELECT
    count(*) AS events,
    min(recorded_at) AS first,
    max(recorded_at) AS last
FROM ledger.event_outside;
