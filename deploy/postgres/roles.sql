-- The roles of one database: run in it, by an administrator of the server, before anything else is started; it may be run again.
--
--   the database's owner   looks at everything, and runs the commands; acts as recorder or projector where these make tables
--   recorder               owns ledger and vault; reads what reports read, since bundles are made of it
--   projector              owns office, projector and office_v…; of the ledger it may know how far it is, and the hashes
--   reporter               reads the views of office, and nothing else
--   auditor                reads events, receipts, checkpoints and tiles, and nothing else
--
-- None is a superuser, makes roles or databases, or reads files of the server. They can't log in before they are let:
-- ALTER ROLE recorder LOGIN PASSWORD '…'. A service whose user is none of these, but owns the database, does without them.
DO $$
DECLARE
    name text;
    owner text := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
BEGIN
    PERFORM pg_advisory_xact_lock(x'726f6c6573'::bigint); -- roles are the server's: one at a time makes them
    FOREACH name IN ARRAY '{recorder,projector,reporter,auditor}'::text[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO recorder, projector', current_database());
    EXECUTE format('GRANT recorder, projector TO %I', owner);
    GRANT reporter TO recorder;
    -- Who only reads holds up nobody: no locks by number, which are the services' leases; no large objects and no
    -- messages into the log, which fill the disk; a bounded number of connections, of temporary files and of time.
    FOR name IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(pg_(try_)?advisory_|lo_|lowrite$)'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
        IF name LIKE '%advisory%' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO recorder, projector, %I', name, owner);
        END IF;
    END LOOP;
    FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE proname = 'pg_logical_emit_message' LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
    END LOOP;
    FOREACH name IN ARRAY '{reporter,auditor}'::text[] LOOP
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 20', name);
        EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''1GB''', name);
        EXECUTE format('ALTER ROLE %I SET statement_timeout = ''10min''', name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''1min''', name);
    END LOOP;
END
$$;
