-- Technology: the systems of the companies, what watches them, and what went wrong.

CREATE SCHEMA technology;
GRANT USAGE ON SCHEMA technology TO trastienda_app;

-- What a company depends on.
CREATE TABLE technology.system (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    department_id uuid,
    owner_id uuid,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    kind text NOT NULL CHECK (kind IN (
        'APPLICATION', 'WEBSITE', 'DATABASE', 'SERVER', 'NETWORK', 'DEVICE', 'SERVICE')),
    criticality text NOT NULL CHECK (criticality IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    environment text NOT NULL CHECK (environment IN ('PRODUCTION', 'STAGING', 'TEST')),
    address text CHECK (length(address) BETWEEN 1 AND 500),
    description text CHECK (length(description) BETWEEN 1 AND 2000),
    retired_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, owner_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE UNIQUE INDEX system_name
    ON technology.system (organisation_id, company_id, name) WHERE retired_at IS NULL;
CREATE INDEX system_by_name ON technology.system (organisation_id, name, id);
SELECT kernel.tenant_table('technology.system', 'SELECT, INSERT, UPDATE');

-- What is looked at, how often, and when it is a matter of concern.
CREATE TABLE technology.system_check (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    system_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    kind text NOT NULL CHECK (kind IN ('HTTP', 'TCP', 'TLS_EXPIRY', 'QUEUE', 'SCHEDULE')),
    target text CHECK (length(target) BETWEEN 1 AND 500),
    method text CHECK (method IN ('HEAD', 'GET')),
    expected_status integer CHECK (expected_status BETWEEN 100 AND 599),
    expected_text text CHECK (length(expected_text) BETWEEN 1 AND 200),
    warn_days integer CHECK (warn_days BETWEEN 1 AND 365),
    queue text CHECK (queue ~ '^[a-z_]{1,40}$'),
    most_waiting integer CHECK (most_waiting >= 0),
    most_minutes integer CHECK (most_minutes BETWEEN 1 AND 10080),
    schedule_id uuid,
    severity text NOT NULL CHECK (severity IN ('MINOR', 'MAJOR', 'CRITICAL')),
    every_minutes integer NOT NULL CHECK (every_minutes BETWEEN 1 AND 1440),
    timeout_ms integer NOT NULL CHECK (timeout_ms BETWEEN 100 AND 30000),
    failures_to_open integer NOT NULL CHECK (failures_to_open BETWEEN 1 AND 20),
    recoveries_to_close integer NOT NULL CHECK (recoveries_to_close BETWEEN 1 AND 20),
    enabled boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('UNKNOWN', 'PASSING', 'FAILING', 'REFUSED')),
    failures integer NOT NULL CHECK (failures >= 0),
    recoveries integer NOT NULL CHECK (recoveries >= 0),
    failing_since timestamptz,
    checked_at timestamptz,
    next_due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, system_id, id),
    CONSTRAINT system_check_name UNIQUE (organisation_id, system_id, name),
    FOREIGN KEY (organisation_id, company_id, system_id)
        REFERENCES technology.system (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, schedule_id) REFERENCES kernel.schedule (organisation_id, id),
    CHECK ((kind IN ('HTTP', 'TCP', 'TLS_EXPIRY')) = (target IS NOT NULL)),
    CHECK ((kind = 'HTTP') = (method IS NOT NULL)),
    CHECK (kind = 'HTTP' OR (expected_status IS NULL AND expected_text IS NULL)),
    CHECK ((kind = 'TLS_EXPIRY') = (warn_days IS NOT NULL)),
    CHECK ((kind = 'QUEUE') = (most_waiting IS NOT NULL)),
    CHECK (kind = 'QUEUE' OR queue IS NULL),
    CHECK ((kind IN ('QUEUE', 'SCHEDULE')) = (most_minutes IS NOT NULL)),
    CHECK ((kind = 'SCHEDULE') = (schedule_id IS NOT NULL)),
    CHECK ((failures > 0) = (failing_since IS NOT NULL)),
    CHECK (failures = 0 OR recoveries = 0)
);
CREATE INDEX system_check_due
    ON technology.system_check (organisation_id, next_due_at, id) WHERE enabled;
CREATE INDEX system_check_by_name ON technology.system_check (organisation_id, name, id);
SELECT kernel.tenant_table('technology.system_check', 'SELECT, INSERT, UPDATE');

