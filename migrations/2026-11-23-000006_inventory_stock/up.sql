-- Inventory, the stock side: units, categories, items, warehouses, locations, movements, and what
-- is there at which value.

CREATE SCHEMA inventory;
GRANT USAGE ON SCHEMA inventory TO trastienda_app;

-- Units of measure. A factor says how many of the base unit of its kind one of it is; a unit
-- without a factor, a box, converts by what an item says alone.
CREATE TABLE inventory.unit (
    organisation_id uuid NOT NULL REFERENCES directory.organisation (id),
    id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name_es text NOT NULL CHECK (length(name_es) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind IN (
        'COUNT', 'PACKAGE', 'MASS', 'VOLUME', 'LENGTH', 'AREA', 'TIME')),
    factor numeric(19,9) CHECK (factor > 0),
    places smallint NOT NULL CHECK (places BETWEEN 0 AND 6),
    archived_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT unit_code UNIQUE (organisation_id, code),
    CHECK ((kind = 'PACKAGE') = (factor IS NULL))
);
SELECT kernel.tenant_table('inventory.unit', 'SELECT, INSERT, UPDATE');

-- Categories of items: what they have in common, above all the accounts they are posted to.
CREATE TABLE inventory.item_category (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    stock_account text CHECK (length(stock_account) BETWEEN 1 AND 20),
    cost_account text CHECK (length(cost_account) BETWEEN 1 AND 20),
    adjustment_account text CHECK (length(adjustment_account) BETWEEN 1 AND 20),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT item_category_code UNIQUE (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('inventory.item_category', 'SELECT, INSERT, UPDATE');

CREATE TABLE inventory.item (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (length(code) BETWEEN 1 AND 40),
    external_id text CHECK (length(external_id) BETWEEN 1 AND 100),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description text CHECK (length(description) BETWEEN 1 AND 2000),
    category_id uuid,
    unit_id uuid NOT NULL,
    gtin text CHECK (gtin ~ '^([0-9]{8}|[0-9]{12,14})$'),
    is_tracked boolean NOT NULL,
    valuation text NOT NULL CHECK (valuation IN ('FIFO', 'MOVING_AVERAGE')),
    list_price numeric(19,4) CHECK (list_price >= 0),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT item_code UNIQUE (organisation_id, company_id, code),
    CONSTRAINT item_external_id UNIQUE (organisation_id, company_id, external_id),
    CONSTRAINT item_gtin UNIQUE (organisation_id, company_id, gtin),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, company_id, category_id)
        REFERENCES inventory.item_category (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, unit_id) REFERENCES inventory.unit (organisation_id, id)
);
CREATE INDEX item_by_name ON inventory.item (organisation_id, name, id);
CREATE INDEX item_by_code ON inventory.item (organisation_id, code, id);
CREATE INDEX item_by_category ON inventory.item (organisation_id, category_id);
SELECT kernel.tenant_table('inventory.item', 'SELECT, INSERT, UPDATE');

-- What one of a unit is in the item's own unit: one box is twelve. Once used it stays as it is.
CREATE TABLE inventory.item_unit (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    factor numeric(19,9) NOT NULL CHECK (factor > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT item_unit_once UNIQUE (organisation_id, item_id, unit_id),
    FOREIGN KEY (organisation_id, item_id) REFERENCES inventory.item (organisation_id, id),
    FOREIGN KEY (organisation_id, unit_id) REFERENCES inventory.unit (organisation_id, id)
);
SELECT kernel.tenant_table('inventory.item_unit', 'SELECT, INSERT, DELETE');
GRANT UPDATE (factor) ON inventory.item_unit TO trastienda_app;

CREATE TABLE inventory.warehouse (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    street text CHECK (length(street) BETWEEN 1 AND 200),
    postal_code text CHECK (length(postal_code) BETWEEN 1 AND 20),
    city text CHECK (length(city) BETWEEN 1 AND 100),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, id),
    CONSTRAINT warehouse_code UNIQUE (organisation_id, company_id, code),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('inventory.warehouse', 'SELECT, INSERT, UPDATE');

CREATE TABLE inventory.location (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    archived_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, company_id, warehouse_id, id),
    CONSTRAINT location_code UNIQUE (organisation_id, warehouse_id, code),
    FOREIGN KEY (organisation_id, company_id, warehouse_id)
        REFERENCES inventory.warehouse (organisation_id, company_id, id)
);
SELECT kernel.tenant_table('inventory.location', 'SELECT, INSERT, UPDATE');

-- What a company decides about its stock.
CREATE TABLE inventory.stock_setting (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    allows_negative boolean NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, company_id),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('inventory.stock_setting', 'SELECT, INSERT, UPDATE');

-- Where a company posts its stock; a purpose without a row has its default.
CREATE TABLE inventory.stock_account (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN (
        'STOCK', 'RECEIVED_NOT_INVOICED', 'COST_OF_SALES', 'ADJUSTMENT')),
    account_code text NOT NULL CHECK (length(account_code) BETWEEN 1 AND 20),
    PRIMARY KEY (organisation_id, company_id, purpose),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('inventory.stock_account', 'SELECT, INSERT, UPDATE');

-- A movement: what a person recorded, with its entry in the books.
CREATE TABLE inventory.movement (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    number text NOT NULL CHECK (length(number) BETWEEN 1 AND 40),
    kind text NOT NULL CHECK (kind IN ('RECEIVE', 'ISSUE', 'TRANSFER', 'ADJUST', 'RETURN')),
    moved_on date NOT NULL,
    reference text CHECK (length(reference) BETWEEN 1 AND 100),
    reason text CHECK (length(reason) BETWEEN 1 AND 300),
    party_id uuid,
    source_kind text CHECK (source_kind ~ '^[a-z_.]{1,60}$'),
    source_id uuid,
    reverses_id uuid CHECK (reverses_id <> id),
    entry_id uuid,
    line_count integer NOT NULL CHECK (line_count > 0),
    value numeric(19,4) NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, id, company_id, moved_on, line_count),
    CONSTRAINT movement_number UNIQUE (organisation_id, company_id, number),
    CHECK ((source_kind IS NULL) = (source_id IS NULL)),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, party_id) REFERENCES directory.party (organisation_id, id),
    FOREIGN KEY (organisation_id, reverses_id)
        REFERENCES inventory.movement (organisation_id, id),
    FOREIGN KEY (organisation_id, entry_id) REFERENCES ledger.entry (organisation_id, id)
);
CREATE UNIQUE INDEX movement_reversed_once ON inventory.movement (organisation_id, reverses_id)
    WHERE reverses_id IS NOT NULL;
