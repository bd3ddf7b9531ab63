//! Bills of ordered goods beside what was ordered and received: how much of a line of a purchase
//! order was billed, and what that clears of the account of goods that came before their invoice.
//!
//! A receipt credits that account with the goods at the price of the order. A bill of them debits
//! it with what the quantity billed was received at, so that receipt and bill come to nothing;
//! what the supplier charged more or less is a variance of price, posted where the cost of sales
//! is (PGC de PYMES, NRV 12.ª: the price of acquisition is that of the invoice).

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use inventory::account::StockAccountPurpose;
use kernel::ids::{CompanyId, InvoiceLineId, OrganisationId, PartyId, PurchaseOrderLineId};
use kernel::money::round;
use kernel::{CurrencyCode, Dec, Error, Result, Tx};
use rust_decimal::Decimal;

use super::rules::Drafted;
use super::{Invoice, InvoiceLine};
use crate::schema::order_match;

/// Rows of one insert at most.
const CHUNK: usize = 1_000;

/// What a posted line billed of a line of a purchase order.
#[derive(Clone, Debug, PartialEq, Insertable)]
#[diesel(table_name = order_match, check_for_backend(diesel::pg::Pg))]
struct OrderMatch {
    organisation_id: OrganisationId,
    invoice_line_id: InvoiceLineId,
    company_id: CompanyId,
    purchase_order_line_id: PurchaseOrderLineId,
    quantity: Dec,
    value: Dec,
}

/// A line of a purchase order as bills of it need it.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Ordered {
    #[diesel(sql_type = sql::Uuid)]
    id: PurchaseOrderLineId,
    #[diesel(sql_type = sql::Uuid)]
    pub company: CompanyId,
    #[diesel(sql_type = sql::Uuid)]
    pub supplier: PartyId,
    #[diesel(sql_type = sql::Text)]
    pub currency: CurrencyCode,
    /// The price of one purchase unit.
    #[diesel(sql_type = sql::Numeric)]
    pub price: Dec,
    /// How much came, in the purchase unit.
    #[diesel(sql_type = sql::Numeric)]
    pub received: Dec,
    /// What that was posted at, in the currency of the books.
    #[diesel(sql_type = sql::Numeric)]
    received_value: Dec,
    /// How much of it was billed and posted, in the purchase unit.
    #[diesel(sql_type = sql::Numeric)]
    pub billed: Dec,
    /// What that has cleared.
    #[diesel(sql_type = sql::Numeric)]
    cleared: Dec,
    /// Where goods stand that came before their invoice.
    #[diesel(sql_type = sql::Text)]
    pub received_account: String,
    /// Where variances of price are posted.
    #[diesel(sql_type = sql::Text)]
    variance_account: String,
}

const ORDERED: &str = "\
SELECT l.id, o.company_id AS company, o.supplier_id AS supplier, o.currency, l.price, \
    l.received_quantity AS received, coalesce(r.value, 0) AS received_value, \
    coalesce(m.quantity, 0) AS billed, coalesce(m.value, 0) AS cleared, \
    coalesce(own.account_code, $3) AS received_account, \
    coalesce(g.cost_account, cost.account_code, $4) AS variance_account \
FROM inventory.purchase_order_line l \
JOIN inventory.purchase_order o ON o.organisation_id = $1 AND o.id = l.purchase_order_id \
JOIN inventory.item i ON i.organisation_id = $1 AND i.id = l.item_id \
LEFT JOIN inventory.item_category g ON g.organisation_id = $1 AND g.id = i.category_id \
LEFT JOIN inventory.stock_account own ON own.organisation_id = $1 \
    AND own.company_id = o.company_id AND own.purpose = 'RECEIVED_NOT_INVOICED' \
LEFT JOIN inventory.stock_account cost ON cost.organisation_id = $1 \
    AND cost.company_id = o.company_id AND cost.purpose = 'COST_OF_SALES' \
LEFT JOIN LATERAL ( \
    SELECT round(sum(p.quantity * l.factor * moved.amount \
        / (l.divisor * moved.quantity)), 6) AS value \
    FROM inventory.purchase_receipt p CROSS JOIN LATERAL ( \
        SELECT sum(x.amount) AS amount, sum(x.quantity) AS quantity \
        FROM inventory.movement_line x WHERE x.organisation_id = $1 \
            AND x.movement_id = p.movement_id AND x.item_id = l.item_id) moved \
    WHERE p.organisation_id = $1 AND p.line_id = l.id) r ON true \
LEFT JOIN LATERAL ( \
    SELECT sum(b.quantity) AS quantity, sum(b.value) AS value FROM finance.order_match b \
    WHERE b.organisation_id = $1 AND b.purchase_order_line_id = l.id) m ON true \
WHERE l.organisation_id = $1 AND l.id = ANY($2)";

