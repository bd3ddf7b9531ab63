//! Units of measure through the API.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use inventory::permission::ITEM_MANAGE;
use inventory::unit::{
    self, Unit as UnitRow, UnitCreateInput, UnitFilter, UnitKind, UnitSort, UnitSortField,
};
use kernel::Dec;
use kernel::ids::UnitId;

use crate::act::{Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A unit of measure.
    Unit of inventory::unit as UnitRow, UnitId;
    listed by UnitFilter, UnitSortField
}

/// What the viewer may do about units.
#[derive(SimpleObject)]
pub struct UnitViewerCan {
    /// Make others.
    create: Permission,
}

/// A unit of measure of the organisation.
#[Object]
impl Unit {
    /// The unit.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its code, for example UN or KG.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name in the viewer's language.
    async fn name(&self, graph: &Context<'_>) -> Result<&str> {
        let call = Call::of(graph)?;
        Ok(match call.context().locale {
            kernel::Locale::Es => &self.0.name_es,
            kernel::Locale::En => &self.0.name_en,
        })
    }

    /// Its name in Spanish.
    async fn name_es(&self) -> &str {
        &self.0.name_es
    }

    /// Its name in English.
    async fn name_en(&self) -> &str {
        &self.0.name_en
    }

    /// What it measures.
    async fn kind(&self) -> UnitKind {
        self.0.kind
    }

    /// How many of the base unit of its kind one of it is; null for packages, which convert by
    /// what an item says alone.
    async fn factor(&self) -> Option<Dec> {
        self.0.factor.map(|factor| Dec(factor.0.normalize()))
    }

    /// Decimal places that a quantity in it may have.
    async fn places(&self) -> i32 {
        self.0.places.into()
    }

    /// Since when it is not offered any more.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do about units.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<UnitViewerCan> {
        let call = Call::of(graph)?;
        Ok(UnitViewerCan {
            create: Permission::held(call, ITEM_MANAGE, |scope| !scope.is_nowhere()),
        })
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

payload! {
    /// What making a unit gives.
    UnitCreatePayload {
        /// The unit.
        unit: Unit
    }
}

/// Brings the standard units.
#[derive(Clone, Debug, InputObject)]
pub struct UnitsInstallInput {
    /// Only tells what would happen.
    #[graphql(default)]
    dry_run: bool,
}

/// What bringing the standard units gives.
#[derive(SimpleObject)]
pub struct UnitsInstallPayload {
    /// Every unit of the organisation.
    units: Vec<Unit>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for UnitsInstallPayload {
    type Record = Installed;

    fn done(record: Installed) -> Self {
        Self {
            units: record.0,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            units: Vec::new(),
            user_errors,
        }
    }
}

/// The units of an organisation after the standard ones were brought.
pub struct Installed(Vec<Unit>);

impl crate::act::Kept for Installed {
    fn kept(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Bringing them again brings nothing and gives them all.
    fn again<'t>(
        tx: &'t mut kernel::Tx,
        _kept: &'t serde_json::Value,
    ) -> futures::future::BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(installed(tx))
    }
}

async fn installed(tx: &mut kernel::Tx) -> kernel::Result<Installed> {
    let rows = unit::install(tx).await?;
    Ok(Installed(rows.into_iter().map(Unit).collect()))
}

/// Looks at units.
#[derive(Default)]
pub struct UnitQuery;

#[Object]
impl UnitQuery {
    /// A unit. Needs `inventory.item.read`.
    async fn unit(&self, graph: &Context<'_>, id: UnitId) -> Result<Option<Unit>> {
        find(graph, id).await
    }

    /// Units. Needs `inventory.item.read`.
    async fn units(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<UnitFilter>,
        sort: Option<UnitSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Unit>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on units.
#[derive(Default)]
pub struct UnitMutation;

#[Object]
impl UnitMutation {
    /// Makes a unit of the organisation's own. Needs `inventory.item.manage`.
    async fn unit_create(
        &self,
        graph: &Context<'_>,
        input: UnitCreateInput,
    ) -> Result<UnitCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Unit(unit::create(tx, input).await?)) })
        })
        .await
    }

    /// Brings the standard units (UN, KG, L, M, BOX and so on) that the organisation lacks; making
    /// the first item does so too. Needs `inventory.item.manage`.
    async fn units_install(
        &self,
        graph: &Context<'_>,
        input: UnitsInstallInput,
    ) -> Result<UnitsInstallPayload> {
        act(graph, input.dry_run, |tx| Box::pin(installed(tx))).await
    }
}
