//! The tables of compliance.

diesel::table! {
    compliance.rule_setting (organisation_id, rule_key) {
        organisation_id -> Uuid,
        rule_key -> Text,
        enabled -> Bool,
        severity -> Nullable<Text>,
        parameters -> Jsonb,
        updated_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    compliance.scan (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        job_id -> Uuid,
        company_id -> Nullable<Uuid>,
        requested_by -> Nullable<Uuid>,
        rules -> Integer,
        failed -> Integer,
        scanned -> BigInt,
        found -> BigInt,
        opened -> BigInt,
        closed -> BigInt,
        started_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    compliance.scan_rule (organisation_id, scan_id, rule_key) {
        organisation_id -> Uuid,
        scan_id -> Uuid,
        rule_key -> Text,
        rule_version -> Text,
        parameters -> Jsonb,
        company_id -> Nullable<Uuid>,
        status -> Text,
        scanned -> BigInt,
        found -> BigInt,
        opened -> BigInt,
        reopened -> BigInt,
        closed -> BigInt,
        accepted -> BigInt,
        duration_ms -> Integer,
        error -> Nullable<Text>,
        at -> Timestamptz,
    }
}

diesel::table! {
    compliance.finding (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        rule_key -> Text,
        rule_version -> Text,
        subject_key -> Text,
        subject_kind -> Text,
        subject_id -> Uuid,
        subject_name -> Text,
        company_id -> Nullable<Uuid>,
        severity -> Text,
        gravity -> SmallInt,
        status -> Text,
        evidence -> Jsonb,
        occurrences -> Integer,
        first_seen_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        opened_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        accepted_until -> Nullable<Date>,
        assignee_id -> Nullable<Uuid>,
        scan_id -> Uuid,
        version -> Integer,
    }
}

diesel::table! {
    compliance.acceptance (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        finding_id -> Uuid,
        company_id -> Nullable<Uuid>,
        reason -> Text,
        expires_on -> Date,
        status -> Text,
        approval_id -> Nullable<Uuid>,
        proposed_by -> Uuid,
        proposed_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        comment -> Nullable<Text>,
        version -> Integer,
    }
}

diesel::table! {
    compliance.finding_comment (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        finding_id -> Uuid,
        author_id -> Nullable<Uuid>,
        author_name -> Text,
        text -> Text,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(finding, acceptance, finding_comment);
