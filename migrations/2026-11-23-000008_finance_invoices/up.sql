-- Finance: taxes, terms, invoices, open items, payments and payment orders.

CREATE SCHEMA finance;
GRANT USAGE ON SCHEMA finance TO trastienda_app;

-- Where finance posts for a company.
CREATE TABLE finance.setting (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    payable_account text NOT NULL,
    receivable_account text NOT NULL,
    purchase_account text NOT NULL,
    sales_account text NOT NULL,
    bank_account text NOT NULL,
    exchange_loss_account text NOT NULL,
    exchange_gain_account text NOT NULL,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT setting_company UNIQUE (organisation_id, company_id),
    CHECK (payable_account <> receivable_account),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id),
    FOREIGN KEY (organisation_id, company_id, payable_account)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, receivable_account)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, purchase_account)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, sales_account)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, bank_account)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, exchange_loss_account)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, exchange_gain_account)
        REFERENCES ledger.account (organisation_id, company_id, code)
);
SELECT kernel.tenant_table('finance.setting', 'SELECT, INSERT, UPDATE');

-- A tax as charged, from a day on. Of one code the version that began last is in force.
CREATE TABLE finance.tax (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind IN ('VAT', 'SURCHARGE', 'WITHHOLDING')),
    treatment text NOT NULL
        CHECK (treatment IN ('TAXED', 'EXEMPT', 'NOT_SUBJECT', 'REVERSE_CHARGE')),
    applies_to text NOT NULL CHECK (applies_to IN ('SALES', 'PURCHASES', 'BOTH')),
    rate numeric(7,4) NOT NULL CHECK (rate BETWEEN 0 AND 100),
    goes_with text CHECK (goes_with ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    sales_account text,
    purchase_account text,
    source text NOT NULL CHECK (length(source) BETWEEN 1 AND 300),
    valid_from date NOT NULL,
    valid_to date,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT tax_version UNIQUE (organisation_id, company_id, code, valid_from),
    CHECK (valid_to >= valid_from),
    CHECK (treatment NOT IN ('EXEMPT', 'NOT_SUBJECT') OR rate = 0),
    CHECK (kind = 'VAT' OR treatment = 'TAXED'),
    CHECK ((kind = 'SURCHARGE') = (goes_with IS NOT NULL)),
    CHECK (treatment <> 'REVERSE_CHARGE'
        OR (sales_account IS NOT NULL AND purchase_account IS NOT NULL)),
    CHECK (rate = 0 OR applies_to = 'PURCHASES' OR sales_account IS NOT NULL),
    CHECK (kind <> 'WITHHOLDING' OR applies_to = 'SALES' OR purchase_account IS NOT NULL),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id),
    FOREIGN KEY (organisation_id, company_id, sales_account)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, purchase_account)
        REFERENCES ledger.account (organisation_id, company_id, code)
);
CREATE INDEX tax_by_time ON finance.tax (organisation_id, created_at, id);
SELECT kernel.tenant_table('finance.tax', 'SELECT, INSERT');
GRANT UPDATE (valid_to, version) ON finance.tax TO trastienda_app;

-- When an invoice falls due: parts of it, each some days later.
CREATE TABLE finance.payment_term (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    anchor text NOT NULL CHECK (anchor IN ('DAYS', 'END_OF_MONTH')),
    days integer[] NOT NULL CHECK (cardinality(days) BETWEEN 1 AND 24),
    shares numeric[] NOT NULL,
    pay_days integer[] NOT NULL CHECK (cardinality(pay_days) <= 4),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT payment_term_code UNIQUE (organisation_id, code),
    CHECK (cardinality(days) = cardinality(shares)),
    CHECK (0 <= ALL (days) AND 3650 >= ALL (days)),
    CHECK (0 < ALL (shares)),
    CHECK (1 <= ALL (pay_days) AND 31 >= ALL (pay_days))
);
SELECT kernel.tenant_table('finance.payment_term', 'SELECT, INSERT, UPDATE');

