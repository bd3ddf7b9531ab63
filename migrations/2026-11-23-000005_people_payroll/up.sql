-- People: employees, contracts, what is paid and taken, rule packs, payroll runs and payslips.

CREATE SCHEMA people;
GRANT USAGE ON SCHEMA people TO trastienda_app;

-- The next employee number of a company: the row is locked by who takes numbers until they commit,
-- so that numbers have no gaps.
CREATE TABLE people.employee_counter (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    last_number integer NOT NULL CHECK (last_number >= 0),
    PRIMARY KEY (organisation_id, company_id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('people.employee_counter', 'SELECT, INSERT, UPDATE');

CREATE TABLE people.employee (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    department_id uuid,
    number integer NOT NULL CHECK (number > 0),
    first_name text NOT NULL CHECK (length(first_name) BETWEEN 1 AND 100),
    last_name text NOT NULL CHECK (length(last_name) BETWEEN 1 AND 100),
    full_name text NOT NULL CHECK (full_name = first_name || ' ' || last_name),
    tax_id text NOT NULL CHECK (tax_id ~ '^[A-Z0-9]{9}$'),
    social_security_number text NOT NULL CHECK (social_security_number ~ '^[0-9]{12}$'),
    birth_date date NOT NULL CHECK (birth_date > '1900-01-01'),
    email text CHECK (email LIKE '_%@_%' AND length(email) <= 254),
    iban text CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    locale text NOT NULL CHECK (locale IN ('ES', 'EN')),
    hired_on date NOT NULL,
    left_on date,
    leave_reason text CHECK (length(leave_reason) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT employee_number UNIQUE (organisation_id, company_id, number),
    CONSTRAINT employee_tax_id UNIQUE (organisation_id, company_id, tax_id),
    CHECK (left_on >= hired_on),
    CHECK (birth_date < hired_on),
    CHECK (leave_reason IS NULL OR left_on IS NOT NULL),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id)
);
CREATE INDEX employee_by_name ON people.employee (organisation_id, last_name, id);
CREATE INDEX employee_by_number ON people.employee (organisation_id, number, id);
SELECT kernel.tenant_table('people.employee', 'SELECT, INSERT, UPDATE');

-- What the rate of withholding depends on (form 145), from a day on.
CREATE TABLE people.family_situation (
    organisation_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    valid_from date NOT NULL,
    situation smallint NOT NULL CHECK (situation BETWEEN 1 AND 3),
    descendants jsonb NOT NULL CHECK (jsonb_typeof(descendants) = 'array'),
    ascendants jsonb NOT NULL CHECK (jsonb_typeof(ascendants) = 'array'),
    disability smallint NOT NULL CHECK (disability BETWEEN 0 AND 100),
    needs_assistance boolean NOT NULL,
    mobility boolean NOT NULL,
    home_loan boolean NOT NULL,
    special_employment boolean NOT NULL,
    region text NOT NULL CHECK (region IN ('COMMON', 'CEUTA_MELILLA', 'LA_PALMA')),
    voluntary_rate numeric(5,2) CHECK (voluntary_rate BETWEEN 0 AND 100),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, employee_id, valid_from),
    CHECK (situation <> 1 OR jsonb_array_length(descendants) > 0),
    FOREIGN KEY (organisation_id, employee_id) REFERENCES people.employee (organisation_id, id)
);
SELECT kernel.tenant_table('people.family_situation', 'SELECT, INSERT, UPDATE');

CREATE TABLE people.contract (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('INDEFINITE', 'TEMPORARY')),
    starts_on date NOT NULL,
    ends_on date,
    seniority_from date NOT NULL,
    continues_id uuid CHECK (continues_id <> id),
    end_reason text CHECK (length(end_reason) BETWEEN 1 AND 500),
    working_time numeric(5,4) NOT NULL CHECK (working_time > 0 AND working_time <= 1),
    monthly_hours numeric(6,2) CHECK (monthly_hours > 0 AND monthly_hours <= 744),
    salary numeric(19,4) NOT NULL CHECK (salary >= 0),
    salary_period text NOT NULL CHECK (salary_period IN ('YEAR', 'MONTH')),
    extra_pay_months integer[] NOT NULL CHECK (
        extra_pay_months <@ ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        AND cardinality(extra_pay_months) <= 4),
    extra_pays_prorated boolean NOT NULL,
    contribution_group smallint NOT NULL CHECK (contribution_group BETWEEN 1 AND 11),
    occupation text NOT NULL CHECK (length(occupation) BETWEEN 1 AND 200),
    occupation_code text CHECK (occupation_code ~ '^[0-9]{1,4}$'),
    professional_group text CHECK (length(professional_group) BETWEEN 1 AND 200),
    agreement text CHECK (length(agreement) BETWEEN 1 AND 200),
    accident_rate numeric(5,2) NOT NULL CHECK (accident_rate BETWEEN 0 AND 20),
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, employee_id, id),
    CHECK (ends_on >= starts_on),
    CHECK (kind = 'INDEFINITE' OR ends_on IS NOT NULL),
    CHECK (seniority_from <= starts_on),
    FOREIGN KEY (organisation_id, company_id, employee_id)
        REFERENCES people.employee (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, continues_id) REFERENCES people.contract (organisation_id, id)
);
CREATE INDEX contract_by_employee ON people.contract (organisation_id, employee_id, starts_on);
CREATE INDEX contract_by_start ON people.contract (organisation_id, company_id, starts_on, id);
SELECT kernel.tenant_table('people.contract', 'SELECT, INSERT, UPDATE');

