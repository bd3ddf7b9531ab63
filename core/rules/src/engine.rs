//! Runs procedures of a pack over named inputs; knows no country.
//!
//! First every check of every procedure, so that all refusals come at once; then the steps in
//! order, each leaving a named value with its explanation and perhaps a line; then the notices.

mod reason;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::explained::{Explained, Line, Notice, Side};
use crate::fault::{RuleError, Text};
use crate::formula::Formula;
use crate::pack::{Action, Procedure, Remark, RulePack, Step};

/// One item of a list: its fields.
pub type Item = BTreeMap<String, Decimal>;

/// What the caller knows: numbers by name, and lists of items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Single values; a truth is 1 or 0.
    pub numbers: BTreeMap<String, Decimal>,
    /// Lists, in the order in which their items are counted.
    pub lists: BTreeMap<String, Vec<Item>>,
}

impl Inputs {
    /// Sets a number.
    pub fn set(&mut self, name: &str, value: impl Into<Decimal>) {
        self.numbers.insert(name.to_owned(), value.into());
    }

    /// Sets a truth.
    pub fn set_flag(&mut self, name: &str, value: bool) {
        self.set(name, u8::from(value));
    }
}

/// What the procedures left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Every value in the order of computation.
    pub trace: Vec<Explained>,
    /// The lines in order.
    pub lines: Vec<Line>,
    /// What a person should look at.
    pub notices: Vec<Notice>,
    values: BTreeMap<String, Decimal>,
}

impl Outcome {
    /// The amount of a value; `None` when no step has that name.
    pub fn amount(&self, code: &str) -> Option<Decimal> {
        self.values.get(code).copied()
    }

    /// A value with its explanation.
    pub fn explained(&self, code: &str) -> Option<&Explained> {
        self.trace.iter().find(|value| value.code == code)
    }

    /// The sum of the lines of a side.
    pub fn total(&self, side: Side) -> Decimal {
        self.lines
            .iter()
            .filter(|line| line.side == side)
            .map(Line::amount)
            .sum()
    }
}

/// Runs the procedures in order on a date within the pack's span.
pub fn run(
    pack: &RulePack,
    date: NaiveDate,
    procedures: &[&str],
    inputs: &Inputs,
) -> Result<Outcome, Vec<RuleError>> {
    pack.require(date).map_err(|error| vec![error])?;
    let mut run = Run {
        pack,
        date,
        inputs,
        outcome: Outcome::default(),
    };
    let found = procedures
        .iter()
        .map(|name| run.procedure(name))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| vec![error])?;
    run.check(&found)?;
    for (name, procedure) in &found {
        run.steps(name, procedure).map_err(|error| vec![error])?;
    }
    for (name, procedure) in &found {
        run.notice(name, procedure).map_err(|error| vec![error])?;
    }
    Ok(run.outcome)
}

struct Run<'r> {
    pack: &'r RulePack,
    date: NaiveDate,
    inputs: &'r Inputs,
    outcome: Outcome,
}

