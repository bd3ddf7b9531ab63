//! Every typed id of the suite in one place, so that peers can name each other's records.

crate::typed_id! {
    /// An organisation: the tenant.
    OrganisationId = "org";
    /// A company (legal entity) of an organisation.
    CompanyId = "com";
    /// A department of a company.
    DepartmentId = "dep";
    /// A person who can log in.
    UserId = "usr";
    /// A role: a named set of permissions.
    RoleId = "rol";
    /// A role given to a user or key, perhaps limited.
    RoleAssignmentId = "ras";
    /// A credential of an automation.
    ApiKeyId = "key";
    /// A log-in of a user.
    SessionId = "ses";
    /// A person or organisation that business is done with.
    PartyId = "pty";
    /// A postal address of a party.
    AddressId = "adr";
    /// A bank account of a party or company.
    BankAccountId = "bac";
    /// A stored file.
    FileId = "fil";
    /// A file on its way in.
    StagedUploadId = "upl";
    /// A gap-free number sequence.
    SequenceId = "seq";
    /// A working calendar.
    CalendarId = "cal";
    /// A holiday of a calendar.
    HolidayId = "hol";
    /// An event: an entry of the audit trail and of the feed.
    EventId = "evt";
    /// A job.
    JobId = "job";
    /// An item of a job that can be resumed.
    JobItemId = "jit";
    /// A schedule that makes jobs.
    ScheduleId = "sch";
    /// One request as seen by the API.
    RequestId = "req";
    /// An account of a chart.
    AccountId = "acc";
    /// A chart of accounts template.
    ChartId = "cht";
    /// A journal.
    JournalId = "jnl";
    /// A journal entry.
    EntryId = "jen";
    /// A line of a journal entry.
    EntryLineId = "jel";
    /// A fiscal year.
    FiscalYearId = "fyr";
    /// A period of a fiscal year.
    PeriodId = "per";
    /// A dimension of analysis.
    DimensionId = "dim";
    /// An approval policy.
    ApprovalPolicyId = "apl";
    /// A request for approval.
    ApprovalId = "apr";
    /// A step of an approval.
    ApprovalStepId = "aps";
    /// A delegation of approval.
    DelegationId = "dlg";
    /// An entry of somebody's inbox.
    NotificationId = "ntf";
    /// An employee.
    EmployeeId = "emp";
    /// An employment contract.
    ContractId = "ctr";
    /// A recurring or one-off pay item.
    PayItemId = "pit";
    /// A pay concept: an earning or a deduction with its formula.
    PayConceptId = "pcn";
    /// An absence of an employee.
    AbsenceId = "abs";
    /// A payment on account of wages.
    AdvanceId = "adv";
    /// An embargo of wages.
    GarnishmentId = "gar";
    /// A payroll run.
    PayrollRunId = "run";
    /// A payslip.
    PayslipId = "psl";
    /// A line of a payslip.
    PayslipLineId = "pln";
    /// A rule pack as installed.
    RulePackId = "rpk";
}
