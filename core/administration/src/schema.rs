//! The tables of administration.

diesel::table! {
    administration.mail (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        key -> Text,
        user_id -> Nullable<Uuid>,
        address -> Text,
        name -> Nullable<Text>,
        subject -> Text,
        body_text -> Text,
        body_html -> Nullable<Text>,
        file_ids -> Array<Uuid>,
        subject_kind -> Nullable<Text>,
        subject_id -> Nullable<Uuid>,
        status -> Text,
        attempts -> Integer,
        last_error -> Nullable<Text>,
        job_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        tried_at -> Nullable<Timestamptz>,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    administration.report_schedule (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        name -> Text,
        report -> Text,
        parameters -> Jsonb,
        period -> Nullable<Text>,
        format -> Text,
        locale -> Nullable<Text>,
        cron -> Text,
        zone -> Text,
        recipient_ids -> Array<Uuid>,
        by_mail -> Bool,
        company_id -> Nullable<Uuid>,
        schedule_id -> Uuid,
        archived_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    administration.report_run (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        report -> Text,
        parameters -> Jsonb,
        format -> Text,
        locale -> Text,
        user_id -> Uuid,
        requested_by -> Nullable<Uuid>,
        schedule_id -> Nullable<Uuid>,
        company_id -> Nullable<Uuid>,
        by_mail -> Bool,
        key -> Nullable<Text>,
        status -> Text,
        file_id -> Nullable<Uuid>,
        as_of -> Nullable<Date>,
        row_count -> Nullable<Integer>,
        error -> Nullable<Jsonb>,
        job_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    administration.announcement (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        title_es -> Text,
        body_es -> Text,
        title_en -> Nullable<Text>,
        body_en -> Nullable<Text>,
        audience -> Text,
        company_ids -> Array<Uuid>,
        department_ids -> Array<Uuid>,
        role_ids -> Array<Uuid>,
        publish_from -> Timestamptz,
        publish_to -> Nullable<Timestamptz>,
        pinned -> Bool,
        requires_acknowledgement -> Bool,
        status -> Text,
        published_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    administration.announcement_receipt (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        announcement_id -> Uuid,
        user_id -> Uuid,
        read_at -> Timestamptz,
        acknowledged_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    administration.document (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        title -> Text,
        description -> Nullable<Text>,
        category -> Text,
        tags -> Array<Text>,
        owner_id -> Uuid,
        visibility -> Text,
        company_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        role_ids -> Array<Uuid>,
        retain_until -> Nullable<Date>,
        versions -> Integer,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    administration.document_version (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        document_id -> Uuid,
        number -> Integer,
        file_id -> Uuid,
        note -> Nullable<Text>,
        text_status -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(document, document_version);
