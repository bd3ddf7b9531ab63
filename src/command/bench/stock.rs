//! Stock: items in many warehouses with what is kept of them, the reorder run over all of them, and
//! the loading of movements.

use std::time::Instant;

use directory::party::{PartyCreateInput, PartyKind};
use inventory::item::{ItemCreateInput, Valuation};
use inventory::movement::{ReceiveLineInput, StockReceiveInput};
use inventory::policy::{StockPolicyCreateInput, StockPolicyMethod};
use inventory::supplier_term::SupplierTermCreateInput;
use inventory::warehouse::WarehouseCreateInput;
use kernel::ids::{CompanyId, ItemId, LocationId, PartyId, StockPolicyId, WarehouseId};
use kernel::{Dec, Tx};
use rust_decimal::Decimal;
use serde_json::json;
use trastienda_core::demo::numbers;
use trastienda_core::{directory, inventory, kernel};

use super::Bench;
use super::door::at;
use super::payroll::follow;
use crate::say;

/// Warehouses, each of which keeps every item.
const WAREHOUSES: u32 = 10;
/// Items at full scale: 100,000 item-locations.
const ITEMS: u32 = 10_000;
/// Movements at full scale, each of one line of a delivery.
const MOVEMENTS: u32 = 1_000_000;
/// Lines of one delivery.
const OF_A_DELIVERY: u32 = 500;
/// Items made in one transaction.
const BATCH: u32 = 100;

/// Where the goods are.
struct Place {
    warehouse: WarehouseId,
    location: LocationId,
}

/// Measures single receipts, the loading of movements, and the reorder run.
///
/// # Errors
/// A request or a job that fails.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let company = bench.stage.company("STOCK", 4).await?;
    let places = places(bench, company).await?;
    let items = bench.scaled(ITEMS);
    keep(bench, company, &places, items).await?;
    reorder(bench, company, u64::from(items) * u64::from(WAREHOUSES)).await?;
    load(bench, company, &places, items).await?;
    receive(bench, company, &places, items).await
}

async fn places(bench: &Bench, company: CompanyId) -> anyhow::Result<Vec<Place>> {
    let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
    let mut ids = Vec::new();
    for number in 0..WAREHOUSES {
        let id = WarehouseId(bench.stage.id(&format!("warehouse {number}")));
        ids.push(id);
        if !inventory::warehouse::by_ids(&mut tx, &[id])
            .await?
            .is_empty()
        {
            continue;
        }
        let input = WarehouseCreateInput {
            id: Some(id),
            company,
            code: format!("W{number}"),
            name: format!("Almacén {number}"),
            street: None,
            postal_code: None,
            city: None,
        };
        inventory::warehouse::create(&mut tx, input).await?;
    }
    let found = inventory::location::of_warehouses(&mut tx, &ids).await?;
    tx.commit().await?;
    let place = |row: inventory::location::Location| Place {
        warehouse: row.warehouse_id,
        location: row.id,
    };
    Ok(found.into_iter().map(place).collect())
}

/// Makes the items that are missing, each with a supplier's terms and a policy in every warehouse.
async fn keep(
    bench: &Bench,
    company: CompanyId,
    places: &[Place],
    items: u32,
) -> anyhow::Result<()> {
    let supplier = supplier(bench).await?;
    let mut from = first_missing(bench, items).await?;
    if from < items {
        say::aside(&format!("bench: {} items are made", items - from));
    }
    while from < items {
        let to = (from + BATCH).min(items);
        let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
        for number in from..to {
            stock_item(&mut tx, bench, company, supplier, places, number).await?;
        }
        tx.commit().await?;
        from = to;
    }
    Ok(())
}

