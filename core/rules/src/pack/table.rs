//! Tables: rows found by key, and brackets of a cumulative scale.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Citation;
use crate::fault::Text;

/// One row or bracket: its key, or where it begins, and its columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub at: Decimal,
    pub columns: BTreeMap<String, Decimal>,
}

/// A table of the law.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it is.
    pub label: Text,
    /// Where it comes from.
    pub citation: Citation,
    pub(crate) rows: Vec<Entry>,
    pub(crate) brackets: Vec<Entry>,
}

/// What one bracket of a scale gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Where the bracket begins.
    pub from: Decimal,
    /// The part of the value inside the bracket.
    pub part: Decimal,
    /// The rate in per cent.
    pub rate: Decimal,
    /// The part by the rate, not rounded.
    pub amount: Decimal,
}

impl Table {
    /// The cell of a key and column.
    pub fn cell(&self, key: Decimal, column: &str) -> Option<Decimal> {
        self.rows
            .iter()
            .find(|row| row.at == key)?
            .columns
            .get(column)
            .copied()
    }

    /// Cuts a value along the brackets, whose limits count `unit`s, and applies each one's rate.
    /// Brackets above the value are left out. `None` when the column is missing or a number
    /// leaves the range of exact decimals.
    pub fn shares(&self, value: Decimal, unit: Decimal, column: &str) -> Option<Vec<Share>> {
        let mut shares = Vec::new();
        let ends = self.brackets.iter().skip(1).map(|next| Some(next.at));
        for (bracket, end) in self.brackets.iter().zip(ends.chain([None])) {
            let from = bracket.at.checked_mul(unit)?;
            if value <= from {
                break;
            }
            let top = match end {
                Some(end) => end.checked_mul(unit)?.min(value),
                None => value,
            };
            let rate = *bracket.columns.get(column)?;
            let part = top.checked_sub(from)?;
            let amount = part.checked_mul(rate)?.checked_div(Decimal::ONE_HUNDRED)?;
            shares.push(Share {
                from,
                part,
                rate,
                amount,
            });
        }
        Some(shares)
    }

    /// The first bracket whose gathered `base` does not follow from the rates below it.
    pub(super) fn broken_base(&self) -> Option<Decimal> {
        self.brackets.iter().find_map(|bracket| {
            let base = *bracket.columns.get("base")?;
            let shares = self.shares(bracket.at, Decimal::ONE, "rate")?;
            let gathered: Decimal = shares.iter().map(|share| share.amount).sum();
            (gathered != base).then_some(bracket.at)
        })
    }
}
