//! Stock policies: how much of an item a warehouse keeps, and when it is to be ordered.

mod rules;

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{BooleanFilter, DateTimeFilter, DecimalFilter, IdFilter};
use kernel::ids::{CompanyId, ItemId, OrganisationId, PartyId, StockPolicyId, WarehouseId};
use kernel::page::{Page, PageRequest};
use kernel::{Dec, Event, Fault, Result, Tx, enum_filter, listing, text_enum};

use rules::{check_values, patched};

use crate::permission::{self, REPLENISHMENT_MANAGE, REPLENISHMENT_READ};
use crate::schema_replenishment::stock_policy;
use crate::{fault, known};

/// Days of demand looked at when nothing is said.
const DEMAND_DAYS: i32 = 90;
/// Days between two looks of a buyer when nothing is said.
const REVIEW_DAYS: i32 = 7;

text_enum! {
    /// Where the reorder point of a policy comes from.
    pub enum StockPolicyMethod {
        /// It is given.
        Fixed = "FIXED",
        /// It is demand over the lead time plus a safety stock.
        Demand = "DEMAND",
    }
}

enum_filter! {
    /// Conditions on where the reorder point comes from.
    StockPolicyMethodFilter of StockPolicyMethod
}

/// How much of an item a warehouse keeps. Quantities are in the item's unit.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = stock_policy,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct StockPolicy {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The policy.
    pub id: StockPolicyId,
    /// The company of the warehouse.
    pub company_id: CompanyId,
    /// The item.
    pub item_id: ItemId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// Where the reorder point comes from.
    pub method: StockPolicyMethod,
    /// At or below this it is ordered; given with `FIXED` alone.
    pub reorder_point: Option<Dec>,
    /// Up to this it is ordered; the reorder point plus the demand between two looks when absent.
    pub target_quantity: Option<Dec>,
    /// Above this there is too much.
    pub maximum_quantity: Option<Dec>,
    /// What is kept for surprises; of the service level when absent.
    pub safety_stock: Option<Dec>,
    /// How often out of a hundred nothing may be missing until an order comes in.
    pub service_level: Option<Dec>,
    /// Days of past issues that the demand is taken from.
    pub demand_days: i32,
    /// Days between two looks.
    pub review_days: i32,
    /// The supplier to order from as long as they have terms.
    pub preferred_supplier_id: Option<PartyId>,
    /// Whether the nightly job looks at it.
    pub active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

listing! {
    /// Conditions on stock policies.
    filter StockPolicyFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By item.
        item: IdFilter => item_id,
        /// By warehouse.
        warehouse: IdFilter => warehouse_id,
        /// By where the reorder point comes from.
        method: StockPolicyMethodFilter => method,
        /// By the reorder point that was given.
        reorder_point: DecimalFilter => reorder_point,
        /// By preferred supplier.
        preferred_supplier: IdFilter => preferred_supplier_id,
        /// By whether the nightly job looks at them.
        active: BooleanFilter => active,
        /// By when they were made.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of stock policies.
    sort StockPolicySort;
    /// What stock policies can be sorted by.
    by StockPolicySortField {
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
        /// By days between two looks.
        ReviewDays = "REVIEW_DAYS" => review_days,
    }
    default CreatedAt Desc;
    search [method];
    from "inventory" stock_policy as StockPolicy;
}

fn visible(tx: &Tx) -> Result<kernel::Predicate> {
    permission::visible(tx, REPLENISHMENT_READ, "stock_policy")
}

/// A page of the policies that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<StockPolicyFilter, StockPolicySortField>,
) -> Result<Page<StockPolicy>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many policies the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<StockPolicyFilter, StockPolicySortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some policies.
pub async fn by_ids(tx: &mut Tx, ids: &[StockPolicyId]) -> Result<Vec<StockPolicy>> {
    let visible = visible(tx)?;
    Ok(stock_policy::table
        .filter(stock_policy::organisation_id.eq(tx.organisation()))
        .filter(stock_policy::id.eq_any(ids))
        .filter(visible)
        .select(StockPolicy::as_select())
        .load(tx.conn())
        .await?)
}

/// Says how much of an item a warehouse keeps.
#[derive(Clone, Debug, InputObject)]
pub struct StockPolicyCreateInput {
    /// An id made by the client, `spo_…`.
    pub id: Option<StockPolicyId>,
    /// The item.
    pub item: ItemId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// Where the reorder point comes from.
    #[graphql(default_with = "StockPolicyMethod::Fixed")]
    pub method: StockPolicyMethod,
    /// At or below this it is ordered; with `FIXED`, and with it alone.
    pub reorder_point: Option<Dec>,
    /// Up to this it is ordered.
    pub target_quantity: Option<Dec>,
    /// Above this there is too much.
    pub maximum_quantity: Option<Dec>,
    /// What is kept for surprises.
    pub safety_stock: Option<Dec>,
    /// How often out of a hundred nothing may be missing, from 50 to below 100.
    pub service_level: Option<Dec>,
    /// Days of past issues that the demand is taken from, 7 to 730; 90 when absent.
    pub demand_days: Option<i32>,
    /// Days between two looks, 1 to 365; 7 when absent.
    pub review_days: Option<i32>,
    /// The supplier to order from as long as they have terms.
    pub preferred_supplier: Option<PartyId>,
}

