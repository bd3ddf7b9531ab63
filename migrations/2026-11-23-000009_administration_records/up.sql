-- Administration: mail on its way out, reports as produced and on schedule, announcements with
-- their receipts, documents with their versions and their full text.

CREATE SCHEMA administration;
GRANT USAGE ON SCHEMA administration TO trastienda_app;

-- A mail to one person: recorded before it leaves and after. The key makes it one and the same.
CREATE TABLE administration.mail (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    user_id uuid,
    address text NOT NULL CHECK (address LIKE '_%@_%' AND length(address) <= 254),
    name text CHECK (length(name) BETWEEN 1 AND 200),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 250 AND subject !~ '[[:cntrl:]]'),
    body_text text NOT NULL,
    body_html text,
    file_ids uuid[] NOT NULL,
    subject_kind text CHECK (subject_kind ~ '^[A-Z][A-Za-z0-9]{0,99}$'),
    subject_id uuid,
    status text NOT NULL CHECK (status IN ('WAITING', 'SENDING', 'SENT', 'FAILED')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    last_error text CHECK (length(last_error) <= 1000),
    job_id uuid,
    created_at timestamptz NOT NULL,
    tried_at timestamptz,
    sent_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT mail_key UNIQUE (organisation_id, key),
    CHECK ((subject_kind IS NULL) = (subject_id IS NULL)),
    CHECK ((status = 'SENT') = (sent_at IS NOT NULL)),
    CHECK (status <> 'FAILED' OR last_error IS NOT NULL),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX mail_by_time ON administration.mail (organisation_id, created_at, id);
CREATE INDEX mail_by_user ON administration.mail (organisation_id, user_id, created_at);
CREATE INDEX mail_by_subject ON administration.mail (organisation_id, subject_id);
SELECT kernel.tenant_table('administration.mail', 'SELECT, INSERT, UPDATE');

-- What was sent is a fact.
CREATE FUNCTION administration.mail_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'SENT' THEN
        RAISE EXCEPTION 'a mail that was sent does not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mail_sent BEFORE UPDATE ON administration.mail
    FOR EACH ROW EXECUTE FUNCTION administration.mail_guard();

-- A report that is made by the clock and sent to people, each as they may see it.
CREATE TABLE administration.report_schedule (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    report text NOT NULL CHECK (report ~ '^[a-z_]+\.[a-z0-9_]+$'),
    parameters jsonb NOT NULL CHECK (jsonb_typeof(parameters) = 'object'),
    period text CHECK (period IN ('PREVIOUS_DAY', 'PREVIOUS_WEEK', 'MONTH_TO_DATE',
        'PREVIOUS_MONTH', 'YEAR_TO_DATE', 'PREVIOUS_YEAR')),
    format text NOT NULL CHECK (format IN ('PDF', 'XLSX', 'CSV')),
    locale text CHECK (locale IN ('ES', 'EN')),
    cron text NOT NULL,
    zone text NOT NULL,
    recipient_ids uuid[] NOT NULL CHECK (cardinality(recipient_ids) BETWEEN 1 AND 100),
    by_mail boolean NOT NULL,
    company_id uuid,
    schedule_id uuid NOT NULL,
    archived_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT report_schedule_name UNIQUE (organisation_id, name),
    FOREIGN KEY (organisation_id, schedule_id) REFERENCES kernel.schedule (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, created_by) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('administration.report_schedule', 'SELECT, INSERT, UPDATE');

-- A report as produced for one person, with what that person may see.
CREATE TABLE administration.report_run (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    report text NOT NULL CHECK (report ~ '^[a-z_]+\.[a-z0-9_]+$'),
    parameters jsonb NOT NULL CHECK (jsonb_typeof(parameters) = 'object'),
    format text NOT NULL CHECK (format IN ('PDF', 'XLSX', 'CSV')),
    locale text NOT NULL CHECK (locale IN ('ES', 'EN')),
    user_id uuid NOT NULL,
    requested_by uuid,
    schedule_id uuid,
    company_id uuid,
    by_mail boolean NOT NULL,
    key text CHECK (length(key) BETWEEN 1 AND 200),
    status text NOT NULL CHECK (status IN ('WAITING', 'DONE', 'FAILED')),
    file_id uuid,
    as_of date,
    row_count integer CHECK (row_count >= 0),
    error jsonb,
    job_id uuid,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT report_run_key UNIQUE (organisation_id, key),
    CHECK ((status = 'WAITING') = (finished_at IS NULL)),
    CHECK ((status = 'DONE') = (file_id IS NOT NULL)),
    CHECK ((status = 'FAILED') = (error IS NOT NULL)),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, requested_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, schedule_id)
        REFERENCES administration.report_schedule (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, file_id) REFERENCES directory.file (organisation_id, id)
);
CREATE INDEX report_run_by_time ON administration.report_run (organisation_id, created_at, id);
CREATE INDEX report_run_by_user
    ON administration.report_run (organisation_id, user_id, created_at, id);
CREATE INDEX report_run_by_schedule ON administration.report_run (organisation_id, schedule_id);
SELECT kernel.tenant_table('administration.report_run', 'SELECT, INSERT, UPDATE');

-- What an organisation tells its people.
CREATE TABLE administration.announcement (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    title_es text NOT NULL CHECK (length(title_es) BETWEEN 1 AND 200),
    body_es text NOT NULL CHECK (length(body_es) BETWEEN 1 AND 20000),
    title_en text CHECK (length(title_en) BETWEEN 1 AND 200),
    body_en text CHECK (length(body_en) BETWEEN 1 AND 20000),
    audience text NOT NULL CHECK (audience IN ('ALL', 'COMPANIES', 'DEPARTMENTS', 'ROLES')),
    company_ids uuid[] NOT NULL,
    department_ids uuid[] NOT NULL,
    role_ids uuid[] NOT NULL,
    publish_from timestamptz NOT NULL,
    publish_to timestamptz,
    pinned boolean NOT NULL,
    requires_acknowledgement boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('DRAFT', 'PUBLISHED', 'ARCHIVED')),
    published_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK ((title_en IS NULL) = (body_en IS NULL)),
    CHECK (publish_to > publish_from),
    CHECK (status <> 'PUBLISHED' OR published_at IS NOT NULL),
    CHECK ((audience = 'COMPANIES') = (cardinality(company_ids) > 0)),
    CHECK ((audience = 'DEPARTMENTS') = (cardinality(department_ids) > 0)),
    CHECK ((audience = 'ROLES') = (cardinality(role_ids) > 0)),
    FOREIGN KEY (organisation_id, created_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX announcement_by_time
    ON administration.announcement (organisation_id, publish_from, id);
SELECT kernel.tenant_table('administration.announcement', 'SELECT, INSERT, UPDATE');

-- That somebody has read an announcement, and has said so.
CREATE TABLE administration.announcement_receipt (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    announcement_id uuid NOT NULL,
    user_id uuid NOT NULL,
    read_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT announcement_receipt_once UNIQUE (organisation_id, announcement_id, user_id),
    CHECK (acknowledged_at >= read_at),
    FOREIGN KEY (organisation_id, announcement_id)
        REFERENCES administration.announcement (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('administration.announcement_receipt', 'SELECT, INSERT, UPDATE');

-- An acknowledgement is never taken back.
CREATE FUNCTION administration.receipt_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.acknowledged_at IS NOT NULL
        OR NEW.read_at <> OLD.read_at
        OR NEW.user_id <> OLD.user_id
        OR NEW.announcement_id <> OLD.announcement_id
        OR NEW.id <> OLD.id
        OR NEW.organisation_id <> OLD.organisation_id
    THEN
        RAISE EXCEPTION 'a receipt does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER announcement_receipt_kept BEFORE UPDATE ON administration.announcement_receipt
    FOR EACH ROW EXECUTE FUNCTION administration.receipt_guard();
CREATE TRIGGER announcement_receipt_stays BEFORE DELETE ON administration.announcement_receipt
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- A document: what it is called, whose it is and who may see it. Its bytes are its versions.
CREATE TABLE administration.document (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description text CHECK (length(description) BETWEEN 1 AND 2000),
    category text NOT NULL CHECK (length(category) BETWEEN 1 AND 60),
    tags text[] NOT NULL CHECK (cardinality(tags) <= 20),
    owner_id uuid NOT NULL,
    visibility text NOT NULL
        CHECK (visibility IN ('ORGANISATION', 'COMPANY', 'DEPARTMENT', 'ROLES', 'PRIVATE')),
    company_id uuid,
    department_id uuid,
    role_ids uuid[] NOT NULL,
    retain_until date,
    versions integer NOT NULL DEFAULT 0 CHECK (versions >= 0),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK (visibility NOT IN ('COMPANY', 'DEPARTMENT') OR company_id IS NOT NULL),
    CHECK ((visibility = 'DEPARTMENT') = (department_id IS NOT NULL)),
    CHECK ((visibility = 'ROLES') = (cardinality(role_ids) > 0)),
    FOREIGN KEY (organisation_id, owner_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id)
);
CREATE INDEX document_by_title ON administration.document (organisation_id, title, id);
CREATE INDEX document_by_time ON administration.document (organisation_id, updated_at, id);
SELECT kernel.tenant_table('administration.document', 'SELECT, INSERT, UPDATE');

-- A version of a document: a stored file. Only what was read of its text comes later.
CREATE TABLE administration.document_version (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    document_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    file_id uuid NOT NULL,
    note text CHECK (length(note) BETWEEN 1 AND 500),
    text_status text NOT NULL CHECK (text_status IN ('WAITING', 'READ', 'NONE', 'FAILED')),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT document_version_number UNIQUE (organisation_id, document_id, number),
    FOREIGN KEY (organisation_id, document_id)
        REFERENCES administration.document (organisation_id, id),
    FOREIGN KEY (organisation_id, file_id) REFERENCES directory.file (organisation_id, id),
    FOREIGN KEY (organisation_id, created_by) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('administration.document_version', 'SELECT, INSERT, UPDATE');
CREATE TRIGGER document_version_kept
    BEFORE DELETE OR UPDATE OF organisation_id, id, document_id, number, file_id, note,
        created_by, created_at
    ON administration.document_version FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- What documents are found by: title, tags and description, and the text of the newest version,
-- in the words of both languages; in those of Spanish with and without accents, because the stem of
-- a word such as `compañía` hangs on its accent.
CREATE TABLE administration.document_index (
    organisation_id uuid NOT NULL,
    document_id uuid NOT NULL,
    head text NOT NULL,
    body text NOT NULL,
    spanish tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.spanish', head), 'A')
        || setweight(to_tsvector('pg_catalog.spanish',
            translate(head, 'áéíóúüÁÉÍÓÚÜ', 'aeiouuAEIOUU')), 'A')
        || setweight(to_tsvector('pg_catalog.spanish', body), 'C')
        || setweight(to_tsvector('pg_catalog.spanish',
            translate(body, 'áéíóúüÁÉÍÓÚÜ', 'aeiouuAEIOUU')), 'C')) STORED,
    english tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.english', head), 'A')
        || setweight(to_tsvector('pg_catalog.english', body), 'C')) STORED,
    PRIMARY KEY (organisation_id, document_id),
    FOREIGN KEY (organisation_id, document_id)
        REFERENCES administration.document (organisation_id, id)
);
SELECT kernel.tenant_table('administration.document_index', 'SELECT, INSERT, UPDATE');

-- The words of those texts. Under row-level security an index on a tsvector goes unused, because
-- matching is not leakproof; equality is, so that a search begins here and matches what is left.
CREATE TABLE administration.document_word (
    organisation_id uuid NOT NULL,
    word text NOT NULL,
    document_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, word, document_id),
    FOREIGN KEY (organisation_id, document_id)
        REFERENCES administration.document (organisation_id, id)
);
CREATE INDEX document_word_by_document
    ON administration.document_word (organisation_id, document_id);
SELECT kernel.tenant_table('administration.document_word', 'SELECT, INSERT, DELETE');

CREATE FUNCTION administration.index_words() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM administration.document_word
        WHERE organisation_id = NEW.organisation_id AND document_id = NEW.document_id;
    INSERT INTO administration.document_word (organisation_id, word, document_id)
        SELECT DISTINCT NEW.organisation_id, word, NEW.document_id
        FROM unnest(tsvector_to_array(NEW.spanish) || tsvector_to_array(NEW.english)) AS word;
    RETURN NULL;
END $$;
CREATE TRIGGER document_index_words AFTER INSERT OR UPDATE ON administration.document_index
    FOR EACH ROW EXECUTE FUNCTION administration.index_words();
