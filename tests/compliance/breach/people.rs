//! Breaches about people and what is kept of them.

use super::{Breach, Ground};

impl Ground {
    fn employee(&self, id: &str, hired: &str, left: &str) -> String {
        let (org, com, number) = (&self.organisation, &self.company, self.number());
        format!(
            "INSERT INTO people.employee (organisation_id, id, company_id, number, first_name, \
                last_name, full_name, tax_id, social_security_number, birth_date, email, iban, \
                locale, hired_on, left_on, created_at) \
             VALUES ('{org}', '{id}', '{com}', {number}, 'Ana', 'Prueba {number}', \
                'Ana Prueba {number}', 'X0000{number}', '28000000{number}', '1970-05-05', \
                'prueba@ejemplo.es', 'ES9121000418450200051332', 'ES', {hired}, {left}, now());"
        )
    }

    fn contract(&self, id: &str, employee: &str, kind: &str, from: &str, to: &str) -> String {
        let (org, com) = (&self.organisation, &self.company);
        format!(
            "INSERT INTO people.contract (organisation_id, id, company_id, employee_id, kind, \
                starts_on, ends_on, seniority_from, working_time, salary, salary_period, \
                extra_pay_months, extra_pays_prorated, contribution_group, occupation, \
                accident_rate, created_at) \
             VALUES ('{org}', '{id}', '{com}', '{employee}', '{kind}', {from}, {to}, {from}, 1, \
                24000, 'YEAR', '{{6,12}}', false, 7, 'Auxiliar', 1.5, now() - interval '60 days');"
        )
    }

    pub(super) fn file(&self, kind: &str, subject: &str) -> String {
        let (org, user, id) = (&self.organisation, &self.user, self.id());
        format!(
            "INSERT INTO directory.file (organisation_id, id, name, media_type, size, sha256, \
                permission, subject_kind, subject_id, created_by, created_at) \
             VALUES ('{org}', '{id}', 'documento.pdf', 'application/pdf', 10, \
                decode(repeat('ab', 32), 'hex'), 'directory.file.read', '{kind}', '{subject}', \
                '{user}', now());"
        )
    }

    pub(super) fn people(&self) -> Vec<Breach> {
        vec![
            self.minimum_wage(),
            self.past_end(),
            self.chain(),
            self.undocumented(),
            self.retained(),
            self.old_document(),
            self.shared_account(),
        ]
    }

    fn minimum_wage(&self) -> Breach {
        let (org, com, user) = (&self.organisation, &self.company, &self.user);
        let (who, contract, run, slip, approval) =
            (self.id(), self.id(), self.id(), self.id(), self.id());
        let hired = self.employee(&who, "'2025-01-01'", "NULL")
            + &self.contract(&contract, &who, "INDEFINITE", "'2025-01-01'", "NULL");
        let plant = format!(
            "{hired}
             INSERT INTO processes.approval (organisation_id, id, subject_kind, subject_id, \
                company_id, title_key, title_args, status, current_step, steps, requested_by, \
                requested_at) \
             VALUES ('{org}', '{approval}', 'PayrollRun', '{run}', '{com}', 'people.x', '{{}}', \
                'OPEN', 1, 1, '{user}', now());
             INSERT INTO people.payroll_run (organisation_id, id, company_id, kind, year, month, \
                status, currency, pay_date, payslips, gross, employee_contributions, tax, \
                deductions, net, employer_contributions, created_at) \
             VALUES ('{org}', '{run}', '{com}', 'REGULAR', 2026, 1, 'DRAFT', 'EUR', '2026-01-31', \
                1, 1000, 0, 0, 0, 1000, 0, now());
             INSERT INTO people.payslip (organisation_id, id, run_id, company_id, employee_id, \
                contract_id, year, month, period_from, period_to, days, currency, gross, \
                employee_contributions, tax, deductions, net, employer_contributions, \
                taxable_pay, common_base, professional_base, tax_rate, extra_pay_share, \
                pack_code, pack_version, notices, created_at) \
             VALUES ('{org}', '{slip}', '{run}', '{com}', '{who}', '{contract}', 2026, 1, \
                '2026-01-01', '2026-01-31', 30, 'EUR', 1000, 0, 0, 0, 1000, 0, 1000, 1000, 1000, \
                0, 0, 'es', '2026.1', '[]', now());
             INSERT INTO people.payslip_line (organisation_id, id, payslip_id, position, kind, \
                part, code, label_es, label_en, amount, rule, expression, rule_version, source, \
                certainty, inputs) \
             VALUES ('{org}', gen_random_uuid(), '{slip}', 1, 'EARNING', 'PAY', 'salary', \
                'Salario', 'Salary', 1000, 'salary', 'x', '1', 'x', 'A', '[]');
             UPDATE people.payroll_run SET status = 'CALCULATED' WHERE id = '{run}';
             UPDATE people.payroll_run SET status = 'IN_REVIEW', approval_id = '{approval}' \
                WHERE id = '{run}';"
        );
        Breach {
            rule: "people.payslip_under_minimum_wage",
            plant,
            mend: format!("UPDATE people.payroll_run SET status = 'CALCULATED' WHERE id = '{run}'"),
            subject: format!("'{slip}'::uuid"),
        }
    }

