//! Alerts about stock: opened once by the nightly job, closed by it when their cause is gone.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, IdFilter};
use kernel::ids::{
    CompanyId, ItemId, JobId, OrganisationId, PurchaseOrderId, StockAlertId, WarehouseId,
};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Dec, Event, Result, Tx, enum_filter, listing, text_enum};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::permission::{self, REPLENISHMENT_READ};
use crate::schema_replenishment::stock_alert;

text_enum! {
    /// What an alert is about.
    pub enum StockAlertKind {
        /// There is less than the reorder point.
        Low = "LOW",
        /// There is nothing left.
        Out = "OUT",
        /// There is more than the maximum.
        Overstock = "OVERSTOCK",
        /// An order has not come when it was expected.
        LateOrder = "LATE_ORDER",
    }
}

enum_filter! {
    /// Conditions on what an alert is about.
    StockAlertKindFilter of StockAlertKind
}

/// Something about stock that people should know.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = stock_alert, check_for_backend(diesel::pg::Pg))]
pub struct StockAlert {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The alert.
    pub id: StockAlertId,
    /// The company.
    pub company_id: CompanyId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// What it is about.
    pub kind: StockAlertKind,
    /// The item, or the order that is late.
    pub subject_id: Uuid,
    /// The item, if it is about one.
    pub item_id: Option<ItemId>,
    /// The order, if it is about one.
    pub purchase_order_id: Option<PurchaseOrderId>,
    /// What was there when it was opened.
    pub on_hand: Option<Dec>,
    /// The bound that was passed.
    pub threshold: Option<Dec>,
    /// When a late order was expected.
    pub due_on: Option<Date>,
    /// The run that opened it.
    pub job_id: Option<JobId>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When its cause was found gone.
    pub closed_at: Option<DateTime<Utc>>,
}

listing! {
    /// Conditions on alerts about stock.
    filter StockAlertFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By warehouse.
        warehouse: IdFilter => warehouse_id,
        /// By item.
        item: IdFilter => item_id,
        /// By order.
        purchase_order: IdFilter => purchase_order_id,
        /// By what they are about.
        kind: StockAlertKindFilter => kind,
        /// By the day on which a late order was expected.
        due_on: DateFilter => due_on,
        /// By when they were opened.
        opened_at: DateTimeFilter => opened_at,
        /// By when they were closed; `isNull` finds the open ones.
        closed_at: DateTimeFilter => closed_at,
    }
    /// An order of alerts about stock.
    sort StockAlertSort;
    /// What alerts about stock can be sorted by.
    by StockAlertSortField {
        /// By when they were opened.
        OpenedAt = "OPENED_AT" => opened_at,
    }
    default OpenedAt Desc;
    search [kind];
    from "inventory" stock_alert as StockAlert;
}

fn visible(tx: &Tx) -> Result<kernel::Predicate> {
    permission::visible(tx, REPLENISHMENT_READ, "stock_alert")
}

/// A page of the alerts that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<StockAlertFilter, StockAlertSortField>,
) -> Result<Page<StockAlert>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many alerts the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<StockAlertFilter, StockAlertSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some alerts.
pub async fn by_ids(tx: &mut Tx, ids: &[StockAlertId]) -> Result<Vec<StockAlert>> {
    let visible = visible(tx)?;
    Ok(stock_alert::table
        .filter(stock_alert::organisation_id.eq(tx.organisation()))
        .filter(stock_alert::id.eq_any(ids))
        .filter(visible)
        .select(StockAlert::as_select())
        .load(tx.conn())
        .await?)
}

/// What a look found of an item in a warehouse.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    /// The company.
    pub company: CompanyId,
    /// The item.
    pub item: ItemId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// What is there.
    pub on_hand: Decimal,
    /// How it stands out, and the bound that it has passed.
    pub alarm: Option<(StockAlertKind, Decimal)>,
}

