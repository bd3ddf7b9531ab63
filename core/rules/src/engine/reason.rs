//! The reason of a step's value: its rule, its inputs, its sources.

use rust_decimal::Decimal;

use super::{Run, Seen};
use crate::explained::{Certainty, Explained};
use crate::pack::{Action, Citation, Step};

impl Run<'_> {
    pub(super) fn explain(
        &self,
        rule: String,
        step: &Step,
        amount: Decimal,
        seen: Seen,
    ) -> Explained {
        let mut inputs = Seen::new();
        for name in step.formulas().flat_map(|formula| formula.variables()) {
            if inputs.iter().any(|(known, _)| known == name) {
                continue;
            }
            if let Some(value) = self.find(name) {
                inputs.push((name.to_owned(), readable(value)));
            }
        }
        inputs.extend(seen);
        let citations = self.citations(step);
        let sources: Vec<String> = citations.iter().map(ToString::to_string).collect();
        Explained {
            code: step.code.clone(),
            label: step.label.clone(),
            amount,
            rule,
            expression: expression(step),
            version: self.pack.version.clone(),
            source: sources.join("; "),
            certainty: citations
                .iter()
                .map(|c| c.certainty)
                .max()
                .unwrap_or(Certainty::A),
            inputs,
        }
    }

    /// The step's own source, its table's and those of the figures it reads, each once.
    fn citations(&self, step: &Step) -> Vec<Citation> {
        let table = match &step.action {
            Action::Lookup { table, .. } | Action::Scale { table, .. } => Some(table),
            _ => None,
        };
        let inside = match &step.action {
            Action::Each { only, value, .. } => vec![only.as_ref(), Some(value)],
            _ => Vec::new(),
        };
        let formulas = step.formulas().chain(inside.into_iter().flatten());
        let figures = formulas
            .flat_map(|formula| formula.variables())
            .filter_map(|name| self.pack.figures.get(name)?.on(self.date))
            .map(|dated| &dated.citation);
        let table = table
            .and_then(|name| self.pack.tables.get(name))
            .map(|table| &table.citation);
        let mut found: Vec<Citation> = Vec::new();
        for citation in step.citation.iter().chain(table).chain(figures) {
            if !found.contains(citation) {
                found.push(citation.clone());
            }
        }
        found
    }
}

fn readable(value: Decimal) -> String {
    if value.scale() > 6 {
        value.round_dp(6).normalize().to_string()
    } else {
        value.to_string()
    }
}

/// The rule in the words of the pack.
fn expression(step: &Step) -> String {
    let mut text = match &step.action {
        Action::Formula(formula) => formula.text().to_owned(),
        Action::Lookup { table, key, column } => format!("{table}[{}].{column}", key.text()),
        Action::Scale {
            table, of, column, ..
        } => format!("{table}.{column}({})", of.text()),
        Action::Each { list, value, .. } => format!("sum of {list}: {}", value.text()),
        Action::Total(side) => format!("total of lines: {side:?}").to_lowercase(),
    };
    for (word, formula) in [(">=", &step.at_least), ("<=", &step.at_most)] {
        if let Some(formula) = formula {
            text.push_str(&format!(", {word} {}", formula.text()));
        }
    }
    text
}
