//! The tables of finance as Diesel sees them.

diesel::table! {
    finance.setting (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        currency -> Text,
        payable_account -> Text,
        receivable_account -> Text,
        purchase_account -> Text,
        sales_account -> Text,
        bank_account -> Text,
        exchange_loss_account -> Text,
        exchange_gain_account -> Text,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    finance.tax (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        name_es -> Text,
        name_en -> Text,
        kind -> Text,
        treatment -> Text,
        applies_to -> Text,
        rate -> Numeric,
        goes_with -> Nullable<Text>,
        sales_account -> Nullable<Text>,
        purchase_account -> Nullable<Text>,
        source -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    finance.payment_term (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name_es -> Text,
        name_en -> Text,
        anchor -> Text,
        days -> Array<Integer>,
        shares -> Array<Numeric>,
        pay_days -> Array<Integer>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    finance.invoice (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        kind -> Text,
        status -> Text,
        party_id -> Uuid,
        series -> Text,
        number -> Nullable<Text>,
        supplier_number -> Nullable<Text>,
        issued_on -> Date,
        operation_on -> Date,
        due_on -> Date,
        currency -> Text,
        rate -> Numeric,
        net -> Numeric,
        tax -> Numeric,
        withheld -> Numeric,
        total -> Numeric,
        company_total -> Numeric,
        payment_term_id -> Nullable<Uuid>,
        corrects_id -> Nullable<Uuid>,
        entry_id -> Nullable<Uuid>,
        memo -> Nullable<Text>,
        external_id -> Nullable<Text>,
        prepared_by -> Nullable<Uuid>,
        posted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    finance.invoice_line (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        invoice_id -> Uuid,
        company_id -> Uuid,
        position -> Integer,
        description -> Text,
        item_id -> Nullable<Uuid>,
        purchase_order_line_id -> Nullable<Uuid>,
        quantity -> Numeric,
        unit -> Nullable<Text>,
        unit_price -> Numeric,
        discount -> Numeric,
        net -> Numeric,
        account_code -> Text,
        department_id -> Nullable<Uuid>,
        dimension_value_ids -> Array<Uuid>,
        tax_ids -> Array<Uuid>,
    }
}

diesel::table! {
    finance.order_match (organisation_id, invoice_line_id) {
        organisation_id -> Uuid,
        invoice_line_id -> Uuid,
        company_id -> Uuid,
        purchase_order_line_id -> Uuid,
        quantity -> Numeric,
        value -> Numeric,
    }
}

diesel::table! {
    finance.invoice_tax (organisation_id, invoice_id, tax_id) {
        organisation_id -> Uuid,
        invoice_id -> Uuid,
        tax_id -> Uuid,
        company_id -> Uuid,
        rate -> Numeric,
        base -> Numeric,
        amount -> Numeric,
        rounding -> Numeric,
        company_base -> Numeric,
        company_amount -> Numeric,
    }
}

diesel::table! {
    finance.payment_order (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        status -> Text,
        execution_on -> Date,
        iban -> Text,
        bic -> Nullable<Text>,
        account_code -> Text,
        currency -> Text,
        total -> Numeric,
        payments -> Integer,
        message_id -> Text,
        memo -> Nullable<Text>,
        approval_id -> Nullable<Uuid>,
        entry_id -> Nullable<Uuid>,
        file_id -> Nullable<Uuid>,
        prepared_by -> Nullable<Uuid>,
        submitted_by -> Nullable<Uuid>,
        approved_at -> Nullable<Timestamptz>,
        sent_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    finance.open_item (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        side -> Text,
        party_id -> Uuid,
        invoice_id -> Nullable<Uuid>,
        entry_id -> Uuid,
        account_code -> Text,
        position -> Integer,
        posted_on -> Date,
        due_on -> Date,
        currency -> Text,
        rate -> Numeric,
        amount -> Numeric,
        remaining -> Numeric,
        company_amount -> Numeric,
        company_remaining -> Numeric,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    finance.allocation (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        charge_id -> Uuid,
        credit_id -> Uuid,
        allocated_on -> Date,
        amount -> Numeric,
        charge_company -> Numeric,
        credit_company -> Numeric,
        entry_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    finance.payment (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        direction -> Text,
        party_id -> Uuid,
        order_id -> Nullable<Uuid>,
        position -> Integer,
        paid_on -> Date,
        currency -> Text,
        rate -> Numeric,
        amount -> Numeric,
        account_code -> Text,
        bank_account_id -> Nullable<Uuid>,
        iban -> Nullable<Text>,
        holder -> Nullable<Text>,
        reference -> Text,
        entry_id -> Nullable<Uuid>,
        open_item_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    finance.payment_item (organisation_id, payment_id, open_item_id) {
        organisation_id -> Uuid,
        payment_id -> Uuid,
        open_item_id -> Uuid,
        amount -> Numeric,
        live -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(invoice, invoice_line, invoice_tax, tax);
diesel::allow_tables_to_appear_in_same_query!(payment, payment_item);
diesel::allow_tables_to_appear_in_same_query!(payment_item, open_item);