impl<'r> Run<'r> {
    fn procedure<'n>(&self, name: &'n str) -> Result<(&'n str, &'r Procedure), RuleError> {
        match self.pack.procedures.get(name) {
            Some(procedure) => Ok((name, procedure)),
            None => Err(RuleError::NoProcedure {
                pack: self.pack.id.clone(),
                procedure: name.to_owned(),
            }),
        }
    }

    fn find(&self, name: &str) -> Option<Decimal> {
        let known = self
            .outcome
            .values
            .get(name)
            .or_else(|| self.inputs.numbers.get(name));
        known.copied().or_else(|| {
            self.pack
                .figures
                .get(name)?
                .on(self.date)
                .map(|dated| dated.value)
        })
    }

    fn check(&self, procedures: &[(&str, &Procedure)]) -> Result<(), Vec<RuleError>> {
        let mut errors: Vec<RuleError> = Vec::new();
        for (name, procedure) in procedures {
            for check in &procedure.checks {
                match self.holds(&format!("{name}.{}", check.code), &check.when) {
                    Ok(false) => {}
                    Ok(true) => errors.push(self.refusal(check)),
                    Err(error) => errors.push(error),
                }
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    fn refusal(&self, check: &Remark) -> RuleError {
        let (code, field, text) = (check.code.clone(), check.field.clone(), self.fill(check));
        RuleError::Input { code, field, text }
    }

    /// Puts the values into the `{name}`s of a sentence.
    fn fill(&self, remark: &Remark) -> Text {
        let mut text = remark.text.clone();
        for name in remark.when.variables() {
            let value = self.find(name).unwrap_or_default().to_string();
            let hole = format!("{{{name}}}");
            text.es = text.es.replace(&hole, &value);
            text.en = text.en.replace(&hole, &value);
        }
        text
    }

    fn notice(&mut self, name: &str, procedure: &Procedure) -> Result<(), RuleError> {
        for remark in &procedure.notices {
            if self.holds(&format!("{name}.{}", remark.code), &remark.when)? {
                let notice = Notice {
                    code: remark.code.clone(),
                    text: self.fill(remark),
                };
                self.outcome.notices.push(notice);
            }
        }
        Ok(())
    }

    fn steps(&mut self, name: &str, procedure: &Procedure) -> Result<(), RuleError> {
        procedure
            .steps
            .iter()
            .try_for_each(|step| self.step(name, step))
    }

    fn step(&mut self, procedure: &str, step: &Step) -> Result<(), RuleError> {
        let place = format!("{}/{procedure}.{}", self.pack.id, step.code);
        let applies = match &step.when {
            Some(when) => self.holds(&place, when)?,
            None => true,
        };
        let mut inputs = Vec::new();
        let mut amount = Decimal::ZERO;
        if applies {
            amount = self.limited(&place, step, self.act(&place, step, &mut inputs)?)?;
        }
        if let Some(round) = step.round {
            amount = amount.round_dp_with_strategy(round.places, round.strategy);
        }
        self.leave(step, applies, self.explain(place, step, amount, inputs));
        Ok(())
    }

    fn leave(&mut self, step: &Step, applies: bool, explained: Explained) {
        self.outcome
            .values
            .insert(step.code.clone(), explained.amount);
        self.outcome.trace.push(explained.clone());
        if let Some(line) = step.line.as_ref().filter(|_| applies) {
            let value = |name: &Option<String>| name.as_ref().and_then(|name| self.find(name));
            let (base, rate) = (value(&line.base), value(&line.rate));
            self.outcome.lines.push(Line {
                side: line.side,
                base,
                rate,
                explained,
            });
        }
    }

    fn limited(&self, place: &str, step: &Step, value: Decimal) -> Result<Decimal, RuleError> {
        let mut value = value;
        if let Some(at_least) = &step.at_least {
            value = value.max(self.evaluate(place, at_least)?);
        }
        if let Some(at_most) = &step.at_most {
            value = value.min(self.evaluate(place, at_most)?);
        }
        Ok(value)
    }

    fn act(&self, place: &str, step: &Step, seen: &mut Seen) -> Result<Decimal, RuleError> {
        match &step.action {
            Action::Formula(formula) => self.evaluate(place, formula),
            Action::Lookup { table, key, column } => {
                let key = self.evaluate(place, key)?;
                seen.push((format!("{table}[{key}]"), column.clone()));
                let cell = self
                    .pack
                    .tables
                    .get(table)
                    .and_then(|table| table.cell(key, column));
                cell.ok_or_else(|| no_row(place, table, key))
            }
            Action::Scale {
                table,
                of,
                unit,
                column,
            } => {
                let value = self.evaluate(place, of)?;
                let unit = match unit {
                    Some(unit) => self.evaluate(place, unit)?,
                    None => Decimal::ONE,
                };
                self.scale(place, table, column, (value, unit), seen)
            }
            Action::Each { list, only, value } => {
                self.each(place, list, (only.as_ref(), value), seen)
            }
            Action::Total(side) => {
                let lines = self.outcome.lines.iter().filter(|line| line.side == *side);
                seen.extend(lines.map(|line| (line.code().to_owned(), line.amount().to_string())));
                Ok(self.outcome.total(*side))
            }
        }
    }

    fn scale(
        &self,
        place: &str,
        table: &str,
        column: &str,
        (value, unit): (Decimal, Decimal),
        seen: &mut Seen,
    ) -> Result<Decimal, RuleError> {
        let found = self.pack.tables.get(table);
        let shares = found.and_then(|table| table.shares(value, unit, column));
        let shares = shares.ok_or_else(|| no_row(place, table, value))?;
        for share in &shares {
            let key = format!("{table}[{}]", share.from.normalize());
            seen.push((
                key,
                format!("{} × {} %", share.part.normalize(), share.rate),
            ));
        }
        Ok(shares.iter().map(|share| share.amount).sum())
    }

    fn each(
        &self,
        place: &str,
        list: &str,
        (only, value): (Option<&Formula>, &Formula),
        seen: &mut Seen,
    ) -> Result<Decimal, RuleError> {
        let mut sum = Decimal::ZERO;
        let mut position = Decimal::ZERO;
        let wrap = |problem| RuleError::Formula {
            place: place.to_owned(),
            problem,
        };
        for item in self
            .inputs
            .lists
            .get(list)
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            let next = position.saturating_add(Decimal::ONE);
            let find = |name: &str| match name {
                "position" => Some(next),
                _ => item.get(name).copied().or_else(|| self.find(name)),
            };
            if let Some(only) = only
                && !only.holds_with(&find).map_err(wrap)?
            {
                continue;
            }
            position = next;
            let part = value.evaluate_with(&find).map_err(wrap)?;
            seen.push((format!("{list}[{position}]"), part.normalize().to_string()));
            sum = sum
                .checked_add(part)
                .ok_or_else(|| no_row(place, list, position))?;
        }
        Ok(sum)
    }

    fn evaluate(&self, place: &str, formula: &Formula) -> Result<Decimal, RuleError> {
        formula
            .evaluate_with(&|name| self.find(name))
            .map_err(|problem| RuleError::Formula {
                place: place.to_owned(),
                problem,
            })
    }

    fn holds(&self, place: &str, formula: &Formula) -> Result<bool, RuleError> {
        formula
            .holds_with(&|name| self.find(name))
            .map_err(|problem| RuleError::Formula {
                place: place.to_owned(),
                problem,
            })
    }
}

/// What a step looked at: names and values.
type Seen = Vec<(String, String)>;

fn no_row(place: &str, table: &str, key: Decimal) -> RuleError {
    RuleError::NoRow {
        place: place.to_owned(),
        table: table.to_owned(),
        key: key.to_string(),
    }
}