-- The contracts of an employee never overlap; those who write one at the same time take turns.
CREATE FUNCTION people.refuse_overlapping_contract() RETURNS trigger
LANGUAGE plpgsql SET search_path = people, pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.employee_id::text, 81));
    IF EXISTS (
        SELECT FROM people.contract c
        WHERE c.organisation_id = NEW.organisation_id AND c.employee_id = NEW.employee_id
          AND c.id <> NEW.id
          AND daterange(c.starts_on, c.ends_on, '[]') && daterange(NEW.starts_on, NEW.ends_on, '[]')
    ) THEN
        RAISE EXCEPTION 'the contract overlaps another of the employee'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'contract_overlap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER contract_overlap BEFORE INSERT OR UPDATE ON people.contract
    FOR EACH ROW EXECUTE FUNCTION people.refuse_overlapping_contract();

-- What a company pays or takes beside the salary, by a formula.
CREATE TABLE people.pay_concept (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$'),
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (
        kind IN ('EARNING', 'OVERTIME', 'OVERTIME_FORCE_MAJEURE', 'DEDUCTION')),
    formula text NOT NULL CHECK (length(formula) BETWEEN 1 AND 1000),
    in_contribution_base boolean NOT NULL,
    taxable boolean NOT NULL,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    -- Of overtime the law decides: outside the common base, and taxed.
    CHECK (kind NOT LIKE 'OVERTIME%' OR (NOT in_contribution_base AND taxable)),
    CONSTRAINT pay_concept_code UNIQUE (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('people.pay_concept', 'SELECT, INSERT, UPDATE');

-- A concept for an employee: every month from a day on, or in one month.
CREATE TABLE people.pay_item (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    concept_id uuid NOT NULL,
    recurring boolean NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    amount numeric(19,4) CHECK (amount >= 0),
    quantity numeric(19,4) CHECK (quantity >= 0),
    memo text CHECK (length(memo) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK (ends_on >= starts_on),
    CHECK (extract(day FROM starts_on) = 1),
    CHECK (recurring OR ends_on = (starts_on + interval '1 month - 1 day')::date),
    FOREIGN KEY (organisation_id, company_id, employee_id)
        REFERENCES people.employee (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, concept_id)
        REFERENCES people.pay_concept (organisation_id, company_id, id)
);
CREATE INDEX pay_item_by_employee ON people.pay_item (organisation_id, employee_id, starts_on, id);
SELECT kernel.tenant_table('people.pay_item', 'SELECT, INSERT, UPDATE, DELETE');

-- Days within a contract for which nothing is paid.
CREATE TABLE people.absence (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    cancelled_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK (ends_on >= starts_on),
    FOREIGN KEY (organisation_id, company_id, employee_id)
        REFERENCES people.employee (organisation_id, company_id, id)
);
CREATE INDEX absence_by_employee ON people.absence (organisation_id, employee_id, starts_on, id);
SELECT kernel.tenant_table('people.absence', 'SELECT, INSERT, UPDATE');

-- Paid on account of wages, taken back month by month.
CREATE TABLE people.advance (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    granted_on date NOT NULL,
    amount numeric(19,4) NOT NULL CHECK (amount > 0),
    instalment numeric(19,4) NOT NULL CHECK (instalment > 0 AND instalment <= amount),
    recovered numeric(19,4) NOT NULL CHECK (recovered BETWEEN 0 AND amount),
    memo text CHECK (length(memo) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, employee_id)
        REFERENCES people.employee (organisation_id, company_id, id)
);
CREATE INDEX advance_by_employee ON people.advance (organisation_id, employee_id, granted_on, id);
SELECT kernel.tenant_table('people.advance', 'SELECT, INSERT, UPDATE');

-- Wages seized by a court or agency.
CREATE TABLE people.garnishment (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    authority text NOT NULL CHECK (length(authority) BETWEEN 1 AND 200),
    reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 100),
    basis text NOT NULL CHECK (basis IN ('SCALE', 'FIXED')),
    monthly_amount numeric(19,4) CHECK (monthly_amount > 0),
    priority integer NOT NULL CHECK (priority BETWEEN 1 AND 1000),
    amount numeric(19,4) NOT NULL CHECK (amount > 0),
    recovered numeric(19,4) NOT NULL CHECK (recovered BETWEEN 0 AND amount),
    received_on date NOT NULL,
    lifted_on date,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK ((basis = 'FIXED') = (monthly_amount IS NOT NULL)),
    CHECK (lifted_on >= received_on),
    FOREIGN KEY (organisation_id, company_id, employee_id)
        REFERENCES people.employee (organisation_id, company_id, id)
);
CREATE INDEX garnishment_by_employee
    ON people.garnishment (organisation_id, employee_id, received_on, id);
SELECT kernel.tenant_table('people.garnishment', 'SELECT, INSERT, UPDATE');

-- Which versions of which rules this organisation has computed by.
CREATE TABLE people.rule_pack (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    code text NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
    pack_version text NOT NULL CHECK (length(pack_version) BETWEEN 1 AND 50),
    title_es text NOT NULL,
    title_en text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    installed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT rule_pack_once UNIQUE (organisation_id, code, pack_version),
    CHECK (valid_to >= valid_from)
);
SELECT kernel.tenant_table('people.rule_pack', 'SELECT, INSERT');

-- Where a company posts its payroll; what has no row takes the default.
CREATE TABLE people.payroll_account (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN (
        'WAGES', 'EMPLOYER_CONTRIBUTIONS', 'SOCIAL_SECURITY', 'INCOME_TAX', 'NET_PAY', 'ADVANCES',
        'GARNISHMENTS', 'OTHER_DEDUCTIONS')),
    account_code text NOT NULL CHECK (account_code ~ '^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$'),
    PRIMARY KEY (organisation_id, company_id, purpose),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('people.payroll_account', 'SELECT, INSERT, UPDATE');

CREATE TABLE people.payroll_run (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('REGULAR', 'DELTA')),
    corrects_id uuid CHECK (corrects_id <> id),
    year integer NOT NULL CHECK (year BETWEEN 2000 AND 2999),
    month integer NOT NULL CHECK (month BETWEEN 1 AND 12),
    status text NOT NULL CHECK (status IN (
        'DRAFT', 'CALCULATED', 'IN_REVIEW', 'APPROVED', 'POSTED', 'CANCELLED')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    pay_date date NOT NULL,
    calculation integer NOT NULL DEFAULT 0 CHECK (calculation >= 0),
    job_id uuid,
    rule_pack_id uuid,
    drafted_by uuid,
    calculated_by uuid,
    submitted_by uuid,
    prepared_by uuid[] NOT NULL DEFAULT '{}',
    approval_id uuid,
    approved_at timestamptz,
    posted_at timestamptz,
    entry_id uuid,
    payslips integer NOT NULL CHECK (payslips >= 0),
    gross numeric(19,4) NOT NULL,
    employee_contributions numeric(19,4) NOT NULL,
    tax numeric(19,4) NOT NULL,
    deductions numeric(19,4) NOT NULL,
    net numeric(19,4) NOT NULL,
    employer_contributions numeric(19,4) NOT NULL,
    calculated_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CHECK ((kind = 'DELTA') = (corrects_id IS NOT NULL)),
    CHECK (net = gross - employee_contributions - tax - deductions),
    CHECK ((status IN ('APPROVED', 'POSTED')) = (approved_at IS NOT NULL)),
    CHECK ((status = 'POSTED') = (posted_at IS NOT NULL AND entry_id IS NOT NULL)),
    CHECK (status NOT IN ('IN_REVIEW', 'APPROVED', 'POSTED') OR approval_id IS NOT NULL),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, corrects_id)
        REFERENCES people.payroll_run (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, rule_pack_id) REFERENCES people.rule_pack (organisation_id, id),
    FOREIGN KEY (organisation_id, drafted_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, calculated_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, submitted_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, approval_id) REFERENCES processes.approval (organisation_id, id),
    FOREIGN KEY (organisation_id, entry_id) REFERENCES ledger.entry (organisation_id, id)
);
-- One regular run a company and month, and one open correction of a run.
CREATE UNIQUE INDEX payroll_run_month ON people.payroll_run (organisation_id, company_id, year, month)
    WHERE kind = 'REGULAR' AND status <> 'CANCELLED';
CREATE UNIQUE INDEX payroll_run_correction ON people.payroll_run (organisation_id, corrects_id)
    WHERE kind = 'DELTA' AND status NOT IN ('POSTED', 'CANCELLED');
CREATE INDEX payroll_run_by_time ON people.payroll_run (organisation_id, created_at, id);
SELECT kernel.tenant_table('people.payroll_run', 'SELECT, INSERT, UPDATE');

-- A run goes its way and no other; what was approved keeps its figures, what is over never changes.
CREATE FUNCTION people.payroll_run_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = people, pg_catalog AS $$
BEGIN
    IF OLD.status IN ('POSTED', 'CANCELLED') THEN
        RAISE EXCEPTION 'a payroll run that is over does not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('DRAFT', 'CALCULATED'), ('CALCULATED', 'DRAFT'), ('CALCULATED', 'IN_REVIEW'),
        ('IN_REVIEW', 'CALCULATED'), ('IN_REVIEW', 'APPROVED'), ('APPROVED', 'POSTED'),
        ('DRAFT', 'CANCELLED'), ('CALCULATED', 'CANCELLED'), ('IN_REVIEW', 'CANCELLED')
    ) THEN
        RAISE EXCEPTION 'a payroll run does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status IN ('IN_REVIEW', 'APPROVED') AND (
        (OLD.payslips, OLD.gross, OLD.employee_contributions, OLD.tax, OLD.deductions, OLD.net,
            OLD.employer_contributions)
        IS DISTINCT FROM
        (NEW.payslips, NEW.gross, NEW.employee_contributions, NEW.tax, NEW.deductions, NEW.net,
            NEW.employer_contributions)
    ) THEN
        RAISE EXCEPTION 'the figures of a submitted payroll run do not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.company_id, OLD.kind, OLD.year, OLD.month, OLD.corrects_id)
        IS DISTINCT FROM (NEW.company_id, NEW.kind, NEW.year, NEW.month, NEW.corrects_id) THEN
        RAISE EXCEPTION 'a payroll run keeps its company and month'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payroll_run_guard BEFORE UPDATE ON people.payroll_run
    FOR EACH ROW EXECUTE FUNCTION people.payroll_run_guard();

