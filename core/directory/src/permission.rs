//! The permissions of the directory, and the catalogue of every permission a role may hold.

kernel::permissions! {
    /// Change the organisation's own settings.
    ORGANISATION_MANAGE = "directory.organisation.manage";
    /// See companies.
    COMPANY_READ = "directory.company.read";
    /// Create and change companies.
    COMPANY_MANAGE = "directory.company.manage";
    /// See departments.
    DEPARTMENT_READ = "directory.department.read";
    /// Create and change departments.
    DEPARTMENT_MANAGE = "directory.department.manage";
    /// See users.
    USER_READ = "directory.user.read";
    /// Create, change and deactivate users.
    USER_MANAGE = "directory.user.manage";
    /// See roles and who has them.
    ROLE_READ = "directory.role.read";
    /// Define roles and give them to others.
    ROLE_MANAGE = "directory.role.manage";
    /// See the API keys of others.
    API_KEY_READ = "directory.api_key.read";
    /// Make API keys of one's own, and revoke those of others.
    API_KEY_MANAGE = "directory.api_key.manage";
    /// See the sessions of others.
    SESSION_READ = "directory.session.read";
    /// End the sessions of others.
    SESSION_MANAGE = "directory.session.manage";
    /// See parties.
    PARTY_READ = "directory.party.read";
    /// Create and change parties.
    PARTY_MANAGE = "directory.party.manage";
    /// See whole account numbers.
    BANK_ACCOUNT_READ = "directory.bank_account.read";
    /// Add and remove bank accounts.
    BANK_ACCOUNT_MANAGE = "directory.bank_account.manage";
    /// See files that need no other permission.
    FILE_READ = "directory.file.read";
    /// Upload and archive files.
    FILE_MANAGE = "directory.file.manage";
    /// See number sequences.
    SEQUENCE_READ = "directory.sequence.read";
    /// Change the format of number sequences.
    SEQUENCE_MANAGE = "directory.sequence.manage";
    /// See calendars and holidays.
    CALENDAR_READ = "directory.calendar.read";
    /// Create and change calendars.
    CALENDAR_MANAGE = "directory.calendar.manage";
    /// Set up log-in through other providers.
    IDENTITY_PROVIDER_MANAGE = "directory.identity_provider.manage";
}

/// The permissions of the other domains that roles are made of.
pub const OTHERS: &[&str] = &[
    "administration.announcement.manage",
    "administration.announcement.read",
    "administration.document.manage",
    "administration.document.read",
    "administration.report.run",
    "administration.report.schedule",
    "analytics.measure.manage",
    "analytics.measure.read",
    "compliance.finding.accept",
    "compliance.finding.manage",
    "compliance.finding.read",
    "compliance.rule.manage",
    "compliance.rule.read",
    "compliance.scan.run",
    "finance.invoice.manage",
    "finance.invoice.post",
    "finance.invoice.read",
    "finance.payment.approve",
    "finance.payment.manage",
    "finance.payment.read",
    "finance.tax.manage",
    "inventory.cost.read",
    "inventory.item.manage",
    "inventory.item.read",
    "inventory.purchase.approve",
    "inventory.purchase.manage",
    "inventory.purchase.read",
    "inventory.replenishment.manage",
    "inventory.replenishment.read",
    "inventory.stock.adjust",
    "inventory.stock.move",
    "inventory.stock.read",
    "kernel.audit.read",
    "kernel.bulk.export",
    "kernel.bulk.import",
    "kernel.job.manage",
    "kernel.job.read",
    "kernel.schedule.manage",
    "kernel.schedule.read",
    "ledger.account.manage",
    "ledger.account.read",
    "ledger.entry.post",
    "ledger.entry.read",
    "ledger.entry.reverse",
    "ledger.period.manage",
    "ledger.report.read",
    "people.employee.manage",
    "people.employee.read",
    "people.pay.manage",
    "people.pay.read",
    "people.payroll.approve",
    "people.payroll.post",
    "people.payroll.read",
    "people.payroll.run",
    "people.payslip.read",
    "people.payslip.read_own",
    "people.self.read",
    "processes.approval.decide",
    "processes.approval.read",
    "processes.delegation.manage",
    "processes.inbox.read",
    "processes.policy.manage",
    "processes.task.manage",
    "processes.task.read",
    "technology.incident.manage",
    "technology.incident.read",
    "technology.system.manage",
    "technology.system.read",
];

/// Whether a permission of that name exists in the suite.
pub fn is_known(name: &str) -> bool {
    OTHERS.contains(&name) || PERMISSIONS.iter().any(|(own, _)| *own == name)
}

/// Pairs that no single role may hold: who prepares never approves.
pub const APART: &[(&str, &str)] = &[
    ("people.payroll.run", "people.payroll.approve"),
    ("finance.payment.manage", "finance.payment.approve"),
    ("inventory.purchase.manage", "inventory.purchase.approve"),
];