CREATE INDEX movement_by_date ON inventory.movement (organisation_id, moved_on, id);
CREATE INDEX movement_by_source ON inventory.movement (organisation_id, source_id)
    WHERE source_id IS NOT NULL;
CREATE INDEX movement_by_time ON inventory.movement (organisation_id, recorded_at, id);
SELECT kernel.tenant_table('inventory.movement', 'SELECT, INSERT');

-- A line moves a quantity from a location, to a location, or between two. `quantity` is in the
-- item's unit, `unit_quantity` as it was said. `value_out` and `value_in` are what it takes from
-- and adds to the value of stock, in the currency of the books; `amount` is what stands against
-- it: the price of what was received or returned, the cost of what went. What the three leave over
-- is posted as variation (stock that went before it came, goods returned at another price).
CREATE TABLE inventory.movement_line (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    movement_id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    line_count integer NOT NULL,
    company_id uuid NOT NULL,
    moved_on date NOT NULL,
    item_id uuid NOT NULL,
    from_warehouse_id uuid,
    from_location_id uuid,
    to_warehouse_id uuid,
    to_location_id uuid,
    unit_id uuid NOT NULL,
    unit_quantity numeric(19,6) NOT NULL CHECK (unit_quantity > 0),
    quantity numeric(19,6) NOT NULL CHECK (quantity > 0),
    unit_cost numeric(19,6) NOT NULL CHECK (unit_cost >= 0),
    value_out numeric(19,4) NOT NULL CHECK (value_out >= 0),
    value_in numeric(19,4) NOT NULL CHECK (value_in >= 0),
    amount numeric(19,4) NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, movement_id, position),
    CHECK (from_location_id IS NOT NULL OR value_out = 0),
    CHECK (to_location_id IS NOT NULL OR value_in = 0),
    CHECK (position <= line_count),
    CHECK (from_location_id IS NOT NULL OR to_location_id IS NOT NULL),
    CHECK (from_location_id <> to_location_id),
    CHECK ((from_location_id IS NULL) = (from_warehouse_id IS NULL)),
    CHECK ((to_location_id IS NULL) = (to_warehouse_id IS NULL)),
    FOREIGN KEY (organisation_id, movement_id, company_id, moved_on, line_count)
        REFERENCES inventory.movement (organisation_id, id, company_id, moved_on, line_count),
    FOREIGN KEY (organisation_id, company_id, item_id)
        REFERENCES inventory.item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, from_warehouse_id, from_location_id)
        REFERENCES inventory.location (organisation_id, company_id, warehouse_id, id),
    FOREIGN KEY (organisation_id, company_id, to_warehouse_id, to_location_id)
        REFERENCES inventory.location (organisation_id, company_id, warehouse_id, id),
    FOREIGN KEY (organisation_id, unit_id) REFERENCES inventory.unit (organisation_id, id)
);
CREATE INDEX movement_line_by_item
    ON inventory.movement_line (organisation_id, item_id, moved_on, id);
