//! Counts: what was found at a location, and the adjustment that makes the stock say so.

use std::collections::BTreeSet;

use async_graphql::InputObject;
use directory::check::{self, Input};
use kernel::ids::{CompanyId, ItemId, LocationId, MovementId, UnitId};
use kernel::{Date, Dec, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::books::{self, Books, HoldingKey, Named};
use super::post::check_id;
use super::{MOST_LINES, Movement, MovementKind, PostMovement, PostMovementLine, post};
use crate::fault;
use crate::item::unit_named;
use crate::permission::STOCK_ADJUST;
use crate::unit;

/// Records what was counted.
#[derive(Clone, Debug, InputObject)]
pub struct StockCountInput {
    /// An id made by the client for the adjustment, `mov_…`.
    pub id: Option<MovementId>,
    /// The company.
    pub company: CompanyId,
    /// The day of the adjustment: today or before. What was counted is compared with the stock as
    /// it is now.
    pub date: Date,
    /// What it is called elsewhere, in at most 100 characters.
    pub reference: Option<String>,
    /// Why, in at most 300 characters.
    pub reason: Option<String>,
    /// What was counted; each item once a location.
    pub lines: Vec<CountLineInput>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Something that was counted.
#[derive(Clone, Debug, InputObject)]
pub struct CountLineInput {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// How much is there.
    pub counted: Dec,
    /// The code of the quantity's unit; the item's own when absent.
    pub unit: Option<String>,
    /// What one of the item's own unit costs, for what there is more of; what the item costs in the
    /// warehouse now when absent.
    pub unit_cost: Option<Dec>,
}

/// What a count found.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The adjustment; none when everything agrees.
    pub movement: Option<Movement>,
    /// Line by line, in the order of the input.
    pub lines: Vec<CountedLine>,
}

/// What a count found of an item at a location, in the item's own unit.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedLine {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// What the stock said.
    pub expected: Decimal,
    /// What was counted.
    pub counted: Decimal,
}

/// Records what was counted: the differences become an adjustment. The stock is locked before it is
/// compared, so that nothing moves in between.
///
/// # Errors
/// What can't be counted, and what adjustments refuse; faults lie under `lines`, the index.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn count_stock(tx: &mut Tx, command: StockCountInput) -> Result<Counted> {
    tx.require_in(STOCK_ADJUST, command.company, None)?;
    check_id(tx, command.id).await?;
    let units = unit::all(tx).await?;
    let mut input = Input::new();
    let reference = check::optional(command.reference.as_deref(), 100);
    let reference = input.take("reference", reference);
    let reason = input.take("reason", check::optional(command.reason.as_deref(), 300));
    let said = said(&mut input, &command, &units);
    input.finish()?;
    let mut movement = PostMovement {
        id: command.id,
        company: command.company,
        kind: MovementKind::Adjust,
        date: command.date.0,
        reference,
        reason,
        party: None,
        source: None,
        lines: said.iter().map(|line| line.as_movement()).collect(),
    };
    let named = books::named(tx, std::slice::from_ref(&movement)).await?;
    let counted = converted(&named, command.company, &said)?;
    let keys = counted
        .iter()
        .map(|line| (line.key, command.company))
        .collect();
    let books = books::lock(tx, &keys, &named).await?;
    let lines = compared(&books, &counted);
    let wrong = || {
        lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.expected != line.counted)
    };
    let places: Vec<usize> = wrong().map(|(at, _)| at).collect();
    movement.lines = wrong()
        .filter_map(|(at, line)| Some(difference(line, said.get(at)?)))
        .collect();
    if movement.lines.is_empty() {
        return Ok(Counted {
            movement: None,
            lines,
        });
    }
    let movement = post(tx, movement)
        .await
        .map_err(|error| at_places(error, &places))?;
    Ok(Counted {
        movement: Some(movement),
        lines,
    })
}

struct Said {
    item: ItemId,
    location: LocationId,
    counted: Decimal,
    unit: Option<UnitId>,
    unit_cost: Option<Decimal>,
}