-- Invoices and credit notes, of suppliers and to customers. Amounts of credit notes are above zero
-- too; their kind turns them.
CREATE TABLE finance.invoice (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('SUPPLIER', 'SUPPLIER_CREDIT', 'CUSTOMER', 'CUSTOMER_CREDIT')),
    status text NOT NULL CHECK (status IN ('DRAFT', 'POSTED', 'PAID', 'VOID')),
    party_id uuid NOT NULL,
    series text NOT NULL CHECK (series ~ '^[A-Z0-9]{1,8}$'),
    number text CHECK (length(number) BETWEEN 1 AND 80),
    supplier_number text CHECK (length(supplier_number) BETWEEN 1 AND 60),
    issued_on date NOT NULL,
    operation_on date NOT NULL,
    due_on date NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    rate numeric(19,10) NOT NULL CHECK (rate > 0),
    net numeric(19,4) NOT NULL,
    tax numeric(19,4) NOT NULL,
    withheld numeric(19,4) NOT NULL CHECK (withheld >= 0),
    total numeric(19,4) NOT NULL CHECK (total >= 0),
    company_total numeric(19,4) NOT NULL CHECK (company_total >= 0),
    payment_term_id uuid,
    corrects_id uuid CHECK (corrects_id <> id),
    entry_id uuid,
    memo text CHECK (length(memo) BETWEEN 1 AND 500),
    external_id text CHECK (length(external_id) BETWEEN 1 AND 100),
    prepared_by uuid,
    posted_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT invoice_number UNIQUE (organisation_id, company_id, number),
    CONSTRAINT invoice_external_id UNIQUE (organisation_id, company_id, external_id),
    CHECK (total = net + tax - withheld),
    CHECK ((status = 'DRAFT') = (entry_id IS NULL)),
    CHECK ((status = 'DRAFT') = (number IS NULL)),
    CHECK ((status = 'DRAFT') = (posted_at IS NULL)),
    CHECK ((kind IN ('SUPPLIER', 'SUPPLIER_CREDIT')) = (supplier_number IS NOT NULL)),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id),
    FOREIGN KEY (organisation_id, party_id) REFERENCES directory.party (organisation_id, id),
    FOREIGN KEY (organisation_id, payment_term_id)
        REFERENCES finance.payment_term (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, corrects_id)
        REFERENCES finance.invoice (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, entry_id) REFERENCES ledger.entry (organisation_id, id),
    FOREIGN KEY (organisation_id, prepared_by) REFERENCES directory."user" (organisation_id, id)
);
-- A document of a supplier comes in once a year, however its number is written; what was voided
-- may come again.
CREATE UNIQUE INDEX invoice_supplier_document ON finance.invoice (
    organisation_id, company_id, party_id,
    regexp_replace(upper(supplier_number), '[^A-Z0-9]', '', 'g'), extract(year FROM issued_on)
) WHERE supplier_number IS NOT NULL AND status <> 'VOID';
CREATE INDEX invoice_by_date ON finance.invoice (organisation_id, issued_on, id);
CREATE INDEX invoice_by_due_date ON finance.invoice (organisation_id, due_on, id);
CREATE INDEX invoice_by_company ON finance.invoice (organisation_id, company_id, issued_on, id);
CREATE INDEX invoice_by_party ON finance.invoice (organisation_id, party_id, issued_on, id);
CREATE INDEX invoice_by_entry ON finance.invoice (organisation_id, entry_id);
CREATE INDEX invoice_by_corrected ON finance.invoice (organisation_id, corrects_id)
    WHERE corrects_id IS NOT NULL;
SELECT kernel.tenant_table('finance.invoice', 'SELECT, INSERT, UPDATE, DELETE');

