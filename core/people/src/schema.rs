//! The tables of people.

diesel::table! {
    people.employee_counter (organisation_id, company_id) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        last_number -> Integer,
    }
}

diesel::table! {
    people.employee (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        department_id -> Nullable<Uuid>,
        number -> Integer,
        first_name -> Text,
        last_name -> Text,
        full_name -> Text,
        tax_id -> Text,
        social_security_number -> Text,
        birth_date -> Date,
        email -> Nullable<Text>,
        iban -> Nullable<Text>,
        locale -> Text,
        hired_on -> Date,
        left_on -> Nullable<Date>,
        leave_reason -> Nullable<Text>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.family_situation (organisation_id, employee_id, valid_from) {
        organisation_id -> Uuid,
        employee_id -> Uuid,
        valid_from -> Date,
        situation -> SmallInt,
        descendants -> Jsonb,
        ascendants -> Jsonb,
        disability -> SmallInt,
        needs_assistance -> Bool,
        mobility -> Bool,
        home_loan -> Bool,
        special_employment -> Bool,
        region -> Text,
        voluntary_rate -> Nullable<Numeric>,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    people.contract (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        employee_id -> Uuid,
        kind -> Text,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        seniority_from -> Date,
        continues_id -> Nullable<Uuid>,
        end_reason -> Nullable<Text>,
        working_time -> Numeric,
        monthly_hours -> Nullable<Numeric>,
        salary -> Numeric,
        salary_period -> Text,
        extra_pay_months -> Array<Integer>,
        extra_pays_prorated -> Bool,
        contribution_group -> SmallInt,
        occupation -> Text,
        occupation_code -> Nullable<Text>,
        professional_group -> Nullable<Text>,
        agreement -> Nullable<Text>,
        accident_rate -> Numeric,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.pay_concept (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        code -> Text,
        name_es -> Text,
        name_en -> Text,
        kind -> Text,
        formula -> Text,
        in_contribution_base -> Bool,
        taxable -> Bool,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.pay_item (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        employee_id -> Uuid,
        concept_id -> Uuid,
        recurring -> Bool,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        amount -> Nullable<Numeric>,
        quantity -> Nullable<Numeric>,
        memo -> Nullable<Text>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.absence (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        employee_id -> Uuid,
        starts_on -> Date,
        ends_on -> Date,
        reason -> Text,
        cancelled_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.advance (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        employee_id -> Uuid,
        granted_on -> Date,
        amount -> Numeric,
        instalment -> Numeric,
        recovered -> Numeric,
        memo -> Nullable<Text>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.garnishment (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        employee_id -> Uuid,
        authority -> Text,
        reference -> Text,
        basis -> Text,
        monthly_amount -> Nullable<Numeric>,
        priority -> Integer,
        amount -> Numeric,
        recovered -> Numeric,
        received_on -> Date,
        lifted_on -> Nullable<Date>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.rule_pack (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        country -> Text,
        code -> Text,
        pack_version -> Text,
        title_es -> Text,
        title_en -> Text,
        valid_from -> Date,
        valid_to -> Date,
        installed_at -> Timestamptz,
    }
}

diesel::table! {
    people.payroll_account (organisation_id, company_id, purpose) {
        organisation_id -> Uuid,
        company_id -> Uuid,
        purpose -> Text,
        account_code -> Text,
    }
}

diesel::table! {
    people.payroll_run (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        company_id -> Uuid,
        kind -> Text,
        corrects_id -> Nullable<Uuid>,
        year -> Integer,
        month -> Integer,
        status -> Text,
        currency -> Text,
        pay_date -> Date,
        calculation -> Integer,
        job_id -> Nullable<Uuid>,
        rule_pack_id -> Nullable<Uuid>,
        drafted_by -> Nullable<Uuid>,
        calculated_by -> Nullable<Uuid>,
        submitted_by -> Nullable<Uuid>,
        prepared_by -> Array<Uuid>,
        approval_id -> Nullable<Uuid>,
        approved_at -> Nullable<Timestamptz>,
        posted_at -> Nullable<Timestamptz>,
        entry_id -> Nullable<Uuid>,
        delivery_job_id -> Nullable<Uuid>,
        payslips -> Integer,
        gross -> Numeric,
        employee_contributions -> Numeric,
        tax -> Numeric,
        deductions -> Numeric,
        net -> Numeric,
        employer_contributions -> Numeric,
        calculated_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    people.payroll_exclusion (organisation_id, run_id, employee_id) {
        organisation_id -> Uuid,
        run_id -> Uuid,
        employee_id -> Uuid,
        reason -> Text,
        excluded_by -> Uuid,
        excluded_at -> Timestamptz,
    }
}

diesel::table! {
    people.payroll_failure (organisation_id, run_id, employee_id) {
        organisation_id -> Uuid,
        run_id -> Uuid,
        employee_id -> Uuid,
        faults -> Jsonb,
        failed_at -> Timestamptz,
    }
}

diesel::table! {
    people.payroll_basis (organisation_id, run_id, employee_id) {
        organisation_id -> Uuid,
        run_id -> Uuid,
        employee_id -> Uuid,
        digest -> Text,
    }
}

diesel::table! {
    people.payslip (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        run_id -> Uuid,
        company_id -> Uuid,
        department_id -> Nullable<Uuid>,
        employee_id -> Uuid,
        contract_id -> Uuid,
        year -> Integer,
        month -> Integer,
        period_from -> Date,
        period_to -> Date,
        days -> Numeric,
        currency -> Text,
        gross -> Numeric,
        employee_contributions -> Numeric,
        tax -> Numeric,
        deductions -> Numeric,
        net -> Numeric,
        employer_contributions -> Numeric,
        taxable_pay -> Numeric,
        common_base -> Numeric,
        professional_base -> Numeric,
        tax_rate -> Numeric,
        foreseen_pay -> Numeric,
        extra_pay_share -> Numeric,
        pack_code -> Text,
        pack_version -> Text,
        notices -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    people.payslip_line (organisation_id, id) {
        organisation_id -> Uuid,
        id -> Uuid,
        payslip_id -> Uuid,
        position -> Integer,
        kind -> Text,
        part -> Text,
        code -> Text,
        label_es -> Text,
        label_en -> Text,
        base -> Nullable<Numeric>,
        rate -> Nullable<Numeric>,
        amount -> Numeric,
        rule -> Text,
        expression -> Text,
        rule_version -> Text,
        source -> Text,
        certainty -> Text,
        inputs -> Jsonb,
        subject_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    people.payslip_document (organisation_id, payslip_id, locale) {
        organisation_id -> Uuid,
        payslip_id -> Uuid,
        locale -> Text,
        file_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    people.payroll_bank_file (organisation_id, run_id) {
        organisation_id -> Uuid,
        run_id -> Uuid,
        message_id -> Text,
        transfers -> Integer,
        total -> Numeric,
        file_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(payslip, employee);
diesel::allow_tables_to_appear_in_same_query!(payslip, payslip_document);