/// A unit of a bill in the unit of the order: times `many`, divided by `few`.
#[derive(QueryableByName)]
struct Factor {
    #[diesel(sql_type = sql::Uuid)]
    id: PurchaseOrderLineId,
    #[diesel(sql_type = sql::Text)]
    unit: String,
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    many: Option<Dec>,
    #[diesel(sql_type = sql::Numeric)]
    few: Dec,
}

const FACTORS: &str = "\
SELECT l.id, u.code AS unit, \
    CASE WHEN u.id = l.unit_id THEN l.factor WHEN u.id = i.unit_id THEN l.divisor \
        WHEN said.factor IS NOT NULL THEN said.factor * l.divisor \
        WHEN u.kind = base.kind THEN u.factor * l.divisor END AS many, \
    CASE WHEN u.id IN (l.unit_id, i.unit_id) OR said.factor IS NOT NULL THEN l.factor \
        ELSE coalesce(base.factor, 1) * l.factor END AS few \
FROM inventory.purchase_order_line l \
JOIN inventory.item i ON i.organisation_id = $1 AND i.id = l.item_id \
JOIN inventory.unit base ON base.organisation_id = $1 AND base.id = i.unit_id \
JOIN inventory.unit u ON u.organisation_id = $1 AND u.code = ANY($3) \
LEFT JOIN inventory.item_unit said ON said.organisation_id = $1 AND said.item_id = i.id \
    AND said.unit_id = u.id \
WHERE l.organisation_id = $1 AND l.id = ANY($2)";

/// The lines of purchase orders that some bills name, and the units that these bills count in.
#[derive(Clone, Debug, Default)]
pub(super) struct Matching {
    lines: HashMap<PurchaseOrderLineId, Ordered>,
    units: HashMap<(PurchaseOrderLineId, String), (Decimal, Decimal)>,
}

impl Matching {
    /// What some lines of bills name, as (line of an order, unit of the bill). Statements: 1, and
    /// 1 more where units are named; none for bills of no order.
    pub async fn load(tx: &mut Tx, named: &[(PurchaseOrderLineId, Option<&str>)]) -> Result<Self> {
        let ids: BTreeSet<PurchaseOrderLineId> = named.iter().map(|(id, _)| *id).collect();
        let ids: Vec<PurchaseOrderLineId> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let lines: Vec<Ordered> = diesel::sql_query(ORDERED)
            .bind::<sql::Uuid, _>(tx.organisation())
            .bind::<sql::Array<sql::Uuid>, _>(&ids)
            .bind::<sql::Text, _>(StockAccountPurpose::ReceivedNotInvoiced.default_code())
            .bind::<sql::Text, _>(StockAccountPurpose::CostOfSales.default_code())
            .load(tx.conn())
            .await?;
        let codes: BTreeSet<String> = named
            .iter()
            .filter_map(|(_, unit)| unit.map(code))
            .collect();
        let factors: Vec<Factor> = if codes.is_empty() {
            Vec::new()
        } else {
            diesel::sql_query(FACTORS)
                .bind::<sql::Uuid, _>(tx.organisation())
                .bind::<sql::Array<sql::Uuid>, _>(&ids)
                .bind::<sql::Array<sql::Text>, _>(codes.into_iter().collect::<Vec<_>>())
                .load(tx.conn())
                .await?
        };
        let units = factors
            .into_iter()
            .filter_map(|row| Some(((row.id, row.unit), (row.many?.0, row.few.0))));
        Ok(Self {
            lines: lines.into_iter().map(|row| (row.id, row)).collect(),
            units: units.collect(),
        })
    }

    /// A line of an order, if there is one.
    pub fn ordered(&self, id: PurchaseOrderLineId) -> Option<&Ordered> {
        self.lines.get(&id)
    }

    /// Every line of an order that is named.
    pub fn all(&self) -> impl Iterator<Item = &Ordered> {
        self.lines.values()
    }

    /// A quantity of a bill in the unit of the order; no unit is the order's own. `None` for a unit
    /// that does not become the order's.
    pub fn in_order_unit(
        &self,
        id: PurchaseOrderLineId,
        quantity: Decimal,
        unit: Option<&str>,
    ) -> Option<Decimal> {
        let Some(unit) = unit else {
            return Some(quantity);
        };
        let (many, few) = self.units.get(&(id, code(unit)))?;
        Some(quantity.checked_mul(*many)?.checked_div(*few)?.round_dp(6))
    }
}

/// The code of a unit as a bill writes it.
fn code(unit: &str) -> String {
    unit.trim().to_uppercase()
}