/// Opens the alerts that are new and closes those whose cause is gone; gives those that were
/// opened. Few statements and the events, however many there are.
pub(crate) async fn settle(tx: &mut Tx, sights: &[Sight], job: JobId) -> Result<Vec<StockAlert>> {
    if sights.is_empty() {
        return Ok(Vec::new());
    }
    let closed = close_gone(tx, sights).await?;
    let (organisation, now) = (tx.organisation(), tx.now());
    let rows: Vec<StockAlert> = sights
        .iter()
        .filter_map(|sight| {
            let (kind, threshold) = sight.alarm?;
            Some(StockAlert {
                organisation_id: organisation,
                id: StockAlertId::generate(),
                company_id: sight.company,
                warehouse_id: sight.warehouse,
                kind,
                subject_id: sight.item.0,
                item_id: Some(sight.item),
                purchase_order_id: None,
                on_hand: Some(Dec(sight.on_hand)),
                threshold: Some(Dec(threshold)),
                due_on: None,
                job_id: Some(job),
                opened_at: now,
                closed_at: None,
            })
        })
        .collect();
    let opened = insert(tx, &rows).await?;
    tell(tx, &opened, &closed).await?;
    Ok(opened)
}

async fn close_gone(tx: &mut Tx, sights: &[Sight]) -> Result<Vec<StockAlert>> {
    let items: Vec<ItemId> = sights.iter().map(|sight| sight.item).collect();
    let warehouses: Vec<WarehouseId> = sights.iter().map(|sight| sight.warehouse).collect();
    let kinds: Vec<&str> = sights
        .iter()
        .map(|sight| sight.alarm.map_or("", |(kind, _)| kind.text()))
        .collect();
    #[derive(QueryableByName)]
    struct Closed {
        #[diesel(sql_type = sql::Uuid)]
        id: StockAlertId,
    }
    let closed: Vec<Closed> = diesel::sql_query(
        "UPDATE inventory.stock_alert a SET closed_at = $2 \
         FROM unnest($3, $4, $5) AS s (item_id, warehouse_id, kind) \
         WHERE a.organisation_id = $1 AND a.closed_at IS NULL AND a.subject_id = s.item_id \
            AND a.warehouse_id = s.warehouse_id AND a.kind <> s.kind RETURNING a.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Timestamptz, _>(tx.now())
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Array<sql::Uuid>, _>(warehouses)
    .bind::<sql::Array<sql::Text>, _>(kinds)
    .load(tx.conn())
    .await?;
    let ids: Vec<StockAlertId> = closed.into_iter().map(|row| row.id).collect();
    load(tx, &ids).await
}

async fn load(tx: &mut Tx, ids: &[StockAlertId]) -> Result<Vec<StockAlert>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(stock_alert::table
        .filter(stock_alert::organisation_id.eq(tx.organisation()))
        .filter(stock_alert::id.eq_any(ids))
        .order(stock_alert::id)
        .select(StockAlert::as_select())
        .load(tx.conn())
        .await?)
}

async fn insert(tx: &mut Tx, rows: &[StockAlert]) -> Result<Vec<StockAlert>> {
    let mut opened = Vec::new();
    for rows in rows.chunks(1_000) {
        let ids: Vec<StockAlertId> = diesel::insert_into(stock_alert::table)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(stock_alert::id)
            .get_results(tx.conn())
            .await?;
        let ids: std::collections::HashSet<StockAlertId> = ids.into_iter().collect();
        opened.extend(rows.iter().filter(|row| ids.contains(&row.id)).cloned());
    }
    Ok(opened)
}

/// Opens the alerts of orders that are late on the day of their company, and closes those of
/// orders that came or were given up.
pub(crate) async fn settle_late(
    tx: &mut Tx,
    days: &[(CompanyId, Date)],
    warehouse: Option<WarehouseId>,
    job: JobId,
) -> Result<Vec<StockAlert>> {
    let late = late(tx, days, warehouse).await?;
    let (organisation, now) = (tx.organisation(), tx.now());
    let rows: Vec<StockAlert> = late
        .iter()
        .map(|order| StockAlert {
            organisation_id: organisation,
            id: StockAlertId::generate(),
            company_id: order.company_id,
            warehouse_id: order.warehouse_id,
            kind: StockAlertKind::LateOrder,
            subject_id: order.id.0,
            item_id: None,
            purchase_order_id: Some(order.id),
            on_hand: None,
            threshold: None,
            due_on: Some(order.due_on),
            job_id: Some(job),
            opened_at: now,
            closed_at: None,
        })
        .collect();
    let closed = close_arrived(tx, days, warehouse, &late).await?;
    let opened = insert(tx, &rows).await?;
    tell(tx, &opened, &closed).await?;
    Ok(opened)
}

