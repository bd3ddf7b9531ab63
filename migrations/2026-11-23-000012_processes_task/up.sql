-- Processes: tasks with their watchers, checklists and comments, and their place in the inbox.

CREATE TABLE processes.task (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    title text CHECK (length(title) BETWEEN 1 AND 200),
    title_key text CHECK (title_key ~ '^[a-z_]+\.[a-z0-9_.]+$'),
    title_args jsonb NOT NULL CHECK (jsonb_typeof(title_args) = 'object'),
    description text CHECK (length(description) BETWEEN 1 AND 4000),
    company_id uuid,
    department_id uuid,
    assignee_id uuid,
    role_id uuid,
    reporter_id uuid,
    status text NOT NULL
        CHECK (status IN ('OPEN', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED')),
    priority text NOT NULL CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
    urgency smallint NOT NULL,
    due_at timestamptz,
    due_order timestamptz NOT NULL,
    subject_kind text CHECK (subject_kind ~ '^[A-Z][A-Za-z0-9]{0,99}$'),
    subject_id uuid,
    source_key text CHECK (length(source_key) BETWEEN 1 AND 200),
    blocked_reason text CHECK (length(blocked_reason) BETWEEN 1 AND 500),
    escalation integer NOT NULL CHECK (escalation BETWEEN 0 AND 3),
    escalated_at timestamptz,
    assigned_at timestamptz NOT NULL,
    started_at timestamptz,
    closed_at timestamptz,
    closed_by uuid,
    created_at timestamptz NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK ((title IS NULL) = (title_key IS NOT NULL)),
    CHECK (assignee_id IS NOT NULL OR role_id IS NOT NULL),
    CHECK (department_id IS NULL OR company_id IS NOT NULL),
    CHECK ((subject_kind IS NULL) = (subject_id IS NULL)),
    CHECK ((status IN ('DONE', 'CANCELLED')) = (closed_at IS NOT NULL)),
    CHECK (closed_by IS NULL OR closed_at IS NOT NULL),
    CHECK ((status = 'BLOCKED') = (blocked_reason IS NOT NULL)),
    CHECK (status <> 'IN_PROGRESS' OR started_at IS NOT NULL),
    CHECK ((escalation > 0) = (escalated_at IS NOT NULL)),
    -- What sorts by due date and by priority: a task that is never due comes last.
    CHECK (due_order = coalesce(due_at, TIMESTAMPTZ '9999-12-31 00:00:00+00')),
    CHECK (urgency = CASE priority
        WHEN 'LOW' THEN 0 WHEN 'NORMAL' THEN 1 WHEN 'HIGH' THEN 2 ELSE 3 END),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, assignee_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, role_id) REFERENCES directory.role (organisation_id, id),
    FOREIGN KEY (organisation_id, reporter_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, closed_by) REFERENCES directory."user" (organisation_id, id)
);
-- A source makes one task for ever, however often it is tried and by however many.
CREATE UNIQUE INDEX task_source ON processes.task (organisation_id, source_key)
    WHERE source_key IS NOT NULL;
CREATE INDEX task_by_time ON processes.task (organisation_id, created_at, id);
CREATE INDEX task_by_due ON processes.task (organisation_id, due_order, id);
CREATE INDEX task_by_urgency ON processes.task (organisation_id, urgency, id);
CREATE INDEX task_by_subject ON processes.task (organisation_id, subject_id)
    WHERE subject_id IS NOT NULL;
CREATE INDEX task_of_assignee ON processes.task (organisation_id, assignee_id, assigned_at, id)
    WHERE status IN ('OPEN', 'IN_PROGRESS', 'BLOCKED');
CREATE INDEX task_of_role ON processes.task (organisation_id, role_id, assigned_at, id)
    WHERE status IN ('OPEN', 'IN_PROGRESS', 'BLOCKED') AND assignee_id IS NULL;
CREATE INDEX task_overdue ON processes.task (organisation_id, due_at)
    WHERE status IN ('OPEN', 'IN_PROGRESS', 'BLOCKED') AND escalation < 3;
SELECT kernel.tenant_table('processes.task', 'SELECT, INSERT, UPDATE');

-- A task goes its way and no other, and keeps where it came from.
CREATE FUNCTION processes.task_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('OPEN', 'IN_PROGRESS'), ('OPEN', 'BLOCKED'), ('OPEN', 'DONE'), ('OPEN', 'CANCELLED'),
        ('IN_PROGRESS', 'BLOCKED'), ('IN_PROGRESS', 'DONE'), ('IN_PROGRESS', 'CANCELLED'),
        ('BLOCKED', 'IN_PROGRESS'), ('BLOCKED', 'CANCELLED'),
        ('DONE', 'OPEN'), ('CANCELLED', 'OPEN')
    ) THEN
        RAISE EXCEPTION 'a task does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.source_key, OLD.subject_kind, OLD.subject_id, OLD.reporter_id, OLD.created_at)
        IS DISTINCT FROM
       (NEW.source_key, NEW.subject_kind, NEW.subject_id, NEW.reporter_id, NEW.created_at) THEN
        RAISE EXCEPTION 'a task keeps where it came from' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER task_guard BEFORE UPDATE ON processes.task
    FOR EACH ROW EXECUTE FUNCTION processes.task_guard();

-- Who follows a task.
CREATE TABLE processes.task_watcher (
    organisation_id uuid NOT NULL,
    task_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, task_id, user_id),
    FOREIGN KEY (organisation_id, task_id) REFERENCES processes.task (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX task_watcher_by_user ON processes.task_watcher (organisation_id, user_id, task_id);
SELECT kernel.tenant_table('processes.task_watcher', 'SELECT, INSERT, DELETE');

-- The points of a task's checklist. A new order is checked when all of it is written.
CREATE TABLE processes.task_checklist (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    position integer NOT NULL CHECK (position BETWEEN 1 AND 100),
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    checked_at timestamptz,
    checked_by uuid,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT task_checklist_order UNIQUE (organisation_id, task_id, position)
        DEFERRABLE INITIALLY DEFERRED,
    CHECK (checked_by IS NULL OR checked_at IS NOT NULL),
    FOREIGN KEY (organisation_id, task_id) REFERENCES processes.task (organisation_id, id),
    FOREIGN KEY (organisation_id, checked_by) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('processes.task_checklist', 'SELECT, INSERT, UPDATE, DELETE');

-- What was said about a task; it stays said.
CREATE TABLE processes.task_comment (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    author_id uuid,
    author_name text NOT NULL CHECK (length(author_name) BETWEEN 1 AND 200),
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 4000),
    mentions uuid[] NOT NULL CHECK (cardinality(mentions) <= 20),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, task_id) REFERENCES processes.task (organisation_id, id),
    FOREIGN KEY (organisation_id, author_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX task_comment_by_task ON processes.task_comment (organisation_id, task_id, id);
SELECT kernel.tenant_table('processes.task_comment', 'SELECT, INSERT');
CREATE TRIGGER task_comment_append_only BEFORE UPDATE OR DELETE ON processes.task_comment
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- The inbox with tasks: those of one person, and those that wait in the queue of a role.
CREATE OR REPLACE VIEW processes.inbox_entry WITH (security_invoker = true) AS
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
WHERE n.in_app AND n.read_at IS NULL
UNION ALL
SELECT t.organisation_id, t.id, 'TASK'::text, t.assignee_id,
    coalesce(t.subject_kind, 'Task'), coalesce(t.subject_id, t.id), t.assigned_at, t.due_at,
    (t.priority = 'URGENT')
FROM processes.task t
WHERE t.status IN ('OPEN', 'IN_PROGRESS', 'BLOCKED');
