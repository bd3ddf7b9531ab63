//! Drafting orders: by hand, or many at once from proposals.

use std::collections::{BTreeMap, HashMap};

use async_graphql::InputObject;
use chrono::Datelike;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use directory::numbering;
use kernel::ids::{
    CompanyId, ItemId, PartyId, ProposalId, PurchaseOrderId, PurchaseOrderLineId, SupplierTermId,
    UnitId, WarehouseId,
};
use kernel::{CurrencyCode, Date, Dec, Error, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::{
    MOST_LINES, PurchaseOrder, PurchaseOrderLine, PurchaseOrderStatus, person_behind, rules, today,
};
use crate::permission::{COST_READ, PURCHASE_MANAGE};
use crate::schema_replenishment::{purchase_order, purchase_order_line};
use crate::supplier_term::{self, SupplierTerm};
use crate::unit::Factor;
use crate::{fault, known};

/// What numbers purchase orders.
const SEQUENCE: &str = "inventory.purchase_order";

/// An order to be drafted, already checked.
#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub id: Option<PurchaseOrderId>,
    pub company: CompanyId,
    pub warehouse: WarehouseId,
    pub supplier: PartyId,
    pub currency: CurrencyCode,
    pub supplier_reference: Option<String>,
    pub memo: Option<String>,
    pub expected_on: Option<Date>,
    pub lines: Vec<NewLine>,
}

/// A line of an order to be drafted, already checked.
#[derive(Clone, Debug)]
pub(crate) struct NewLine {
    pub item: ItemId,
    pub unit: UnitId,
    pub factor: Factor,
    pub quantity: Dec,
    pub price: Dec,
    pub expected_on: Option<Date>,
    pub over_receipt_percent: Dec,
    pub supplier_code: Option<String>,
    pub term: Option<SupplierTermId>,
    pub proposal: Option<ProposalId>,
}

/// Drafts an order by hand.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderCreateInput {
    /// An id made by the client, `por_…`.
    pub id: Option<PurchaseOrderId>,
    /// Where it is delivered.
    pub warehouse: WarehouseId,
    /// The supplier.
    pub supplier: PartyId,
    /// The currency of its prices; that of the company when absent.
    pub currency: Option<CurrencyCode>,
    /// What the supplier calls it, in at most 80 characters.
    pub supplier_reference: Option<String>,
    /// A remark, in at most 500 characters.
    pub memo: Option<String>,
    /// When it is expected, for lines that say nothing else.
    pub expected_on: Option<Date>,
    /// Its lines, 1 to 500.
    pub lines: Vec<PurchaseOrderLineInput>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// A line of an order.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderLineInput {
    /// The item.
    pub item: ItemId,
    /// The purchase unit; that of the supplier's terms, or else the item's own, when absent.
    pub unit: Option<UnitId>,
    /// How much, in the purchase unit.
    pub quantity: Dec,
    /// The price of one purchase unit, without tax; that of the supplier's terms when absent.
    pub price: Option<Dec>,
    /// When it is expected.
    pub expected_on: Option<Date>,
    /// How much more than ordered is taken in, in per cent; by the terms when absent.
    pub over_receipt_percent: Option<Dec>,
}

/// Drafts an order by hand.
///
/// # Errors
/// Every fault of the input at once: unknown records, units that do not convert, a price that
/// neither the line nor the supplier's terms say.
#[tracing::instrument(skip_all, fields(supplier.id = %command.supplier), err)]
pub async fn create(tx: &mut Tx, command: PurchaseOrderCreateInput) -> Result<PurchaseOrder> {
    let scope = tx.require(PURCHASE_MANAGE)?;
    let company = known::warehouse_company(tx, command.warehouse)
        .await?
        .filter(|company| scope.covers(Some(*company), None))
        .ok_or_else(|| Fault::not_found(fault::WAREHOUSE_NOT_FOUND).at(["warehouse"]))?;
    let suppliers = known::suppliers(tx, &[command.supplier]).await?;
    let books = directory::company::load(tx, company).await?.currency;
    let mut input = Input::new();
    input.check(suppliers.contains_key(&command.supplier), || {
        Fault::not_found(fault::SUPPLIER_NOT_FOUND).at(["supplier"])
    });
    input.check((1..=MOST_LINES).contains(&command.lines.len()), || {
        Fault::invalid(fault::ORDER_LINES)
            .with("most", MOST_LINES)
            .at(["lines"])
    });
    let reference = check::optional(command.supplier_reference.as_deref(), 80);
    let supplier_reference = input.take("supplierReference", reference);
    let memo = input.take("memo", check::optional(command.memo.as_deref(), 500));
    let currency = command.currency.unwrap_or(books);
    let buying = Buying {
        company,
        supplier: command.supplier,
        currency,
    };
    let lines = buying
        .lines(tx, &mut input, &command.lines, "lines")
        .await?;
    input.finish()?;
    let wanted = NewOrder {
        id: command.id,
        company,
        warehouse: command.warehouse,
        supplier: command.supplier,
        currency,
        supplier_reference,
        memo,
        expected_on: command.expected_on,
        lines,
    };
    let made = draft_all(tx, vec![wanted]).await?;
    made.into_iter()
        .next()
        .ok_or_else(|| Error::bug("an order was drafted and is not there"))
}

