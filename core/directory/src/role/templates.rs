//! The roles that every organisation starts with, as data.

/// A role that every organisation starts with.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// The unchanging key.
    pub key: &'static str,
    /// The name in Spanish.
    pub name_es: &'static str,
    /// The name in English.
    pub name_en: &'static str,
    /// What it is for, in Spanish.
    pub description_es: &'static str,
    /// What it is for, in English.
    pub description_en: &'static str,
    /// What it allows.
    pub permissions: &'static [&'static str],
}

/// The built-in roles. None but the owner's both runs and approves payroll.
pub const TEMPLATES: &[Template] = &[
    Template {
        key: "owner",
        name_es: "Propietario",
        name_en: "Owner",
        description_es: "Puede hacerlo todo, también nombrar a otros propietarios.",
        description_en: "May do everything, including making other owners.",
        permissions: &["*"],
    },
    Template {
        key: "administrator",
        name_es: "Administrador",
        name_en: "Administrator",
        description_es: "Configura la organización, sus usuarios y sus roles; no ve ni toca nóminas.",
        description_en: "Sets up the organisation, its users and roles; neither sees nor runs payroll.",
        permissions: &[
            "directory.api_key.manage",
            "directory.api_key.read",
            "directory.bank_account.manage",
            "directory.bank_account.read",
            "directory.calendar.manage",
            "directory.calendar.read",
            "directory.company.manage",
            "directory.company.read",
            "directory.department.manage",
            "directory.department.read",
            "directory.file.manage",
            "directory.file.read",
            "directory.identity_provider.manage",
            "directory.organisation.manage",
            "directory.party.manage",
            "directory.party.read",
            "directory.role.manage",
            "directory.role.read",
            "directory.sequence.manage",
            "directory.sequence.read",
            "directory.session.manage",
            "directory.session.read",
            "directory.user.manage",
            "directory.user.read",
            "kernel.audit.read",
            "kernel.job.manage",
            "kernel.job.read",
            "kernel.schedule.manage",
            "kernel.schedule.read",
            "processes.approval.read",
            "processes.delegation.manage",
            "processes.inbox.read",
            "processes.policy.manage",
        ],
    },
    Template {
        key: "hr_manager",
        name_es: "Responsable de personas",
        name_en: "HR manager",
        description_es: "Contrata, cambia contratos y condiciones; no calcula ni aprueba nóminas.",
        description_en: "Hires and changes contracts and pay; neither runs nor approves payroll.",
        permissions: &[
            "directory.calendar.manage",
            "directory.calendar.read",
            "directory.company.read",
            "directory.department.manage",
            "directory.department.read",
            "directory.file.manage",
            "directory.file.read",
            "directory.user.read",
            "people.employee.manage",
            "people.employee.read",
            "people.pay.manage",
            "people.pay.read",
            "people.payroll.read",
            "people.payslip.read",
            "people.payslip.read_own",
            "people.self.read",
            "processes.approval.read",
            "processes.inbox.read",
        ],
    },
    Template {
        key: "payroll_clerk",
        name_es: "Técnico de nóminas",
        name_en: "Payroll clerk",
        description_es: "Prepara y calcula nóminas y las contabiliza una vez aprobadas; no las aprueba.",
        description_en: "Prepares and calculates payroll and posts it once approved; never approves.",
        permissions: &[
            "directory.bank_account.read",
            "directory.calendar.read",
            "directory.company.read",
            "directory.department.read",
            "directory.file.manage",
            "directory.file.read",
            "directory.user.read",
            "kernel.job.read",
            "kernel.schedule.manage",
            "kernel.schedule.read",
            "ledger.account.read",
            "people.employee.read",
            "people.pay.manage",
            "people.pay.read",
            "people.payroll.post",
            "people.payroll.read",
            "people.payroll.run",
            "people.payslip.read",
            "people.payslip.read_own",
            "people.self.read",
            "processes.approval.read",
            "processes.inbox.read",
        ],
    },
    Template {
        key: "payroll_approver",
        name_es: "Aprobador de nóminas",
        name_en: "Payroll approver",
        description_es: "Revisa y aprueba nóminas que ha preparado otra persona.",
        description_en: "Reviews and approves payroll that somebody else prepared.",
        permissions: &[
            "directory.company.read",
            "directory.department.read",
            "directory.user.read",
            "kernel.job.read",
            "people.employee.read",
            "people.pay.read",
            "people.payroll.approve",
            "people.payroll.read",
            "people.payslip.read",
            "people.payslip.read_own",
            "people.self.read",
            "processes.approval.decide",
            "processes.approval.read",
            "processes.delegation.manage",
            "processes.inbox.read",
        ],
    },
    Template {
        key: "accountant",
        name_es: "Contable",
        name_en: "Accountant",
        description_es: "Lleva la contabilidad; de las nóminas ve solo su asiento.",
        description_en: "Keeps the books; of payroll sees its journal entry alone.",
        permissions: &[
            "directory.bank_account.read",
            "directory.calendar.read",
            "directory.company.read",
            "directory.department.read",
            "directory.file.manage",
            "directory.file.read",
            "directory.party.manage",
            "directory.party.read",
            "directory.sequence.read",
            "directory.user.read",
            "kernel.job.read",
            "ledger.account.manage",
            "ledger.account.read",
            "ledger.entry.post",
            "ledger.entry.read",
            "ledger.entry.reverse",
            "ledger.period.manage",
            "ledger.report.read",
            "people.payslip.read_own",
            "people.self.read",
            "processes.approval.read",
            "processes.inbox.read",
        ],
    },
    Template {
        key: "manager",
        name_es: "Responsable de departamento",
        name_en: "Department manager",
        description_es: "Ve a las personas de su departamento, sin sus salarios, y decide aprobaciones.",
        description_en: "Sees the people of a department, without their pay, and decides approvals.",
        permissions: &[
            "directory.calendar.read",
            "directory.company.read",
            "directory.department.read",
            "directory.user.read",
            "people.employee.read",
            "people.payslip.read_own",
            "people.self.read",
            "processes.approval.decide",
            "processes.approval.read",
            "processes.delegation.manage",
            "processes.inbox.read",
        ],
    },
    Template {
        key: "employee",
        name_es: "Empleado",
        name_en: "Employee",
        description_es: "Ve sus propios datos y sus propias nóminas.",
        description_en: "Sees their own data and their own payslips.",
        permissions: &[
            "directory.calendar.read",
            "directory.company.read",
            "people.payslip.read_own",
            "people.self.read",
            "processes.inbox.read",
        ],
    },
    Template {
        key: "auditor",
        name_es: "Auditor",
        name_en: "Auditor",
        description_es: "Lo ve todo, también el registro de auditoría; no cambia nada.",
        description_en: "Sees everything, the audit trail too; changes nothing.",
        permissions: &[
            "directory.api_key.read",
            "directory.bank_account.read",
            "directory.calendar.read",
            "directory.company.read",
            "directory.department.read",
            "directory.file.read",
            "directory.party.read",
            "directory.role.read",
            "directory.sequence.read",
            "directory.session.read",
            "directory.user.read",
            "kernel.audit.read",
            "kernel.job.read",
            "kernel.schedule.read",
            "ledger.account.read",
            "ledger.entry.read",
            "ledger.report.read",
            "people.employee.read",
            "people.pay.read",
            "people.payroll.read",
            "people.payslip.read",
            "processes.approval.read",
        ],
    },
    Template {
        key: "automation",
        name_es: "Automatización",
        name_en: "Automation",
        description_es: "Lanza y sigue trabajos programados por medio de claves de API.",
        description_en: "Starts and follows scheduled jobs by API keys.",
        permissions: &[
            "directory.api_key.manage",
            "directory.company.read",
            "directory.department.read",
            "directory.file.manage",
            "directory.file.read",
            "kernel.job.manage",
            "kernel.job.read",
            "kernel.schedule.read",
            "ledger.account.read",
            "ledger.entry.read",
            "people.employee.read",
            "people.payroll.read",
            "people.payroll.run",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::{APART, is_known};

    #[test]
    fn every_permission_of_a_template_exists() {
        for template in TEMPLATES {
            for name in template.permissions {
                assert!(*name == "*" || is_known(name), "{}: {name}", template.key);
            }
            assert!(template.permissions.is_sorted(), "{}", template.key);
        }
    }

    #[test]
    fn no_template_prepares_and_approves() {
        for template in TEMPLATES {
            for (left, right) in APART {
                let both =
                    template.permissions.contains(left) && template.permissions.contains(right);
                assert!(!both, "{}", template.key);
            }
        }
    }

    #[test]
    fn an_auditor_reads_and_does_nothing_else() {
        let auditor = TEMPLATES
            .iter()
            .find(|template| template.key == "auditor")
            .unwrap();
        assert!(
            auditor
                .permissions
                .iter()
                .all(|name| name.ends_with(".read"))
        );
    }
}