SELECT kernel.tenant_table('inventory.movement_line', 'SELECT, INSERT');

-- What was recorded is never edited, whoever asks.
CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE ON inventory.movement
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();
CREATE TRIGGER movement_line_append_only BEFORE UPDATE OR DELETE ON inventory.movement_line
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- What of an item a warehouse holds, at which value: the pool that movements are valued by, and
-- the row that whoever moves the item in the warehouse locks. Below zero only where the company
-- allows it.
CREATE TABLE inventory.holding (
    organisation_id uuid NOT NULL,
    item_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    company_id uuid NOT NULL,
    quantity numeric(19,6) NOT NULL,
    value numeric(19,4) NOT NULL,
    last_cost numeric(19,6) CHECK (last_cost >= 0),
    last_moved_on date,
    allows_negative boolean NOT NULL,
    PRIMARY KEY (organisation_id, item_id, warehouse_id),
    CONSTRAINT holding_not_negative CHECK (quantity >= 0 OR allows_negative),
    CONSTRAINT holding_value CHECK (
        (quantity > 0 AND value >= 0) OR (quantity < 0 AND value <= 0)
        OR (quantity = 0 AND value = 0)),
    FOREIGN KEY (organisation_id, company_id, item_id)
        REFERENCES inventory.item (organisation_id, company_id, id),
    FOREIGN KEY (organisation_id, company_id, warehouse_id)
        REFERENCES inventory.warehouse (organisation_id, company_id, id)
) WITH (fillfactor = 80);
CREATE INDEX holding_by_warehouse ON inventory.holding (organisation_id, warehouse_id, item_id);
CREATE INDEX holding_by_company ON inventory.holding (organisation_id, company_id);
SELECT kernel.tenant_table('inventory.holding', 'SELECT, INSERT, UPDATE');

-- What of an item is at a location.
CREATE TABLE inventory.stock (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    item_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    location_id uuid NOT NULL,
    quantity numeric(19,6) NOT NULL,
    allows_negative boolean NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT stock_once UNIQUE (organisation_id, item_id, location_id),
    CONSTRAINT stock_not_negative CHECK (quantity >= 0 OR allows_negative),
    FOREIGN KEY (organisation_id, item_id, warehouse_id)
        REFERENCES inventory.holding (organisation_id, item_id, warehouse_id),
    FOREIGN KEY (organisation_id, company_id, warehouse_id, location_id)
        REFERENCES inventory.location (organisation_id, company_id, warehouse_id, id)
) WITH (fillfactor = 80);
CREATE INDEX stock_by_quantity ON inventory.stock (organisation_id, quantity, id);
CREATE INDEX stock_by_location ON inventory.stock (organisation_id, location_id);
SELECT kernel.tenant_table('inventory.stock', 'SELECT, INSERT, UPDATE');

