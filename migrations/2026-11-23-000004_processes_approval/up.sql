-- Processes: approvals with their policies, delegations, and everybody's inbox.

CREATE SCHEMA processes;
GRANT USAGE ON SCHEMA processes TO trastienda_app;

-- Who has to approve what, as data.
CREATE TABLE processes.approval_policy (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    subject_kind text NOT NULL CHECK (subject_kind ~ '^[A-Z][A-Za-z0-9]{0,99}$'),
    company_id uuid,
    currency_code text CHECK (currency_code ~ '^[A-Z]{3}$'),
    amount_from numeric(19,4) CHECK (amount_from >= 0),
    amount_to numeric(19,4) CHECK (amount_to > 0),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organisation_id, id),
    CHECK (amount_to > amount_from),
    CHECK ((currency_code IS NOT NULL) = (amount_from IS NOT NULL OR amount_to IS NOT NULL)),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
CREATE INDEX approval_policy_by_subject
    ON processes.approval_policy (organisation_id, subject_kind) WHERE active;
SELECT kernel.tenant_table('processes.approval_policy', 'SELECT, INSERT, UPDATE');

CREATE TABLE processes.approval_policy_step (
    organisation_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    position integer NOT NULL CHECK (position BETWEEN 1 AND 20),
    name text CHECK (length(name) BETWEEN 1 AND 200),
    permission text CHECK (permission ~ '^[a-z_]+\.[a-z_]+\.[a-z_]+$'),
    role_ids uuid[] NOT NULL,
    user_ids uuid[] NOT NULL,
    approvals_needed integer NOT NULL CHECK (approvals_needed BETWEEN 1 AND 20),
    due_hours integer CHECK (due_hours BETWEEN 1 AND 8760),
    escalation_role_ids uuid[] NOT NULL,
    escalation_user_ids uuid[] NOT NULL,
    step_up boolean NOT NULL,
    PRIMARY KEY (organisation_id, policy_id, position),
    FOREIGN KEY (organisation_id, policy_id)
        REFERENCES processes.approval_policy (organisation_id, id),
    CHECK (permission IS NOT NULL OR cardinality(role_ids) + cardinality(user_ids) > 0),
    CHECK (
        due_hours IS NOT NULL
        OR cardinality(escalation_role_ids) + cardinality(escalation_user_ids) = 0
    )
);
SELECT kernel.tenant_table('processes.approval_policy_step', 'SELECT, INSERT, DELETE');

-- A request for approval of one record as it was prepared.
CREATE TABLE processes.approval (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    subject_kind text NOT NULL CHECK (subject_kind ~ '^[A-Z][A-Za-z0-9]{0,99}$'),
    subject_id uuid NOT NULL,
    company_id uuid,
    title_key text NOT NULL,
    title_args jsonb NOT NULL CHECK (jsonb_typeof(title_args) = 'object'),
    amount numeric(19,4),
    currency_code text CHECK (currency_code ~ '^[A-Z]{3}$'),
    policy_id uuid,
    status text NOT NULL CHECK (status IN ('OPEN', 'APPROVED', 'REJECTED', 'WITHDRAWN')),
    current_step integer NOT NULL CHECK (current_step > 0),
    steps integer NOT NULL CHECK (steps BETWEEN 1 AND 20),
    requested_by uuid,
    requested_at timestamptz NOT NULL,
    due_at timestamptz,
    closed_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, policy_id)
        REFERENCES processes.approval_policy (organisation_id, id),
    CHECK (current_step <= steps),
    CHECK ((amount IS NULL) = (currency_code IS NULL)),
    CHECK ((status = 'OPEN') = (closed_at IS NULL)),
    CHECK (status <> 'APPROVED' OR current_step = steps),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, requested_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE UNIQUE INDEX approval_open_subject
    ON processes.approval (organisation_id, subject_kind, subject_id) WHERE status = 'OPEN';
CREATE INDEX approval_by_time ON processes.approval (organisation_id, requested_at, id);
CREATE INDEX approval_by_subject ON processes.approval (organisation_id, subject_id);
SELECT kernel.tenant_table('processes.approval', 'SELECT, INSERT, UPDATE');

-- A closed approval is a fact.
CREATE FUNCTION processes.approval_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'OPEN' THEN
        RAISE EXCEPTION 'a closed approval does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_closed BEFORE UPDATE ON processes.approval
    FOR EACH ROW EXECUTE FUNCTION processes.approval_guard();

