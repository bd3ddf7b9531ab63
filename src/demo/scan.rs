//! The compliance scan of the demo company, and what it finds.

use compliance::scan::RunScan;
use kernel::job::Job as _;
use serde_json::Value;
use trastienda_core::{compliance, kernel};

use super::Outcome;
use super::stage::{Stage, figure};
use crate::say::Text;

/// Runs the scan, and tells what it found, rule by rule.
pub async fn run(stage: &Stage<'_>) -> anyhow::Result<Outcome> {
    let text = Text::new("Escaneo de cumplimiento", "Compliance scan");
    let job = stage.run_schedule(RunScan::KIND, &text).await?;
    let result = job.result.unwrap_or_default();
    let title = Text::new("Cumplimiento, Grupo Sol", "Compliance, Grupo Sol");
    let mut outcome = Outcome::new(title)
        .row(
            Text::new("Reglas aplicadas", "Rules applied"),
            figure(&result, "rules"),
        )
        .row(
            Text::new("Registros examinados", "Records scanned"),
            figure(&result, "scanned"),
        )
        .row(
            Text::new("Hallazgos nuevos", "New findings"),
            figure(&result, "opened"),
        );
    let rules = result.get("perRule").and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        if rule.get("found").and_then(Value::as_i64) > Some(0) {
            let name = figure(rule, "rule");
            outcome = outcome.row(Text::new(name.clone(), name), figure(rule, "found"));
        }
    }
    Ok(outcome)
}
