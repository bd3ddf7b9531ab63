//! The schema: every domain's part, merged at the root.

use async_graphql::{MergedObject, MergedSubscription, Schema, SchemaBuilder, ValidationMode};

use crate::administration::{AdministrationMutation, AdministrationQuery};
use crate::analytics::{AnalyticsMutation, AnalyticsQuery};
use crate::compliance::{ComplianceMutation, ComplianceQuery};
use crate::core::SharedCore;
use crate::directory::{DirectoryMutation, DirectoryQuery};
use crate::finance::{FinanceMutation, FinanceQuery};
use crate::idempotent::idempotent;
use crate::inventory::{InventoryMutation, InventoryQuery};
use crate::kernel::{KernelMutation, KernelQuery, KernelSubscription};
use crate::ledger::{LedgerMutation, LedgerQuery};
use crate::node::NodeQuery;
use crate::people::{PeopleMutation, PeopleQuery};
use crate::processes::{ProcessesMutation, ProcessesQuery};
use crate::technology::{TechnologyMutation, TechnologyQuery};

/// All queries.
#[derive(MergedObject, Default)]
pub struct Query(
    NodeQuery,
    KernelQuery,
    LedgerQuery,
    DirectoryQuery,
    ProcessesQuery,
    PeopleQuery,
    FinanceQuery,
    ComplianceQuery,
    TechnologyQuery,
    InventoryQuery,
    AnalyticsQuery,
    AdministrationQuery,
);

/// All mutations.
#[derive(MergedObject, Default)]
pub struct Mutation(
    KernelMutation,
    LedgerMutation,
    DirectoryMutation,
    ProcessesMutation,
    PeopleMutation,
    FinanceMutation,
    ComplianceMutation,
    TechnologyMutation,
    InventoryMutation,
    AnalyticsMutation,
    AdministrationMutation,
);

/// All subscriptions.
#[derive(MergedSubscription, Default)]
pub struct Subscription(KernelSubscription);

/// The schema of Trastienda.
pub type TrastiendaSchema = Schema<Query, Mutation, Subscription>;

/// The schema over a core, in a mode of validation.
pub fn schema(core: SharedCore, mode: ValidationMode) -> TrastiendaSchema {
    builder().data(core).validation_mode(mode).finish()
}

/// The schema in its own language.
pub fn sdl() -> String {
    let mut sdl = builder().finish().sdl();
    sdl.truncate(sdl.trim_end().len());
    sdl.push('\n');
    sdl
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    )
    .directive(idempotent)
}
