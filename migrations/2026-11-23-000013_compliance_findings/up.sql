-- Compliance: what a tenant changed of the rules, scans with what each rule looked at, findings
-- with their acceptances and comments. The rules themselves are data of the program.

CREATE SCHEMA compliance;
GRANT USAGE ON SCHEMA compliance TO trastienda_app;

-- What an organisation changed of a rule; without a row the rule is as it was written.
CREATE TABLE compliance.rule_setting (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    rule_key text NOT NULL CHECK (rule_key ~ '^[a-z_]+\.[a-z0-9_]+$'),
    enabled boolean NOT NULL,
    severity text CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    parameters jsonb NOT NULL CHECK (jsonb_typeof(parameters) = 'object'),
    updated_by uuid,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL CHECK (version > 1),
    PRIMARY KEY (organisation_id, rule_key),
    FOREIGN KEY (organisation_id, updated_by) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('compliance.rule_setting', 'SELECT, INSERT, UPDATE');

-- A scan: which rules looked at what, when.
CREATE TABLE compliance.scan (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    company_id uuid,
    requested_by uuid,
    rules integer NOT NULL CHECK (rules >= 0),
    failed integer NOT NULL CHECK (failed >= 0),
    scanned bigint NOT NULL CHECK (scanned >= 0),
    found bigint NOT NULL CHECK (found >= 0),
    opened bigint NOT NULL CHECK (opened >= 0),
    closed bigint NOT NULL CHECK (closed >= 0),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT scan_job UNIQUE (organisation_id, job_id),
    CHECK (failed <= rules),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, requested_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX scan_by_time ON compliance.scan (organisation_id, started_at, id);
SELECT kernel.tenant_table('compliance.scan', 'SELECT, INSERT, UPDATE');

-- What one rule of a scan did: how much it looked at, what it found, or why it could not.
CREATE TABLE compliance.scan_rule (
    organisation_id uuid NOT NULL,
    scan_id uuid NOT NULL,
    rule_key text NOT NULL CHECK (rule_key ~ '^[a-z_]+\.[a-z0-9_]+$'),
    rule_version text NOT NULL,
    parameters jsonb NOT NULL CHECK (jsonb_typeof(parameters) = 'object'),
    company_id uuid,
    status text NOT NULL CHECK (status IN ('DONE', 'PARTIAL', 'FAILED')),
    scanned bigint NOT NULL CHECK (scanned >= 0),
    found bigint NOT NULL CHECK (found >= 0),
    opened bigint NOT NULL CHECK (opened >= 0),
    reopened bigint NOT NULL CHECK (reopened >= 0),
    closed bigint NOT NULL CHECK (closed >= 0),
    accepted bigint NOT NULL CHECK (accepted >= 0),
    duration_ms integer NOT NULL CHECK (duration_ms >= 0),
    error text CHECK (length(error) BETWEEN 1 AND 500),
    at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, scan_id, rule_key),
    CHECK ((status = 'FAILED') = (error IS NOT NULL)),
    CHECK (status <> 'FAILED' OR found + opened + reopened + closed + accepted = 0),
    FOREIGN KEY (organisation_id, scan_id) REFERENCES compliance.scan (organisation_id, id)
);
CREATE INDEX scan_rule_by_rule ON compliance.scan_rule (organisation_id, rule_key, at DESC);
SELECT kernel.tenant_table('compliance.scan_rule', 'SELECT, INSERT');
CREATE TRIGGER scan_rule_append_only BEFORE UPDATE OR DELETE ON compliance.scan_rule
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- A breach of a rule by one subject: one row for ever, with how often it came up.
CREATE TABLE compliance.finding (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    rule_key text NOT NULL CHECK (rule_key ~ '^[a-z_]+\.[a-z0-9_]+$'),
    rule_version text NOT NULL,
    subject_key text NOT NULL CHECK (length(subject_key) BETWEEN 1 AND 300),
    subject_kind text NOT NULL CHECK (subject_kind ~ '^[A-Z][A-Za-z0-9]{0,99}$'),
    subject_id uuid NOT NULL,
    subject_name text NOT NULL CHECK (length(subject_name) BETWEEN 1 AND 300),
    company_id uuid,
    severity text NOT NULL CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    gravity smallint NOT NULL,
    status text NOT NULL CHECK (status IN ('OPEN', 'ACCEPTED', 'CLOSED')),
    evidence jsonb NOT NULL CHECK (jsonb_typeof(evidence) = 'object'),
    occurrences integer NOT NULL CHECK (occurrences > 0),
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    accepted_until date,
    assignee_id uuid,
    scan_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT finding_once UNIQUE (organisation_id, rule_key, subject_key),
    CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL)),
    CHECK ((status = 'ACCEPTED') = (accepted_until IS NOT NULL)),
    CHECK (last_seen_at >= first_seen_at),
    CHECK (gravity = CASE severity
        WHEN 'LOW' THEN 0 WHEN 'MEDIUM' THEN 1 WHEN 'HIGH' THEN 2 ELSE 3 END),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, assignee_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, scan_id) REFERENCES compliance.scan (organisation_id, id)
);
CREATE INDEX finding_by_time ON compliance.finding (organisation_id, opened_at, id);
CREATE INDEX finding_by_gravity ON compliance.finding (organisation_id, gravity, id);
CREATE INDEX finding_live ON compliance.finding (organisation_id, rule_key)
    WHERE status <> 'CLOSED';