-- Employees left out of a run, by a person, for a reason.
CREATE TABLE people.payroll_exclusion (
    organisation_id uuid NOT NULL,
    run_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    excluded_by uuid NOT NULL,
    excluded_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, run_id, employee_id),
    FOREIGN KEY (organisation_id, run_id) REFERENCES people.payroll_run (organisation_id, id),
    FOREIGN KEY (organisation_id, employee_id) REFERENCES people.employee (organisation_id, id)
);
SELECT kernel.tenant_table('people.payroll_exclusion', 'SELECT, INSERT, DELETE');

-- Employees who could not be calculated, with every reason.
CREATE TABLE people.payroll_failure (
    organisation_id uuid NOT NULL,
    run_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    faults jsonb NOT NULL CHECK (jsonb_typeof(faults) = 'array'),
    failed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, run_id, employee_id),
    FOREIGN KEY (organisation_id, run_id) REFERENCES people.payroll_run (organisation_id, id),
    FOREIGN KEY (organisation_id, employee_id) REFERENCES people.employee (organisation_id, id)
);
SELECT kernel.tenant_table('people.payroll_failure', 'SELECT, INSERT, UPDATE, DELETE');

-- What each employee was calculated from, as a digest: whose inputs give another one by now has to
-- be calculated anew before the run goes on.
CREATE TABLE people.payroll_basis (
    organisation_id uuid NOT NULL,
    run_id uuid NOT NULL,
    employee_id uuid NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (organisation_id, run_id, employee_id),
    FOREIGN KEY (organisation_id, run_id) REFERENCES people.payroll_run (organisation_id, id),
    FOREIGN KEY (organisation_id, employee_id) REFERENCES people.employee (organisation_id, id)
);
SELECT kernel.tenant_table('people.payroll_basis', 'SELECT, INSERT, DELETE');

