//! What a look at many items of a company needs, read in a dozen plain statements however many they
//! are: policies, what is there, what is on its way, what was issued, what stands, what was
//! dismissed, and the terms of suppliers.
//!
//! None of them joins two large tables: a tenant that has just been loaded is unknown to the planner,
//! which then takes thousands of rows for one and joins them by looking at all of them for each.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{
    CompanyId, ItemId, PartyId, ProposalId, PurchaseOrderId, PurchaseOrderLineId, StockPolicyId,
    UnitId, WarehouseId,
};
use kernel::{Date, Dec, Result, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::outcome::Standing;
use super::rules::{Demand, Keeping, Offer, Position, Source, quantile};
use crate::policy::StockPolicy;
use crate::proposal::{Proposal, ProposalStatus};
use crate::schema_replenishment::{proposal, stock_policy};
use crate::unit::{self, Unit};
use crate::{known, supplier_term};

/// Everything about one item in one warehouse.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub policy: StockPolicyId,
    pub company: CompanyId,
    pub item: ItemId,
    pub item_code: String,
    pub warehouse: WarehouseId,
    pub unit: UnitId,
    pub places: u32,
    pub keeping: Keeping,
    pub position: Position,
    pub standing: Option<(ProposalId, i32, Standing)>,
    pub dismissed_until: Option<NaiveDate>,
    pub offers: Vec<Offer>,
}

/// A company's day, and whether it is before its today.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    pub day: Date,
    pub is_past: bool,
}

/// An item in a warehouse.
type Place = (ItemId, WarehouseId);

/// Reads everything about some policies of one company; those that are gone are left out.
pub(super) async fn load(
    tx: &mut Tx,
    company: CompanyId,
    policies: &[Uuid],
    day: Day,
) -> Result<Vec<Facts>> {
    let ids: Vec<StockPolicyId> = policies.iter().map(|id| StockPolicyId(*id)).collect();
    let mut policies: Vec<StockPolicy> = stock_policy::table
        .filter(stock_policy::organisation_id.eq(tx.organisation()))
        .filter(stock_policy::id.eq_any(ids))
        .filter(stock_policy::company_id.eq(company))
        .select(StockPolicy::as_select())
        .load(tx.conn())
        .await?;
    policies.sort_unstable_by_key(|policy| (policy.item_id, policy.warehouse_id));
    let mut items: Vec<ItemId> = policies.iter().map(|policy| policy.item_id).collect();
    items.dedup();
    let known = Known {
        items: known::items(tx, &items).await?,
        units: keyed(unit::all(tx).await?),
        held: held(tx, &items, day).await?,
        coming: coming(tx, &items, company, day).await?,
        demand: demands(tx, &items, &policies, day).await?,
        standing: standing(tx, &items).await?,
        dismissed: dismissed(tx, &items, day).await?,
        offers: offers(tx, &items, day.day).await?,
        quantiles: quantiles(&policies),
    };
    Ok(policies
        .iter()
        .filter_map(|policy| known.facts(policy))
        .collect())
}

/// Everything that was read, by what it is about.
struct Known {
    items: HashMap<ItemId, known::KnownItem>,
    units: HashMap<UnitId, Unit>,
    held: HashMap<Place, Decimal>,
    coming: HashMap<Place, Decimal>,
    demand: HashMap<(Place, i32), Demand>,
    standing: HashMap<Place, (ProposalId, i32, Standing)>,
    dismissed: HashMap<Place, NaiveDate>,
    offers: HashMap<ItemId, Vec<Offer>>,
    quantiles: HashMap<Dec, Decimal>,
}

