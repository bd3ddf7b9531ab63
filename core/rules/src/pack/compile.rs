//! From the text of a pack to the pack, with every check.

mod steps;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::document::{FigureText, PackText, ProcedureText, SourceText, TableText};
use super::table::{Entry, Table};
use super::{Citation, DatedValue, Figure, Procedure, Remark, RulePack};
use crate::explained::Certainty;
use crate::fault::{RuleError, Text};
use crate::formula::Formula;

/// Compiles the document; gathers every fault before giving up.
pub(super) fn compile(document: PackText) -> Result<RulePack, Vec<RuleError>> {
    let mut reader = Reader {
        document: &document,
        errors: Vec::new(),
    };
    reader.check_span();
    let figures = reader.figures();
    let tables = reader.tables();
    let procedures = reader.procedures();
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    Ok(RulePack {
        title: Text::new(&document.es, &document.en),
        id: document.id,
        country: document.country,
        version: document.version,
        valid_from: document.valid_from,
        valid_to: document.valid_to,
        figures,
        tables,
        procedures,
    })
}

struct Reader<'d> {
    document: &'d PackText,
    errors: Vec<RuleError>,
}

/// The names known so far in a procedure.
type Known = BTreeSet<String>;

impl Reader<'_> {
    fn refuse(&mut self, place: &str, es: &str, en: &str) {
        self.errors
            .push(RuleError::pack(place, es.to_owned(), en.to_owned()));
    }

    fn check_span(&mut self) {
        if self.document.valid_to < self.document.valid_from {
            self.refuse(
                "valid_to",
                "termina antes de empezar",
                "it ends before it begins",
            );
        }
    }

    fn cite(
        &mut self,
        place: &str,
        source: &str,
        article: &str,
        certainty: Certainty,
    ) -> Option<Citation> {
        let Some(SourceText {
            norm,
            reference,
            in_force,
            ..
        }) = self.document.sources.get(source)
        else {
            self.refuse(place, "no se conoce su fuente", "its source is unknown");
            return None;
        };
        Some(Citation {
            norm: norm.clone(),
            reference: reference.clone(),
            article: article.to_owned(),
            in_force: *in_force,
            certainty,
        })
    }

    fn figures(&mut self) -> BTreeMap<String, Figure> {
        let document = self.document;
        let read = document.figures.iter().filter_map(|(name, text)| {
            let values = self.dated_values(name, text)?;
            let label = Text::new(&text.es, &text.en);
            Some((name.clone(), Figure { label, values }))
        });
        read.collect()
    }

    fn dated_values(&mut self, name: &str, text: &FigureText) -> Option<Vec<DatedValue>> {
        let first = self.cite(name, &text.source, &text.article, text.sure)?;
        let from = self.document.valid_from;
        let mut values = vec![DatedValue {
            from,
            value: text.value,
            citation: first,
        }];
        for change in &text.changes {
            let citation = self.cite(name, &change.source, &change.article, change.sure)?;
            let (from, value) = (change.from, change.value);
            if values.last().is_some_and(|last| last.from >= from) {
                self.refuse(
                    name,
                    "sus fechas no van en orden",
                    "its dates are out of order",
                );
            }
            values.push(DatedValue {
                from,
                value,
                citation,
            });
        }
        Some(values)
    }

    fn tables(&mut self) -> BTreeMap<String, Table> {
        let document = self.document;
        let read = document.tables.iter().filter_map(|(name, text)| {
            let table = self.table(name, text)?;
            Some((name.clone(), table))
        });
        read.collect()
    }

    fn table(&mut self, name: &str, text: &TableText) -> Option<Table> {
        let citation = self.cite(name, &text.source, &text.article, text.sure)?;
        let label = Text::new(&text.es, &text.en);
        let rows = self.entries(name, &text.rows, "key");
        let brackets = self.entries(name, &text.brackets, "from");
        let rising = brackets
            .iter()
            .zip(brackets.iter().skip(1))
            .all(|(a, b)| a.at < b.at);
        if !rising || brackets.first().is_some_and(|first| !first.at.is_zero()) {
            self.refuse(
                name,
                "los tramos no suben desde cero",
                "the brackets don't rise from zero",
            );
        }
        let table = Table {
            label,
            citation,
            rows,
            brackets,
        };
        if let Some(at) = table.broken_base() {
            let es = format!("la cuota acumulada en {at} no sale de los tipos");
            let en = format!("the gathered base at {at} does not follow from the rates");
            self.refuse(name, &es, &en);
        }
        Some(table)
    }

    fn entries(&mut self, table: &str, rows: &[BTreeMap<String, String>], key: &str) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for row in rows {
            let mut columns = BTreeMap::new();
            for (name, value) in row {
                match value.parse::<Decimal>() {
                    Ok(number) => columns.insert(name.clone(), number),
                    Err(_) => return self.refuse_cell(table, value),
                };
            }
            match columns.remove(key) {
                Some(at) if entries.iter().all(|entry| entry.at != at) => {
                    entries.push(Entry { at, columns });
                }
                _ => self.refuse(
                    table,
                    "filas sin clave o repetidas",
                    "rows without key or twice",
                ),
            }
        }
        entries
    }

    fn refuse_cell(&mut self, table: &str, value: &str) -> Vec<Entry> {
        let es = format!("«{value}» no es un número");
        self.refuse(table, &es, &format!("“{value}” is not a number"));
        Vec::new()
    }

    fn procedures(&mut self) -> BTreeMap<String, Procedure> {
        let document = self.document;
        let read = document.procedures.iter().map(|(name, text)| {
            let mut known = self.known_before(name, text);
            let procedure = self.procedure(name, text, &mut known);
            (name.clone(), procedure)
        });
        read.collect()
    }

    /// Figures, inputs, and whatever the procedures before this one leave.
    fn known_before(&mut self, name: &str, text: &ProcedureText) -> Known {
        let document = self.document;
        let mut known: Known = document
            .figures
            .keys()
            .chain(&text.inputs)
            .cloned()
            .collect();
        for earlier in &text.after {
            match document.procedures.get(earlier) {
                Some(earlier) => {
                    known.extend(earlier.inputs.iter().cloned());
                    known.extend(earlier.steps.iter().map(|step| step.code.clone()));
                }
                None => self.refuse(name, "falta un cálculo previo", "an earlier one is missing"),
            }
        }
        known
    }

    fn procedure(&mut self, name: &str, text: &ProcedureText, known: &mut Known) -> Procedure {
        let mut checks = Vec::new();
        for check in &text.checks {
            let place = format!("{name}.{}", check.code);
            if let Some(when) = self.formula(&place, &check.refuse_when, known) {
                let (code, field) = (check.code.clone(), check.field.clone());
                checks.push(Remark {
                    when,
                    code,
                    field,
                    text: Text::new(&check.es, &check.en),
                });
            }
        }
        let mut steps = Vec::new();
        for step in &text.steps {
            steps.extend(self.step(name, text, step, known));
            if !known.insert(step.code.clone()) {
                let place = format!("{name}.{}", step.code);
                self.refuse(&place, "está definido dos veces", "it is defined twice");
            }
        }
        let mut notices = Vec::new();
        for notice in &text.notices {
            let place = format!("{name}.{}", notice.code);
            if let Some(when) = self.formula(&place, &notice.notice_when, known) {
                let (code, text) = (notice.code.clone(), Text::new(&notice.es, &notice.en));
                notices.push(Remark {
                    when,
                    code,
                    field: String::new(),
                    text,
                });
            }
        }
        Procedure {
            checks,
            steps,
            notices,
        }
    }

    fn formula(&mut self, place: &str, text: &str, known: &Known) -> Option<Formula> {
        let formula = match Formula::parse(text) {
            Ok(formula) => formula,
            Err(problem) => {
                self.errors.push(RuleError::Formula {
                    place: place.to_owned(),
                    problem,
                });
                return None;
            }
        };
        let unknown: Vec<&str> = formula
            .variables()
            .filter(|name| !known.contains(*name))
            .collect();
        if unknown.is_empty() {
            return Some(formula);
        }
        let names = unknown.join(", ");
        let es = format!("no se conoce {names} en este punto");
        self.refuse(place, &es, &format!("{names} is not known at this point"));
        None
    }
}
