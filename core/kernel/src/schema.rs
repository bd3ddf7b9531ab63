//! The kernel's tables.

diesel::table! {
    kernel.event (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Uuid,
        actor_name -> Text,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Uuid,
        company_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        owner_id -> Nullable<Uuid>,
        permission -> Text,
        changes -> Jsonb,
        request_id -> Uuid,
        idempotency_key -> Nullable<Text>,
        trace -> Nullable<Text>,
    }
}

diesel::table! {
    kernel.outbox (organisation_id, event_id) {
        organisation_id -> Uuid,
        event_id -> Uuid,
    }
}

diesel::table! {
    kernel.seal (organisation_id, position) {
        organisation_id -> Uuid,
        position -> BigInt,
        event_id -> Uuid,
        hash -> Binary,
    }
}

diesel::table! {
    kernel.chain (organisation_id) {
        organisation_id -> Uuid,
        position -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    kernel.idempotency (organisation_id, actor_id, operation, key) {
        organisation_id -> Uuid,
        actor_id -> Uuid,
        operation -> Text,
        key -> Text,
        body_hash -> Binary,
        reply -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    kernel.job (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        queue -> Text,
        key -> Nullable<Text>,
        payload -> Jsonb,
        actor -> Jsonb,
        owner_id -> Nullable<Uuid>,
        company_id -> Nullable<Uuid>,
        schedule_id -> Nullable<Uuid>,
        dry_run -> Bool,
        status -> Text,
        priority -> SmallInt,
        attempt -> Integer,
        max_attempts -> Integer,
        run_at -> Timestamptz,
        dispatched_at -> Nullable<Timestamptz>,
        lease_until -> Nullable<Timestamptz>,
        fence -> BigInt,
        worker -> Nullable<Text>,
        done -> BigInt,
        total -> BigInt,
        note -> Nullable<Text>,
        result -> Nullable<Jsonb>,
        error -> Nullable<Jsonb>,
        cancel_requested_at -> Nullable<Timestamptz>,
        request_id -> Uuid,
        trace -> Nullable<Text>,
        locale -> Text,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    kernel.job_item (organisation_id, job_id, key) {
        organisation_id -> Uuid,
        job_id -> Uuid,
        key -> Uuid,
        status -> Text,
        error -> Nullable<Jsonb>,
    }
}

diesel::table! {
    kernel.job_part (organisation_id, job_id, number) {
        organisation_id -> Uuid,
        job_id -> Uuid,
        number -> Int4,
        file_id -> Uuid,
        records -> Int8,
        cursor -> Nullable<Text>,
    }
}

diesel::table! {
    kernel.schedule (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        name -> Text,
        payload -> Jsonb,
        company_id -> Nullable<Uuid>,
        cron -> Text,
        zone -> Text,
        catch_up -> Text,
        expected_within_minutes -> Nullable<Integer>,
        paused_at -> Nullable<Timestamptz>,
        next_due_at -> Timestamptz,
        last_due_at -> Nullable<Timestamptz>,
        alarmed_due_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::allow_tables_to_appear_in_same_query!(event, outbox, seal);