-- A draft can be anything and go; what was posted only comes to be paid or void.
CREATE FUNCTION finance.invoice_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'DRAFT' THEN
            RAISE EXCEPTION 'a posted invoice stays' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF (OLD.company_id, OLD.kind) IS DISTINCT FROM (NEW.company_id, NEW.kind) THEN
        RAISE EXCEPTION 'an invoice keeps its company and kind'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'DRAFT' THEN
        IF NEW.status NOT IN ('DRAFT', 'POSTED') THEN
            RAISE EXCEPTION 'an invoice does not go from % to %', OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (to_jsonb(OLD) - 'status' - 'version') IS DISTINCT FROM
       (to_jsonb(NEW) - 'status' - 'version') THEN
        RAISE EXCEPTION 'a posted invoice does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.status, NEW.status) NOT IN (('POSTED', 'PAID'), ('POSTED', 'VOID')) THEN
        RAISE EXCEPTION 'an invoice does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_guard BEFORE UPDATE OR DELETE ON finance.invoice
    FOR EACH ROW EXECUTE FUNCTION finance.invoice_guard();

CREATE TABLE finance.invoice_line (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    company_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    description text NOT NULL CHECK (length(description) BETWEEN 1 AND 500),
    item_id uuid,
    purchase_order_line_id uuid,
    quantity numeric(19,6) NOT NULL CHECK (quantity <> 0),
    unit text CHECK (length(unit) BETWEEN 1 AND 20),
    unit_price numeric(19,6) NOT NULL CHECK (unit_price >= 0),
    discount numeric(7,4) NOT NULL CHECK (discount BETWEEN 0 AND 100),
    net numeric(19,4) NOT NULL,
    account_code text NOT NULL,
    department_id uuid,
    dimension_value_ids uuid[] NOT NULL,
    tax_ids uuid[] NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT invoice_line_place UNIQUE (organisation_id, invoice_id, position),
    FOREIGN KEY (organisation_id, company_id, invoice_id)
        REFERENCES finance.invoice (organisation_id, company_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, company_id, account_code)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id, department_id)
        REFERENCES directory.department (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, item_id) REFERENCES inventory.item (organisation_id, id),
    FOREIGN KEY (organisation_id, purchase_order_line_id)
        REFERENCES inventory.purchase_order_line (organisation_id, id)
);
CREATE INDEX invoice_line_by_item ON finance.invoice_line (organisation_id, item_id)
    WHERE item_id IS NOT NULL;
CREATE INDEX invoice_line_by_order
    ON finance.invoice_line (organisation_id, purchase_order_line_id)
    WHERE purchase_order_line_id IS NOT NULL;
SELECT kernel.tenant_table('finance.invoice_line', 'SELECT, INSERT, DELETE');

-- The tax of an invoice: its base is rounded with the document, its amount once. `rounding` is what
-- rounding added to the exact amount.
CREATE TABLE finance.invoice_tax (
    organisation_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    tax_id uuid NOT NULL,
    company_id uuid NOT NULL,
    rate numeric(7,4) NOT NULL,
    base numeric(19,4) NOT NULL,
    amount numeric(19,4) NOT NULL,
    rounding numeric(19,10) NOT NULL,
    company_base numeric(19,4) NOT NULL,
    company_amount numeric(19,4) NOT NULL,
    PRIMARY KEY (organisation_id, invoice_id, tax_id),
    FOREIGN KEY (organisation_id, company_id, invoice_id)
        REFERENCES finance.invoice (organisation_id, company_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, company_id, tax_id)
        REFERENCES finance.tax (organisation_id, company_id, id)
);
CREATE INDEX invoice_tax_by_tax ON finance.invoice_tax (organisation_id, tax_id);
SELECT kernel.tenant_table('finance.invoice_tax', 'SELECT, INSERT, DELETE');

-- Lines and taxes come and go with a draft alone. Its own deletion takes them along: then the
-- invoice is gone already.
CREATE FUNCTION finance.invoice_part_frozen() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
DECLARE
    organisation uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.organisation_id
        ELSE NEW.organisation_id END;
    invoice uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.invoice_id ELSE NEW.invoice_id END;
