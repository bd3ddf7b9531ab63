//! The catalogue of the shop: items in three warehouses, those who supply them, on which terms,
//! and how much of each is kept where.

use directory::party::{PartyCreateInput, PartyKind};
use inventory::category::ItemCategoryCreateInput;
use inventory::item::{ItemCreateInput, Valuation};
use inventory::policy::{StockPolicyCreateInput, StockPolicyMethod};
use inventory::supplier_term::SupplierTermCreateInput;
use inventory::warehouse::WarehouseCreateInput;
use kernel::ids::{ItemCategoryId, ItemId, LocationId, PartyId, WarehouseId};
use kernel::{Dec, Error, Result, Tx};
use rust_decimal::Decimal;

use super::chance::Chance;
use super::goods::{CUSTOMERS, FAMILIES, Family, SUPPLIERS, WAREHOUSES};
use super::{Demo, numbers};

/// Items of one family at scale 1.
pub(super) const OF_A_FAMILY: usize = 50;

/// A good as trade knows it.
#[derive(Clone, Debug)]
pub(super) struct Good {
    /// The item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Index of its family, which is that of its supplier too.
    pub family: usize,
    /// What one costs, in cents.
    pub cost: u64,
    /// What one sells for before tax, in cents.
    pub price: u64,
    /// How many of it are sold in a month, all warehouses together.
    pub demand: u64,
}

/// Everything that trade needs to know of the shop.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    /// What is sold.
    pub goods: Vec<Good>,
    /// The default locations of the warehouses, the central one first.
    pub places: Vec<LocationId>,
    /// Those who supply, by family.
    pub suppliers: Vec<PartyId>,
    /// Those who buy on account.
    pub customers: Vec<PartyId>,
    /// Everybody who pays at the counter.
    pub counter: PartyId,
}

/// The goods of a demo, made or not.
pub(super) fn goods(demo: Demo, scale: usize) -> Vec<Good> {
    let mut chance = Chance::of("goods");
    let mut goods = Vec::new();
    for (index, family) in FAMILIES.iter().enumerate() {
        for number in 0..OF_A_FAMILY * scale {
            goods.push(good(demo, &mut chance, (index, family), number));
        }
    }
    goods
}

fn good(demo: Demo, chance: &mut Chance, family: (usize, &Family), number: usize) -> Good {
    let (index, family) = family;
    let product = family.products.get(number % family.products.len().max(1));
    let variant = family
        .variants
        .get(number / family.products.len().max(1) % 10);
    let round = number / 50;
    let mut name = format!(
        "{} {}",
        product.copied().unwrap_or_default(),
        variant.copied().unwrap_or_default()
    );
    if round > 0 {
        name = format!("{name}, serie {}", round + 1);
    }
    let (least, most) = family.cost;
    let cost = chance.between(least, most);
    let slow = if cost > 5_000 { 6 } else { 1 };
    Good {
        item: ItemId(demo.id(&format!("item/{}/{number}", family.code))),
        name,
        family: index,
        cost,
        price: cost * chance.between(135, 175) / 100,
        demand: chance.between(6, 90) / slow + 1,
    }
}

fn id_of_supplier(demo: Demo, index: usize) -> PartyId {
    PartyId(demo.id(&format!("supplier/{index}")))
}

/// The catalogue of a demo whose warehouses are made.
pub(super) async fn known(tx: &mut Tx, demo: Demo, scale: usize) -> Result<Catalogue> {
    let mut places = Vec::new();
    for (code, ..) in WAREHOUSES {
        let place = inventory::location::default_of(tx, warehouse_id(demo, code)).await?;
        let place = place.ok_or_else(|| Error::bug(format!("{code} has no location")))?;
        places.push(place.id);
    }
    Ok(Catalogue {
        goods: goods(demo, scale),
        places,
        suppliers: (0..SUPPLIERS.len())
            .map(|index| id_of_supplier(demo, index))
            .collect(),
        customers: (0..CUSTOMERS.len())
            .map(|index| PartyId(demo.id(&format!("customer/{index}"))))
            .collect(),
        counter: PartyId(demo.id("customer/counter")),
    })
}

pub(super) fn warehouse_id(demo: Demo, code: &str) -> WarehouseId {
    WarehouseId(demo.id(&format!("warehouse/{code}")))
}

/// Makes the catalogue. Tells after each item how many there are and how many are made.
pub(super) async fn make(
    tx: &mut Tx,
    demo: Demo,
    scale: usize,
    made: &(dyn Fn(u64, u64) + Sync),
) -> Result<()> {
    inventory::unit::install(tx).await?;
    for warehouse in WAREHOUSES {
        inventory::warehouse::create(tx, warehouse_of(demo, warehouse)).await?;
    }
    for (index, name) in SUPPLIERS.iter().enumerate() {
        let number = 500 + u64::try_from(index).unwrap_or_default();
        party(tx, id_of_supplier(demo, index), name, Some(number)).await?;
    }
    for (index, name) in CUSTOMERS.iter().enumerate() {
        let number = 600 + u64::try_from(index).unwrap_or_default();
        let id = PartyId(demo.id(&format!("customer/{index}")));
        party(tx, id, name, Some(number)).await?;
    }
    party(
        tx,
        PartyId(demo.id("customer/counter")),
        "Ventas de mostrador",
        None,
    )
    .await?;
    for family in FAMILIES {
        inventory::category::create(tx, category_of(demo, family)).await?;
    }
    let goods = goods(demo, scale);
    let total = u64::try_from(goods.len()).unwrap_or_default();
    for (done, good) in (1_u64..).zip(&goods) {
        stock(tx, demo, good, done).await?;
        made(done, total);
    }
    Ok(())
}

