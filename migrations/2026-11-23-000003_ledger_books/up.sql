-- The ledger: books, accounts, years and periods, journals, entries and balances.

CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO trastienda_app;

-- The books of a company: the currency that it keeps them in.
CREATE TABLE ledger.book (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    chart text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, company_id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('ledger.book', 'SELECT, INSERT');

CREATE TABLE ledger.account (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$'),
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 200),
    name_en text CHECK (length(name_en) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('ASSET', 'LIABILITY', 'EQUITY', 'INCOME', 'EXPENSE')),
    normal_side text NOT NULL CHECK (normal_side IN ('DEBIT', 'CREDIT')),
    parent_id uuid CHECK (parent_id <> id),
    postable boolean NOT NULL,
    currency text CHECK (currency ~ '^[A-Z]{3}$'),
    archived_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT account_code UNIQUE (organisation_id, company_id, code),
    UNIQUE (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id),
    FOREIGN KEY (organisation_id, company_id, parent_id)
        REFERENCES ledger.account (organisation_id, company_id, id)
);
CREATE INDEX account_by_parent ON ledger.account (organisation_id, company_id, parent_id);
SELECT kernel.tenant_table('ledger.account', 'SELECT, INSERT, UPDATE');

CREATE TABLE ledger.fiscal_year (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT fiscal_year_name UNIQUE (organisation_id, company_id, name),
    CHECK (starts_on <= ends_on),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id)
);
CREATE INDEX fiscal_year_by_date ON ledger.fiscal_year (organisation_id, company_id, starts_on);
SELECT kernel.tenant_table('ledger.fiscal_year', 'SELECT, INSERT');

-- The years of a company never overlap; those who open one at the same time take turns.
CREATE FUNCTION ledger.refuse_overlapping_year() RETURNS trigger
LANGUAGE plpgsql SET search_path = ledger, pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.company_id::text, 71));
    IF EXISTS (
        SELECT FROM ledger.fiscal_year y
        WHERE y.organisation_id = NEW.organisation_id AND y.company_id = NEW.company_id
          AND y.id <> NEW.id AND y.starts_on <= NEW.ends_on AND y.ends_on >= NEW.starts_on
    ) THEN
        RAISE EXCEPTION 'the fiscal year overlaps another'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'fiscal_year_overlap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fiscal_year_overlap BEFORE INSERT ON ledger.fiscal_year
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_overlapping_year();

CREATE TABLE ledger.period (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    fiscal_year_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    status text NOT NULL CHECK (status IN ('OPEN', 'SOFT_CLOSED', 'CLOSED')),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, fiscal_year_id, id),
    UNIQUE (organisation_id, fiscal_year_id, number),
    CONSTRAINT period_start UNIQUE (organisation_id, company_id, starts_on),
    CONSTRAINT period_end UNIQUE (organisation_id, company_id, ends_on),
    CHECK (starts_on <= ends_on),
    FOREIGN KEY (organisation_id, company_id, fiscal_year_id)
        REFERENCES ledger.fiscal_year (organisation_id, company_id, id)
);
SELECT kernel.tenant_table('ledger.period', 'SELECT, INSERT');
GRANT UPDATE (status, version) ON ledger.period TO trastienda_app;

CREATE TABLE ledger.journal (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[0-9A-Z]{1,10}$'),
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind IN (
        'GENERAL', 'PAYROLL', 'SALES', 'PURCHASES', 'BANK', 'CASH', 'STOCK', 'OPENING', 'CLOSING')),
    archived_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT journal_code UNIQUE (organisation_id, company_id, code),
    UNIQUE (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id)
);
SELECT kernel.tenant_table('ledger.journal', 'SELECT, INSERT, UPDATE');

-- Dimensions of analysis beside the department: projects, cost centres, whatever a company wants.
CREATE TABLE ledger.dimension (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[0-9A-Z_]{1,20}$'),
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT dimension_code UNIQUE (organisation_id, company_id, code),
    UNIQUE (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id)
);
SELECT kernel.tenant_table('ledger.dimension', 'SELECT, INSERT, UPDATE');

CREATE TABLE ledger.dimension_value (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    dimension_id uuid NOT NULL,
    code text NOT NULL CHECK (length(code) BETWEEN 1 AND 20),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    archived_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT dimension_value_code UNIQUE (organisation_id, dimension_id, code),
    UNIQUE (organisation_id, company_id, dimension_id, id),
    FOREIGN KEY (organisation_id, company_id, dimension_id)
        REFERENCES ledger.dimension (organisation_id, company_id, id)
);
SELECT kernel.tenant_table('ledger.dimension_value', 'SELECT, INSERT, UPDATE');

