//! The directory's tables.

diesel::table! {
    directory.organisation (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        locale -> Text,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.company (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        code -> Text,
        legal_name -> Text,
        trade_name -> Nullable<Text>,
        tax_country -> Text,
        tax_id -> Text,
        currency -> Text,
        zone -> Text,
        locale -> Text,
        street -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        city -> Nullable<Text>,
        region -> Nullable<Text>,
        country -> Text,
        ccc -> Nullable<Text>,
        iban -> Nullable<Text>,
        bic -> Nullable<Text>,
        calendar_id -> Nullable<Uuid>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.department (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        parent_id -> Nullable<Uuid>,
        code -> Text,
        name -> Text,
        manager_id -> Nullable<Uuid>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.user (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        email -> Text,
        display_name -> Text,
        locale -> Text,
        active -> Bool,
        employee_id -> Nullable<Uuid>,
        totp_enabled -> Bool,
        last_login_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.credential (organisation_id, user_id) {
        organisation_id -> Uuid,
        user_id -> Uuid,
        password_hash -> Nullable<Text>,
        password_set_at -> Nullable<Timestamptz>,
        must_change -> Bool,
        totp_sealed -> Nullable<Binary>,
        totp_confirmed_at -> Nullable<Timestamptz>,
        totp_last_step -> BigInt,
    }
}

diesel::table! {
    directory.recovery_code (organisation_id, user_id, hash) {
        organisation_id -> Uuid,
        user_id -> Uuid,
        hash -> Binary,
    }
}

diesel::table! {
    directory.login (email_hash, organisation_id) {
        organisation_id -> Uuid,
        email_hash -> Binary,
        user_id -> Uuid,
    }
}

diesel::table! {
    directory.login_throttle (key) {
        key -> Binary,
        failures -> Integer,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    directory.session (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        access_hash -> Binary,
        access_expires_at -> Timestamptz,
        device -> Nullable<Text>,
        source -> Nullable<Text>,
        proved_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
        version -> Integer,
    }
}

diesel::table! {
    directory.refresh_token (organisation_id, session_id, hash) {
        organisation_id -> Uuid,
        session_id -> Uuid,
        hash -> Binary,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    directory.role (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        key -> Text,
        name -> Text,
        description -> Nullable<Text>,
        permissions -> Array<Text>,
        built_in -> Bool,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.role_assignment (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        role_id -> Uuid,
        user_id -> Uuid,
        company_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    directory.api_key (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        name -> Text,
        user_id -> Uuid,
        secret_hash -> Binary,
        scopes -> Array<Text>,
        expires_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.party (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        name -> Text,
        trade_name -> Nullable<Text>,
        tax_country -> Nullable<Text>,
        tax_id -> Nullable<Text>,
        external_id -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        locale -> Text,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.address (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        party_id -> Uuid,
        purpose -> Text,
        street -> Text,
        postal_code -> Nullable<Text>,
        city -> Text,
        region -> Nullable<Text>,
        country -> Text,
    }
}

diesel::table! {
    directory.bank_account (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        party_id -> Uuid,
        iban -> Text,
        bic -> Nullable<Text>,
        holder -> Text,
    }
}

diesel::table! {
    directory.file (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        name -> Text,
        media_type -> Text,
        size -> BigInt,
        sha256 -> Binary,
        permission -> Text,
        owner_user -> Nullable<Uuid>,
        company_id -> Nullable<Uuid>,
        subject_kind -> Nullable<Text>,
        subject_id -> Nullable<Uuid>,
        attached -> Bool,
        created_by -> Uuid,
        created_at -> Timestamptz,
        archived_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    directory.staged_upload (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        size -> BigInt,
        media_type -> Nullable<Text>,
        sha256 -> Nullable<Binary>,
        expires_at -> Timestamptz,
        received_at -> Nullable<Timestamptz>,
        file_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    directory.sequence (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Nullable<Uuid>,
        key -> Text,
        year -> Integer,
        format -> Text,
        next_number -> BigInt,
        version -> Integer,
    }
}

diesel::table! {
    directory.calendar (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        name -> Text,
        country -> Text,
        region -> Nullable<Text>,
        weekend -> Array<Integer>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.holiday (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        calendar_id -> Uuid,
        date -> Date,
        name_es -> Text,
        name_en -> Text,
    }
}

diesel::table! {
    directory.identity_provider (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        name -> Text,
        issuer -> Text,
        client_id -> Text,
        client_secret_sealed -> Nullable<Binary>,
        enabled -> Bool,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    directory.identity_attempt (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        provider_id -> Uuid,
        state_hash -> Binary,
        sealed -> Binary,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    directory.identity_link (organisation_id, provider_id, subject) {
        organisation_id -> Uuid,
        provider_id -> Uuid,
        subject -> Text,
        user_id -> Uuid,
        linked_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(api_key, user);
diesel::allow_tables_to_appear_in_same_query!(session, user);
diesel::allow_tables_to_appear_in_same_query!(credential, user);
diesel::allow_tables_to_appear_in_same_query!(role, role_assignment);