/// An item with its terms and how much of it is kept in each warehouse.
async fn stock(tx: &mut Tx, demo: Demo, good: &Good, number: u64) -> Result<()> {
    inventory::item::create(tx, item_of(demo, good, number)).await?;
    inventory::supplier_term::create(tx, term_of(demo, good, number)?).await?;
    for (code, share) in [("CEN", 100), ("MAD", 40), ("GET", 30)] {
        let policy = policy_of(good, warehouse_id(demo, code), share);
        inventory::policy::create(tx, policy).await?;
    }
    Ok(())
}

async fn party(tx: &mut Tx, id: PartyId, name: &str, number: Option<u64>) -> Result<()> {
    let input = PartyCreateInput {
        id: Some(id),
        kind: PartyKind::Organisation,
        name: name.to_owned(),
        trade_name: None,
        tax_country: None,
        tax_id: number.map(numbers::company_tax_id),
        external_id: None,
        email: None,
        phone: None,
        locale: None,
    };
    directory::party::create(tx, input).await?;
    Ok(())
}

fn warehouse_of(
    demo: Demo,
    (code, name, street, postal_code, city): &(&str, &str, &str, &str, &str),
) -> WarehouseCreateInput {
    let text = |text: &str| Some(text.to_owned());
    WarehouseCreateInput {
        id: Some(warehouse_id(demo, code)),
        company: demo.company,
        code: (*code).to_owned(),
        name: (*name).to_owned(),
        street: text(street),
        postal_code: text(postal_code),
        city: text(city),
    }
}

fn category_id(demo: Demo, code: &str) -> ItemCategoryId {
    ItemCategoryId(demo.id(&format!("category/{code}")))
}

fn category_of(demo: Demo, family: &Family) -> ItemCategoryCreateInput {
    ItemCategoryCreateInput {
        id: Some(category_id(demo, family.code)),
        company: demo.company,
        code: family.code.to_owned(),
        name: family.name.to_owned(),
        stock_account: None,
        cost_account: None,
        adjustment_account: None,
    }
}

fn item_of(demo: Demo, good: &Good, number: u64) -> ItemCreateInput {
    let code = FAMILIES.get(good.family).map_or("", |family| family.code);
    let fifo = number.is_multiple_of(3);
    ItemCreateInput {
        id: Some(good.item),
        company: demo.company,
        code: format!("{code}-{number:04}"),
        external_id: None,
        name: good.name.clone(),
        description: None,
        category: Some(category_id(demo, code)),
        unit: "UN".to_owned(),
        units: Vec::new(),
        gtin: None,
        is_tracked: true,
        valuation: Some(if fifo {
            Valuation::Fifo
        } else {
            Valuation::MovingAverage
        }),
        list_price: Some(Dec(cents(good.price))),
        dry_run: false,
    }
}

fn term_of(demo: Demo, good: &Good, number: u64) -> Result<SupplierTermCreateInput> {
    let lead_time = i32::try_from(3 + number % 9).unwrap_or(5);
    Ok(SupplierTermCreateInput {
        id: None,
        item: good.item,
        supplier: id_of_supplier(demo, good.family),
        supplier_code: Some(format!("R{:05}", number * 7)),
        unit: None,
        price: Dec(cents(good.cost)),
        currency: None,
        minimum_quantity: Some(Dec(Decimal::from(if good.cost < 1_000 { 12 } else { 1 }))),
        multiple: Some(Dec(Decimal::from(if good.cost < 1_000 { 6 } else { 1 }))),
        lead_time_days: (!number.is_multiple_of(97)).then_some(lead_time),
        over_receipt_percent: None,
        preferred: true,
        valid_from: Some(numbers::day(2025, 1, 1)?),
        valid_to: None,
    })
}

/// Kept: half a month's sales to reorder, a month and a half's to fill up to.
fn policy_of(good: &Good, warehouse: WarehouseId, share: u64) -> StockPolicyCreateInput {
    let month = (good.demand * share / 100).max(2);
    let number = |value: u64| Some(Dec(Decimal::from(value)));
    StockPolicyCreateInput {
        id: None,
        item: good.item,
        warehouse,
        method: StockPolicyMethod::Fixed,
        reorder_point: number(month / 2),
        target_quantity: number(month * 3 / 2 + 1),
        maximum_quantity: number(month * 6 + 12),
        safety_stock: None,
        service_level: None,
        demand_days: None,
        review_days: None,
        preferred_supplier: None,
    }
}

/// An amount of so many cents.
pub(super) fn cents(cents: u64) -> Decimal {
    Decimal::from(cents) / Decimal::ONE_HUNDRED
}
