//! From the text of a step to the step.

use std::collections::BTreeMap;

use rust_decimal::RoundingStrategy;

use super::super::document::{EachText, ProcedureText, RoundMode, StepText, TableText};
use super::super::{Action, LineShape, Rounding, Step};
use super::{Known, Reader};
use crate::fault::Text;

/// The rows or the brackets of a table.
type PartOf = fn(&TableText) -> &Vec<BTreeMap<String, String>>;

impl Reader<'_> {
    pub(super) fn step(
        &mut self,
        procedure: &str,
        around: &ProcedureText,
        text: &StepText,
        known: &Known,
    ) -> Option<Step> {
        let place = format!("{procedure}.{}", text.code);
        let citation = match (&text.source, &text.article, text.sure) {
            (Some(source), Some(article), Some(sure)) => self.cite(&place, source, article, sure),
            _ => None,
        };
        let action = self.action(&place, around, text, known)?;
        let mut read = |formula: &Option<String>| {
            formula
                .as_ref()
                .and_then(|text| self.formula(&place, text, known))
        };
        let (when, at_least, at_most) =
            (read(&text.when), read(&text.at_least), read(&text.at_most));
        let round = text.round.as_ref().map(|round| Rounding {
            strategy: strategy(round.mode),
            places: round.places,
        });
        let line = text.line.as_ref().map(|line| LineShape {
            side: line.side,
            base: line.base.clone(),
            rate: line.rate.clone(),
        });
        let names = line
            .iter()
            .flat_map(|line| line.base.iter().chain(&line.rate));
        if names.clone().any(|name| !known.contains(name)) {
            self.refuse(
                &place,
                "su base o su tipo no existe",
                "its base or rate is unknown",
            );
        }
        let (code, label) = (text.code.clone(), Text::new(&text.es, &text.en));
        Some(Step {
            code,
            label,
            citation,
            when,
            action,
            at_least,
            at_most,
            round,
            line,
        })
    }

    fn action(
        &mut self,
        place: &str,
        around: &ProcedureText,
        text: &StepText,
        known: &Known,
    ) -> Option<Action> {
        match (
            &text.formula,
            &text.lookup,
            &text.scale,
            &text.each,
            text.total,
        ) {
            (Some(formula), None, None, None, None) => {
                Some(Action::Formula(self.formula(place, formula, known)?))
            }
            (None, Some(lookup), None, None, None) => {
                let (table, column) = (lookup.table.clone(), lookup.column.clone());
                self.check_table(place, &table, &column, |table| &table.rows);
                Some(Action::Lookup {
                    table,
                    key: self.formula(place, &lookup.key, known)?,
                    column,
                })
            }
            (None, None, Some(scale), None, None) => {
                let (table, column) = (scale.table.clone(), scale.column.clone());
                self.check_table(place, &table, &column, |table| &table.brackets);
                let of = self.formula(place, &scale.of, known)?;
                let unit = match &scale.unit {
                    Some(unit) => Some(self.formula(place, unit, known)?),
                    None => None,
                };
                Some(Action::Scale {
                    table,
                    of,
                    unit,
                    column,
                })
            }
            (None, None, None, Some(each), None) => self.each(place, around, each, known),
            (None, None, None, None, Some(side)) => Some(Action::Total(side)),
            _ => {
                self.refuse(
                    place,
                    "debe hacer una sola cosa",
                    "it must do exactly one thing",
                );
                None
            }
        }
    }

    fn each(
        &mut self,
        place: &str,
        around: &ProcedureText,
        text: &EachText,
        known: &Known,
    ) -> Option<Action> {
        let Some(fields) = around.lists.get(&text.list) else {
            self.refuse(place, "no se conoce la lista", "the list is unknown");
            return None;
        };
        let mut inside = known.clone();
        inside.extend(fields.iter().cloned());
        inside.insert("position".to_owned());
        let only = match &text.only {
            Some(only) => Some(self.formula(place, only, &inside)?),
            None => None,
        };
        let value = self.formula(place, &text.value, &inside)?;
        Some(Action::Each {
            list: text.list.clone(),
            only,
            value,
        })
    }

    fn check_table(&mut self, place: &str, table: &str, column: &str, part: PartOf) {
        let found = self
            .document
            .tables
            .get(table)
            .map(part)
            .is_some_and(|rows| {
                !rows.is_empty() && rows.iter().all(|row| row.contains_key(column))
            });
        if !found {
            let es = format!("la tabla {table} no tiene la columna {column}");
            self.refuse(
                place,
                &es,
                &format!("the table {table} has no column {column}"),
            );
        }
    }
}

fn strategy(mode: RoundMode) -> RoundingStrategy {
    match mode {
        RoundMode::HalfAway => RoundingStrategy::MidpointAwayFromZero,
        RoundMode::HalfEven => RoundingStrategy::MidpointNearestEven,
        RoundMode::Truncate => RoundingStrategy::ToZero,
        RoundMode::Up => RoundingStrategy::AwayFromZero,
    }
}
