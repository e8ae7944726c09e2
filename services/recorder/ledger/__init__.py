"""The ledger in PostgreSQL: append, look-ups, migrations."""
