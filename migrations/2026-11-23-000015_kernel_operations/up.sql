-- Operations: the relay's count of told jobs, what may be forgotten, and the role that backups read by.

-- How many jobs of a queue are told and not begun.
CREATE INDEX job_told ON kernel.job (queue)
    WHERE status = 'QUEUED' AND dispatched_at IS NOT NULL;

-- What the relay's role forgets when its time is over. It sees when, and none of what: no token,
-- no address, no name.
CREATE INDEX session_by_expiry ON directory.session (expires_at);
CREATE INDEX staged_upload_by_expiry ON directory.staged_upload (expires_at)
    WHERE file_id IS NULL;
CREATE INDEX identity_attempt_by_expiry ON directory.identity_attempt (expires_at);
CREATE POLICY relay ON directory.session TO trastienda_relay USING (true);
CREATE POLICY relay ON directory.refresh_token TO trastienda_relay USING (true);
CREATE POLICY relay ON directory.staged_upload TO trastienda_relay USING (true);
CREATE POLICY relay ON directory.identity_attempt TO trastienda_relay USING (true);
GRANT SELECT (organisation_id, id, expires_at), DELETE ON directory.session TO trastienda_relay;
GRANT SELECT (organisation_id, session_id), DELETE ON directory.refresh_token
    TO trastienda_relay;
GRANT SELECT (organisation_id, id, expires_at, file_id), DELETE ON directory.staged_upload
    TO trastienda_relay;
GRANT SELECT (organisation_id, id, expires_at), DELETE ON directory.identity_attempt
    TO trastienda_relay;

-- The role of backups reads everything, every tenant's rows too, and writes nothing. Only a
-- superuser may make one that bypasses row-level security; where the owner is none, an operator
-- makes it, and `trastienda doctor` says so.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trastienda_backup') THEN
        CREATE ROLE trastienda_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE;
        GRANT pg_read_all_data TO trastienda_backup;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'trastienda_backup was not made: a superuser makes it, see docs/OPERATIONS.md';
END $$;
