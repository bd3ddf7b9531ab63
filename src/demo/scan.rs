//! The compliance scan of the demo company, and what it finds.

use anyhow::Context as _;
use compliance::rule;
use compliance::scan::RunScan;
use kernel::job::Job as _;
use serde_json::Value;
use trastienda_core::{compliance, kernel};

use super::stage::Stage;
use super::{Figure, Outcome};
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
            Figure::of(&result, "rules"),
        )
        .row(
            Text::new("Registros examinados", "Records scanned"),
            Figure::of(&result, "scanned"),
        )
        .row(
            Text::new("Hallazgos nuevos", "New findings"),
            Figure::of(&result, "opened"),
        );
    let lines = result.get("perRule").and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        if line.get("found").and_then(Value::as_i64) > Some(0) {
            outcome = outcome.row(name_of(line)?, Figure::of(line, "found"));
        }
    }
    Ok(outcome)
}

/// What the rule of a line of the result is called.
fn name_of(line: &Value) -> anyhow::Result<Text> {
    let key = line.get("rule").and_then(Value::as_str).unwrap_or_default();
    let rule = rule::find_key(key)?.with_context(|| format!("no rule {key}"))?;
    Ok(Text::new(&rule.title.es, &rule.title.en))
}