CREATE TABLE people.payslip (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    company_id uuid NOT NULL,
    department_id uuid,
    employee_id uuid NOT NULL,
    contract_id uuid NOT NULL,
    year integer NOT NULL,
    month integer NOT NULL,
    period_from date NOT NULL,
    period_to date NOT NULL,
    days numeric(6,2) NOT NULL CHECK (days >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    gross numeric(19,4) NOT NULL,
    employee_contributions numeric(19,4) NOT NULL,
    tax numeric(19,4) NOT NULL,
    deductions numeric(19,4) NOT NULL,
    net numeric(19,4) NOT NULL,
    employer_contributions numeric(19,4) NOT NULL,
    taxable_pay numeric(19,4) NOT NULL,
    common_base numeric(19,4) NOT NULL,
    professional_base numeric(19,4) NOT NULL,
    tax_rate numeric(5,2) NOT NULL,
    foreseen_pay numeric(19,4) NOT NULL DEFAULT 0,
    extra_pay_share numeric(19,4) NOT NULL,
    pack_code text NOT NULL,
    pack_version text NOT NULL,
    notices jsonb NOT NULL CHECK (jsonb_typeof(notices) = 'array'),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT payslip_once UNIQUE (organisation_id, run_id, employee_id),
    CHECK (net = gross - employee_contributions - tax - deductions),
    CHECK (period_to >= period_from),
    FOREIGN KEY (organisation_id, company_id, run_id)
        REFERENCES people.payroll_run (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, employee_id, contract_id)
        REFERENCES people.contract (organisation_id, company_id, employee_id, id),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id)
);
CREATE INDEX payslip_by_employee ON people.payslip (organisation_id, employee_id, year, month);
CREATE INDEX payslip_by_time ON people.payslip (organisation_id, created_at, id);
SELECT kernel.tenant_table('people.payslip', 'SELECT, INSERT, DELETE');
CREATE TRIGGER payslip_append_only BEFORE UPDATE ON people.payslip
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