#[derive(QueryableByName)]
struct Late {
    #[diesel(sql_type = sql::Uuid)]
    id: PurchaseOrderId,
    #[diesel(sql_type = sql::Uuid)]
    company_id: CompanyId,
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: WarehouseId,
    #[diesel(sql_type = sql::Date)]
    due_on: Date,
}

async fn late(
    tx: &mut Tx,
    days: &[(CompanyId, Date)],
    warehouse: Option<WarehouseId>,
) -> Result<Vec<Late>> {
    let (companies, days): (Vec<CompanyId>, Vec<Date>) = days.iter().copied().unzip();
    Ok(diesel::sql_query(
        "SELECT o.id, o.company_id, o.warehouse_id, \
            min(coalesce(l.expected_on, o.expected_on)) AS due_on \
         FROM unnest($2, $3) AS d (company_id, day) \
         JOIN inventory.purchase_order o \
            ON o.organisation_id = $1 AND o.company_id = d.company_id \
         JOIN inventory.purchase_order_line l \
            ON l.organisation_id = $1 AND l.purchase_order_id = o.id \
         WHERE o.status IN ('ORDERED', 'PARTIALLY_RECEIVED') \
            AND l.received_quantity < l.quantity \
            AND coalesce(l.expected_on, o.expected_on) < d.day \
            AND ($4 IS NULL OR o.warehouse_id = $4) \
         GROUP BY o.id, o.company_id, o.warehouse_id ORDER BY o.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .bind::<sql::Array<sql::Date>, _>(days)
    .bind::<sql::Nullable<sql::Uuid>, _>(warehouse)
    .load(tx.conn())
    .await?)
}

async fn close_arrived(
    tx: &mut Tx,
    days: &[(CompanyId, Date)],
    warehouse: Option<WarehouseId>,
    late: &[Late],
) -> Result<Vec<StockAlert>> {
    let companies: Vec<CompanyId> = days.iter().map(|(company, _)| *company).collect();
    let late: Vec<Uuid> = late.iter().map(|order| order.id.0).collect();
    let mut gone = stock_alert::table
        .filter(stock_alert::organisation_id.eq(tx.organisation()))
        .filter(stock_alert::closed_at.is_null())
        .filter(stock_alert::kind.eq(StockAlertKind::LateOrder))
        .filter(stock_alert::company_id.eq_any(companies))
        .filter(stock_alert::subject_id.ne_all(late))
        .select(stock_alert::id)
        .into_boxed();
    if let Some(warehouse) = warehouse {
        gone = gone.filter(stock_alert::warehouse_id.eq(warehouse));
    }
    let gone: Vec<StockAlertId> = gone.load(tx.conn()).await?;
    close_all(tx, &gone).await
}

/// Closes those of some alerts that are still open.
pub(crate) async fn close(tx: &mut Tx, ids: &[StockAlertId]) -> Result<()> {
    let closed = close_all(tx, ids).await?;
    tell(tx, &[], &closed).await
}

async fn close_all(tx: &mut Tx, ids: &[StockAlertId]) -> Result<Vec<StockAlert>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(diesel::update(
        stock_alert::table
            .filter(stock_alert::organisation_id.eq(tx.organisation()))
            .filter(stock_alert::id.eq_any(ids))
            .filter(stock_alert::closed_at.is_null()),
    )
    .set(stock_alert::closed_at.eq(tx.now()))
    .returning(StockAlert::as_returning())
    .get_results(tx.conn())
    .await?)
}

async fn tell(tx: &mut Tx, opened: &[StockAlert], closed: &[StockAlert]) -> Result<()> {
    let told = |action: &'static str, row: &StockAlert| {
        Event::new(action, "StockAlert", row.id, REPLENISHMENT_READ)
            .company(row.company_id)
            .set("kind", row.kind)
            .set("warehouse", row.warehouse_id)
            .set("item", row.item_id)
            .set("purchaseOrder", row.purchase_order_id)
    };
    let opened = opened
        .iter()
        .map(|row| told("inventory.stock_alert.opened", row));
    let closed = closed
        .iter()
        .map(|row| told("inventory.stock_alert.closed", row));
    let events = opened.chain(closed).collect();
    tx.emit_all(events).await?;
    Ok(())
}