-- The steps as the policy had them when approval was asked for.
CREATE TABLE processes.approval_step (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    approval_id uuid NOT NULL,
    position integer NOT NULL CHECK (position BETWEEN 1 AND 20),
    name text,
    permission text CHECK (permission ~ '^[a-z_]+\.[a-z_]+\.[a-z_]+$'),
    role_ids uuid[] NOT NULL,
    user_ids uuid[] NOT NULL,
    approvals_needed integer NOT NULL CHECK (approvals_needed BETWEEN 1 AND 20),
    approvals integer NOT NULL CHECK (approvals >= 0),
    due_hours integer CHECK (due_hours BETWEEN 1 AND 8760),
    escalation_role_ids uuid[] NOT NULL,
    escalation_user_ids uuid[] NOT NULL,
    step_up boolean NOT NULL,
    status text NOT NULL
        CHECK (status IN ('WAITING', 'OPEN', 'APPROVED', 'REJECTED', 'CANCELLED')),
    opened_at timestamptz,
    due_at timestamptz,
    escalated_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, approval_id, position),
    UNIQUE (organisation_id, approval_id, id),
    FOREIGN KEY (organisation_id, approval_id) REFERENCES processes.approval (organisation_id, id),
    CHECK (permission IS NOT NULL OR cardinality(role_ids) + cardinality(user_ids) > 0),
    CHECK (approvals <= approvals_needed),
    CHECK (status <> 'APPROVED' OR approvals = approvals_needed),
    CHECK (status <> 'OPEN' OR (opened_at IS NOT NULL AND approvals < approvals_needed)),
    CHECK ((status IN ('WAITING', 'OPEN')) = (closed_at IS NULL))
);
CREATE UNIQUE INDEX approval_step_open
    ON processes.approval_step (organisation_id, approval_id) WHERE status = 'OPEN';
CREATE INDEX approval_step_by_opening
    ON processes.approval_step (organisation_id, opened_at, approval_id) WHERE status = 'OPEN';
CREATE INDEX approval_step_due ON processes.approval_step (organisation_id, due_at)
    WHERE status = 'OPEN' AND escalated_at IS NULL AND due_at IS NOT NULL;
SELECT kernel.tenant_table('processes.approval_step', 'SELECT, INSERT, UPDATE');