-- Stock at its cost, of items valued by FIFO: what a line brought, and what is left of it.
CREATE TABLE inventory.layer (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    line_id uuid NOT NULL,
    received_on date NOT NULL,
    quantity numeric(19,6) NOT NULL CHECK (quantity > 0),
    value numeric(19,4) NOT NULL CHECK (value >= 0),
    remaining_quantity numeric(19,6) NOT NULL,
    remaining_value numeric(19,4) NOT NULL,
    PRIMARY KEY (organisation_id, id),
    CHECK (remaining_quantity BETWEEN 0 AND quantity),
    CHECK (remaining_value BETWEEN 0 AND value),
    CHECK (remaining_quantity > 0 OR remaining_value = 0),
    FOREIGN KEY (organisation_id, item_id, warehouse_id)
        REFERENCES inventory.holding (organisation_id, item_id, warehouse_id),
    FOREIGN KEY (organisation_id, line_id) REFERENCES inventory.movement_line (organisation_id, id)
) WITH (fillfactor = 80);
CREATE INDEX layer_open ON inventory.layer (organisation_id, item_id, warehouse_id, received_on, id)
    WHERE remaining_quantity > 0;
CREATE INDEX layer_by_line ON inventory.layer (organisation_id, line_id);
SELECT kernel.tenant_table('inventory.layer', 'SELECT, INSERT');
GRANT UPDATE (remaining_quantity, remaining_value) ON inventory.layer TO trastienda_app;

-- What a line took of a layer: how its cost came about, and what a reversal puts back.
CREATE TABLE inventory.layer_take (
    organisation_id uuid NOT NULL,
    line_id uuid NOT NULL,
    layer_id uuid NOT NULL,
    quantity numeric(19,6) NOT NULL CHECK (quantity > 0),
    value numeric(19,4) NOT NULL CHECK (value >= 0),
    PRIMARY KEY (organisation_id, line_id, layer_id),
    FOREIGN KEY (organisation_id, line_id) REFERENCES inventory.movement_line (organisation_id, id),
    FOREIGN KEY (organisation_id, layer_id) REFERENCES inventory.layer (organisation_id, id)
);
CREATE INDEX layer_take_by_layer ON inventory.layer_take (organisation_id, layer_id);
SELECT kernel.tenant_table('inventory.layer_take', 'SELECT, INSERT');
CREATE TRIGGER layer_take_append_only BEFORE UPDATE OR DELETE ON inventory.layer_take
    FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change();

-- What a holding was at the end of a day on which it moved. As of a day is the last row up to it.
CREATE TABLE inventory.holding_day (
    organisation_id uuid NOT NULL,
    item_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    day date NOT NULL,
    quantity numeric(19,6) NOT NULL,
    value numeric(19,4) NOT NULL,
    PRIMARY KEY (organisation_id, item_id, warehouse_id, day),
    FOREIGN KEY (organisation_id, item_id, warehouse_id)
        REFERENCES inventory.holding (organisation_id, item_id, warehouse_id)
) WITH (fillfactor = 80);
SELECT kernel.tenant_table('inventory.holding_day', 'SELECT, INSERT');
GRANT UPDATE (quantity, value) ON inventory.holding_day TO trastienda_app;

-- The same of what is at a location.
CREATE TABLE inventory.stock_day (
    organisation_id uuid NOT NULL,
    stock_id uuid NOT NULL,
    day date NOT NULL,
    quantity numeric(19,6) NOT NULL,
    PRIMARY KEY (organisation_id, stock_id, day),
    FOREIGN KEY (organisation_id, stock_id) REFERENCES inventory.stock (organisation_id, id)
) WITH (fillfactor = 80);
SELECT kernel.tenant_table('inventory.stock_day', 'SELECT, INSERT');
GRANT UPDATE (quantity) ON inventory.stock_day TO trastienda_app;