CREATE TABLE people.payslip_line (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    payslip_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    kind text NOT NULL CHECK (kind IN ('EARNING', 'DEDUCTION', 'EMPLOYER', 'BASE', 'INFO')),
    part text NOT NULL CHECK (part IN (
        'PAY', 'CONTRIBUTION', 'TAX', 'GARNISHMENT', 'ADVANCE', 'OTHER', 'TRACE')),
    code text NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
    label_es text NOT NULL,
    label_en text NOT NULL,
    base numeric(19,4),
    rate numeric(9,4),
    amount numeric(19,4) NOT NULL,
    rule text NOT NULL,
    expression text NOT NULL,
    rule_version text NOT NULL,
    source text NOT NULL,
    certainty text NOT NULL CHECK (certainty IN ('A', 'B', 'C', 'D')),
    inputs jsonb NOT NULL CHECK (jsonb_typeof(inputs) = 'array'),
    subject_id uuid,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT payslip_line_place UNIQUE (organisation_id, payslip_id, position),
    CHECK ((kind = 'EARNING') = (part = 'PAY')),
    CHECK ((kind IN ('BASE', 'INFO')) = (part = 'TRACE')),
    CHECK (kind <> 'EMPLOYER' OR part = 'CONTRIBUTION'),
    CHECK ((part IN ('GARNISHMENT', 'ADVANCE')) <= (subject_id IS NOT NULL)),
    FOREIGN KEY (organisation_id, payslip_id) REFERENCES people.payslip (organisation_id, id)
        ON DELETE CASCADE
);
SELECT kernel.tenant_table('people.payslip_line', 'SELECT, INSERT');
CREATE TRIGGER payslip_line_append_only BEFORE UPDATE ON people.payslip_line
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- Payslips come and go while their run is calculated, and never after it was submitted.
CREATE FUNCTION people.payslip_frozen() RETURNS trigger
LANGUAGE plpgsql SET search_path = people, pg_catalog AS $$
DECLARE
    slip people.payslip := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF NOT EXISTS (
        SELECT FROM people.payroll_run r
        WHERE r.organisation_id = slip.organisation_id AND r.id = slip.run_id
          AND (r.status = 'DRAFT' OR (TG_OP = 'DELETE' AND r.status = 'CALCULATED'))
    ) THEN
        RAISE EXCEPTION 'the payslips of a submitted payroll run do not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN slip;
