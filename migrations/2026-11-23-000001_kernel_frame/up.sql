-- The kernel: roles, tenancy, audit trail, outbox, idempotency, jobs and schedules.

-- Log-ins without a password authenticate by the cluster's own rules; an operator who made the
-- roles beforehand keeps theirs.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trastienda_app') THEN
        CREATE ROLE trastienda_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trastienda_relay') THEN
        CREATE ROLE trastienda_relay LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
END $$;

CREATE SCHEMA kernel;
GRANT USAGE ON SCHEMA kernel TO trastienda_app, trastienda_relay;

-- Puts a table under row-level security by its organisation_id and grants the application what it
-- may do with it. The session's tenant is bound for one transaction; with none, no row is seen.
CREATE FUNCTION kernel.tenant_table(target regclass, privileges text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY tenant ON %s USING (organisation_id = '
        '(SELECT nullif(current_setting(''app.organisation'', true), '''')::uuid))', target);
    EXECUTE format('GRANT %s ON %s TO trastienda_app', privileges, target);
END $$;
REVOKE ALL ON FUNCTION kernel.tenant_table(regclass, text) FROM PUBLIC;

-- Refuses changes to what must never change, whoever asks.
CREATE FUNCTION kernel.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- The audit trail, which is also the feed of events.
CREATE TABLE kernel.event (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid NOT NULL,
    actor_name text NOT NULL,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    company_id uuid,
    department_id uuid,
    owner_id uuid,
    permission text NOT NULL,
    changes jsonb NOT NULL,
    request_id uuid NOT NULL,
    idempotency_key text,
    trace text,
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX event_by_subject ON kernel.event (organisation_id, subject_id, id);
SELECT kernel.tenant_table('kernel.event', 'SELECT, INSERT');
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON kernel.event
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- Events that wait for their place in the chain.
CREATE TABLE kernel.outbox (
    organisation_id uuid NOT NULL,
    event_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, event_id),
    FOREIGN KEY (organisation_id, event_id) REFERENCES kernel.event (organisation_id, id)
);
SELECT kernel.tenant_table('kernel.outbox', 'SELECT, INSERT');

-- An event's place in its organisation's chain: gap-free, in the order of commit.
CREATE TABLE kernel.seal (
    organisation_id uuid NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    event_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (organisation_id, position),
    UNIQUE (organisation_id, event_id),
    FOREIGN KEY (organisation_id, event_id) REFERENCES kernel.event (organisation_id, id)
);
SELECT kernel.tenant_table('kernel.seal', 'SELECT');
CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE ON kernel.seal
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- The head of each chain.
CREATE TABLE kernel.chain (
    organisation_id uuid PRIMARY KEY,
    position bigint NOT NULL,
    hash bytea NOT NULL
);
SELECT kernel.tenant_table('kernel.chain', 'SELECT');

-- Replies to requests that carried an idempotency key.
CREATE TABLE kernel.idempotency (
    organisation_id uuid NOT NULL,
    actor_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    reply jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, actor_id, operation, key)
);
CREATE INDEX idempotency_by_age ON kernel.idempotency (created_at);
SELECT kernel.tenant_table('kernel.idempotency', 'SELECT, INSERT, UPDATE, DELETE');

-- Jobs: the truth of all scheduled and long work. Redis only rings the bell.
CREATE TABLE kernel.job (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    queue text NOT NULL,
    key text,
    payload jsonb NOT NULL,
    actor jsonb NOT NULL,
    owner_id uuid,
    company_id uuid,
    schedule_id uuid,
    dry_run boolean NOT NULL DEFAULT false,
    status text NOT NULL
        CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    priority smallint NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL CHECK (max_attempts > 0),
    run_at timestamptz NOT NULL,
    dispatched_at timestamptz,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    worker text,
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    note text,
    result jsonb,
    error jsonb,
    cancel_requested_at timestamptz,
    request_id uuid NOT NULL,
    trace text,
    locale text NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, key),
    CHECK ((status = 'RUNNING') = (lease_until IS NOT NULL)),
    CHECK ((status IN ('SUCCEEDED', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL))
);
CREATE INDEX job_due ON kernel.job (queue, priority DESC, run_at) WHERE status = 'QUEUED';
CREATE INDEX job_leased ON kernel.job (lease_until) WHERE status = 'RUNNING';
CREATE INDEX job_by_time ON kernel.job (organisation_id, created_at, id);
CREATE INDEX job_finished ON kernel.job (finished_at) WHERE finished_at IS NOT NULL;
SELECT kernel.tenant_table('kernel.job', 'SELECT, INSERT, UPDATE, DELETE');

-- The resumable items of a long job.
CREATE TABLE kernel.job_item (
    organisation_id uuid NOT NULL,
    job_id uuid NOT NULL,
    key uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING', 'DONE', 'FAILED')),
    error jsonb,
    PRIMARY KEY (organisation_id, job_id, key),
    FOREIGN KEY (organisation_id, job_id) REFERENCES kernel.job (organisation_id, id)
        ON DELETE CASCADE
);
SELECT kernel.tenant_table('kernel.job_item', 'SELECT, INSERT, UPDATE, DELETE');

-- What makes jobs by the clock.
CREATE TABLE kernel.schedule (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    company_id uuid,
    cron text NOT NULL,
    zone text NOT NULL,
    catch_up text NOT NULL CHECK (catch_up IN ('SKIP', 'ONCE', 'ALL')),
    expected_within_minutes integer CHECK (expected_within_minutes > 0),
    paused_at timestamptz,
    next_due_at timestamptz NOT NULL,
    last_due_at timestamptz,
    alarmed_due_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX schedule_due ON kernel.schedule (next_due_at) WHERE paused_at IS NULL;
SELECT kernel.tenant_table('kernel.schedule', 'SELECT, INSERT, UPDATE, DELETE');

-- The relay sees every tenant's bells and chains, and nothing else.
CREATE POLICY relay ON kernel.event FOR SELECT TO trastienda_relay USING (true);
CREATE POLICY relay ON kernel.outbox TO trastienda_relay USING (true);
CREATE POLICY relay ON kernel.seal TO trastienda_relay USING (true);
CREATE POLICY relay ON kernel.chain TO trastienda_relay USING (true);
CREATE POLICY relay ON kernel.job TO trastienda_relay USING (true);
CREATE POLICY relay ON kernel.schedule TO trastienda_relay USING (true);
CREATE POLICY relay ON kernel.idempotency TO trastienda_relay USING (true);
GRANT SELECT ON kernel.event TO trastienda_relay;
GRANT SELECT, DELETE ON kernel.outbox TO trastienda_relay;
GRANT SELECT, INSERT ON kernel.seal TO trastienda_relay;
GRANT SELECT, INSERT, UPDATE ON kernel.chain TO trastienda_relay;
GRANT SELECT, INSERT, UPDATE, DELETE ON kernel.job TO trastienda_relay;
GRANT SELECT, UPDATE ON kernel.schedule TO trastienda_relay;
GRANT SELECT, DELETE ON kernel.idempotency TO trastienda_relay;