impl Known {
    fn facts(&self, policy: &StockPolicy) -> Option<Facts> {
        let place = (policy.item_id, policy.warehouse_id);
        let item = self.items.get(&policy.item_id)?;
        let unit = self.units.get(&item.unit_id)?;
        let number = |value: Option<Dec>| value.map(|value| value.0);
        let level = policy
            .service_level
            .and_then(|level| self.quantiles.get(&level));
        let demand = self.demand.get(&(place, policy.demand_days)).copied();
        Some(Facts {
            policy: policy.id,
            company: policy.company_id,
            item: policy.item_id,
            item_code: item.code.clone(),
            warehouse: policy.warehouse_id,
            unit: item.unit_id,
            places: u32::try_from(unit.places).unwrap_or_default(),
            keeping: Keeping {
                method: policy.method,
                reorder_point: number(policy.reorder_point),
                target: number(policy.target_quantity),
                maximum: number(policy.maximum_quantity),
                safety_stock: number(policy.safety_stock),
                service_level: number(policy.service_level),
                quantile: level.copied().unwrap_or_default(),
                review_days: policy.review_days,
                supplier: policy.preferred_supplier_id,
            },
            position: Position {
                on_hand: self.held.get(&place).copied().unwrap_or_default(),
                on_order: self.coming.get(&place).copied().unwrap_or_default(),
                demand: demand.unwrap_or(Demand {
                    days: policy.demand_days,
                    ..Demand::default()
                }),
            },
            standing: self.standing.get(&place).cloned(),
            dismissed_until: self.dismissed.get(&place).copied(),
            offers: self
                .offers
                .get(&policy.item_id)
                .cloned()
                .unwrap_or_default(),
        })
    }
}

fn keyed(units: Vec<Unit>) -> HashMap<UnitId, Unit> {
    units.into_iter().map(|unit| (unit.id, unit)).collect()
}

/// The quantiles of the service levels, which many items have in common.
fn quantiles(policies: &[StockPolicy]) -> HashMap<Dec, Decimal> {
    let levels: HashSet<Dec> = policies.iter().filter_map(|it| it.service_level).collect();
    levels
        .into_iter()
        .map(|level| (level, quantile(level.0)))
        .collect()
}

#[derive(QueryableByName)]
struct Amount {
    #[diesel(sql_type = sql::Uuid)]
    item_id: ItemId,
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: WarehouseId,
    #[diesel(sql_type = sql::Numeric)]
    quantity: Dec,
}

/// What is there; for a day that is past, what was there at its end.
async fn held(tx: &mut Tx, items: &[ItemId], day: Day) -> Result<HashMap<Place, Decimal>> {
    let text = if day.is_past {
        "SELECT DISTINCT ON (item_id, warehouse_id) item_id, warehouse_id, quantity \
         FROM inventory.holding_day \
         WHERE organisation_id = $1 AND item_id = ANY($2) AND day <= $3 \
         ORDER BY item_id, warehouse_id, day DESC"
    } else {
        "SELECT item_id, warehouse_id, quantity FROM inventory.holding \
         WHERE organisation_id = $1 AND item_id = ANY($2) AND $3 IS NOT NULL"
    };
    let rows: Vec<Amount> = diesel::sql_query(text)
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Array<sql::Uuid>, _>(items)
        .bind::<sql::Date, _>(day.day)
        .load(tx.conn())
        .await?;
    let placed = |row: Amount| ((row.item_id, row.warehouse_id), row.quantity.0);
    Ok(rows.into_iter().map(placed).collect())
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = sql::Uuid)]
    id: PurchaseOrderLineId,
    #[diesel(sql_type = sql::Uuid)]
    purchase_order_id: PurchaseOrderId,
    #[diesel(sql_type = sql::Uuid)]
    item_id: ItemId,
    #[diesel(sql_type = sql::Numeric)]
    quantity: Dec,
    #[diesel(sql_type = sql::Numeric)]
    received_quantity: Dec,
    #[diesel(sql_type = sql::Numeric)]
    factor: Dec,
    #[diesel(sql_type = sql::Numeric)]
    divisor: Dec,
}