    fn past_end(&self) -> Breach {
        let (who, contract) = (self.id(), self.id());
        let over = "current_date - 10";
        Breach {
            rule: "people.contract_past_end",
            plant: self.employee(&who, "current_date - 200", "NULL")
                + &self.contract(&contract, &who, "TEMPORARY", "current_date - 200", over),
            mend: format!("UPDATE people.employee SET left_on = {over} WHERE id = '{who}'"),
            subject: format!("'{contract}'::uuid"),
        }
    }

    fn chain(&self) -> Breach {
        let (who, first, second) = (self.id(), self.id(), self.id());
        let (start, middle) = ("current_date - 620", "current_date - 320");
        let plant = self.employee(&who, start, "NULL")
            + &self.contract(&first, &who, "TEMPORARY", start, middle)
            + &self.contract(
                &second,
                &who,
                "TEMPORARY",
                "current_date - 319",
                "current_date + 30",
            );
        Breach {
            rule: "people.temporary_chain",
            plant,
            mend: format!(
                "UPDATE people.contract SET kind = 'INDEFINITE', ends_on = NULL \
                 WHERE id = '{second}'"
            ),
            subject: format!("'{who}'::uuid"),
        }
    }

    fn undocumented(&self) -> Breach {
        let (who, contract) = (self.id(), self.id());
        let start = "current_date - 90";
        Breach {
            rule: "people.contract_without_document",
            plant: self.employee(&who, start, "NULL")
                + &self.contract(&contract, &who, "INDEFINITE", start, "NULL"),
            mend: self.file("Contract", &contract),
            subject: format!("'{contract}'::uuid"),
        }
    }

    fn retained(&self) -> Breach {
        let who = self.id();
        Breach {
            rule: "people.data_past_retention",
            plant: self.employee(&who, "'2010-01-01'", "'2015-01-01'"),
            mend: format!(
                "UPDATE people.employee SET email = NULL, iban = NULL WHERE id = '{who}'"
            ),
            subject: format!("'{who}'::uuid"),
        }
    }

    fn old_document(&self) -> Breach {
        let (org, com, user, id) = (&self.organisation, &self.company, &self.user, self.id());
        Breach {
            rule: "administration.document_past_retention",
            plant: format!(
                "INSERT INTO administration.document (organisation_id, id, title, category, \
                    tags, owner_id, visibility, company_id, role_ids, retain_until, created_at, \
                    updated_at) \
                 VALUES ('{org}', '{id}', 'Currículum', 'Selección', '{{}}', '{user}', 'COMPANY', \
                    '{com}', '{{}}', current_date - 1, now(), now())"
            ),
            mend: format!(
                "UPDATE administration.document SET archived_at = now() WHERE id = '{id}'"
            ),
            subject: format!("'{id}'::uuid"),
        }
    }

    fn shared_account(&self) -> Breach {
        let (org, party, account, who) = (&self.organisation, self.id(), self.id(), self.id());
        let hired = self.employee(&who, "current_date - 30", "NULL");
        Breach {
            rule: "directory.supplier_bank_of_employee",
            plant: format!(
                "{hired}
                 UPDATE people.employee SET iban = 'ES7620770024003102575766' WHERE id = '{who}';
                 INSERT INTO directory.party (organisation_id, id, kind, name, locale, \
                    created_at) \
                 VALUES ('{org}', '{party}', 'ORGANISATION', 'Consultora Fantasma SL', 'ES', \
                    now());
                 INSERT INTO directory.bank_account (organisation_id, id, party_id, iban, holder) \
                 VALUES ('{org}', '{account}', '{party}', 'ES7620770024003102575766', \
                    'Consultora Fantasma SL')"
            ),
            mend: format!("DELETE FROM directory.bank_account WHERE id = '{account}'"),
            subject: format!("'{party}'::uuid"),
        }
    }
}
