//! The tables of processes.

diesel::table! {
    processes.approval_policy (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        name -> Text,
        subject_kind -> Text,
        company_id -> Nullable<Uuid>,
        currency_code -> Nullable<Text>,
        amount_from -> Nullable<Numeric>,
        amount_to -> Nullable<Numeric>,
        active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    processes.approval_policy_step (organisation_id, policy_id, position) {
        organisation_id -> Uuid,
        policy_id -> Uuid,
        position -> Integer,
        name -> Nullable<Text>,
        permission -> Nullable<Text>,
        role_ids -> Array<Uuid>,
        user_ids -> Array<Uuid>,
        approvals_needed -> Integer,
        due_hours -> Nullable<Integer>,
        escalation_role_ids -> Array<Uuid>,
        escalation_user_ids -> Array<Uuid>,
        step_up -> Bool,
    }
}

diesel::table! {
    processes.approval (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        subject_kind -> Text,
        subject_id -> Uuid,
        company_id -> Nullable<Uuid>,
        title_key -> Text,
        title_args -> Jsonb,
        amount -> Nullable<Numeric>,
        currency_code -> Nullable<Text>,
        policy_id -> Nullable<Uuid>,
        status -> Text,
        current_step -> Integer,
        steps -> Integer,
        requested_by -> Nullable<Uuid>,
        requested_at -> Timestamptz,
        due_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    processes.approval_step (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        approval_id -> Uuid,
        position -> Integer,
        name -> Nullable<Text>,
        permission -> Nullable<Text>,
        role_ids -> Array<Uuid>,
        user_ids -> Array<Uuid>,
        approvals_needed -> Integer,
        approvals -> Integer,
        due_hours -> Nullable<Integer>,
        escalation_role_ids -> Array<Uuid>,
        escalation_user_ids -> Array<Uuid>,
        step_up -> Bool,
        status -> Text,
        opened_at -> Nullable<Timestamptz>,
        due_at -> Nullable<Timestamptz>,
        escalated_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    processes.approval_preparer (organisation_id, approval_id, user_id) {
        organisation_id -> Uuid,
        approval_id -> Uuid,
        user_id -> Uuid,
    }
}

diesel::table! {
    processes.approval_decision (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        approval_id -> Uuid,
        step_id -> Uuid,
        decided_by -> Uuid,
        on_behalf_of -> Nullable<Uuid>,
        delegation_id -> Nullable<Uuid>,
        decision -> Text,
        comment -> Nullable<Text>,
        decided_at -> Timestamptz,
    }
}

diesel::table! {
    processes.approval_hand (organisation_id, step_id, user_id) {
        organisation_id -> Uuid,
        approval_id -> Uuid,
        step_id -> Uuid,
        user_id -> Uuid,
    }
}

diesel::table! {
    processes.delegation (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        delegator_id -> Uuid,
        delegate_id -> Uuid,
        subject_kind -> Nullable<Text>,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        reason -> Nullable<Text>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    processes.notification (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        args -> Jsonb,
        subject_kind -> Text,
        subject_id -> Uuid,
        urgent -> Bool,
        in_app -> Bool,
        mail -> Bool,
        key -> Nullable<Text>,
        created_at -> Timestamptz,
        read_at -> Nullable<Timestamptz>,
        mailed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    processes.notification_preference (organisation_id, user_id, kind) {
        organisation_id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        in_app -> Bool,
        mail -> Bool,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    processes.task (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        title -> Nullable<Text>,
        title_key -> Nullable<Text>,
        title_args -> Jsonb,
        description -> Nullable<Text>,
        company_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        assignee_id -> Nullable<Uuid>,
        role_id -> Nullable<Uuid>,
        reporter_id -> Nullable<Uuid>,
        status -> Text,
        priority -> Text,
        urgency -> SmallInt,
        due_at -> Nullable<Timestamptz>,
        due_order -> Timestamptz,
        subject_kind -> Nullable<Text>,
        subject_id -> Nullable<Uuid>,
        source_key -> Nullable<Text>,
        blocked_reason -> Nullable<Text>,
        escalation -> Integer,
        escalated_at -> Nullable<Timestamptz>,
        assigned_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
        closed_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    processes.task_watcher (organisation_id, task_id, user_id) {
        organisation_id -> Uuid,
        task_id -> Uuid,
        user_id -> Uuid,
    }
}

diesel::table! {
    processes.task_checklist (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        task_id -> Uuid,
        position -> Integer,
        text -> Text,
        checked_at -> Nullable<Timestamptz>,
        checked_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    processes.task_comment (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        task_id -> Uuid,
        author_id -> Nullable<Uuid>,
        author_name -> Text,
        text -> Text,
        mentions -> Array<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    processes.inbox_entry (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        user_id -> Nullable<Uuid>,
        subject_kind -> Text,
        subject_id -> Uuid,
        at -> Timestamptz,
        due_at -> Nullable<Timestamptz>,
        urgent -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(approval, approval_step);
diesel::allow_tables_to_appear_in_same_query!(task, task_checklist, task_comment);