impl Said {
    fn as_movement(&self) -> PostMovementLine {
        PostMovementLine {
            item: self.item,
            from: None,
            to: Some(self.location),
            quantity: self.counted,
            unit: self.unit,
            unit_cost: self.unit_cost,
        }
    }
}

fn said(input: &mut Input, command: &StockCountInput, units: &[unit::Unit]) -> Vec<Said> {
    input.check((1..=MOST_LINES).contains(&command.lines.len()), || {
        Fault::invalid(fault::LINES_COUNT)
            .with("most", MOST_LINES)
            .at(["lines"])
    });
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(command.lines.len());
    for (at, line) in command.lines.iter().enumerate() {
        let here = |leaf: &str| format!("lines.{at}.{leaf}");
        let counted = line.counted.0;
        input.check(counted >= Decimal::ZERO, || {
            Fault::invalid(fault::QUANTITY_BELOW_ZERO).at(here("counted").split('.'))
        });
        input.check(seen.insert((line.item, line.location)), || {
            Fault::conflict(fault::COUNTED_TWICE).at(here("item").split('.'))
        });
        let unit = line
            .unit
            .as_deref()
            .map(str::trim)
            .filter(|code| !code.is_empty());
        let unit = unit
            .map(|code| unit_named(units, code).map(|unit| unit.id))
            .transpose();
        rows.push(Said {
            item: line.item,
            location: line.location,
            counted,
            unit: input.take(&here("unit"), unit),
            unit_cost: line.unit_cost.map(|cost| cost.0),
        });
    }
    rows
}

struct Converted {
    key: HoldingKey,
    location: LocationId,
    counted: Decimal,
}

fn converted(named: &Named, company: CompanyId, said: &[Said]) -> Result<Vec<Converted>> {
    let mut input = Input::new();
    let mut rows = Vec::with_capacity(said.len());
    for (at, line) in said.iter().enumerate() {
        let here = |leaf: &str| format!("lines.{at}.{leaf}");
        let item = input.try_take(&here("item"), named.item(company, line.item, false));
        let location = named.location(company, line.location, false);
        let location = input.try_take(&here("location"), location);
        let (Some(item), Some(location)) = (item, location) else {
            continue;
        };
        let unit = line.unit.unwrap_or(item.unit_id);
        let counted = named.quantity(item, line.counted, unit);
        if let Some(counted) = input.try_take(&here("counted"), counted) {
            rows.push(Converted {
                key: (item.id, location.warehouse_id),
                location: location.id,
                counted,
            });
        }
    }
    input.finish()?;
    Ok(rows)
}

fn compared(books: &Books, counted: &[Converted]) -> Vec<CountedLine> {
    let lines = counted.iter().map(|line| {
        let item = line.key.0;
        let place = books.places.get(&(item, line.location));
        CountedLine {
            item,
            location: line.location,
            expected: place.map_or(Decimal::ZERO, |place| place.quantity.normalize()),
            counted: line.counted,
        }
    });
    lines.collect()
}

fn difference(line: &CountedLine, said: &Said) -> PostMovementLine {
    let more = line.counted - line.expected;
    let is_less = more < Decimal::ZERO;
    PostMovementLine {
        item: line.item,
        from: is_less.then_some(line.location),
        to: (!is_less).then_some(line.location),
        quantity: more.abs(),
        unit: None,
        unit_cost: said.unit_cost.filter(|_| !is_less),
    }
}

/// Only the lines that differ were posted: their faults lie at their places in the count.
fn at_places(error: kernel::Error, places: &[usize]) -> kernel::Error {
    match error {
        kernel::Error::Refused(mut faults) => {
            for fault in &mut faults {
                if let Some(index) = fault.field.get_mut(1)
                    && let Ok(at) = index.parse::<usize>()
                    && let Some(place) = places.get(at)
                {
                    *index = place.to_string();
                }
                if let Some(leaf) = fault.field.last_mut() {
                    match leaf.as_str() {
                        "from" | "to" => "location".clone_into(leaf),
                        "quantity" => "counted".clone_into(leaf),
                        _ => {}
                    }
                }
            }
            kernel::Error::Refused(faults)
        }
        other => other,
    }
}
