-- Inventory, replenishment: terms of suppliers, policies, proposals, purchase orders, alerts.

-- The terms on which a supplier sells an item. Amounts of quantity are in the purchase unit.
CREATE TABLE inventory.supplier_term (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    item_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_code text CHECK (length(supplier_code) BETWEEN 1 AND 60),
    unit_id uuid NOT NULL,
    price numeric(19,6) NOT NULL CHECK (price >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    minimum_quantity numeric(19,6) NOT NULL CHECK (minimum_quantity >= 0),
    multiple numeric(19,6) NOT NULL CHECK (multiple > 0),
    lead_time_days integer CHECK (lead_time_days BETWEEN 0 AND 730),
    over_receipt_percent numeric(5,2) NOT NULL CHECK (over_receipt_percent BETWEEN 0 AND 100),
    preferred boolean NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK (valid_to >= valid_from),
    FOREIGN KEY (organisation_id, company_id, item_id)
        REFERENCES inventory.item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, supplier_id) REFERENCES directory.party (organisation_id, id),
    FOREIGN KEY (organisation_id, unit_id) REFERENCES inventory.unit (organisation_id, id)
);
CREATE INDEX supplier_term_by_item
    ON inventory.supplier_term (organisation_id, item_id, supplier_id, valid_from);
CREATE INDEX supplier_term_by_supplier
    ON inventory.supplier_term (organisation_id, supplier_id, item_id);
CREATE INDEX supplier_term_by_start ON inventory.supplier_term (organisation_id, valid_from, id);
SELECT kernel.tenant_table('inventory.supplier_term', 'SELECT, INSERT, UPDATE');

-- A supplier has one set of terms for an item, a unit and a day; writers take turns by the item.
CREATE FUNCTION inventory.refuse_overlapping_term() RETURNS trigger
LANGUAGE plpgsql SET search_path = inventory, pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.item_id::text, 91));
    IF EXISTS (
        SELECT FROM inventory.supplier_term t
        WHERE t.organisation_id = NEW.organisation_id AND t.item_id = NEW.item_id
          AND t.supplier_id = NEW.supplier_id AND t.unit_id = NEW.unit_id AND t.id <> NEW.id
          AND daterange(t.valid_from, t.valid_to, '[]')
              && daterange(NEW.valid_from, NEW.valid_to, '[]')
    ) THEN
        RAISE EXCEPTION 'the terms overlap others of the supplier for the item'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'supplier_term_overlap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER supplier_term_overlap BEFORE INSERT OR UPDATE ON inventory.supplier_term
    FOR EACH ROW EXECUTE FUNCTION inventory.refuse_overlapping_term();

-- How much of an item a warehouse keeps. Quantities are in the item's base unit.
CREATE TABLE inventory.stock_policy (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    item_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    method text NOT NULL CHECK (method IN ('FIXED', 'DEMAND')),
    reorder_point numeric(19,6) CHECK (reorder_point >= 0),
    target_quantity numeric(19,6) CHECK (target_quantity >= 0),
    maximum_quantity numeric(19,6) CHECK (maximum_quantity >= 0),
    safety_stock numeric(19,6) CHECK (safety_stock >= 0),
    service_level numeric(5,2) CHECK (service_level >= 50 AND service_level < 100),
    demand_days integer NOT NULL CHECK (demand_days BETWEEN 7 AND 730),
    review_days integer NOT NULL CHECK (review_days BETWEEN 1 AND 365),
    preferred_supplier_id uuid,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT stock_policy_once UNIQUE (organisation_id, item_id, warehouse_id),
    CHECK ((method = 'FIXED') = (reorder_point IS NOT NULL)),
    CHECK (method = 'FIXED' OR safety_stock IS NOT NULL OR service_level IS NOT NULL),
    CHECK (target_quantity >= reorder_point),
    CHECK (maximum_quantity >= target_quantity),
    CHECK (maximum_quantity >= reorder_point),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, item_id)
        REFERENCES inventory.item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, warehouse_id)
        REFERENCES inventory.warehouse (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, preferred_supplier_id)
        REFERENCES directory.party (organisation_id, id)
);
CREATE INDEX stock_policy_by_warehouse
    ON inventory.stock_policy (organisation_id, warehouse_id, item_id);
CREATE INDEX stock_policy_by_creation ON inventory.stock_policy (organisation_id, created_at, id);
SELECT kernel.tenant_table('inventory.stock_policy', 'SELECT, INSERT, UPDATE');

