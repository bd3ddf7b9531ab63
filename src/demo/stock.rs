//! The nightly reorder run of the demo company, and what it proposes.

use inventory::replenish::Reorder;
use kernel::job::Job as _;
use trastienda_core::{inventory, kernel};

use super::stage::Stage;
use super::{Figure, Outcome};
use crate::say::Text;

/// Runs the reorder job, and tells what it found.
pub async fn run(stage: &Stage<'_>) -> anyhow::Result<Outcome> {
    let text = Text::new("Reposición de existencias", "Stock reorder");
    let job = stage.run_schedule(Reorder::KIND, &text).await?;
    let result = job.result.unwrap_or_default();
    let title = Text::new(
        "Reposición, Ferretería Sol, S.L.",
        "Stock reorder, Ferretería Sol, S.L.",
    );
    let rows = [
        (
            Text::new("Existencias miradas", "Item-locations looked at"),
            "lookedAt",
        ),
        (Text::new("Propuestas nuevas", "New proposals"), "proposed"),
        (
            Text::new("Propuestas subidas", "Proposals raised"),
            "raised",
        ),
        (
            Text::new("Sin proveedor o sin plazo", "Without supplier or lead time"),
            "failed",
        ),
        (Text::new("Agotados", "Out of stock"), "out"),
        (Text::new("Bajo mínimos", "Below the reorder point"), "low"),
        (Text::new("En exceso", "Too much of it"), "overstock"),
    ];
    let outcome = Outcome::new(title);
    Ok(rows.into_iter().fold(outcome, |outcome, (label, name)| {
        outcome.row(label, Figure::of(&result, name))
    }))
}