-- What a check saw; kept for a while.
CREATE TABLE technology.check_result (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    system_id uuid NOT NULL,
    check_id uuid NOT NULL,
    at timestamptz NOT NULL,
    passed boolean NOT NULL,
    latency_ms integer CHECK (latency_ms >= 0),
    reason text CHECK (reason ~ '^technology\.[a-z_]+$'),
    args jsonb NOT NULL CHECK (jsonb_typeof(args) = 'object'),
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, system_id, check_id)
        REFERENCES technology.system_check (organisation_id, system_id, id),
    CHECK (passed = (reason IS NULL))
);
CREATE INDEX check_result_by_time ON technology.check_result (organisation_id, at, id);
CREATE INDEX check_result_by_check ON technology.check_result (organisation_id, check_id, at, id);
CREATE INDEX check_result_by_system ON technology.check_result (organisation_id, system_id, at);
SELECT kernel.tenant_table('technology.check_result', 'SELECT, INSERT, DELETE');
CREATE TRIGGER check_result_never_changes BEFORE UPDATE ON technology.check_result
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- Something that went wrong, from its beginning to its end.
CREATE TABLE technology.incident (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    system_id uuid NOT NULL,
    check_id uuid,
    number text NOT NULL,
    title text CHECK (length(title) BETWEEN 1 AND 200),
    severity text NOT NULL CHECK (severity IN ('MINOR', 'MAJOR', 'CRITICAL')),
    status text NOT NULL CHECK (status IN ('OPEN', 'ACKNOWLEDGED', 'RESOLVED')),
    reason text CHECK (reason ~ '^technology\.[a-z_]+$'),
    args jsonb NOT NULL CHECK (jsonb_typeof(args) = 'object'),
    failures integer NOT NULL CHECK (failures >= 0),
    began_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by uuid,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    assignee_id uuid,
    resolved_at timestamptz,
    resolved_by uuid,
    resolution text CHECK (length(resolution) BETWEEN 1 AND 2000),
    notes integer NOT NULL CHECK (notes BETWEEN 0 AND 1000),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, number),
    FOREIGN KEY (organisation_id, company_id, system_id)
        REFERENCES technology.system (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, system_id, check_id)
        REFERENCES technology.system_check (organisation_id, system_id, id),
    FOREIGN KEY (organisation_id, opened_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, acknowledged_by)
        REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, assignee_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, resolved_by) REFERENCES directory."user" (organisation_id, id),
    CHECK ((check_id IS NULL) = (reason IS NULL)),
    CHECK (check_id IS NOT NULL OR title IS NOT NULL),
    CHECK (began_at <= opened_at),
    CHECK ((status = 'RESOLVED') = (resolved_at IS NOT NULL)),
    CHECK (resolved_at >= opened_at),
    CHECK (status <> 'OPEN' OR acknowledged_at IS NULL),
    CHECK (status <> 'ACKNOWLEDGED' OR acknowledged_at IS NOT NULL),
    CHECK (acknowledged_by IS NULL OR acknowledged_at IS NOT NULL),
    CHECK (resolved_at IS NOT NULL OR (resolved_by IS NULL AND resolution IS NULL))
);
-- A check has one open incident at most, however many workers look.
CREATE UNIQUE INDEX incident_open_check ON technology.incident (organisation_id, check_id)
    WHERE resolved_at IS NULL AND check_id IS NOT NULL;
CREATE INDEX incident_by_opening ON technology.incident (organisation_id, opened_at, id);
CREATE INDEX incident_by_system
    ON technology.incident (organisation_id, system_id, began_at, resolved_at);
CREATE INDEX incident_by_number ON technology.incident (organisation_id, number, id);
SELECT kernel.tenant_table('technology.incident', 'SELECT, INSERT, UPDATE');

-- What was done and said about an incident, in order.
CREATE TABLE technology.incident_note (
    organisation_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    position integer NOT NULL CHECK (position BETWEEN 1 AND 1000),
    at timestamptz NOT NULL,
    author_id uuid,
    kind text NOT NULL CHECK (kind IN (
        'OPENED', 'CHANGED', 'ACKNOWLEDGED', 'ASSIGNED', 'NOTED', 'RESOLVED', 'REOPENED')),
    text text CHECK (length(text) BETWEEN 1 AND 2000),
    reason text CHECK (reason ~ '^technology\.[a-z_]+$'),
    args jsonb NOT NULL CHECK (jsonb_typeof(args) = 'object'),
    PRIMARY KEY (organisation_id, incident_id, position),
    FOREIGN KEY (organisation_id, incident_id)
        REFERENCES technology.incident (organisation_id, id),
    FOREIGN KEY (organisation_id, author_id) REFERENCES directory."user" (organisation_id, id),
    CHECK (kind <> 'NOTED' OR text IS NOT NULL)
);
SELECT kernel.tenant_table('technology.incident_note', 'SELECT, INSERT');
CREATE TRIGGER incident_note_append_only BEFORE UPDATE OR DELETE ON technology.incident_note
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