BEGIN
    IF EXISTS (SELECT FROM finance.invoice i
               WHERE i.organisation_id = organisation AND i.id = invoice
                 AND i.status <> 'DRAFT') THEN
        RAISE EXCEPTION 'the lines of a posted invoice do not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER invoice_line_frozen BEFORE INSERT OR DELETE ON finance.invoice_line
    FOR EACH ROW EXECUTE FUNCTION finance.invoice_part_frozen();
CREATE TRIGGER invoice_tax_frozen BEFORE INSERT OR DELETE ON finance.invoice_tax
    FOR EACH ROW EXECUTE FUNCTION finance.invoice_part_frozen();
CREATE TRIGGER invoice_line_append_only BEFORE UPDATE ON finance.invoice_line
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
CREATE TRIGGER invoice_tax_append_only BEFORE UPDATE ON finance.invoice_tax
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- What a posted line of a supplier's document billed of a line of a purchase order: how much, in the
-- order's unit, and what of the goods received before their invoice it cleared, in the currency of
-- the books. A credit note, and with it the voiding of an invoice, takes it back below zero.
CREATE TABLE finance.order_match (
    organisation_id uuid NOT NULL,
    invoice_line_id uuid NOT NULL,
    company_id uuid NOT NULL,
    purchase_order_line_id uuid NOT NULL,
    quantity numeric(19,6) NOT NULL,
    value numeric(19,4) NOT NULL,
    PRIMARY KEY (organisation_id, invoice_line_id),
    FOREIGN KEY (organisation_id, invoice_line_id)
        REFERENCES finance.invoice_line (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, purchase_order_line_id)
        REFERENCES inventory.purchase_order_line (organisation_id, id)
);
CREATE INDEX order_match_by_order_line
    ON finance.order_match (organisation_id, purchase_order_line_id);