impl Ordered {
    /// What billing a quantity clears, below zero for what a credit note takes back: what stands
    /// for it since it was received, and for what did not come yet the given price of one. `None`
    /// where there is neither.
    fn clears(&self, quantity: Decimal, price: Option<Decimal>) -> Option<Decimal> {
        let back = quantity.is_sign_negative();
        let (there, worth) = if back {
            (-self.billed.0, -self.cleared.0)
        } else {
            let waiting = self.received.0 - self.billed.0;
            (waiting, self.received_value.0 - self.cleared.0)
        };
        let fits = !there.is_zero() && there.is_sign_negative() == back;
        if !fits {
            return quantity.checked_mul(price?);
        }
        if quantity.abs() <= there.abs() {
            return worth.checked_mul(quantity)?.checked_div(there);
        }
        Some(worth + (quantity - there).checked_mul(price?)?)
    }

    /// The price of one purchase unit in the currency of the books, as a bill has it.
    fn price_in_books(&self, bill: &Invoice, books: CurrencyCode) -> Option<Decimal> {
        if self.currency == books {
            return Some(self.price.0);
        }
        (self.currency == bill.currency).then_some(self.price.0 * bill.rate.0)
    }
}

/// What a line of a bill clears, in the currency of the books, and where the rest goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clearing {
    pub value: Decimal,
    pub variance_account: String,
}

/// What some bills clear, by line, and what is to be recorded of it.
#[derive(Debug, Default)]
pub(super) struct Clearings {
    lines: HashMap<InvoiceLineId, Clearing>,
    rows: Vec<OrderMatch>,
}

impl Clearings {
    /// What a line clears; `None` for one that is posted as it says.
    pub fn of(&self, line: InvoiceLineId) -> Option<&Clearing> {
        self.lines.get(&line)
    }

    /// Matches bills that are about to be posted, in their order. Holds their orders until the
    /// transaction ends, so that two bills or a receipt take turns. `books` gives a company's
    /// currency.
    pub async fn match_all(
        tx: &mut Tx,
        bills: &[&Drafted],
        books: impl Fn(CompanyId) -> Option<CurrencyCode>,
    ) -> Result<Self> {
        let lines = || bills.iter().flat_map(|bill| &bill.lines);
        let named: Vec<_> = lines()
            .filter_map(|line| Some((line.purchase_order_line_id?, line.unit.as_deref())))
            .collect();
        hold_orders(tx, &named).await?;
        let mut matching = Matching::load(tx, &named).await?;
        let mut clearings = Self::default();
        for bill in bills {
            let books = books(bill.invoice.company_id).unwrap_or(bill.invoice.currency);
            for line in &bill.lines {
                if let Some(order_line) = line.purchase_order_line_id {
                    let at = (order_line, books);
                    clearings.take(&mut matching, &bill.invoice, line, at)?;
                }
            }
        }
        Ok(clearings)
    }

    fn take(
        &mut self,
        matching: &mut Matching,
        bill: &Invoice,
        line: &InvoiceLine,
        (id, books): (PurchaseOrderLineId, CurrencyCode),
    ) -> Result<()> {
        let sign = bill.kind.sign();
        let quantity = matching.in_order_unit(id, sign * line.quantity.0, line.unit.as_deref());
        let ordered = matching.lines.get_mut(&id);
        let (Some(quantity), Some(ordered)) = (quantity, ordered) else {
            return Err(Error::bug("a line bills what cannot be matched"));
        };
        let mut value = Decimal::ZERO;
        if line.account_code == ordered.received_account {
            let price = ordered.price_in_books(bill, books);
            let own = sign * line.net.0 * bill.rate.0;
            value = round(
                ordered.clears(quantity, price).unwrap_or(own),
                books.places(),
            );
            let clearing = Clearing {
                value,
                variance_account: ordered.variance_account.clone(),
            };
            self.lines.insert(line.id, clearing);
        }
        ordered.billed.0 += quantity;
        ordered.cleared.0 += value;
        self.rows.push(OrderMatch {
            organisation_id: line.organisation_id,
            invoice_line_id: line.id,
            company_id: line.company_id,
            purchase_order_line_id: id,
            quantity: Dec(quantity),
            value: Dec(value),
        });
        Ok(())
    }

    /// Records what was matched.
    pub async fn record(&self, tx: &mut Tx) -> Result<()> {
        for rows in self.rows.chunks(CHUNK) {
            diesel::insert_into(order_match::table)
                .values(rows)
                .execute(tx.conn())
                .await?;
        }
        Ok(())
    }
}

/// Holds the orders of some lines in order of their ids, as whoever receives holds them first.
async fn hold_orders(tx: &mut Tx, named: &[(PurchaseOrderLineId, Option<&str>)]) -> Result<()> {
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<PurchaseOrderLineId> = named.iter().map(|(id, _)| *id).collect();
    diesel::sql_query(
        "SELECT id FROM inventory.purchase_order WHERE organisation_id = $1 AND id IN ( \
             SELECT purchase_order_id FROM inventory.purchase_order_line \
             WHERE organisation_id = $1 AND id = ANY($2)) \
         ORDER BY id FOR NO KEY UPDATE",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
