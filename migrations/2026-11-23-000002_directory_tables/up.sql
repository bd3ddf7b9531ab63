-- The directory: organisations, companies, departments, users, roles, credentials, parties, files,
-- numbering and calendars.

CREATE SCHEMA directory;
GRANT USAGE ON SCHEMA directory TO trastienda_app, trastienda_relay;

-- The tenant. Its own id is the organisation of everything else.
CREATE TABLE directory.organisation (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9]){1,39}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    locale text NOT NULL CHECK (locale IN ('ES', 'EN')),
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0)
);
ALTER TABLE directory.organisation ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.organisation FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON directory.organisation USING (
    id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON directory.organisation TO trastienda_app;

-- Legal entities.
CREATE TABLE directory.company (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    legal_name text NOT NULL CHECK (length(legal_name) BETWEEN 1 AND 200),
    trade_name text CHECK (length(trade_name) <= 200),
    tax_country text NOT NULL CHECK (tax_country ~ '^[A-Z]{2}$'),
    tax_id text NOT NULL CHECK (length(tax_id) BETWEEN 2 AND 30),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    zone text NOT NULL CHECK (length(zone) <= 64),
    locale text NOT NULL CHECK (locale IN ('ES', 'EN')),
    street text CHECK (length(street) <= 200),
    postal_code text CHECK (length(postal_code) <= 20),
    city text CHECK (length(city) <= 100),
    region text CHECK (length(region) <= 100),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    ccc text CHECK (ccc ~ '^[0-9]{11}$'),
    iban text CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    bic text CHECK (bic ~ '^[A-Z0-9]{8}([A-Z0-9]{3})?$'),
    calendar_id uuid,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT company_code UNIQUE (organisation_id, code),
    CONSTRAINT company_tax_id UNIQUE (organisation_id, tax_country, tax_id)
);
CREATE INDEX company_by_name ON directory.company (organisation_id, legal_name, id);
SELECT kernel.tenant_table('directory.company', 'SELECT, INSERT, UPDATE');

-- The tree of departments of a company.
CREATE TABLE directory.department (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    parent_id uuid CHECK (parent_id <> id),
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    manager_id uuid,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT department_code UNIQUE (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, parent_id)
        REFERENCES directory.department (organisation_id, company_id, id)
);
CREATE INDEX department_by_name ON directory.department (organisation_id, name, id);
CREATE INDEX department_by_parent ON directory.department (organisation_id, parent_id);
SELECT kernel.tenant_table('directory.department', 'SELECT, INSERT, UPDATE');

-- People who can log in. Their secrets live in `credential`, never here.
CREATE TABLE directory."user" (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    email text NOT NULL
        CHECK (email = lower(btrim(email)) AND email LIKE '_%@_%' AND length(email) <= 254),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
    locale text NOT NULL CHECK (locale IN ('ES', 'EN')),
    active boolean NOT NULL DEFAULT true,
    employee_id uuid,
    totp_enabled boolean NOT NULL DEFAULT false,
    last_login_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT user_email UNIQUE (organisation_id, email),
    CONSTRAINT user_employee UNIQUE (organisation_id, employee_id)
);
CREATE INDEX user_by_name ON directory."user" (organisation_id, display_name, id);
SELECT kernel.tenant_table('directory."user"', 'SELECT, INSERT, UPDATE');

ALTER TABLE directory.department ADD FOREIGN KEY (organisation_id, manager_id)
    REFERENCES directory."user" (organisation_id, id);

-- How a user proves who they are. The TOTP secret is sealed by a key that the database lacks.
CREATE TABLE directory.credential (
    organisation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    password_set_at timestamptz,
    must_change boolean NOT NULL DEFAULT false,
    totp_sealed bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, user_id),
    CHECK (totp_confirmed_at IS NULL OR totp_sealed IS NOT NULL),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('directory.credential', 'SELECT, INSERT, UPDATE');

-- Codes for the day the second factor is lost; each works once.
CREATE TABLE directory.recovery_code (
    organisation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (organisation_id, user_id, hash),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('directory.recovery_code', 'SELECT, INSERT, DELETE');

-- Which organisations know an e-mail address, asked before any tenant is bound. The address is an
-- HMAC under a key that the database lacks. A row shows itself to its own tenant, or to a
-- transaction that already names the very same hash: there is nothing to list.
CREATE TABLE directory.login (
    organisation_id uuid NOT NULL,
    email_hash bytea NOT NULL CHECK (octet_length(email_hash) = 32),
    user_id uuid NOT NULL,
    PRIMARY KEY (email_hash, organisation_id),
    UNIQUE (organisation_id, user_id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('directory.login', 'SELECT, INSERT, DELETE');
CREATE POLICY by_email ON directory.login FOR SELECT TO trastienda_app USING (
    email_hash = (SELECT decode(nullif(current_setting('app.login', true), ''), 'hex')));

-- Failed log-ins in a row by (address, source), as a keyed hash of both. It belongs to no tenant,
-- and a row shows itself only to a transaction that names it.
CREATE TABLE directory.login_throttle (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures integer NOT NULL CHECK (failures > 0),
    last_at timestamptz NOT NULL
);
CREATE INDEX login_throttle_by_age ON directory.login_throttle (last_at);
ALTER TABLE directory.login_throttle ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.login_throttle FORCE ROW LEVEL SECURITY;
CREATE POLICY by_key ON directory.login_throttle TO trastienda_app USING (
    key = (SELECT decode(nullif(current_setting('app.throttle', true), ''), 'hex')));
CREATE POLICY relay ON directory.login_throttle TO trastienda_relay USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.login_throttle TO trastienda_app;
GRANT SELECT, DELETE ON directory.login_throttle TO trastienda_relay;

-- Log-ins. Tokens are kept as hashes alone.
CREATE TABLE directory.session (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('BROWSER', 'MOBILE')),
    access_hash bytea NOT NULL CHECK (octet_length(access_hash) = 32),
    access_expires_at timestamptz NOT NULL,
    device text CHECK (length(device) <= 200),
    source text CHECK (length(source) <= 64),
    proved_at timestamptz,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    ended_at timestamptz,
    end_reason text CHECK (end_reason IN
        ('LOGOUT', 'REVOKED', 'REUSE', 'PASSWORD_CHANGED', 'DEACTIVATED')),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX session_by_user ON directory.session (organisation_id, user_id, id);
CREATE INDEX session_by_start ON directory.session (organisation_id, created_at, id);
SELECT kernel.tenant_table('directory.session', 'SELECT, INSERT, UPDATE');

-- Refresh tokens of a session, the used ones too: whoever shows a used one ends the session.
CREATE TABLE directory.refresh_token (
    organisation_id uuid NOT NULL,
    session_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (organisation_id, session_id, hash),
    FOREIGN KEY (organisation_id, session_id)
        REFERENCES directory.session (organisation_id, id)
);
SELECT kernel.tenant_table('directory.refresh_token', 'SELECT, INSERT, UPDATE');

-- Roles: named sets of permissions.
CREATE TABLE directory.role (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    key text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{1,39}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description text CHECK (length(description) <= 1000),
    permissions text[] NOT NULL,
    built_in boolean NOT NULL DEFAULT false,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT role_key UNIQUE (organisation_id, key)
);
SELECT kernel.tenant_table('directory.role', 'SELECT, INSERT, UPDATE');

-- Roles given to users, in the whole organisation or in one company or department.
CREATE TABLE directory.role_assignment (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    role_id uuid NOT NULL,
    user_id uuid NOT NULL,
    company_id uuid,
    department_id uuid CHECK (department_id IS NULL OR company_id IS NOT NULL),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT role_assignment_once UNIQUE NULLS NOT DISTINCT
        (organisation_id, user_id, role_id, company_id, department_id),
    FOREIGN KEY (organisation_id, role_id) REFERENCES directory.role (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id)
);
CREATE INDEX role_assignment_by_role ON directory.role_assignment (organisation_id, role_id, id);
SELECT kernel.tenant_table('directory.role_assignment', 'SELECT, INSERT, UPDATE, DELETE');

-- Credentials of automations: never more than what their creator may do now.
CREATE TABLE directory.api_key (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    user_id uuid NOT NULL,
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX api_key_by_name ON directory.api_key (organisation_id, name, id);
SELECT kernel.tenant_table('directory.api_key', 'SELECT, INSERT, UPDATE');

-- Persons and organisations that business is done with.
CREATE TABLE directory.party (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('PERSON', 'ORGANISATION')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    trade_name text CHECK (length(trade_name) <= 200),
    tax_country text CHECK (tax_country ~ '^[A-Z]{2}$'),
    tax_id text CHECK (length(tax_id) BETWEEN 2 AND 30),
    external_id text CHECK (length(external_id) BETWEEN 1 AND 100),
    email text CHECK (length(email) <= 254),
    phone text CHECK (length(phone) <= 40),
    locale text NOT NULL CHECK (locale IN ('ES', 'EN')),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK ((tax_id IS NULL) = (tax_country IS NULL)),
    CONSTRAINT party_tax_id UNIQUE (organisation_id, tax_country, tax_id),
    CONSTRAINT party_external_id UNIQUE (organisation_id, external_id)
);
CREATE INDEX party_by_name ON directory.party (organisation_id, name, id);
SELECT kernel.tenant_table('directory.party', 'SELECT, INSERT, UPDATE');

CREATE TABLE directory.address (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    party_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('MAIN', 'BILLING', 'SHIPPING', 'OTHER')),
    street text NOT NULL CHECK (length(street) BETWEEN 1 AND 200),
    postal_code text CHECK (length(postal_code) <= 20),
    city text NOT NULL CHECK (length(city) BETWEEN 1 AND 100),
    region text CHECK (length(region) <= 100),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, party_id) REFERENCES directory.party (organisation_id, id)
);
CREATE INDEX address_by_party ON directory.address (organisation_id, party_id, id);
SELECT kernel.tenant_table('directory.address', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE directory.bank_account (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    party_id uuid NOT NULL,
    iban text NOT NULL CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    bic text CHECK (bic ~ '^[A-Z0-9]{8}([A-Z0-9]{3})?$'),
    holder text NOT NULL CHECK (length(holder) BETWEEN 1 AND 200),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT bank_account_once UNIQUE (organisation_id, party_id, iban),
    FOREIGN KEY (organisation_id, party_id) REFERENCES directory.party (organisation_id, id)
);
SELECT kernel.tenant_table('directory.bank_account', 'SELECT, INSERT, DELETE');

-- Stored files; the bytes lie in the object store under their hash.
CREATE TABLE directory.file (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    media_type text NOT NULL CHECK (length(media_type) <= 100),
    size bigint NOT NULL CHECK (size > 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    permission text NOT NULL CHECK (length(permission) <= 100),
    owner_user uuid,
    company_id uuid,
    subject_kind text CHECK (length(subject_kind) <= 60),
    subject_id uuid,
    -- Whether it is attached to its subject, whose rights then are its own.
    attached boolean NOT NULL DEFAULT false,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    archived_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK ((subject_kind IS NULL) = (subject_id IS NULL)),
    CHECK (NOT attached OR (subject_id IS NOT NULL AND owner_user IS NULL)),
    FOREIGN KEY (organisation_id, owner_user) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
CREATE INDEX file_by_time ON directory.file (organisation_id, created_at, id);
CREATE INDEX file_by_subject ON directory.file (organisation_id, subject_id);
SELECT kernel.tenant_table('directory.file', 'SELECT, INSERT, UPDATE');

-- Files on their way in: announced, then received, then attached once.
CREATE TABLE directory.staged_upload (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    size bigint NOT NULL CHECK (size BETWEEN 1 AND 26214400),
    media_type text CHECK (length(media_type) <= 100),
    sha256 bytea CHECK (octet_length(sha256) = 32),
    expires_at timestamptz NOT NULL,
    received_at timestamptz,
    file_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CHECK ((received_at IS NULL) = (sha256 IS NULL)),
    CHECK (file_id IS NULL OR received_at IS NOT NULL),
    FOREIGN KEY (organisation_id, file_id) REFERENCES directory.file (organisation_id, id)
);
SELECT kernel.tenant_table('directory.staged_upload', 'SELECT, INSERT, UPDATE');

-- Gap-free numbers: the row is locked by the transaction that takes a number until it ends.
CREATE TABLE directory.sequence (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    company_id uuid,
    key text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_.]{1,59}$'),
    year integer NOT NULL CHECK (year BETWEEN 1900 AND 2999),
    format text NOT NULL CHECK (length(format) BETWEEN 1 AND 60),
    next_number bigint NOT NULL CHECK (next_number > 0),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT sequence_once UNIQUE NULLS NOT DISTINCT (organisation_id, company_id, key, year),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('directory.sequence', 'SELECT, INSERT, UPDATE');

-- Working calendars and their holidays.
CREATE TABLE directory.calendar (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    region text CHECK (length(region) <= 100),
    weekend integer[] NOT NULL CHECK (weekend <@ ARRAY[1, 2, 3, 4, 5, 6, 7]
        AND cardinality(weekend) < 7),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT calendar_name UNIQUE (organisation_id, name)
);
SELECT kernel.tenant_table('directory.calendar', 'SELECT, INSERT, UPDATE');

ALTER TABLE directory.company ADD FOREIGN KEY (organisation_id, calendar_id)
    REFERENCES directory.calendar (organisation_id, id);

CREATE TABLE directory.holiday (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    date date NOT NULL,
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT holiday_once UNIQUE (organisation_id, calendar_id, date),
    FOREIGN KEY (organisation_id, calendar_id)
        REFERENCES directory.calendar (organisation_id, id)
);
SELECT kernel.tenant_table('directory.holiday', 'SELECT, INSERT, DELETE');

-- Log-in through an OpenID Connect provider, and the log-ins on their way there and back.
CREATE TABLE directory.identity_provider (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    client_id text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 500),
    client_secret_sealed bytea,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT identity_provider_name UNIQUE (organisation_id, name)
);
SELECT kernel.tenant_table('directory.identity_provider', 'SELECT, INSERT, UPDATE');

CREATE TABLE directory.identity_attempt (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    provider_id uuid NOT NULL,
    state_hash bytea NOT NULL CHECK (octet_length(state_hash) = 32),
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, provider_id)
        REFERENCES directory.identity_provider (organisation_id, id)
);
SELECT kernel.tenant_table('directory.identity_attempt', 'SELECT, INSERT, DELETE');

-- Which user a provider's subject is.
CREATE TABLE directory.identity_link (
    organisation_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    user_id uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, provider_id, subject),
    UNIQUE (organisation_id, provider_id, user_id),
    FOREIGN KEY (organisation_id, provider_id)
        REFERENCES directory.identity_provider (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES directory."user" (organisation_id, id)
);
SELECT kernel.tenant_table('directory.identity_link', 'SELECT, INSERT, DELETE');