SELECT kernel.tenant_table('finance.order_match', 'SELECT, INSERT');
CREATE TRIGGER order_match_append_only BEFORE UPDATE OR DELETE ON finance.order_match
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- A posted invoice is the sum of its lines and taxes.
CREATE FUNCTION finance.invoice_agrees() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    IF NEW.status <> 'POSTED' THEN
        RETURN NULL;
    END IF;
    IF NEW.net <> (SELECT coalesce(sum(l.net), 0) FROM finance.invoice_line l
                   WHERE l.organisation_id = NEW.organisation_id AND l.invoice_id = NEW.id)
       OR (NEW.tax, NEW.withheld) <> (
            SELECT coalesce(sum(x.amount) FILTER (
                       WHERE t.kind <> 'WITHHOLDING' AND t.treatment = 'TAXED'), 0),
                   coalesce(sum(x.amount) FILTER (WHERE t.kind = 'WITHHOLDING'), 0)
            FROM finance.invoice_tax x
            JOIN finance.tax t
                ON t.organisation_id = x.organisation_id AND t.id = x.tax_id
            WHERE x.organisation_id = NEW.organisation_id AND x.invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'the totals of an invoice are not the sums of its parts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_totals';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER invoice_agrees AFTER UPDATE OF status ON finance.invoice
    FOR EACH ROW EXECUTE FUNCTION finance.invoice_agrees();

-- Payments: one that was received or made, or one of an order that is to be made.
CREATE TABLE finance.payment_order (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    status text NOT NULL
        CHECK (status IN ('DRAFT', 'IN_REVIEW', 'APPROVED', 'SENT', 'CANCELLED')),
    execution_on date NOT NULL,
    iban text NOT NULL CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    bic text,
    account_code text NOT NULL,
    currency text NOT NULL CHECK (currency = 'EUR'),
    total numeric(19,4) NOT NULL CHECK (total > 0),
    payments integer NOT NULL CHECK (payments > 0),
    message_id text NOT NULL CHECK (length(message_id) BETWEEN 1 AND 35),
    memo text CHECK (length(memo) BETWEEN 1 AND 300),
    approval_id uuid,
    entry_id uuid,
    file_id uuid,
    prepared_by uuid,
    submitted_by uuid,
    approved_at timestamptz,
    sent_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT payment_order_message UNIQUE (organisation_id, message_id),
    CHECK ((status = 'SENT') = (entry_id IS NOT NULL)),
    CHECK ((status = 'SENT') = (file_id IS NOT NULL)),
    CHECK ((status = 'SENT') = (sent_at IS NOT NULL)),
    CHECK ((status IN ('APPROVED', 'SENT')) <= (approved_at IS NOT NULL)),
    CHECK ((status IN ('IN_REVIEW', 'APPROVED', 'SENT')) <= (approval_id IS NOT NULL)),
    FOREIGN KEY (organisation_id, company_id)
        REFERENCES ledger.book (organisation_id, company_id),
    FOREIGN KEY (organisation_id, company_id, account_code)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, approval_id)
        REFERENCES processes.approval (organisation_id, id),
    FOREIGN KEY (organisation_id, entry_id) REFERENCES ledger.entry (organisation_id, id),
    FOREIGN KEY (organisation_id, file_id) REFERENCES directory.file (organisation_id, id),
    FOREIGN KEY (organisation_id, prepared_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, submitted_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX payment_order_by_date ON finance.payment_order (organisation_id, execution_on, id);
CREATE INDEX payment_order_by_time ON finance.payment_order (organisation_id, created_at, id);
CREATE INDEX payment_order_by_approval ON finance.payment_order (organisation_id, approval_id);
SELECT kernel.tenant_table('finance.payment_order', 'SELECT, INSERT, UPDATE');

-- An order goes its way and no other, and only with an approval that was given; its figures are
-- those that it was drafted with.
CREATE FUNCTION finance.payment_order_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    IF OLD.status IN ('SENT', 'CANCELLED') THEN
        RAISE EXCEPTION 'a payment order that is over does not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('DRAFT', 'IN_REVIEW'), ('IN_REVIEW', 'DRAFT'), ('IN_REVIEW', 'APPROVED'),
        ('APPROVED', 'SENT'), ('DRAFT', 'CANCELLED'), ('IN_REVIEW', 'CANCELLED'),
        ('APPROVED', 'CANCELLED')
    ) THEN
        RAISE EXCEPTION 'a payment order does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status IN ('APPROVED', 'SENT') AND NOT EXISTS (
        SELECT FROM processes.approval a
        WHERE a.organisation_id = NEW.organisation_id AND a.id = NEW.approval_id
          AND a.subject_id = NEW.id AND a.status = 'APPROVED'
    ) THEN
        RAISE EXCEPTION 'nobody approved the payment order' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.company_id, OLD.execution_on, OLD.iban, OLD.account_code, OLD.currency, OLD.total,
        OLD.payments, OLD.message_id)
       IS DISTINCT FROM
       (NEW.company_id, NEW.execution_on, NEW.iban, NEW.account_code, NEW.currency, NEW.total,
        NEW.payments, NEW.message_id) THEN
        RAISE EXCEPTION 'the figures of a payment order do not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_order_guard BEFORE UPDATE ON finance.payment_order
    FOR EACH ROW EXECUTE FUNCTION finance.payment_order_guard();