-- A posted entry. It says how many lines it has: the check at commit counts them, and every line's
-- place is at most that number, so that no line can ever be added to it later.
CREATE TABLE ledger.entry (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    fiscal_year_id uuid NOT NULL,
    period_id uuid NOT NULL,
    journal_id uuid NOT NULL,
    posted_on date NOT NULL,
    memo text NOT NULL CHECK (length(memo) BETWEEN 1 AND 300),
    source_kind text NOT NULL CHECK (source_kind ~ '^[a-z_.]{1,60}$'),
    source_id uuid NOT NULL,
    source_purpose text NOT NULL CHECK (source_purpose ~ '^[a-z0-9_.-]{1,60}$'),
    reverses_id uuid CHECK (reverses_id <> id),
    line_count integer NOT NULL CHECK (line_count BETWEEN 2 AND 20000),
    total numeric(19,4) NOT NULL CHECK (total >= 0),
    posted_at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT entry_source UNIQUE (organisation_id, source_kind, source_id, source_purpose),
    UNIQUE (organisation_id, id, company_id, posted_on, line_count),
    UNIQUE (organisation_id, company_id, fiscal_year_id, id),
    FOREIGN KEY (organisation_id, company_id, fiscal_year_id, period_id)
        REFERENCES ledger.period (organisation_id, company_id, fiscal_year_id, id),
    FOREIGN KEY (organisation_id, company_id, journal_id)
        REFERENCES ledger.journal (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, reverses_id) REFERENCES ledger.entry (organisation_id, id)
);
CREATE UNIQUE INDEX entry_reversed_once ON ledger.entry (organisation_id, reverses_id)
    WHERE reverses_id IS NOT NULL;
CREATE INDEX entry_by_date ON ledger.entry (organisation_id, company_id, posted_on, id);
CREATE INDEX entry_by_time ON ledger.entry (organisation_id, posted_at, id);
SELECT kernel.tenant_table('ledger.entry', 'SELECT, INSERT');

-- Amounts are signed: debit above zero, credit below. `amount` is in the line's currency,
-- `company_amount` in that of the books; the first may be zero for a difference of exchange.
CREATE TABLE ledger.entry_line (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    entry_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    line_count integer NOT NULL,
    company_id uuid NOT NULL,
    account_id uuid NOT NULL,
    posted_on date NOT NULL,
    amount numeric(19,4) NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    company_amount numeric(19,4) NOT NULL,
    rate numeric(19,10) NOT NULL CHECK (rate > 0),
    department_id uuid,
    memo text CHECK (length(memo) BETWEEN 1 AND 300),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, entry_id, position),
    UNIQUE (organisation_id, id, company_id),
    CHECK (position <= line_count),
    CHECK (amount <> 0 OR company_amount <> 0),
    CHECK (amount * company_amount >= 0),
    FOREIGN KEY (organisation_id, entry_id, company_id, posted_on, line_count)
        REFERENCES ledger.entry (organisation_id, id, company_id, posted_on, line_count),
    FOREIGN KEY (organisation_id, company_id, account_id)
        REFERENCES ledger.account (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id)
);
CREATE INDEX entry_line_by_account
    ON ledger.entry_line (organisation_id, account_id, posted_on, id);
SELECT kernel.tenant_table('ledger.entry_line', 'SELECT, INSERT');

CREATE TABLE ledger.entry_line_dimension (
    organisation_id uuid NOT NULL,
    line_id uuid NOT NULL,
    dimension_id uuid NOT NULL,
    company_id uuid NOT NULL,
    value_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, line_id, dimension_id),
    FOREIGN KEY (organisation_id, line_id, company_id)
        REFERENCES ledger.entry_line (organisation_id, id, company_id),
    FOREIGN KEY (organisation_id, company_id, dimension_id, value_id)
        REFERENCES ledger.dimension_value (organisation_id, company_id, dimension_id, id)
);
CREATE INDEX entry_line_dimension_by_value
    ON ledger.entry_line_dimension (organisation_id, value_id, line_id);
SELECT kernel.tenant_table('ledger.entry_line_dimension', 'SELECT, INSERT');

-- The number of an entry in its year: given at commit, gap-free, in the order of commit.
CREATE TABLE ledger.entry_number (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    fiscal_year_id uuid NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    entry_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, company_id, fiscal_year_id, number),
    CONSTRAINT entry_numbered_once UNIQUE (organisation_id, entry_id),
    FOREIGN KEY (organisation_id, company_id, fiscal_year_id, entry_id)
        REFERENCES ledger.entry (organisation_id, company_id, fiscal_year_id, id)
);
SELECT kernel.tenant_table('ledger.entry_number', 'SELECT, INSERT');

-- What was posted is never edited, whoever asks.
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON ledger.entry
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
CREATE TRIGGER entry_line_append_only BEFORE UPDATE OR DELETE ON ledger.entry_line
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
CREATE TRIGGER entry_line_dimension_append_only
    BEFORE UPDATE OR DELETE ON ledger.entry_line_dimension
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
CREATE TRIGGER entry_number_append_only BEFORE UPDATE OR DELETE ON ledger.entry_number
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- The next number, chosen here and nowhere else. The lock is the last thing that a posting takes
-- and lasts for its commit alone.
CREATE FUNCTION ledger.give_number() RETURNS trigger
LANGUAGE plpgsql SET search_path = ledger, pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.fiscal_year_id::text, 72));
    SELECT coalesce(max(n.number), 0) + 1 INTO NEW.number FROM ledger.entry_number n
    WHERE n.organisation_id = NEW.organisation_id AND n.company_id = NEW.company_id
      AND n.fiscal_year_id = NEW.fiscal_year_id;
    RETURN NEW;