/// What was ordered, waits for approval or was drafted, and has not come. For a day that is past:
/// what came after its end, or still comes, whenever it was ordered; so that a look at yesterday
/// does not ask again for what was ordered today.
async fn coming(
    tx: &mut Tx,
    items: &[ItemId],
    company: CompanyId,
    day: Day,
) -> Result<HashMap<Place, Decimal>> {
    let orders = orders(tx, company, day).await?;
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<PurchaseOrderId> = orders.keys().copied().collect();
    let lines: Vec<Line> = diesel::sql_query(
        "SELECT id, purchase_order_id, item_id, quantity, received_quantity, factor, divisor \
         FROM inventory.purchase_order_line WHERE organisation_id = $1 \
            AND item_id = ANY($2) AND purchase_order_id = ANY($3)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .load(tx.conn())
    .await?;
    let received = received(tx, &lines, day).await?;
    let mut coming: HashMap<Place, Decimal> = HashMap::new();
    for line in &lines {
        let Some((warehouse, is_closed)) = orders.get(&line.purchase_order_id) else {
            continue;
        };
        let wanted = if *is_closed {
            line.received_quantity.0
        } else {
            line.quantity.0
        };
        let came = if day.is_past {
            received.get(&line.id).copied().unwrap_or_default()
        } else {
            line.received_quantity.0
        };
        let open = (wanted - came).max(Decimal::ZERO);
        let open = unit::nearly(open, (line.factor.0, line.divisor.0));
        *coming.entry((line.item_id, *warehouse)).or_default() += open;
    }
    Ok(coming)
}

/// The orders that may bring something after the end of the day, with their warehouses, and whether
/// the rest of them is not waited for.
async fn orders(
    tx: &mut Tx,
    company: CompanyId,
    day: Day,
) -> Result<HashMap<PurchaseOrderId, (WarehouseId, bool)>> {
    #[derive(QueryableByName)]
    struct Order {
        #[diesel(sql_type = sql::Uuid)]
        id: PurchaseOrderId,
        #[diesel(sql_type = sql::Uuid)]
        warehouse_id: WarehouseId,
        #[diesel(sql_type = sql::Bool)]
        is_closed: bool,
    }
    let rows: Vec<Order> = diesel::sql_query(
        "SELECT id, warehouse_id, status = 'CLOSED' AS is_closed FROM inventory.purchase_order \
         WHERE organisation_id = $1 AND company_id = $2 AND status <> 'CANCELLED' \
            AND (ended_on IS NULL OR ($4 AND ended_on > $3))",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(company)
    .bind::<sql::Date, _>(day.day)
    .bind::<sql::Bool, _>(day.is_past)
    .load(tx.conn())
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| (row.id, (row.warehouse_id, row.is_closed)))
        .collect())
}

/// What had come for some lines at the end of a day that is past.
async fn received(
    tx: &mut Tx,
    lines: &[Line],
    day: Day,
) -> Result<HashMap<PurchaseOrderLineId, Decimal>> {
    #[derive(QueryableByName)]
    struct Came {
        #[diesel(sql_type = sql::Uuid)]
        line_id: PurchaseOrderLineId,
        #[diesel(sql_type = sql::Numeric)]
        quantity: Dec,
    }
    if !day.is_past {
        return Ok(HashMap::new());
    }
    let ids: Vec<PurchaseOrderLineId> = lines.iter().map(|line| line.id).collect();
    let rows: Vec<Came> = diesel::sql_query(
        "SELECT line_id, sum(quantity) AS quantity FROM inventory.purchase_receipt \
         WHERE organisation_id = $1 AND line_id = ANY($2) AND received_on <= $3 \
         GROUP BY line_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Date, _>(day.day)
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.line_id, row.quantity.0))
        .collect())
}

#[derive(QueryableByName)]
struct Issued {
    #[diesel(sql_type = sql::Uuid)]
    item_id: ItemId,
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: WarehouseId,
    #[diesel(sql_type = sql::Numeric)]
    issued: Dec,
    #[diesel(sql_type = sql::Numeric)]
    squares: Dec,
}

/// What was issued, less what of it was reversed; a statement for each length of time that the
/// policies look back, of which there are few.
async fn demands(
    tx: &mut Tx,
    items: &[ItemId],
    policies: &[StockPolicy],
    day: Day,
) -> Result<HashMap<(Place, i32), Demand>> {
    let lengths: HashSet<i32> = policies.iter().map(|policy| policy.demand_days).collect();
    let mut demands = HashMap::new();
    for days in lengths {
        let rows: Vec<Issued> = diesel::sql_query(
            "SELECT item_id, warehouse_id, sum(quantity) AS issued, \
                sum(quantity * quantity) AS squares \
             FROM ( \
                SELECT l.item_id, coalesce(l.from_warehouse_id, l.to_warehouse_id) \
                    AS warehouse_id, sum(CASE WHEN l.from_warehouse_id IS NULL \
                        THEN -l.quantity ELSE l.quantity END) AS quantity \
                FROM inventory.movement_line l \
                WHERE l.organisation_id = $1 AND l.item_id = ANY($2) \
                    AND l.moved_on > $3 - $4 AND l.moved_on <= $3 \
                    AND (l.from_warehouse_id IS NULL) <> (l.to_warehouse_id IS NULL) \
                    AND (SELECT m.kind FROM inventory.movement m \
                         WHERE m.organisation_id = $1 AND m.id = l.movement_id) = 'ISSUE' \
                GROUP BY l.item_id, coalesce(l.from_warehouse_id, l.to_warehouse_id), l.moved_on \
             ) AS daily GROUP BY item_id, warehouse_id",
        )
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Array<sql::Uuid>, _>(items)
        .bind::<sql::Date, _>(day.day)
        .bind::<sql::Integer, _>(days)
        .load(tx.conn())
        .await?;
        demands.extend(rows.into_iter().map(|row| {
            let demand = Demand {
                days,
                issued: row.issued.0,
                squares: row.squares.0,
            };
            (((row.item_id, row.warehouse_id), days), demand)
        }));
    }
    Ok(demands)
}

