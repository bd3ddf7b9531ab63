//! The tables of analytics.

diesel::table! {
    analytics.observation (organisation_id, company_id, measure, day) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        measure -> Text,
        day -> Date,
        value -> Numeric,
        filled_at -> Timestamptz,
    }
}

diesel::table! {
    analytics.analysis (organisation_id, company_id, measure) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        measure -> Text,
        first_day -> Date,
        last_day -> Date,
        result -> Jsonb,
        analysed_at -> Timestamptz,
    }
}

diesel::table! {
    analytics.anomaly (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        measure -> Text,
        grain -> Text,
        day -> Date,
        direction -> Text,
        value -> Numeric,
        expected -> Numeric,
        lower -> Numeric,
        upper -> Numeric,
        score -> Numeric,
        reasons -> Jsonb,
        contributors -> Jsonb,
        found_at -> Timestamptz,
        gone_at -> Nullable<Timestamptz>,
        dismissed_at -> Nullable<Timestamptz>,
        dismissed_by -> Nullable<Uuid>,
        dismissal -> Nullable<Text>,
        version -> Integer,
    }
}