CREATE INDEX finding_by_subject ON compliance.finding (organisation_id, subject_id);
SELECT kernel.tenant_table('compliance.finding', 'SELECT, INSERT, UPDATE');

-- Who lives with a finding, why and until when: one proposes, another grants.
CREATE TABLE compliance.acceptance (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    finding_id uuid NOT NULL,
    company_id uuid,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    expires_on date NOT NULL,
    status text NOT NULL
        CHECK (status IN ('PROPOSED', 'GRANTED', 'REFUSED', 'WITHDRAWN', 'ENDED')),
    approval_id uuid,
    proposed_by uuid NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by uuid CHECK (decided_by <> proposed_by),
    decided_at timestamptz,
    comment text CHECK (length(comment) BETWEEN 1 AND 2000),
    version integer NOT NULL CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK (status NOT IN ('GRANTED', 'REFUSED') OR decided_by IS NOT NULL),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    FOREIGN KEY (organisation_id, finding_id) REFERENCES compliance.finding (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, approval_id) REFERENCES processes.approval (organisation_id, id),
    FOREIGN KEY (organisation_id, proposed_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, decided_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE UNIQUE INDEX acceptance_proposed ON compliance.acceptance (organisation_id, finding_id)
    WHERE status = 'PROPOSED';
CREATE UNIQUE INDEX acceptance_granted ON compliance.acceptance (organisation_id, finding_id)
    WHERE status = 'GRANTED';
CREATE INDEX acceptance_by_finding ON compliance.acceptance (organisation_id, finding_id, id);
SELECT kernel.tenant_table('compliance.acceptance', 'SELECT, INSERT, UPDATE');

-- An acceptance goes its way and keeps what was proposed.
CREATE FUNCTION compliance.acceptance_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('PROPOSED', 'GRANTED'), ('PROPOSED', 'REFUSED'), ('PROPOSED', 'WITHDRAWN'),
        ('GRANTED', 'ENDED')
    ) THEN
        RAISE EXCEPTION 'an acceptance does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.finding_id, OLD.reason, OLD.expires_on, OLD.proposed_by, OLD.proposed_at)
        IS DISTINCT FROM
       (NEW.finding_id, NEW.reason, NEW.expires_on, NEW.proposed_by, NEW.proposed_at) THEN
        RAISE EXCEPTION 'an acceptance keeps what was proposed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER acceptance_guard BEFORE UPDATE ON compliance.acceptance
    FOR EACH ROW EXECUTE FUNCTION compliance.acceptance_guard();

-- What was said about a finding; it stays said.
CREATE TABLE compliance.finding_comment (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    finding_id uuid NOT NULL,
    author_id uuid,
    author_name text NOT NULL CHECK (length(author_name) BETWEEN 1 AND 200),
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 4000),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, finding_id) REFERENCES compliance.finding (organisation_id, id),
    FOREIGN KEY (organisation_id, author_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX finding_comment_by_finding
    ON compliance.finding_comment (organisation_id, finding_id, id);
SELECT kernel.tenant_table('compliance.finding_comment', 'SELECT, INSERT');
CREATE TRIGGER finding_comment_append_only BEFORE UPDATE OR DELETE ON compliance.finding_comment
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
