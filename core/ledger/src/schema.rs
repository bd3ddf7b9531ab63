//! The ledger's tables, and the view of entries with their numbers.

diesel::table! {
    ledger.book (organisation_id, company_id) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        currency -> Text,
        chart -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    ledger.account (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        name_es -> Text,
        name_en -> Nullable<Text>,
        kind -> Text,
        normal_side -> Text,
        parent_id -> Nullable<Uuid>,
        postable -> Bool,
        currency -> Nullable<Text>,
        archived_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    ledger.fiscal_year (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        name -> Text,
        starts_on -> Date,
        ends_on -> Date,
        version -> Integer,
    }
}

diesel::table! {
    ledger.period (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        fiscal_year_id -> Uuid,
        number -> Integer,
        starts_on -> Date,
        ends_on -> Date,
        status -> Text,
        version -> Integer,
    }
}

diesel::table! {
    ledger.journal (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        name_es -> Text,
        name_en -> Text,
        kind -> Text,
        archived_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    ledger.dimension (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        name_es -> Text,
        name_en -> Text,
        version -> Integer,
    }
}

diesel::table! {
    ledger.dimension_value (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        dimension_id -> Uuid,
        code -> Text,
        name -> Text,
        archived_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    ledger.numbered_entry (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        fiscal_year_id -> Uuid,
        period_id -> Uuid,
        journal_id -> Uuid,
        number -> Nullable<BigInt>,
        posted_on -> Date,
        memo -> Text,
        source_kind -> Text,
        source_id -> Uuid,
        source_purpose -> Text,
        reverses_id -> Nullable<Uuid>,
        line_count -> Integer,
        total -> Numeric,
        posted_at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Uuid,
    }
}

diesel::table! {
    ledger.entry_line (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        entry_id -> Uuid,
        position -> Integer,
        line_count -> Integer,
        company_id -> Uuid,
        account_id -> Uuid,
        posted_on -> Date,
        amount -> Numeric,
        currency -> Text,
        company_amount -> Numeric,
        rate -> Numeric,
        department_id -> Nullable<Uuid>,
        memo -> Nullable<Text>,
    }
}

diesel::table! {
    ledger.entry_line_dimension (organisation_id, line_id, dimension_id) {
        organisation_id -> Uuid,
        line_id -> Uuid,
        dimension_id -> Uuid,
        company_id -> Uuid,
        value_id -> Uuid,
    }
}

diesel::table! {
    ledger.balance (organisation_id, company_id, slice, account_id, grain, starts_on, currency, shard) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        slice -> Uuid,
        grain -> Text,
        account_id -> Uuid,
        currency -> Text,
        starts_on -> Date,
        shard -> SmallInt,
        debit -> Numeric,
        credit -> Numeric,
        amount -> Numeric,
    }
}
