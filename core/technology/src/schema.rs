//! The tables of technology.

diesel::table! {
    technology.system (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        department_id -> Nullable<Uuid>,
        owner_id -> Nullable<Uuid>,
        name -> Text,
        kind -> Text,
        criticality -> Text,
        environment -> Text,
        address -> Nullable<Text>,
        description -> Nullable<Text>,
        retired_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    technology.system_check (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        system_id -> Uuid,
        name -> Text,
        kind -> Text,
        target -> Nullable<Text>,
        method -> Nullable<Text>,
        expected_status -> Nullable<Integer>,
        expected_text -> Nullable<Text>,
        warn_days -> Nullable<Integer>,
        queue -> Nullable<Text>,
        most_waiting -> Nullable<Integer>,
        most_minutes -> Nullable<Integer>,
        schedule_id -> Nullable<Uuid>,
        severity -> Text,
        every_minutes -> Integer,
        timeout_ms -> Integer,
        failures_to_open -> Integer,
        recoveries_to_close -> Integer,
        enabled -> Bool,
        status -> Text,
        failures -> Integer,
        recoveries -> Integer,
        failing_since -> Nullable<Timestamptz>,
        checked_at -> Nullable<Timestamptz>,
        next_due_at -> Timestamptz,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    technology.check_result (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        system_id -> Uuid,
        check_id -> Uuid,
        at -> Timestamptz,
        passed -> Bool,
        latency_ms -> Nullable<Integer>,
        reason -> Nullable<Text>,
        args -> Jsonb,
    }
}

diesel::table! {
    technology.incident (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        system_id -> Uuid,
        check_id -> Nullable<Uuid>,
        number -> Text,
        title -> Nullable<Text>,
        severity -> Text,
        status -> Text,
        reason -> Nullable<Text>,
        args -> Jsonb,
        failures -> Integer,
        began_at -> Timestamptz,
        opened_at -> Timestamptz,
        opened_by -> Nullable<Uuid>,
        acknowledged_at -> Nullable<Timestamptz>,
        acknowledged_by -> Nullable<Uuid>,
        assignee_id -> Nullable<Uuid>,
        resolved_at -> Nullable<Timestamptz>,
        resolved_by -> Nullable<Uuid>,
        resolution -> Nullable<Text>,
        notes -> Integer,
        version -> Integer,
    }
}

diesel::table! {
    technology.incident_note (organisation_id, incident_id, position) {
        organisation_id -> Uuid,
        incident_id -> Uuid,
        position -> Integer,
        at -> Timestamptz,
        author_id -> Nullable<Uuid>,
        kind -> Text,
        text -> Nullable<Text>,
        reason -> Nullable<Text>,
        args -> Jsonb,
    }
}

diesel::allow_tables_to_appear_in_same_query!(system, system_check);
