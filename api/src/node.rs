//! `node` and `nodes`: any record by its id alone.

use async_graphql::{Context, ID, Interface, Object, Result};
use kernel::Fault;
use kernel::id::{self, TypedId};
use uuid::Uuid;

use crate::administration::announcement::Announcement;
use crate::administration::document::Document;
use crate::administration::document_version::DocumentVersion;
use crate::administration::mail::Mail;
use crate::administration::report_run::ReportRun;
use crate::administration::report_schedule::ReportSchedule;
use crate::analytics::anomaly::Anomaly;
use crate::call::Call;
use crate::compliance::acceptance::Acceptance;
use crate::compliance::finding::Finding;
use crate::compliance::rule::ComplianceRule;
use crate::compliance::scan::ComplianceScan;
use crate::directory::api_key::ApiKey;
use crate::directory::assignment::RoleAssignment;
use crate::directory::calendar::{Calendar, Holiday};
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::file::File;
use crate::directory::identity_provider::IdentityProvider;
use crate::directory::organisation::Organisation;
use crate::directory::party::Party;
use crate::directory::party_detail::{Address, BankAccount};
use crate::directory::role::Role;
use crate::directory::sequence::Sequence;
use crate::directory::session::Session;
use crate::directory::user::User;
use crate::failure;
use crate::finance::invoice::Invoice;
use crate::finance::invoice_line::InvoiceLine;
use crate::finance::open_item::OpenItem;
use crate::finance::payment::Payment;
use crate::finance::payment_order::PaymentOrder;
use crate::finance::setting::FinanceSetting;
use crate::finance::tax::Tax;
use crate::finance::term::PaymentTerm;
use crate::inventory::category::ItemCategory;
use crate::inventory::item::Item;
use crate::inventory::location::Location;
use crate::inventory::movement::Movement;
use crate::inventory::movement_line::MovementLine;
use crate::inventory::proposal::Proposal;
use crate::inventory::purchase_order::PurchaseOrder;
use crate::inventory::purchase_order_line::PurchaseOrderLine;
use crate::inventory::stock::Stock;
use crate::inventory::stock_alert::StockAlert;
use crate::inventory::stock_policy::StockPolicy;
use crate::inventory::supplier_term::SupplierTerm;
use crate::inventory::unit::Unit;
use crate::inventory::warehouse::Warehouse;
use crate::kernel::audit::AuditEntry;
use crate::kernel::job::Job;
use crate::kernel::schedule::Schedule;
use crate::ledger::account::Account;
use crate::ledger::dimension::{Dimension, DimensionValue};
use crate::ledger::entry::Entry;
use crate::ledger::fiscal_year::FiscalYear;
use crate::ledger::journal::Journal;
use crate::ledger::period::Period;
use crate::loader::Noun;
use crate::people::absence::Absence;
use crate::people::advance::Advance;
use crate::people::concept::PayConcept;
use crate::people::contract::Contract;
use crate::people::employee::Employee;
use crate::people::garnishment::Garnishment;
use crate::people::item::PayItem;
use crate::people::pack::RulePack;
use crate::people::payroll::PayrollRun;
use crate::people::payslip::Payslip;
use crate::processes::approval::Approval;
use crate::processes::delegation::Delegation;
use crate::processes::notification::Notification;
use crate::processes::policy::ApprovalPolicy;
use crate::processes::task::Task;
use crate::processes::task_part::{ChecklistItem, TaskComment};
use crate::technology::check::SystemCheck;
use crate::technology::check_result::CheckResult;
use crate::technology::incident::Incident;
use crate::technology::system::System;

/// Ids that `nodes` takes at most.
const MOST: usize = 250;

/// Lists every noun once: the interface, the look-up by prefix, and the id of an event's subject.
macro_rules! nodes {
    ($($noun:ident),* $(,)?) => {
        /// A record that can be asked for by its id alone.
        #[derive(Interface, Clone)]
        #[graphql(field(name = "id", ty = "ID", desc = "The record's id."))]
        pub enum Node {
            $(
                #[doc = stringify!($noun)]
                $noun($noun),
            )*
        }

        /// The record of an id of any kind; `None` when it doesn't exist or may not be seen.
        pub async fn find(call: &Call, text: &str) -> Result<Option<Node>> {
            let Some((prefix, uuid)) = id::decode(text) else { return Ok(None) };
            $(if prefix == <$noun as Noun>::Id::PREFIX {
                let id = <$noun as Noun>::Id::from_uuid(uuid);
                return Ok(call.load::<$noun>(id).await?.map(Node::$noun));
            })*
            Ok(None)
        }

        /// The GraphQL type and the raw id that an id names; `None` for no id of a node.
        pub fn kind_of(text: &str) -> Option<(&'static str, Uuid)> {
            let (prefix, uuid) = id::decode(text)?;
            $(if prefix == <$noun as Noun>::Id::PREFIX {
                return Some((<$noun as Noun>::NAME, uuid));
            })*
            None
        }

        /// The id of a record by its GraphQL type; `None` for a type that is no node.
        pub fn id_of(kind: &str, uuid: Uuid) -> Option<String> {
            $(if kind == <$noun as Noun>::NAME {
                return Some(id::encode(<$noun as Noun>::Id::PREFIX, uuid));
            })*
            None
        }
    };
}

nodes!(
    Item,
    ItemCategory,
    Location,
    Movement,
    MovementLine,
    Stock,
    Unit,
    Proposal,
    PurchaseOrder,
    PurchaseOrderLine,
    StockAlert,
    StockPolicy,
    SupplierTerm,
    Warehouse,
    AuditEntry,
    Job,
    Schedule,
    Account,
    Dimension,
    DimensionValue,
    Entry,
    FiscalYear,
    Journal,
    Period,
    Address,
    ApiKey,
    BankAccount,
    Calendar,
    Company,
    Department,
    File,
    Holiday,
    IdentityProvider,
    Organisation,
    Party,
    Role,
    RoleAssignment,
    Sequence,
    Session,
    User,
    Absence,
    Advance,
    Contract,
    Employee,
    Garnishment,
    PayConcept,
    PayItem,
    PayrollRun,
    Payslip,
    RulePack,
    FinanceSetting,
    Invoice,
    InvoiceLine,
    OpenItem,
    Payment,
    PaymentOrder,
    PaymentTerm,
    Tax,
    Approval,
    ApprovalPolicy,
    Delegation,
    Notification,
    Task,
    ChecklistItem,
    TaskComment,
    ComplianceRule,
    ComplianceScan,
    Finding,
    Acceptance,
    System,
    SystemCheck,
    CheckResult,
    Incident,
    Anomaly,
    Announcement,
    Document,
    DocumentVersion,
    Mail,
    ReportRun,
    ReportSchedule,
);

/// Finds records by their ids alone.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The record of an id; null when it doesn't exist or may not be seen.
    async fn node(&self, graph: &Context<'_>, id: ID) -> Result<Option<Node>> {
        find(Call::of(graph)?, &id).await
    }

    /// The records of some ids, in their order; null for those that don't exist or may not be seen.
    async fn nodes(&self, graph: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        let call = Call::of(graph)?;
        if ids.len() > MOST {
            let fault = Fault::invalid("kernel.page_too_large").with("most", MOST);
            return Err(failure::of(call, fault.into()));
        }
        let wanted = ids.iter().map(|id| find(call, id));
        futures::future::try_join_all(wanted).await
    }
}
