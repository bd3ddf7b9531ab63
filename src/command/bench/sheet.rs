//! The table of what was measured.

use std::fmt;

use comfy_table::{Table, presets};

use super::load::Measured;

/// Rows of measures.
#[derive(Default)]
pub struct Sheet {
    rows: Vec<[String; 6]>,
}

impl Sheet {
    /// A measure of many requests.
    pub fn add(&mut self, name: &str, measured: &Measured) {
        let cpu = |ms: Option<f64>| ms.map_or_else(String::new, |ms| format!("{ms:.3} ms"));
        self.rows.push([
            name.to_owned(),
            format!("{:.0}/s", measured.a_second),
            format!("{:.2} ms", measured.p50_ms),
            format!("{:.2} ms", measured.p99_ms),
            cpu(measured.cpu_ms),
            cpu(measured.postgres_ms),
        ]);
    }

    /// A measure that is one number, or a sentence.
    pub fn note(&mut self, name: &str, said: &str) {
        let nothing = String::new;
        self.rows.push([
            name.to_owned(),
            said.to_owned(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
        ]);
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header([
            "measure",
            "rate or result",
            "p50",
            "p99",
            "CPU of the server a request",
            "and of Postgres",
        ]);
        for row in &self.rows {
            table.add_row(row);
        }
        table.fmt(f)
    }
}
