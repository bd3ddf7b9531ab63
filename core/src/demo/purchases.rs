//! What the shop buys: an order to each supplier, its goods, and the bill that names the order.

use std::collections::HashMap;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use finance::invoice::{InvoiceCreateInput, InvoiceKind, InvoiceLineInput};
use inventory::purchase::{
    self, PurchaseOrder, PurchaseOrderCreateInput, PurchaseOrderLine, PurchaseOrderLineInput,
    PurchaseOrderReceiveInput, PurchaseOrderStatus, PurchaseOrderSubmitInput,
};
use kernel::ids::{InvoiceId, PurchaseOrderId};
use kernel::{Date, Db, Dec, Result, Tx};
use rust_decimal::Decimal;

use super::catalogue::{self, Catalogue, cents};
use super::trade::document;
use super::{Cast, Demo};

/// Lines of an order at most; who needs more places several.
const MOST_LINES: usize = 500;
/// Who buys.
const BUYER: &str = "hugo.santos";

/// What is bought of a supplier at once.
pub(super) struct Purchase<'a> {
    pub family: usize,
    part: usize,
    /// How many of which good, as (index of the good, how many).
    pub load: &'a [(usize, u64)],
}

impl<'a> Purchase<'a> {
    /// A load of goods of a supplier, in as many orders as it takes.
    pub fn all_of(family: usize, load: &'a [(usize, u64)]) -> impl Iterator<Item = Self> {
        let parts = load.chunks(MOST_LINES).enumerate();
        parts.map(move |(part, load)| Self { family, part, load })
    }

    fn id(&self, demo: Demo, month: NaiveDate) -> PurchaseOrderId {
        let (family, part) = (self.family, self.part);
        PurchaseOrderId(demo.id(&format!("order/{month}/{family}/{part}")))
    }

    fn order(
        &self,
        demo: Demo,
        catalogue: &Catalogue,
        month: NaiveDate,
    ) -> Option<PurchaseOrderCreateInput> {
        let lines = self.load.iter().filter_map(|(index, count)| {
            let good = catalogue.goods.get(*index)?;
            Some(line(good, Decimal::from(*count), cents(good.cost)))
        });
        Some(PurchaseOrderCreateInput {
            id: Some(self.id(demo, month)),
            expected_on: Some(Date(month)),
            ..input(
                demo,
                *catalogue.suppliers.get(self.family)?,
                lines.collect(),
            )
        })
    }

    /// The supplier's invoice for what came, line by line.
    fn bill(
        &self,
        demo: Demo,
        catalogue: &Catalogue,
        month: NaiveDate,
        lines: &[PurchaseOrderLine],
    ) -> Option<InvoiceCreateInput> {
        let party = catalogue.suppliers.get(self.family).copied()?;
        let id = self.id(demo, month);
        let names: HashMap<_, _> = self
            .load
            .iter()
            .filter_map(|(index, _)| catalogue.goods.get(*index))
            .map(|good| (good.item, good.name.as_str()))
            .collect();
        let mine = lines.iter().filter(|line| line.purchase_order_id == id);
        let billed = mine.map(|line| billed(line, names.get(&line.item_id).copied()));
        let number = format!(
            "F-{}-{:02}{:02}",
            month.format("%Y/%m"),
            self.family,
            self.part
        );
        let day = month + Days::new(5);
        Some(InvoiceCreateInput {
            id: Some(bill_id(demo, month, (self.family, self.part))),
            supplier_number: Some(number),
            ..document(demo, InvoiceKind::Supplier, party, day, billed.collect())
        })
    }
}

fn bill_id(demo: Demo, month: NaiveDate, (family, part): (usize, usize)) -> InvoiceId {
    InvoiceId(demo.id(&format!("bill/{month}/{family}/{part}")))
}

/// The ids that the bills of a month have, made or not.
pub(super) fn bill_ids(demo: Demo, month: NaiveDate, scale: usize) -> Vec<InvoiceId> {
    let parts = (catalogue::OF_A_FAMILY * scale).div_ceil(MOST_LINES);
    let families = 0..super::goods::FAMILIES.len();
    families
        .flat_map(|family| (0..parts).map(move |part| (family, part)))
        .map(|place| bill_id(demo, month, place))
        .collect()
}

