//! The tables of the stock side; those of replenishment are in their own file.

diesel::table! {
    inventory.unit (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name_es -> Text,
        name_en -> Text,
        kind -> Text,
        factor -> Nullable<Numeric>,
        places -> SmallInt,
        archived_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    inventory.item_category (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        name -> Text,
        stock_account -> Nullable<Text>,
        cost_account -> Nullable<Text>,
        adjustment_account -> Nullable<Text>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    inventory.item (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        external_id -> Nullable<Text>,
        name -> Text,
        description -> Nullable<Text>,
        category_id -> Nullable<Uuid>,
        unit_id -> Uuid,
        gtin -> Nullable<Text>,
        is_tracked -> Bool,
        valuation -> Text,
        list_price -> Nullable<Numeric>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    inventory.item_unit (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        item_id -> Uuid,
        unit_id -> Uuid,
        factor -> Numeric,
    }
}

diesel::table! {
    inventory.warehouse (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        name -> Text,
        street -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        city -> Nullable<Text>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    inventory.location (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        warehouse_id -> Uuid,
        code -> Text,
        name -> Text,
        archived_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}

diesel::table! {
    inventory.stock_setting (organisation_id, company_id) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        allows_negative -> Bool,
        version -> Integer,
    }
}

diesel::table! {
    inventory.stock_account (organisation_id, company_id, purpose) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        purpose -> Text,
        account_code -> Text,
    }
}

diesel::table! {
    inventory.movement (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        number -> Text,
        kind -> Text,
        moved_on -> Date,
        reference -> Nullable<Text>,
        reason -> Nullable<Text>,
        party_id -> Nullable<Uuid>,
        source_kind -> Nullable<Text>,
        source_id -> Nullable<Uuid>,
        reverses_id -> Nullable<Uuid>,
        entry_id -> Nullable<Uuid>,
        line_count -> Integer,
        value -> Numeric,
        recorded_at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Uuid,
    }
}

diesel::table! {
    inventory.movement_line (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        movement_id -> Uuid,
        position -> Integer,
        line_count -> Integer,
        company_id -> Uuid,
        moved_on -> Date,
        item_id -> Uuid,
        from_warehouse_id -> Nullable<Uuid>,
        from_location_id -> Nullable<Uuid>,
        to_warehouse_id -> Nullable<Uuid>,
        to_location_id -> Nullable<Uuid>,
        unit_id -> Uuid,
        unit_quantity -> Numeric,
        quantity -> Numeric,
        unit_cost -> Numeric,
        value_out -> Numeric,
        value_in -> Numeric,
        amount -> Numeric,
    }
}

diesel::table! {
    inventory.holding (organisation_id, item_id, warehouse_id) {
        organisation_id -> Uuid,
        item_id -> Uuid,
        warehouse_id -> Uuid,
        company_id -> Uuid,
        quantity -> Numeric,
        value -> Numeric,
        last_cost -> Nullable<Numeric>,
        last_moved_on -> Nullable<Date>,
        allows_negative -> Bool,
    }
}

diesel::table! {
    inventory.stock (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        item_id -> Uuid,
        warehouse_id -> Uuid,
        location_id -> Uuid,
        quantity -> Numeric,
        allows_negative -> Bool,
    }
}

diesel::table! {
    inventory.layer (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        item_id -> Uuid,
        warehouse_id -> Uuid,
        line_id -> Uuid,
        received_on -> Date,
        quantity -> Numeric,
        value -> Numeric,
        remaining_quantity -> Numeric,
        remaining_value -> Numeric,
    }
}

diesel::table! {
    inventory.layer_take (organisation_id, line_id, layer_id) {
        organisation_id -> Uuid,
        line_id -> Uuid,
        layer_id -> Uuid,
        quantity -> Numeric,
        value -> Numeric,
    }
}

diesel::table! {
    inventory.holding_day (organisation_id, item_id, warehouse_id, day) {
        organisation_id -> Uuid,
        item_id -> Uuid,
        warehouse_id -> Uuid,
        day -> Date,
        quantity -> Numeric,
        value -> Numeric,
    }
}

diesel::table! {
    inventory.stock_day (organisation_id, stock_id, day) {
        organisation_id -> Uuid,
        stock_id -> Uuid,
        day -> Date,
        quantity -> Numeric,
    }
}

diesel::allow_tables_to_appear_in_same_query!(item, movement_line);