END $$;
CREATE TRIGGER entry_number_given BEFORE INSERT ON ledger.entry_number
    FOR EACH ROW EXECUTE FUNCTION ledger.give_number();

-- At commit: all lines are there, every currency balances, the period admits the day.
CREATE FUNCTION ledger.check_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = ledger, pg_catalog AS $$
DECLARE
    lines bigint;
    off_balance numeric;
    debits numeric;
BEGIN
    SELECT coalesce(sum(c.lines), 0), coalesce(sum(abs(c.off)), 0) + abs(coalesce(sum(c.own), 0)),
           coalesce(sum(c.debits), 0)
    INTO lines, off_balance, debits
    FROM (
        SELECT count(*) AS lines, sum(l.amount) AS off, sum(l.company_amount) AS own,
               sum(greatest(l.company_amount, 0)) AS debits
        FROM ledger.entry_line l
        WHERE l.organisation_id = NEW.organisation_id AND l.entry_id = NEW.id
        GROUP BY l.currency
    ) c;
    IF lines <> NEW.line_count THEN
        RAISE EXCEPTION 'the entry has % lines and says %', lines, NEW.line_count
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_lines';
    END IF;
    IF off_balance <> 0 OR debits <> NEW.total THEN
        RAISE EXCEPTION 'the entry does not balance'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balanced';
    END IF;
    IF NOT EXISTS (
        SELECT FROM ledger.period p
        WHERE p.organisation_id = NEW.organisation_id AND p.id = NEW.period_id
          AND p.status <> 'CLOSED' AND NEW.posted_on BETWEEN p.starts_on AND p.ends_on
    ) THEN
        RAISE EXCEPTION 'the period does not admit the entry'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_period';
    END IF;
    INSERT INTO ledger.entry_number (organisation_id, company_id, fiscal_year_id, entry_id)
    VALUES (NEW.organisation_id, NEW.company_id, NEW.fiscal_year_id, NEW.id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_checked AFTER INSERT ON ledger.entry
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger.check_entry();

-- Turnover by account: a row a month and a row a day, in as many shards as posted at once.
-- `slice` is the nil id for the whole account, else a department or a dimension's value.
CREATE TABLE ledger.balance (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    slice uuid NOT NULL,
    grain text NOT NULL CHECK (grain IN ('DAY', 'MONTH')),
    account_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    starts_on date NOT NULL,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 63),
    debit numeric(23,4) NOT NULL CHECK (debit >= 0),
    credit numeric(23,4) NOT NULL CHECK (credit >= 0),
    amount numeric(23,4) NOT NULL,
    PRIMARY KEY (organisation_id, company_id, slice, account_id, grain, starts_on, currency, shard),
    CHECK (grain = 'DAY' OR extract(day FROM starts_on) = 1),
    FOREIGN KEY (organisation_id, company_id, account_id)
        REFERENCES ledger.account (organisation_id, company_id, id)
) WITH (fillfactor = 70);
SELECT kernel.tenant_table('ledger.balance', 'SELECT, INSERT');
GRANT UPDATE (debit, credit, amount) ON ledger.balance TO trastienda_app;

-- The lowest shard of a company's balances that no other transaction uses: nobody waits for a row.
CREATE FUNCTION ledger.lease_shard(company uuid) RETURNS smallint
LANGUAGE plpgsql SET search_path = ledger, pg_catalog AS $$
DECLARE
    shard smallint;
BEGIN
    FOR shard IN 0..63 LOOP
        IF pg_try_advisory_xact_lock(hashtextextended(company::text, 1000 + shard)) THEN
            RETURN shard;
        END IF;
    END LOOP;
    shard := pg_backend_pid() % 64;
    PERFORM pg_advisory_xact_lock(hashtextextended(company::text, 1000 + shard));
    RETURN shard;
END $$;

-- Entries with their numbers, as lists show them.
CREATE VIEW ledger.numbered_entry WITH (security_invoker = true) AS
    SELECT e.organisation_id, e.id, e.company_id, e.fiscal_year_id, e.period_id, e.journal_id,
           n.number, e.posted_on, e.memo, e.source_kind, e.source_id, e.source_purpose,
           e.reverses_id, e.line_count, e.total, e.posted_at, e.actor_kind, e.actor_id
    FROM ledger.entry e
    LEFT JOIN ledger.entry_number n
        ON n.organisation_id = e.organisation_id AND n.entry_id = e.id;
GRANT SELECT ON ledger.numbered_entry TO trastienda_app;