-- What is owed: by an invoice (above zero), or to be set against it, by a credit note or a payment
-- (below zero). One for each instalment.
CREATE TABLE finance.open_item (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    side text NOT NULL CHECK (side IN ('PAYABLE', 'RECEIVABLE')),
    party_id uuid NOT NULL,
    invoice_id uuid,
    entry_id uuid NOT NULL,
    account_code text NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    posted_on date NOT NULL,
    due_on date NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    rate numeric(19,10) NOT NULL CHECK (rate > 0),
    amount numeric(19,4) NOT NULL CHECK (amount <> 0),
    remaining numeric(19,4) NOT NULL,
    company_amount numeric(19,4) NOT NULL,
    company_remaining numeric(19,4) NOT NULL,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT open_item_place UNIQUE (organisation_id, entry_id, party_id, position),
    CHECK (amount * remaining >= 0 AND abs(remaining) <= abs(amount)),
    CHECK (amount * company_amount >= 0),
    CHECK (remaining <> 0 OR company_remaining = 0),
    FOREIGN KEY (organisation_id, company_id, invoice_id)
        REFERENCES finance.invoice (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, party_id) REFERENCES directory.party (organisation_id, id),
    FOREIGN KEY (organisation_id, entry_id) REFERENCES ledger.entry (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, account_code)
        REFERENCES ledger.account (organisation_id, company_id, code)
);
CREATE INDEX open_item_by_due_date ON finance.open_item (organisation_id, due_on, id);
CREATE INDEX open_item_open ON finance.open_item (organisation_id, company_id, side, due_on)
    WHERE remaining <> 0;
CREATE INDEX open_item_by_account
    ON finance.open_item (organisation_id, company_id, account_code, posted_on);
CREATE INDEX open_item_by_invoice ON finance.open_item (organisation_id, invoice_id);
CREATE INDEX open_item_by_party ON finance.open_item (organisation_id, party_id, due_on);
SELECT kernel.tenant_table('finance.open_item', 'SELECT, INSERT');
GRANT UPDATE (remaining, company_remaining, version) ON finance.open_item TO trastienda_app;

-- A part of what is owed, settled by a credit note or a payment. The two may have been posted at
-- different rates; the difference is an entry of its own.
CREATE TABLE finance.allocation (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    charge_id uuid NOT NULL,
    credit_id uuid NOT NULL CHECK (credit_id <> charge_id),
    allocated_on date NOT NULL,
    amount numeric(19,4) NOT NULL CHECK (amount > 0),
    charge_company numeric(19,4) NOT NULL CHECK (charge_company >= 0),
    credit_company numeric(19,4) NOT NULL CHECK (credit_company >= 0),
    entry_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CHECK ((charge_company <> credit_company) = (entry_id IS NOT NULL)),
    FOREIGN KEY (organisation_id, company_id, charge_id)
        REFERENCES finance.open_item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, credit_id)
        REFERENCES finance.open_item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, entry_id) REFERENCES ledger.entry (organisation_id, id)
);
CREATE INDEX allocation_by_charge ON finance.allocation (organisation_id, charge_id);
CREATE INDEX allocation_by_credit ON finance.allocation (organisation_id, credit_id);
CREATE INDEX allocation_by_date ON finance.allocation (organisation_id, company_id, allocated_on);
SELECT kernel.tenant_table('finance.allocation', 'SELECT, INSERT');
CREATE TRIGGER allocation_append_only BEFORE UPDATE OR DELETE ON finance.allocation
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- At commit what remains of an item is what its allocations left of it.
CREATE FUNCTION finance.open_item_agrees(organisation uuid, item uuid) RETURNS void
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT FROM finance.open_item o
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(a.amount), 0) AS amount,
                   coalesce(sum(CASE WHEN a.charge_id = o.id THEN a.charge_company
                                     ELSE a.credit_company END), 0) AS company
            FROM finance.allocation a
            WHERE a.organisation_id = organisation AND (a.charge_id = item OR a.credit_id = item)
        ) s
        WHERE o.organisation_id = organisation AND o.id = item
          AND (abs(o.amount) - abs(o.remaining), abs(o.company_amount) - abs(o.company_remaining))
              IS DISTINCT FROM (s.amount, s.company)
    ) THEN
        RAISE EXCEPTION 'what remains of an open item is not what its allocations left'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'open_item_remaining';
    END IF;