-- Purchase orders: what was drafted, approved, ordered and received.
CREATE TABLE inventory.purchase_order (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    number text NOT NULL CHECK (length(number) BETWEEN 1 AND 80),
    status text NOT NULL CHECK (status IN ('DRAFT', 'IN_APPROVAL', 'ORDERED',
        'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED', 'CANCELLED')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    supplier_reference text CHECK (length(supplier_reference) BETWEEN 1 AND 80),
    memo text CHECK (length(memo) BETWEEN 1 AND 500),
    expected_on date,
    total numeric(19,4) NOT NULL CHECK (total >= 0),
    approval_id uuid,
    prepared_by uuid,
    submitted_by uuid,
    ordered_on date,
    ended_on date,
    end_reason text CHECK (length(end_reason) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT purchase_order_number UNIQUE (organisation_id, company_id, number),
    CHECK (status NOT IN ('ORDERED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED')
        OR ordered_on IS NOT NULL),
    CHECK ((status IN ('RECEIVED', 'CLOSED', 'CANCELLED')) = (ended_on IS NOT NULL)),
    CHECK (status <> 'IN_APPROVAL' OR approval_id IS NOT NULL),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, warehouse_id)
        REFERENCES inventory.warehouse (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, supplier_id) REFERENCES directory.party (organisation_id, id),
    FOREIGN KEY (organisation_id, approval_id)
        REFERENCES processes.approval (organisation_id, id),
    FOREIGN KEY (organisation_id, prepared_by) REFERENCES directory."user" (organisation_id, id),
    FOREIGN KEY (organisation_id, submitted_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX purchase_order_by_creation
    ON inventory.purchase_order (organisation_id, created_at, id);
CREATE INDEX purchase_order_by_supplier
    ON inventory.purchase_order (organisation_id, supplier_id, created_at);
CREATE INDEX purchase_order_open ON inventory.purchase_order (organisation_id, warehouse_id)
    WHERE status IN ('DRAFT', 'IN_APPROVAL', 'ORDERED', 'PARTIALLY_RECEIVED');
CREATE INDEX purchase_order_by_approval
    ON inventory.purchase_order (organisation_id, approval_id) WHERE approval_id IS NOT NULL;
SELECT kernel.tenant_table('inventory.purchase_order', 'SELECT, INSERT, UPDATE');

-- Proposals to order, each with why. Quantities are in the item's base unit, but for
-- `unit_quantity`, which is in the purchase unit.
CREATE TABLE inventory.proposal (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    item_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('OPEN', 'ACCEPTED', 'DISMISSED', 'WITHDRAWN')),
    supplier_id uuid,
    supplier_term_id uuid,
    quantity numeric(19,6) NOT NULL CHECK (quantity > 0),
    unit_id uuid NOT NULL,
    unit_quantity numeric(19,6) NOT NULL CHECK (unit_quantity > 0),
    price numeric(19,6) CHECK (price >= 0),
    currency text CHECK (currency ~ '^[A-Z]{3}$'),
    expected_on date,
    as_of date NOT NULL,
    problem text CHECK (problem IN ('NO_SUPPLIER')),
    on_hand numeric(19,6) NOT NULL,
    on_order numeric(19,6) NOT NULL,
    reorder_point numeric(19,6) NOT NULL,
    demand_per_day numeric(19,6) NOT NULL,
    lead_time_days integer,
    days_of_cover numeric(9,1),
    explanation jsonb NOT NULL CHECK (jsonb_typeof(explanation) = 'object'),
    rule_version text NOT NULL,
    job_id uuid,
    decided_by uuid,
    decided_at timestamptz,
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    dismissed_until date,
    purchase_order_id uuid,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CHECK ((supplier_id IS NULL) = (supplier_term_id IS NULL)),
    CHECK ((supplier_id IS NULL) = (price IS NULL) AND (price IS NULL) = (currency IS NULL)),
    CHECK ((supplier_id IS NULL) = (problem IS NOT NULL)),
    CHECK ((status = 'OPEN') = (decided_at IS NULL)),
    CHECK ((status = 'ACCEPTED') = (purchase_order_id IS NOT NULL)),
    CHECK ((status IN ('DISMISSED', 'WITHDRAWN')) = (reason IS NOT NULL)),
    CHECK (dismissed_until IS NULL OR status = 'DISMISSED'),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, warehouse_id)
        REFERENCES inventory.warehouse (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, item_id)
        REFERENCES inventory.item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, supplier_id) REFERENCES directory.party (organisation_id, id),
    FOREIGN KEY (organisation_id, supplier_term_id)
        REFERENCES inventory.supplier_term (organisation_id, id),
    FOREIGN KEY (organisation_id, unit_id) REFERENCES inventory.unit (organisation_id, id),
    FOREIGN KEY (organisation_id, purchase_order_id)
        REFERENCES inventory.purchase_order (organisation_id, id)
);
-- A proposal that stands is not repeated, however many runs look at once.
CREATE UNIQUE INDEX proposal_open ON inventory.proposal (organisation_id, item_id, warehouse_id)
    WHERE status = 'OPEN';
