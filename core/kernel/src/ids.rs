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
    /// A task.
    TaskId = "tsk";
    /// A comment on a task.
    TaskCommentId = "tcm";
    /// A point of the checklist of a task.
    ChecklistItemId = "chk";
    /// A unit of measure.
    UnitId = "uom";
    /// An item of stock.
    ItemId = "itm";
    /// A category of items.
    ItemCategoryId = "icg";
    /// A unit that an item converts to.
    ItemUnitId = "iun";
    /// A warehouse.
    WarehouseId = "whs";
    /// A location in a warehouse.
    LocationId = "loc";
    /// A movement of stock.
    MovementId = "mov";
    /// A line of a movement of stock.
    MovementLineId = "mvl";
    /// A layer of stock at its cost.
    LayerId = "lay";
    /// What of an item is at a location.
    StockId = "stk";
    /// How much of an item a warehouse keeps.
    StockPolicyId = "spo";
    /// The terms on which a supplier sells an item.
    SupplierTermId = "sut";
    /// A proposal to order.
    ProposalId = "prp";
    /// A purchase order.
    PurchaseOrderId = "por";
    /// A line of a purchase order.
    PurchaseOrderLineId = "pol";
    /// An alert about stock.
    StockAlertId = "sal";
    /// An invoice from a supplier or to a customer.
    InvoiceId = "inv";
    /// A line of an invoice.
    InvoiceLineId = "inl";
    /// A tax as charged.
    TaxId = "tax";
    /// An amount that is owed.
    OpenItemId = "opi";
    /// A settlement of one open item by another.
    AllocationId = "alo";
    /// A payment order.
    PaymentOrderId = "pmo";
    /// A payment of a payment order.
    PaymentId = "pay";
    /// Terms of payment.
    PaymentTermId = "ptm";
    /// Where finance posts for a company.
    FinanceSettingId = "fst";
    /// An announcement.
    AnnouncementId = "ann";
    /// A reader's receipt of an announcement.
    ReceiptId = "rcp";
    /// A document.
    DocumentId = "doc";
    /// A version of a document.
    DocumentVersionId = "dov";
    /// A report that is sent on a schedule.
    ReportScheduleId = "rsc";
    /// A report as produced.
    ReportRunId = "rpr";
    /// A mail on its way out.
    MailId = "eml";
    /// A system of the company.
    SystemId = "sys";
    /// A check of a system.
    CheckId = "chc";
    /// A result of a check.
    CheckResultId = "chr";
    /// An incident.
    IncidentId = "icd";
    /// A measure of the business.
    MeasureId = "mea";
    /// A day's value of a measure.
    ObservationId = "obs";
    /// What a series shows: trend, season, anomaly.
    InsightId = "ins";
    /// A rule of compliance.
    ComplianceRuleId = "rul";
    /// A scan of compliance.
    ScanId = "scn";
    /// A finding.
    FindingId = "fnd";
    /// An acceptance of a finding.
    AcceptanceId = "acp";
    /// A bulk export or import.
    BulkOperationId = "blk";
    /// A field of the organisation's own.
    CustomFieldId = "cfd";
}