END $$;
CREATE FUNCTION finance.check_open_item() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    PERFORM finance.open_item_agrees(NEW.organisation_id, NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION finance.check_allocation() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    PERFORM finance.open_item_agrees(NEW.organisation_id, NEW.charge_id);
    PERFORM finance.open_item_agrees(NEW.organisation_id, NEW.credit_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER open_item_checked AFTER UPDATE ON finance.open_item
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION finance.check_open_item();
CREATE CONSTRAINT TRIGGER allocation_checked AFTER INSERT ON finance.allocation
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION finance.check_allocation();

CREATE TABLE finance.payment (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('RECEIVED', 'SENT')),
    party_id uuid NOT NULL,
    order_id uuid,
    position integer NOT NULL CHECK (position > 0),
    paid_on date NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    rate numeric(19,10) NOT NULL CHECK (rate > 0),
    amount numeric(19,4) NOT NULL CHECK (amount > 0),
    account_code text NOT NULL,
    bank_account_id uuid,
    iban text,
    holder text,
    reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 140),
    entry_id uuid,
    open_item_id uuid,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT payment_place UNIQUE (organisation_id, order_id, position),
    CHECK ((entry_id IS NULL) = (open_item_id IS NULL)),
    CHECK (order_id IS NOT NULL OR entry_id IS NOT NULL),
    CHECK (order_id IS NULL
        OR (direction = 'SENT' AND iban IS NOT NULL AND holder IS NOT NULL)),
    FOREIGN KEY (organisation_id, company_id, order_id)
        REFERENCES finance.payment_order (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, party_id) REFERENCES directory.party (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, account_code)
        REFERENCES ledger.account (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, entry_id) REFERENCES ledger.entry (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, open_item_id)
        REFERENCES finance.open_item (organisation_id, company_id, id)
);
CREATE INDEX payment_by_date ON finance.payment (organisation_id, paid_on, id);
CREATE INDEX payment_by_party ON finance.payment (organisation_id, party_id, paid_on);
SELECT kernel.tenant_table('finance.payment', 'SELECT, INSERT');
GRANT UPDATE (entry_id, open_item_id, version) ON finance.payment TO trastienda_app;

-- A payment of an order is posted once; nothing else of a payment ever changes.
CREATE FUNCTION finance.payment_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    IF OLD.entry_id IS NOT NULL THEN
        RAISE EXCEPTION 'a posted payment does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_guard BEFORE UPDATE ON finance.payment
    FOR EACH ROW EXECUTE FUNCTION finance.payment_guard();

-- What a payment of an order is to settle. An item is in one live order alone.
CREATE TABLE finance.payment_item (
    organisation_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    open_item_id uuid NOT NULL,
    amount numeric(19,4) NOT NULL CHECK (amount <> 0),
    live boolean NOT NULL,
    PRIMARY KEY (organisation_id, payment_id, open_item_id),
    FOREIGN KEY (organisation_id, payment_id) REFERENCES finance.payment (organisation_id, id),
    FOREIGN KEY (organisation_id, open_item_id) REFERENCES finance.open_item (organisation_id, id)
);
CREATE UNIQUE INDEX payment_item_once ON finance.payment_item (organisation_id, open_item_id)
    WHERE live;
SELECT kernel.tenant_table('finance.payment_item', 'SELECT, INSERT');
GRANT UPDATE (live) ON finance.payment_item TO trastienda_app;

-- Payments join an order while it is drafted.
CREATE FUNCTION finance.payment_joins() RETURNS trigger
LANGUAGE plpgsql SET search_path = finance, pg_catalog AS $$
BEGIN
    IF NEW.order_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM finance.payment_order o
        WHERE o.organisation_id = NEW.organisation_id AND o.id = NEW.order_id
          AND o.status = 'DRAFT'
    ) THEN
        RAISE EXCEPTION 'the payments of a submitted order do not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_joins BEFORE INSERT ON finance.payment
    FOR EACH ROW EXECUTE FUNCTION finance.payment_joins();