/// From whom a company buys, and in which currency.
#[derive(Clone, Copy)]
pub(super) struct Buying {
    pub company: CompanyId,
    pub supplier: PartyId,
    pub currency: CurrencyCode,
}

impl Buying {
    /// The lines as they are drafted: what a line leaves open comes from the supplier's terms of
    /// today. Faults are noted below a field of the input.
    pub(super) async fn lines(
        self,
        tx: &mut Tx,
        input: &mut Input,
        wanted: &[PurchaseOrderLineInput],
        under: &str,
    ) -> Result<Vec<NewLine>> {
        let ids: Vec<ItemId> = wanted.iter().map(|line| line.item).collect();
        let items = known::items(tx, &ids).await?;
        let day = today(tx, self.company).await?;
        let mut terms = supplier_term::valid_on(tx, &ids, day).await?;
        terms.retain(|term| term.supplier_id == self.supplier && term.currency == self.currency);
        let unit_of = |line: &PurchaseOrderLineInput| {
            let term = terms.iter().find(|term| term.item_id == line.item);
            let own = items.get(&line.item).map(|item| item.unit_id);
            line.unit.or(term.map(|term| term.unit_id)).or(own)
        };
        let pairs: Vec<(ItemId, UnitId)> = wanted
            .iter()
            .filter_map(|line| Some((line.item, unit_of(line)?)))
            .collect();
        let factors = known::factors(tx, &pairs).await?;
        let mut lines = Vec::with_capacity(wanted.len());
        for (index, line) in wanted.iter().enumerate() {
            let at = |field: &str| -> Vec<String> {
                let path = format!("{under}.{index}.{field}");
                path.split('.').map(str::to_owned).collect()
            };
            let item = items
                .get(&line.item)
                .filter(|item| item.company_id == self.company && !item.archived);
            let (Some(item), Some(unit)) = (item, unit_of(line)) else {
                input.check(false, || {
                    Fault::not_found(fault::ITEM_NOT_FOUND).at(at("item"))
                });
                continue;
            };
            let Some(factor) = factors.get(&(line.item, unit)) else {
                input.check(false, || {
                    Fault::invalid(fault::UNIT_OF_ITEM)
                        .with("item", &item.code)
                        .at(at("unit"))
                });
                continue;
            };
            let term = terms
                .iter()
                .find(|term| term.item_id == line.item && term.unit_id == unit);
            let new = new_line(line, unit, *factor, term);
            check_line(input, &new, line.price.or(term.map(|term| term.price)), &at);
            lines.push(new);
        }
        Ok(lines)
    }
}

fn new_line(
    line: &PurchaseOrderLineInput,
    unit: UnitId,
    factor: Factor,
    term: Option<&SupplierTerm>,
) -> NewLine {
    let over = line.over_receipt_percent;
    NewLine {
        item: line.item,
        unit,
        factor,
        quantity: line.quantity,
        price: line
            .price
            .or(term.map(|term| term.price))
            .unwrap_or_default(),
        expected_on: line.expected_on,
        over_receipt_percent: over
            .or(term.map(|term| term.over_receipt_percent))
            .unwrap_or_default(),
        supplier_code: term.and_then(|term| term.supplier_code.clone()),
        term: term.map(|term| term.id),
        proposal: None,
    }
}

