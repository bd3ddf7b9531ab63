//! The tables of replenishment.

diesel::table! {
    inventory.supplier_term (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        item_id -> Uuid,
        supplier_id -> Uuid,
        supplier_code -> Nullable<Text>,
        unit_id -> Uuid,
        price -> Numeric,
        currency -> Text,
        minimum_quantity -> Numeric,
        multiple -> Numeric,
        lead_time_days -> Nullable<Integer>,
        over_receipt_percent -> Numeric,
        preferred -> Bool,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    inventory.stock_policy (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        item_id -> Uuid,
        warehouse_id -> Uuid,
        method -> Text,
        reorder_point -> Nullable<Numeric>,
        target_quantity -> Nullable<Numeric>,
        maximum_quantity -> Nullable<Numeric>,
        safety_stock -> Nullable<Numeric>,
        service_level -> Nullable<Numeric>,
        demand_days -> Integer,
        review_days -> Integer,
        preferred_supplier_id -> Nullable<Uuid>,
        active -> Bool,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    inventory.purchase_order (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        warehouse_id -> Uuid,
        supplier_id -> Uuid,
        number -> Text,
        status -> Text,
        currency -> Text,
        supplier_reference -> Nullable<Text>,
        memo -> Nullable<Text>,
        expected_on -> Nullable<Date>,
        total -> Numeric,
        approval_id -> Nullable<Uuid>,
        prepared_by -> Nullable<Uuid>,
        submitted_by -> Nullable<Uuid>,
        ordered_on -> Nullable<Date>,
        ended_on -> Nullable<Date>,
        end_reason -> Nullable<Text>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    inventory.purchase_order_line (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        purchase_order_id -> Uuid,
        position -> Integer,
        item_id -> Uuid,
        unit_id -> Uuid,
        factor -> Numeric,
        divisor -> Numeric,
        quantity -> Numeric,
        price -> Numeric,
        expected_on -> Nullable<Date>,
        over_receipt_percent -> Numeric,
        received_quantity -> Numeric,
        supplier_code -> Nullable<Text>,
        supplier_term_id -> Nullable<Uuid>,
        proposal_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    inventory.purchase_receipt (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        purchase_order_id -> Uuid,
        line_id -> Uuid,
        movement_id -> Nullable<Uuid>,
        received_on -> Date,
        quantity -> Numeric,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    inventory.proposal (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        warehouse_id -> Uuid,
        item_id -> Uuid,
        status -> Text,
        supplier_id -> Nullable<Uuid>,
        supplier_term_id -> Nullable<Uuid>,
        quantity -> Numeric,
        unit_id -> Uuid,
        unit_quantity -> Numeric,
        price -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        expected_on -> Nullable<Date>,
        as_of -> Date,
        problem -> Nullable<Text>,
        on_hand -> Numeric,
        on_order -> Numeric,
        reorder_point -> Numeric,
        demand_per_day -> Numeric,
        lead_time_days -> Nullable<Integer>,
        days_of_cover -> Nullable<Numeric>,
        explanation -> Jsonb,
        rule_version -> Text,
        job_id -> Nullable<Uuid>,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        dismissed_until -> Nullable<Date>,
        purchase_order_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    inventory.stock_alert (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        warehouse_id -> Uuid,
        kind -> Text,
        subject_id -> Uuid,
        item_id -> Nullable<Uuid>,
        purchase_order_id -> Nullable<Uuid>,
        on_hand -> Nullable<Numeric>,
        threshold -> Nullable<Numeric>,
        due_on -> Nullable<Date>,
        job_id -> Nullable<Uuid>,
        opened_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
    }
}
