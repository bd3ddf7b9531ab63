-- Analytics: daily series of the business, what models make of them, and what stands out.

CREATE SCHEMA analytics;
GRANT USAGE ON SCHEMA analytics TO trastienda_app;

-- What a measure was on a day in a company.
CREATE TABLE analytics.observation (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    measure text NOT NULL CHECK (measure ~ '^[A-Z_]{1,40}$'),
    day date NOT NULL,
    value numeric(23,6) NOT NULL,
    filled_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, company_id, measure, day),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('analytics.observation', 'SELECT, INSERT');
GRANT UPDATE (value, filled_at) ON analytics.observation TO trastienda_app;

-- What a model makes of a series: its trend, its seasons and what lies ahead.
CREATE TABLE analytics.analysis (
    organisation_id uuid NOT NULL,
    company_id uuid NOT NULL,
    measure text NOT NULL CHECK (measure ~ '^[A-Z_]{1,40}$'),
    first_day date NOT NULL,
    last_day date NOT NULL,
    result jsonb NOT NULL CHECK (jsonb_typeof(result) = 'object'),
    analysed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, company_id, measure),
    CHECK (first_day <= last_day),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id)
);
SELECT kernel.tenant_table('analytics.analysis', 'SELECT, INSERT, UPDATE');

-- A day, or a month, that is not as its series would have it, and why.
CREATE TABLE analytics.anomaly (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    measure text NOT NULL CHECK (measure ~ '^[A-Z_]{1,40}$'),
    grain text NOT NULL CHECK (grain IN ('DAY', 'WEEK', 'MONTH')),
    day date NOT NULL,
    direction text NOT NULL CHECK (direction IN ('UP', 'DOWN')),
    value numeric(23,6) NOT NULL,
    expected numeric(23,6) NOT NULL,
    lower numeric(23,6) NOT NULL,
    upper numeric(23,6) NOT NULL,
    score numeric(12,3) NOT NULL CHECK (score > 0),
    reasons jsonb NOT NULL CHECK (jsonb_typeof(reasons) = 'array'),
    contributors jsonb NOT NULL CHECK (jsonb_typeof(contributors) = 'array'),
    found_at timestamptz NOT NULL,
    gone_at timestamptz,
    dismissed_at timestamptz,
    dismissed_by uuid,
    dismissal text CHECK (length(dismissal) BETWEEN 1 AND 500),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT anomaly_once UNIQUE (organisation_id, company_id, measure, day),
    CHECK (lower <= expected AND expected <= upper),
    CHECK ((direction = 'UP') = (value > upper)),
    CHECK ((direction = 'DOWN') = (value < lower)),
    CHECK ((dismissed_at IS NULL) = (dismissal IS NULL)),
    CHECK (dismissed_by IS NULL OR dismissed_at IS NOT NULL),
    FOREIGN KEY (organisation_id, company_id) REFERENCES directory.company (organisation_id, id),
    FOREIGN KEY (organisation_id, dismissed_by) REFERENCES directory."user" (organisation_id, id)
);
CREATE INDEX anomaly_by_day ON analytics.anomaly (organisation_id, day, id);
CREATE INDEX anomaly_by_finding ON analytics.anomaly (organisation_id, found_at, id);
SELECT kernel.tenant_table('analytics.anomaly', 'SELECT, INSERT, UPDATE');