fn check_line(
    input: &mut Input,
    line: &NewLine,
    price: Option<Dec>,
    at: &dyn Fn(&str) -> Vec<String>,
) {
    let quantity = line.quantity.0;
    input.check(
        quantity > Decimal::ZERO && known::is_quantity(quantity),
        || Fault::invalid(fault::QUANTITY_NOT_POSITIVE).at(at("quantity")),
    );
    input.check(price.is_some(), || {
        Fault::invalid(fault::PRICE_NEEDED).at(at("price"))
    });
    let value = line.price.0;
    input.check(value >= Decimal::ZERO && known::is_quantity(value), || {
        Fault::invalid(fault::PRICE_OUT_OF_RANGE).at(at("price"))
    });
    let percent = line.over_receipt_percent.0;
    let bounds = Decimal::ZERO..=Decimal::ONE_HUNDRED;
    input.check(
        bounds.contains(&percent) && percent.normalize().scale() <= 2,
        || Fault::invalid(fault::PERCENT_OUT_OF_RANGE).at(at("overReceiptPercent")),
    );
}

/// Drafts orders that were checked: numbers a company, then one statement for the orders and one
/// for the lines.
pub(crate) async fn draft_all(tx: &mut Tx, wanted: Vec<NewOrder>) -> Result<Vec<PurchaseOrder>> {
    let by = person_behind(tx).await?;
    let mut numbers = numbers(tx, &wanted).await?;
    let mut orders = Vec::with_capacity(wanted.len());
    let mut lines: Vec<PurchaseOrderLine> = Vec::new();
    for new in wanted {
        let id = new.id.unwrap_or_else(PurchaseOrderId::generate);
        let own = lines_of(tx, id, 0, new.lines);
        let number = numbers.get_mut(&new.company).and_then(Iterator::next);
        orders.push(PurchaseOrder {
            organisation_id: tx.organisation(),
            id,
            company_id: new.company,
            warehouse_id: new.warehouse,
            supplier_id: new.supplier,
            number: number.ok_or_else(|| Error::bug("a sequence gave too few numbers"))?,
            status: PurchaseOrderStatus::Draft,
            currency: new.currency,
            supplier_reference: new.supplier_reference,
            memo: new.memo,
            expected_on: new.expected_on,
            total: Dec(rules::total(&own, new.currency)),
            approval_id: None,
            prepared_by: by,
            submitted_by: None,
            ordered_on: None,
            ended_on: None,
            end_reason: None,
            created_at: tx.now(),
            version: 1,
        });
        lines.extend(own);
    }
    for rows in orders.chunks(1_000) {
        diesel::insert_into(purchase_order::table)
            .values(rows)
            .execute(tx.conn())
            .await
            .map_err(|error| taken(error.into(), "purchase_order_pkey", "kernel.id_taken", "id"))?;
    }
    insert_lines(tx, &lines).await?;
    let events = orders
        .iter()
        .map(|row| {
            row.event("inventory.purchase_order.drafted")
                .set("supplier", row.supplier_id)
                .set_guarded("total", row.total, COST_READ)
        })
        .collect();
    tx.emit_all(events).await?;
    Ok(orders)
}

/// The lines of an order that follow a position.
pub(super) fn lines_of(
    tx: &Tx,
    order: PurchaseOrderId,
    after: i32,
    lines: Vec<NewLine>,
) -> Vec<PurchaseOrderLine> {
    let line = |(position, new): (i32, NewLine)| PurchaseOrderLine {
        organisation_id: tx.organisation(),
        id: PurchaseOrderLineId::generate(),
        purchase_order_id: order,
        position,
        item_id: new.item,
        unit_id: new.unit,
        factor: Dec(new.factor.0),
        divisor: Dec(new.factor.1),
        quantity: new.quantity,
        price: new.price,
        expected_on: new.expected_on,
        over_receipt_percent: new.over_receipt_percent,
        received_quantity: Dec::default(),
        supplier_code: new.supplier_code,
        supplier_term_id: new.term,
        proposal_id: new.proposal,
    };
    (after + 1..).zip(lines).map(line).collect()
}

/// Writes lines.
pub(super) async fn insert_lines(tx: &mut Tx, lines: &[PurchaseOrderLine]) -> Result<()> {
    for rows in lines.chunks(1_000) {
        diesel::insert_into(purchase_order_line::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Takes the numbers of some orders, company by company in sorted order.
async fn numbers(
    tx: &mut Tx,
    wanted: &[NewOrder],
) -> Result<HashMap<CompanyId, std::vec::IntoIter<String>>> {
    let mut many: BTreeMap<CompanyId, u32> = BTreeMap::new();
    for order in wanted {
        *many.entry(order.company).or_default() += 1;
    }
    let mut numbers = HashMap::new();
    for (company, count) in many {
        let year = today(tx, company).await?.year();
        let taken = numbering::next_many(tx, SEQUENCE, Some(company), year, count).await?;
        numbers.insert(company, taken.into_iter());
    }
    Ok(numbers)
}