/// Says how much of an item a warehouse keeps.
///
/// # Errors
/// Every fault of the input at once; `inventory.policy_exists` when the item has its policy there.
#[tracing::instrument(skip_all, fields(item.id = %command.item), err)]
pub async fn create(tx: &mut Tx, command: StockPolicyCreateInput) -> Result<StockPolicy> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let company = known::warehouse_company(tx, command.warehouse)
        .await?
        .filter(|company| scope.covers(Some(*company), None))
        .ok_or_else(|| Fault::not_found(fault::WAREHOUSE_NOT_FOUND).at(["warehouse"]))?;
    let mut input = Input::new();
    check_item(tx, &mut input, command.item, company).await?;
    check_supplier(
        tx,
        &mut input,
        command.preferred_supplier,
        "preferredSupplier",
    )
    .await?;
    let row = StockPolicy {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(StockPolicyId::generate),
        company_id: company,
        item_id: command.item,
        warehouse_id: command.warehouse,
        method: command.method,
        reorder_point: command.reorder_point,
        target_quantity: command.target_quantity,
        maximum_quantity: command.maximum_quantity,
        safety_stock: command.safety_stock,
        service_level: command.service_level,
        demand_days: command.demand_days.unwrap_or(DEMAND_DAYS),
        review_days: command.review_days.unwrap_or(REVIEW_DAYS),
        preferred_supplier_id: command.preferred_supplier,
        active: true,
        created_at: tx.now(),
        version: 1,
    };
    check_values(&mut input, &row, &[]);
    input.finish()?;
    diesel::insert_into(stock_policy::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(
                error.into(),
                "stock_policy_once",
                fault::POLICY_EXISTS,
                "item",
            );
            taken(error, "stock_policy_pkey", "kernel.id_taken", "id")
        })?;
    let event = event("inventory.stock_policy.created", &row)
        .set("method", row.method)
        .set("reorderPoint", row.reorder_point)
        .set("targetQuantity", row.target_quantity);
    tx.emit(event).await?;
    Ok(row)
}

async fn check_item(tx: &mut Tx, input: &mut Input, id: ItemId, company: CompanyId) -> Result<()> {
    let items = known::items(tx, &[id]).await?;
    let item = items.get(&id).filter(|item| item.company_id == company);
    input.check(item.is_some(), || {
        Fault::not_found(fault::ITEM_NOT_FOUND).at(["item"])
    });
    if let Some(item) = item {
        input.check(item.is_tracked, || {
            Fault::not_allowed(fault::ITEM_UNTRACKED)
                .with("item", &item.code)
                .at(["item"])
        });
        input.check(!item.archived, || {
            Fault::not_allowed(fault::ITEM_ARCHIVED)
                .with("item", &item.code)
                .at(["item"])
        });
    }
    Ok(())
}

async fn check_supplier(
    tx: &mut Tx,
    input: &mut Input,
    id: Option<PartyId>,
    field: &str,
) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let found = known::suppliers(tx, &[id]).await?;
    input.check(found.contains_key(&id), || {
        Fault::not_found(fault::SUPPLIER_NOT_FOUND).at(field.split('.'))
    });
    Ok(())
}

/// Changes a stock policy.
#[derive(Clone, Debug, InputObject)]
pub struct StockPolicyUpdateInput {
    /// The policy.
    pub id: StockPolicyId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: StockPolicyPatch,
}

/// What of a stock policy may change; absent fields stay.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StockPolicyPatch {
    /// Where the reorder point comes from.
    pub method: Option<StockPolicyMethod>,
    /// At or below this it is ordered.
    pub reorder_point: MaybeUndefined<Dec>,
    /// Up to this it is ordered.
    pub target_quantity: MaybeUndefined<Dec>,
    /// Above this there is too much.
    pub maximum_quantity: MaybeUndefined<Dec>,
    /// What is kept for surprises.
    pub safety_stock: MaybeUndefined<Dec>,
    /// How often out of a hundred nothing may be missing.
    pub service_level: MaybeUndefined<Dec>,
    /// Days of past issues that the demand is taken from.
    pub demand_days: Option<i32>,
    /// Days between two looks.
    pub review_days: Option<i32>,
    /// The supplier to order from as long as they have terms.
    pub preferred_supplier: MaybeUndefined<PartyId>,
    /// Whether the nightly job looks at it.
    pub active: Option<bool>,
}

/// Changes a stock policy.
#[tracing::instrument(skip_all, fields(policy.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: StockPolicyUpdateInput) -> Result<StockPolicy> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let seen: Option<StockPolicy> = stock_policy::table
        .find((tx.organisation(), command.id))
        .for_update()
        .select(StockPolicy::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let seen = seen
        .filter(|row| scope.covers(Some(row.company_id), None))
        .ok_or_else(|| Fault::not_found(fault::POLICY_NOT_FOUND).at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(&seen, &command.patch);
    let mut input = Input::new();
    if next.preferred_supplier_id != seen.preferred_supplier_id {
        let field = "patch.preferredSupplier";
        check_supplier(tx, &mut input, next.preferred_supplier_id, field).await?;
    }
    check_values(&mut input, &next, &["patch"]);
    input.finish()?;
    diesel::update(stock_policy::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await?;
    let event = event("inventory.stock_policy.updated", &next)
        .changed("method", &seen.method, &next.method)
        .changed("reorderPoint", &seen.reorder_point, &next.reorder_point)
        .changed(
            "targetQuantity",
            &seen.target_quantity,
            &next.target_quantity,
        )
        .changed(
            "maximumQuantity",
            &seen.maximum_quantity,
            &next.maximum_quantity,
        )
        .changed("safetyStock", &seen.safety_stock, &next.safety_stock)
        .changed("serviceLevel", &seen.service_level, &next.service_level)
        .changed("active", &seen.active, &next.active);
    tx.emit(event).await?;
    Ok(next)
}

fn event(action: &'static str, row: &StockPolicy) -> Event {
    Event::new(action, "StockPolicy", row.id, REPLENISHMENT_READ)
        .company(row.company_id)
        .set("item", row.item_id)
        .set("warehouse", row.warehouse_id)
}
