-- name: unknown
-- Those of these keys that the vault has never held.
SELECT wanted.kid
FROM unnest(:kids::uuid[]) AS wanted (kid)
LEFT JOIN vault.data_key AS held USING (kid)
WHERE held.kid IS NULL;