/// An order of the shop's central warehouse.
pub(super) fn input(
    demo: Demo,
    supplier: kernel::ids::PartyId,
    lines: Vec<PurchaseOrderLineInput>,
) -> PurchaseOrderCreateInput {
    PurchaseOrderCreateInput {
        id: None,
        warehouse: catalogue::warehouse_id(demo, "CEN"),
        supplier,
        currency: None,
        supplier_reference: None,
        memo: None,
        expected_on: None,
        lines,
        dry_run: false,
    }
}

/// So much of a good at a price.
pub(super) fn line(
    good: &catalogue::Good,
    quantity: Decimal,
    price: Decimal,
) -> PurchaseOrderLineInput {
    PurchaseOrderLineInput {
        item: good.item,
        unit: None,
        quantity: Dec(quantity),
        price: Some(Dec(price)),
        expected_on: None,
        over_receipt_percent: None,
    }
}

fn billed(line: &PurchaseOrderLine, name: Option<&str>) -> InvoiceLineInput {
    InvoiceLineInput {
        id: None,
        description: name.unwrap_or("Mercancía").to_owned(),
        item: Some(line.item_id),
        purchase_order_line: Some(line.id),
        quantity: Some(line.received_quantity),
        unit: None,
        unit_price: line.price,
        discount_percent: None,
        taxes: vec!["IVA21".to_owned()],
        account: None,
        department: None,
        dimension_values: None,
    }
}

/// Orders what a month needs on the eve of it, and takes it in on its first day.
pub(super) async fn order_and_receive(
    db: &Db,
    cast: &Cast,
    demo: Demo,
    catalogue: &Catalogue,
    (month, purchases): (NaiveDate, &[Purchase<'_>]),
) -> Result<()> {
    let morning = month.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(9);
    let ids: Vec<PurchaseOrderId> = purchases.iter().map(|one| one.id(demo, month)).collect();
    let eve = morning - TimeDelta::days(1);
    let mut tx = db.begin(&cast.at(BUYER, eve)?).await?;
    if purchase::by_ids(&mut tx, &ids).await?.is_empty() {
        for wanted in purchases {
            if let Some(input) = wanted.order(demo, catalogue, month) {
                place(&mut tx, input).await?;
            }
        }
    }
    tx.commit().await?;
    let mut tx = db.begin(&cast.system(morning)).await?;
    for order in purchase::by_ids(&mut tx, &ids).await? {
        if order.status == PurchaseOrderStatus::Ordered {
            receive(&mut tx, &order, month).await?;
        }
    }
    tx.commit().await
}

/// Drafts an order and submits it.
pub(super) async fn place(tx: &mut Tx, input: PurchaseOrderCreateInput) -> Result<PurchaseOrder> {
    let draft = purchase::create(tx, input).await?;
    let submit = PurchaseOrderSubmitInput {
        id: draft.id,
        expected_version: None,
        dry_run: false,
    };
    purchase::submit(tx, submit).await
}

async fn receive(tx: &mut Tx, order: &PurchaseOrder, day: NaiveDate) -> Result<()> {
    let input = PurchaseOrderReceiveInput {
        id: order.id,
        expected_version: None,
        movement: None,
        lines: None,
        received_on: Some(Date(day)),
        location: None,
        delivery_note: Some(format!("ALB-{}", order.number)),
        exchange_rate: None,
        dry_run: false,
    };
    purchase::receive(tx, input).await?;
    Ok(())
}

/// The bills of what a month's orders brought.
pub(super) async fn bills(
    tx: &mut Tx,
    demo: Demo,
    catalogue: &Catalogue,
    (month, purchases): (NaiveDate, &[Purchase<'_>]),
) -> Result<Vec<InvoiceCreateInput>> {
    let ids: Vec<PurchaseOrderId> = purchases.iter().map(|one| one.id(demo, month)).collect();
    let lines = purchase::lines_of(tx, &ids).await?;
    let bill = |one: &Purchase<'_>| one.bill(demo, catalogue, month, &lines);
    Ok(purchases.iter().filter_map(bill).collect())
}