/// The proposals that stand.
async fn standing(
    tx: &mut Tx,
    items: &[ItemId],
) -> Result<HashMap<Place, (ProposalId, i32, Standing)>> {
    let rows: Vec<Proposal> = proposal::table
        .filter(proposal::organisation_id.eq(tx.organisation()))
        .filter(proposal::item_id.eq_any(items))
        .filter(proposal::status.eq(ProposalStatus::Open))
        .select(Proposal::as_select())
        .load(tx.conn())
        .await?;
    let rows = rows.iter();
    Ok(rows
        .map(|row| {
            let place = (row.item_id, row.warehouse_id);
            (place, (row.id, row.version, stands(row)))
        })
        .collect())
}

fn stands(row: &Proposal) -> Standing {
    let from = || {
        Some(Source {
            term: row.supplier_term_id?,
            supplier: row.supplier_id?,
            price: row.price?.0,
            currency: row.currency?,
            lead_time_days: row.lead_time_days?,
            expected_on: row.expected_on?,
        })
    };
    Standing {
        quantity: row.quantity.0,
        unit: row.unit_id,
        unit_quantity: row.unit_quantity.0,
        as_of: row.as_of.0,
        from: from(),
    }
}

/// Until when what was dismissed stays away.
async fn dismissed(tx: &mut Tx, items: &[ItemId], day: Day) -> Result<HashMap<Place, NaiveDate>> {
    let rows: Vec<(ItemId, WarehouseId, Option<Date>)> = proposal::table
        .filter(proposal::organisation_id.eq(tx.organisation()))
        .filter(proposal::item_id.eq_any(items))
        .filter(proposal::status.eq(ProposalStatus::Dismissed))
        .filter(proposal::dismissed_until.gt(day.day))
        .select((
            proposal::item_id,
            proposal::warehouse_id,
            proposal::dismissed_until,
        ))
        .load(tx.conn())
        .await?;
    let mut latest: HashMap<Place, NaiveDate> = HashMap::new();
    for (item, warehouse, until) in rows {
        let Some(until) = until else { continue };
        let kept = latest.entry((item, warehouse)).or_insert(until.0);
        *kept = (*kept).max(until.0);
    }
    Ok(latest)
}

/// The terms that hold on a day, of suppliers in use and in units that convert.
async fn offers(tx: &mut Tx, items: &[ItemId], day: Date) -> Result<HashMap<ItemId, Vec<Offer>>> {
    let terms = supplier_term::valid_on(tx, items, day).await?;
    let pairs: Vec<(ItemId, UnitId)> = terms
        .iter()
        .map(|term| (term.item_id, term.unit_id))
        .collect();
    let factors = known::factors(tx, &pairs).await?;
    let mut ids: Vec<PartyId> = terms.iter().map(|term| term.supplier_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let suppliers = known::suppliers(tx, &ids).await?;
    let mut offers: HashMap<ItemId, Vec<Offer>> = HashMap::new();
    for term in terms {
        let factor = factors.get(&(term.item_id, term.unit_id));
        let name = suppliers.get(&term.supplier_id);
        let (Some(factor), Some(name)) = (factor, name) else {
            continue;
        };
        offers.entry(term.item_id).or_default().push(Offer {
            term: term.id,
            supplier: term.supplier_id,
            supplier_name: name.clone(),
            unit: term.unit_id,
            factor: *factor,
            price: term.price.0,
            currency: term.currency,
            minimum: term.minimum_quantity.0,
            multiple: term.multiple.0,
            lead_time_days: term.lead_time_days,
            preferred: term.preferred,
        });
    }
    Ok(offers)
}