CREATE INDEX proposal_dismissed
    ON inventory.proposal (organisation_id, item_id, warehouse_id, dismissed_until)
    WHERE status = 'DISMISSED' AND dismissed_until IS NOT NULL;
CREATE INDEX proposal_by_creation ON inventory.proposal (organisation_id, created_at, id);
CREATE INDEX proposal_by_job ON inventory.proposal (organisation_id, job_id);
SELECT kernel.tenant_table('inventory.proposal', 'SELECT, INSERT, UPDATE');

-- An order goes its way and no other: what waits for approval is ordered with one that was given,
-- what was called off or closed stays so. What it says of others never changes; its figures do not
-- change once others have seen them.
CREATE FUNCTION inventory.purchase_order_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = inventory, pg_catalog AS $$
BEGIN
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('DRAFT', 'IN_APPROVAL'), ('DRAFT', 'ORDERED'), ('DRAFT', 'CANCELLED'),
        ('IN_APPROVAL', 'DRAFT'), ('IN_APPROVAL', 'ORDERED'), ('IN_APPROVAL', 'CANCELLED'),
        ('ORDERED', 'PARTIALLY_RECEIVED'), ('ORDERED', 'RECEIVED'), ('ORDERED', 'CANCELLED'),
        ('PARTIALLY_RECEIVED', 'RECEIVED'), ('PARTIALLY_RECEIVED', 'CLOSED'),
        ('PARTIALLY_RECEIVED', 'ORDERED'), ('RECEIVED', 'PARTIALLY_RECEIVED'),
        ('RECEIVED', 'ORDERED')
    ) THEN
        RAISE EXCEPTION 'a purchase order does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'IN_APPROVAL' AND NEW.status = 'ORDERED' AND NOT EXISTS (
        SELECT FROM processes.approval a
        WHERE a.organisation_id = NEW.organisation_id AND a.id = NEW.approval_id
          AND a.subject_id = NEW.id AND a.status = 'APPROVED'
    ) THEN
        RAISE EXCEPTION 'nobody approved the purchase order' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.company_id, OLD.warehouse_id, OLD.supplier_id, OLD.number, OLD.currency,
        OLD.prepared_by, OLD.created_at)
       IS DISTINCT FROM
       (NEW.company_id, NEW.warehouse_id, NEW.supplier_id, NEW.number, NEW.currency,
        NEW.prepared_by, NEW.created_at)
       OR (OLD.status <> 'DRAFT' AND (OLD.total, OLD.approval_id, OLD.submitted_by)
           IS DISTINCT FROM (NEW.total, NEW.approval_id, NEW.submitted_by))
       OR (OLD.status NOT IN ('DRAFT', 'IN_APPROVAL') AND OLD.ordered_on <> NEW.ordered_on)
       OR (OLD.status IN ('CLOSED', 'CANCELLED') AND (OLD.ended_on, OLD.end_reason)
           IS DISTINCT FROM (NEW.ended_on, NEW.end_reason)) THEN
        RAISE EXCEPTION 'the figures of a purchase order do not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER purchase_order_guard BEFORE UPDATE ON inventory.purchase_order
    FOR EACH ROW EXECUTE FUNCTION inventory.purchase_order_guard();

-- The lines of an order. One purchase unit is `factor` of the item's unit, divided by `divisor`: two
-- numbers, for a third or a dozenth is no decimal.
CREATE TABLE inventory.purchase_order_line (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    purchase_order_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    item_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    factor numeric(24,12) NOT NULL CHECK (factor > 0),
    divisor numeric(24,12) NOT NULL DEFAULT 1 CHECK (divisor > 0),
    quantity numeric(19,6) NOT NULL CHECK (quantity > 0),
    price numeric(19,6) NOT NULL CHECK (price >= 0),
    expected_on date,
    over_receipt_percent numeric(5,2) NOT NULL CHECK (over_receipt_percent BETWEEN 0 AND 100),
    received_quantity numeric(19,6) NOT NULL DEFAULT 0 CHECK (received_quantity >= 0),
    supplier_code text CHECK (length(supplier_code) BETWEEN 1 AND 60),
    supplier_term_id uuid,
    proposal_id uuid,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, purchase_order_id, id),
    UNIQUE (organisation_id, purchase_order_id, position) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT purchase_order_line_over_receipt
        CHECK (received_quantity <= quantity * (1 + over_receipt_percent / 100)),
    FOREIGN KEY (organisation_id, purchase_order_id)
        REFERENCES inventory.purchase_order (organisation_id, id),
    FOREIGN KEY (organisation_id, item_id) REFERENCES inventory.item (organisation_id, id),
    FOREIGN KEY (organisation_id, unit_id) REFERENCES inventory.unit (organisation_id, id),
    FOREIGN KEY (organisation_id, supplier_term_id)
        REFERENCES inventory.supplier_term (organisation_id, id),
    FOREIGN KEY (organisation_id, proposal_id) REFERENCES inventory.proposal (organisation_id, id)
);
CREATE INDEX purchase_order_line_by_item
    ON inventory.purchase_order_line (organisation_id, item_id, purchase_order_id);