async fn supplier(bench: &Bench) -> anyhow::Result<PartyId> {
    let id = PartyId(bench.stage.id("supplier"));
    let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
    if directory::party::find(&mut tx, id).await?.is_none() {
        let input = PartyCreateInput {
            id: Some(id),
            kind: PartyKind::Organisation,
            name: "Proveedor de medidas, S.L.".to_owned(),
            trade_name: None,
            tax_country: None,
            tax_id: None,
            external_id: None,
            email: None,
            phone: None,
            locale: None,
        };
        directory::party::create(&mut tx, input).await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// Items are made in their order, so that the first missing one is where to go on.
async fn first_missing(bench: &Bench, items: u32) -> anyhow::Result<u32> {
    let (mut known, mut missing) = (0, items);
    let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
    while known < missing {
        let middle = known + (missing - known) / 2;
        let id = item_id(bench, middle);
        if inventory::item::by_ids(&mut tx, &[id]).await?.is_empty() {
            missing = middle;
        } else {
            known = middle + 1;
        }
    }
    tx.rollback().await?;
    Ok(known)
}

fn item_id(bench: &Bench, number: u32) -> ItemId {
    ItemId(bench.stage.id(&format!("item {number}")))
}

async fn stock_item(
    tx: &mut Tx,
    bench: &Bench,
    company: CompanyId,
    supplier: PartyId,
    places: &[Place],
    number: u32,
) -> anyhow::Result<()> {
    let id = item_id(bench, number);
    let item = ItemCreateInput {
        id: Some(id),
        company,
        code: format!("I{number:06}"),
        external_id: None,
        name: format!("Artículo {number}"),
        description: None,
        category: None,
        unit: "UN".to_owned(),
        units: Vec::new(),
        gtin: None,
        is_tracked: true,
        valuation: Some(Valuation::MovingAverage),
        list_price: None,
        dry_run: false,
    };
    inventory::item::create(tx, item).await?;
    let terms = SupplierTermCreateInput {
        id: None,
        item: id,
        supplier,
        supplier_code: None,
        unit: None,
        price: Dec(Decimal::new(i64::from(100 + number % 900), 2)),
        currency: None,
        minimum_quantity: None,
        multiple: None,
        lead_time_days: Some(5),
        over_receipt_percent: None,
        preferred: false,
        valid_from: Some(numbers::day(2026, 1, 1)?),
        valid_to: None,
    };
    inventory::supplier_term::create(tx, terms).await?;
    for (place, at) in places.iter().enumerate() {
        let policy = StockPolicyCreateInput {
            id: Some(StockPolicyId(
                bench.stage.id(&format!("policy {number} {place}")),
            )),
            item: id,
            warehouse: at.warehouse,
            method: StockPolicyMethod::Fixed,
            reorder_point: Some(Dec(Decimal::from(10 + number % 40))),
            target_quantity: Some(Dec(Decimal::from(100))),
            maximum_quantity: None,
            safety_stock: None,
            service_level: None,
            demand_days: None,
            review_days: None,
            preferred_supplier: None,
        };
        inventory::policy::create(tx, policy).await?;
    }
    Ok(())
}

async fn reorder(bench: &mut Bench, company: CompanyId, places: u64) -> anyhow::Result<()> {
    for when in ["first", "again"] {
        let begun = Instant::now();
        let input = json!({ "company": company });
        let wanted = bench
            .door
            .act("replenishmentRun", input, "job { id }")
            .await?;
        follow(bench, at(&wanted, "/job/id")).await?;
        let took = begun.elapsed().as_secs_f64();
        let name = format!("reorder run over {places} item-locations, {when}");
        bench.sheet.note(&name, &format!("{took:.1} s"));
    }
    Ok(())
}

/// Loads deliveries through the domain, each valued and posted to the ledger.
async fn load(
    bench: &mut Bench,
    company: CompanyId,
    places: &[Place],
    items: u32,
) -> anyhow::Result<()> {
    let wanted = bench.scaled(MOVEMENTS) / OF_A_DELIVERY;
    let begun = Instant::now();
    for delivery in 0..wanted.max(1) {
        let first = delivery * OF_A_DELIVERY;
        let input = delivery_of(bench, company, places, items, first)?;
        let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
        inventory::movement::receive(&mut tx, input).await?;
        tx.commit().await?;
    }
    let lines = wanted.max(1) * OF_A_DELIVERY;
    let took = begun.elapsed().as_secs_f64();
    let said = format!("{:.0}/s, {took:.0} s", f64::from(lines) / took);
    let name = format!("loading {lines} movements, {OF_A_DELIVERY} a delivery");
    bench.sheet.note(&name, &said);
    Ok(())
}

fn delivery_of(
    bench: &Bench,
    company: CompanyId,
    places: &[Place],
    items: u32,
    first: u32,
) -> anyhow::Result<StockReceiveInput> {
    let places = places
        .iter()
        .cycle()
        .skip(usize::try_from(first / items.max(1))?);
    let lines = (first..first + OF_A_DELIVERY)
        .zip(places)
        .map(|(number, place)| ReceiveLineInput {
            item: item_id(bench, number % items.max(1)),
            location: place.location,
            quantity: Dec(Decimal::from(1 + number % 9)),
            unit: None,
            unit_cost: Some(Dec(Decimal::new(i64::from(100 + number % 900), 2))),
        });
    Ok(StockReceiveInput {
        id: None,
        company,
        date: numbers::day(2026, 11, 20)?,
        reference: None,
        reason: None,
        party: None,
        lines: lines.collect(),
        dry_run: false,
    })
}

async fn receive(
    bench: &mut Bench,
    company: CompanyId,
    places: &[Place],
    items: u32,
) -> anyhow::Result<()> {
    let door = bench.door.clone();
    let ids: Vec<ItemId> = (0..items).map(|number| item_id(bench, number)).collect();
    let locations: Vec<LocationId> = places.iter().map(|place| place.location).collect();
    let ask = move |number: u64| {
        let door = door.clone();
        let index = usize::try_from(number).unwrap_or_default();
        let item = ids.get(index % ids.len().max(1)).copied();
        let location = locations.get(index % locations.len().max(1)).copied();
        async move {
            let line = json!({
                "item": item, "location": location, "quantity": "3", "unitCost": "2.50",
            });
            let input = json!({ "company": company, "date": "2026-11-20", "lines": [line] });
            let moved = door.act("stockReceive", input, "movement { id number }");
            moved.await.map(drop)
        }
    };
    let measured = bench.load.run(bench.meters, ask).await?;
    bench
        .sheet
        .add("receive goods: valued and posted to the ledger", &measured);
    Ok(())
}
