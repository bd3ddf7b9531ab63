-- The role of backups stays: other databases of the cluster may use it.
REVOKE ALL ON directory.session, directory.refresh_token, directory.staged_upload,
    directory.identity_attempt FROM trastienda_relay;
REVOKE ALL (organisation_id, id, expires_at) ON directory.session FROM trastienda_relay;
REVOKE ALL (organisation_id, session_id) ON directory.refresh_token FROM trastienda_relay;
REVOKE ALL (organisation_id, id, expires_at, file_id) ON directory.staged_upload
    FROM trastienda_relay;
REVOKE ALL (organisation_id, id, expires_at) ON directory.identity_attempt FROM trastienda_relay;
DROP POLICY relay ON directory.identity_attempt;
DROP POLICY relay ON directory.staged_upload;
DROP POLICY relay ON directory.refresh_token;
DROP POLICY relay ON directory.session;
DROP INDEX directory.identity_attempt_by_expiry;
DROP INDEX directory.staged_upload_by_expiry;
DROP INDEX directory.session_by_expiry;
DROP INDEX kernel.job_told;