SELECT kernel.tenant_table('inventory.purchase_order_line', 'SELECT, INSERT, UPDATE, DELETE');

-- What was asked for never changes once others have seen it; only what was received does. The order
-- is held, so that it leaves its draft with the lines that it is seen with.
CREATE FUNCTION inventory.purchase_order_line_frozen() RETURNS trigger
LANGUAGE plpgsql SET search_path = inventory, pg_catalog AS $$
DECLARE
    of_order uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.purchase_order_id
        ELSE OLD.purchase_order_id END;
    of_tenant uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.organisation_id
        ELSE OLD.organisation_id END;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.purchase_order_id, NEW.position, NEW.item_id, NEW.unit_id,
            NEW.factor, NEW.divisor, NEW.quantity, NEW.price, NEW.expected_on,
            NEW.over_receipt_percent)
           IS NOT DISTINCT FROM
           (OLD.purchase_order_id, OLD.position, OLD.item_id, OLD.unit_id,
            OLD.factor, OLD.divisor, OLD.quantity, OLD.price, OLD.expected_on,
            OLD.over_receipt_percent) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.purchase_order_id <> OLD.purchase_order_id THEN
        RAISE EXCEPTION 'a line stays in its order' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM FROM inventory.purchase_order o
        WHERE o.organisation_id = of_tenant AND o.id = of_order AND o.status = 'DRAFT' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lines of an order that left its draft do not change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER purchase_order_line_frozen BEFORE INSERT OR UPDATE OR DELETE
    ON inventory.purchase_order_line
    FOR EACH ROW EXECUTE FUNCTION inventory.purchase_order_line_frozen();

-- What came in for a line of an order, and by which movement; below zero for what went back to the
-- supplier, and when the movement was reversed.
CREATE TABLE inventory.purchase_receipt (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    purchase_order_id uuid NOT NULL,
    line_id uuid NOT NULL,
    movement_id uuid,
    received_on date NOT NULL,
    quantity numeric(19,6) NOT NULL CHECK (quantity <> 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, purchase_order_id, line_id)
        REFERENCES inventory.purchase_order_line (organisation_id, purchase_order_id, id),
    FOREIGN KEY (organisation_id, movement_id) REFERENCES inventory.movement (organisation_id, id)
);
CREATE INDEX purchase_receipt_by_movement
    ON inventory.purchase_receipt (organisation_id, movement_id);
CREATE INDEX purchase_receipt_by_line
    ON inventory.purchase_receipt (organisation_id, line_id, received_on);
SELECT kernel.tenant_table('inventory.purchase_receipt', 'SELECT, INSERT');
CREATE TRIGGER purchase_receipt_append_only BEFORE UPDATE OR DELETE ON inventory.purchase_receipt
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- What the people who care should know: opened once, closed when its cause is gone. The subject is
-- the item, or the order that is late.
CREATE TABLE inventory.stock_alert (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('LOW', 'OUT', 'OVERSTOCK', 'LATE_ORDER')),
    subject_id uuid NOT NULL,
    item_id uuid,
    purchase_order_id uuid,
    on_hand numeric(19,6),
    threshold numeric(19,6),
    due_on date,
    job_id uuid,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CHECK ((kind = 'LATE_ORDER') = (item_id IS NULL)),
    CHECK ((kind = 'LATE_ORDER') = (purchase_order_id IS NOT NULL AND due_on IS NOT NULL)),
    CHECK (subject_id = coalesce(item_id, purchase_order_id)),
    CHECK (item_id IS NULL OR (on_hand IS NOT NULL AND threshold IS NOT NULL)),
    CHECK (closed_at >= opened_at),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, warehouse_id)
        REFERENCES inventory.warehouse (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, item_id)
        REFERENCES inventory.item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, purchase_order_id)
        REFERENCES inventory.purchase_order (organisation_id, id)
);
CREATE UNIQUE INDEX stock_alert_open
    ON inventory.stock_alert (organisation_id, subject_id, warehouse_id, kind)
    WHERE closed_at IS NULL;
CREATE INDEX stock_alert_by_job ON inventory.stock_alert (organisation_id, job_id);
CREATE INDEX stock_alert_by_opening ON inventory.stock_alert (organisation_id, opened_at, id);
SELECT kernel.tenant_table('inventory.stock_alert', 'SELECT, INSERT, UPDATE');