END $$;
CREATE TRIGGER payslip_frozen BEFORE INSERT OR DELETE ON people.payslip
    FOR EACH ROW EXECUTE FUNCTION people.payslip_frozen();

-- A payslip's totals are the sums of its lines. Lines come in one statement a payslip.
CREATE FUNCTION people.payslip_lines_agree() RETURNS trigger
LANGUAGE plpgsql SET search_path = people, pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT organisation_id, payslip_id FROM added) a
        JOIN people.payslip p ON p.organisation_id = a.organisation_id AND p.id = a.payslip_id
        JOIN people.payroll_run r ON r.organisation_id = p.organisation_id AND r.id = p.run_id
        CROSS JOIN LATERAL (
            SELECT
                coalesce(sum(l.amount) FILTER (WHERE l.kind = 'EARNING'), 0) AS gross,
                coalesce(sum(l.amount) FILTER (
                    WHERE l.kind = 'DEDUCTION' AND l.part = 'CONTRIBUTION'), 0) AS contributions,
                coalesce(sum(l.amount) FILTER (WHERE l.part = 'TAX'), 0) AS tax,
                coalesce(sum(l.amount) FILTER (
                    WHERE l.kind = 'DEDUCTION' AND l.part NOT IN ('CONTRIBUTION', 'TAX')), 0)
                    AS deductions,
                coalesce(sum(l.amount) FILTER (WHERE l.kind = 'EMPLOYER'), 0) AS employer
            FROM people.payslip_line l
            WHERE l.organisation_id = a.organisation_id AND l.payslip_id = a.payslip_id
        ) s
        WHERE r.status <> 'DRAFT'
           OR (p.gross, p.employee_contributions, p.tax, p.deductions, p.employer_contributions)
              IS DISTINCT FROM (s.gross, s.contributions, s.tax, s.deductions, s.employer)
    ) THEN
        RAISE EXCEPTION 'the totals of a payslip are not the sums of its lines'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payslip_totals';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payslip_lines_agree AFTER INSERT ON people.payslip_line
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION people.payslip_lines_agree();

-- At commit a payslip has lines: one without any would escape the check above.
CREATE FUNCTION people.payslip_has_lines() RETURNS trigger
LANGUAGE plpgsql SET search_path = people, pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT FROM people.payslip p
        WHERE p.organisation_id = NEW.organisation_id AND p.id = NEW.id
          AND NOT EXISTS (
            SELECT FROM people.payslip_line l
            WHERE l.organisation_id = p.organisation_id AND l.payslip_id = p.id)
    ) THEN
        RAISE EXCEPTION 'a payslip has lines'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payslip_lines';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payslip_has_lines AFTER INSERT ON people.payslip
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION people.payslip_has_lines();

-- The printed payslip of each employee, once a language.
CREATE TABLE people.payslip_document (
    organisation_id uuid NOT NULL,
    payslip_id uuid NOT NULL,
    locale text NOT NULL CHECK (locale IN ('ES', 'EN')),
    file_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, payslip_id, locale),
    FOREIGN KEY (organisation_id, payslip_id) REFERENCES people.payslip (organisation_id, id),
    FOREIGN KEY (organisation_id, file_id) REFERENCES directory.file (organisation_id, id)
);
SELECT kernel.tenant_table('people.payslip_document', 'SELECT, INSERT');
CREATE TRIGGER payslip_document_append_only BEFORE UPDATE OR DELETE ON people.payslip_document
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- The payment order of a run: exactly one.
CREATE TABLE people.payroll_bank_file (
    organisation_id uuid NOT NULL,
    run_id uuid NOT NULL,
    message_id text NOT NULL CHECK (length(message_id) BETWEEN 1 AND 35),
    transfers integer NOT NULL CHECK (transfers >= 0),
    total numeric(19,4) NOT NULL CHECK (total >= 0),
    file_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, run_id),
    CONSTRAINT payroll_bank_file_message UNIQUE (organisation_id, message_id),
    CHECK ((transfers > 0) = (file_id IS NOT NULL)),
    FOREIGN KEY (organisation_id, run_id) REFERENCES people.payroll_run (organisation_id, id),
    FOREIGN KEY (organisation_id, file_id) REFERENCES directory.file (organisation_id, id)
);
SELECT kernel.tenant_table('people.payroll_bank_file', 'SELECT, INSERT');
CREATE TRIGGER payroll_bank_file_append_only BEFORE UPDATE OR DELETE ON people.payroll_bank_file
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
