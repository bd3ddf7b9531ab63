//! A movement's lines as they were said, with their names looked up and their quantities converted.
//! Pure; every fault of a movement is told at once.

use kernel::Fault;
use kernel::ids::{LocationId, UnitId};
use rust_decimal::{Decimal, dec};

use super::books::{HoldingKey, House, Named};
use super::{PostMovement, PostMovementLine};
use crate::fault;
use crate::item::Item;
use crate::location::Location;
use crate::unit;

/// A line whose names were looked up and whose quantity was converted.
#[derive(Clone, Debug)]
pub(super) struct Planned<'a> {
    pub item: &'a Item,
    pub from: Option<&'a Location>,
    pub to: Option<&'a Location>,
    pub unit: UnitId,
    pub unit_quantity: Decimal,
    pub quantity: Decimal,
    /// What the quantity is worth by the price that was said, rounded to the currency.
    pub price: Option<Decimal>,
}

impl Planned<'_> {
    /// The holdings that the line moves.
    pub fn keys(&self) -> impl Iterator<Item = HoldingKey> {
        let places = [self.from, self.to].into_iter().flatten();
        let item = self.item.id;
        places.map(move |place| (item, place.warehouse_id))
    }
}

/// Largest quantity and cost of a line, and the most that a line may be worth.
const LARGEST: Decimal = dec!(10000000000);
const WORTH: Decimal = dec!(1000000000000);

/// Looks the names of a movement's lines up and converts their quantities.
pub(super) fn plan<'a>(
    named: &'a Named,
    post: &PostMovement,
) -> Result<Vec<Planned<'a>>, Vec<Fault>> {
    let mut faults = Vec::new();
    let Some(house) = named.houses.get(&post.company) else {
        return Err(vec![Fault::not_found("directory.company_unknown")]);
    };
    if post.lines.is_empty() {
        let fault = Fault::invalid(fault::LINES_COUNT).with("most", super::MOST_LINES);
        faults.push(fault.at(["lines"]));
    }
    if post.date > house.today {
        faults.push(Fault::invalid(fault::IN_FUTURE).at(["date"]));
    }
    let mut planned = Vec::new();
    for (at, line) in post.lines.iter().enumerate() {
        match plan_line(named, house, post, line) {
            Ok(line) => planned.push(line),
            Err(wrong) => faults.extend(
                wrong
                    .into_iter()
                    .map(|fault| fault.under(["lines".to_owned(), at.to_string()])),
            ),
        }
    }
    if faults.is_empty() {
        Ok(planned)
    } else {
        Err(faults)
    }
}

fn plan_line<'a>(
    named: &'a Named,
    house: &House,
    post: &PostMovement,
    line: &PostMovementLine,
) -> Result<Planned<'a>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut keep = |field: &str, fault: Fault| faults.push(fault.at([field]));
    let item = named
        .item(post.company, line.item, line.to.is_some())
        .map_err(|fault| keep("item", fault));
    let place = |id: Option<LocationId>, enters: bool| {
        let found = id.map(|id| named.location(post.company, id, enters));
        found.transpose()
    };
    let from = place(line.from, false).map_err(|fault| keep("from", fault));
    let to = place(line.to, true).map_err(|fault| keep("to", fault));
    if line.from == line.to {
        keep("to", Fault::invalid(fault::SAME_LOCATION));
    }
    if let Some(fault) = bad_quantity(line.quantity) {
        keep("quantity", fault);
    }
    if let Some(fault) = line.unit_cost.and_then(bad_cost) {
        keep("unitCost", fault);
    }
    let (Ok(item), Ok(from), Ok(to)) = (item, from, to) else {
        return Err(faults);
    };
    let unit = line.unit.unwrap_or(item.unit_id);
    let quantity = match named.quantity(item, line.quantity, unit) {
        Ok(quantity) => quantity,
        Err(fault) => {
            let field = if fault.reason == fault::QUANTITY_INEXACT {
                "quantity"
            } else {
                "unit"
            };
            keep(field, fault);
            Decimal::ZERO
        }
    };
    let worth = line
        .unit_cost
        .map(|cost| cost.saturating_mul(line.quantity));
    if worth.is_some_and(|worth| worth >= WORTH) {
        keep("unitCost", Fault::invalid(fault::NUMBER_OUT_OF_RANGE));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Planned {
        item,
        from,
        to,
        unit,
        unit_quantity: line.quantity,
        quantity,
        price: worth.map(|worth| kernel::money::round(worth, house.currency.places())),
    })
}

fn bad_quantity(quantity: Decimal) -> Option<Fault> {
    if quantity <= Decimal::ZERO {
        return Some(Fault::invalid(fault::QUANTITY_NOT_POSITIVE));
    }
    let fits = quantity < LARGEST && quantity.normalize().scale() <= unit::PLACES;
    (!fits).then(|| Fault::invalid(fault::NUMBER_OUT_OF_RANGE))
}

fn bad_cost(cost: Decimal) -> Option<Fault> {
    if cost.is_sign_negative() && !cost.is_zero() {
        return Some(Fault::invalid(fault::COST_BELOW_ZERO));
    }
    let fits = cost < LARGEST && cost.normalize().scale() <= unit::PLACES;
    (!fits).then(|| Fault::invalid(fault::NUMBER_OUT_OF_RANGE))
}