-- Who prepared what is to be approved.
CREATE TABLE processes.approval_preparer (
    organisation_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, approval_id, user_id),
    FOREIGN KEY (organisation_id, approval_id) REFERENCES processes.approval (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('processes.approval_preparer', 'SELECT, INSERT');

-- What was decided, by whom, on whose behalf.
CREATE TABLE processes.approval_decision (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    approval_id uuid NOT NULL,
    step_id uuid NOT NULL,
    decided_by uuid NOT NULL,
    on_behalf_of uuid,
    delegation_id uuid,
    decision text NOT NULL CHECK (decision IN ('APPROVE', 'REJECT')),
    comment text CHECK (length(comment) BETWEEN 1 AND 2000),
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, approval_id, step_id)
        REFERENCES processes.approval_step (organisation_id, approval_id, id),
    CHECK (decision = 'APPROVE' OR comment IS NOT NULL),
    CHECK (on_behalf_of <> decided_by),
    CHECK ((on_behalf_of IS NULL) = (delegation_id IS NULL)),
    FOREIGN KEY (organisation_id, decided_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, on_behalf_of) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX approval_decision_by_approval
    ON processes.approval_decision (organisation_id, approval_id, id);
SELECT kernel.tenant_table('processes.approval_decision', 'SELECT, INSERT');
CREATE TRIGGER approval_decision_append_only BEFORE UPDATE OR DELETE
    ON processes.approval_decision FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- Everybody whose authority a decision used: who decided, and for whom. A person has one hand in
-- a step, and none in an approval that they prepared.
CREATE TABLE processes.approval_hand (
    organisation_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    step_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, step_id, user_id),
    FOREIGN KEY (organisation_id, approval_id, step_id)
        REFERENCES processes.approval_step (organisation_id, approval_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX approval_hand_by_approval ON processes.approval_hand (organisation_id, approval_id);
SELECT kernel.tenant_table('processes.approval_hand', 'SELECT, INSERT');
CREATE TRIGGER approval_hand_append_only BEFORE UPDATE OR DELETE
    ON processes.approval_hand FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- Locks the approval, so that a hand and a preparer can't slip past each other.
CREATE FUNCTION processes.second_person() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM processes.approval
        WHERE organisation_id = NEW.organisation_id AND id = NEW.approval_id FOR UPDATE;
    IF EXISTS (
        SELECT FROM processes.approval_preparer p
            JOIN processes.approval_hand h USING (organisation_id, approval_id, user_id)
        WHERE p.organisation_id = NEW.organisation_id AND p.approval_id = NEW.approval_id
            AND p.user_id = NEW.user_id
    ) THEN
        RAISE EXCEPTION 'who prepared never approves' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER approval_hand_second_person AFTER INSERT ON processes.approval_hand
    FOR EACH ROW EXECUTE FUNCTION processes.second_person();
CREATE TRIGGER approval_preparer_second_person AFTER INSERT ON processes.approval_preparer
    FOR EACH ROW EXECUTE FUNCTION processes.second_person();

-- One acts for another within bounds of time.
CREATE TABLE processes.delegation (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    delegator_id uuid NOT NULL,
    delegate_id uuid NOT NULL,
    subject_kind text CHECK (subject_kind ~ '^[A-Z][A-Za-z0-9]{0,99}$'),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organisation_id, id),
    CHECK (delegator_id <> delegate_id),
    CHECK (ends_at > starts_at),
    FOREIGN KEY (organisation_id, delegator_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, delegate_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, created_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX delegation_by_delegate
    ON processes.delegation (organisation_id, delegate_id, ends_at) WHERE revoked_at IS NULL;
CREATE INDEX delegation_by_delegator ON processes.delegation (organisation_id, delegator_id);
CREATE INDEX delegation_by_time ON processes.delegation (organisation_id, starts_at, id);
SELECT kernel.tenant_table('processes.delegation', 'SELECT, INSERT, UPDATE');
ALTER TABLE processes.approval_decision ADD FOREIGN KEY (organisation_id, delegation_id)
    REFERENCES processes.delegation (organisation_id, id);

-- What somebody is told. The sentences are `<kind>.title` and `<kind>.body` of the message files.
CREATE TABLE processes.notification (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]+\.[a-z0-9_.]+$'),
    args jsonb NOT NULL CHECK (jsonb_typeof(args) = 'object'),
    subject_kind text NOT NULL CHECK (subject_kind ~ '^[A-Z][A-Za-z0-9]{0,99}$'),
    subject_id uuid NOT NULL,
    urgent boolean NOT NULL,
    in_app boolean NOT NULL,
    mail boolean NOT NULL,
    key text CHECK (length(key) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    mailed_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CHECK (in_app OR mail),
    CHECK (mailed_at IS NULL OR mail),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE UNIQUE INDEX notification_once
    ON processes.notification (organisation_id, user_id, key) WHERE key IS NOT NULL;
CREATE INDEX notification_by_user
    ON processes.notification (organisation_id, user_id, created_at, id) WHERE in_app;
CREATE INDEX notification_unread
    ON processes.notification (organisation_id, user_id, created_at, id)
    WHERE in_app AND read_at IS NULL;
CREATE INDEX notification_to_mail
    ON processes.notification (organisation_id, created_at) WHERE mail AND mailed_at IS NULL;
SELECT kernel.tenant_table('processes.notification', 'SELECT, INSERT, UPDATE');

-- How somebody wants to be told of a kind of thing; without a row: in the inbox, not by mail.
CREATE TABLE processes.notification_preference (
    organisation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]+\.[a-z0-9_.]+$'),
    in_app boolean NOT NULL,
    mail boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, user_id, kind),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('processes.notification_preference', 'SELECT, INSERT, UPDATE');

-- What waits for somebody, of every kind, in one order. Whatever else may wait joins here.
CREATE VIEW processes.inbox_entry WITH (security_invoker = true) AS
SELECT a.organisation_id, a.id, 'APPROVAL'::text AS kind, NULL::uuid AS user_id,
    a.subject_kind, a.subject_id, s.opened_at AS at, s.due_at,
    (s.escalated_at IS NOT NULL) AS urgent
FROM processes.approval_step s
JOIN processes.approval a ON a.organisation_id = s.organisation_id AND a.id = s.approval_id
WHERE s.status = 'OPEN'
UNION ALL
SELECT n.organisation_id, n.id, 'NOTIFICATION'::text, n.user_id,
    n.subject_kind, n.subject_id, n.created_at, NULL::timestamptz, n.urgent
FROM processes.notification n
WHERE n.in_app AND n.read_at IS NULL;
GRANT SELECT ON processes.inbox_entry TO trastienda_app;
