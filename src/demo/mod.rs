//! `trastienda demo`: everything, with the demo company, and its scheduled jobs run once, now.

mod actors;
mod outcome;
mod payroll;
mod progress;
pub mod sentences;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

pub use outcome::Outcome;
pub use progress::Progress;

use trastienda_core::demo;
use trastienda_core::directory::Keys;
use trastienda_core::directory::file::FileStore;

use self::actors::Cast;
use crate::cli::UpOptions;
use crate::command::{self, Running};
use crate::compose;
use crate::say;
use crate::settings::Settings;

/// Migrates, loads the company, starts API and worker, runs the jobs, prints what they did and
/// where to look. The caller keeps the result running until Ctrl-C.
///
/// # Errors
/// A refusal of the checks, or a job that did not end well.
pub async fn run(
    settings: &mut Settings,
    options: &UpOptions,
    progress: &Progress,
    metrics: &PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<Running> {
    let step = progress.step(&sentences::migrations());
    command::prepare(settings).await?;
    step.done();
    load_company(settings, progress).await?;
    let running = command::start(settings, options, metrics, stop).await?;
    let outcomes = run_jobs(settings, progress).await?;
    for outcome in &outcomes {
        say::line(&outcome.table(settings.language));
    }
    say::tell(
        settings.language,
        &sentences::welcome(running.address, SLUG),
    );
    Ok(running)
}

/// The short name of the demo organisation.
const SLUG: &str = "demo";

/// Creates the demo company where it is absent. Running it again changes nothing.
async fn load_company(settings: &Settings, progress: &Progress) -> anyhow::Result<()> {
    let db = compose::open(settings)?;
    let keys = Keys::new(&compose::master_secret(settings)?)?;
    let registry = trastienda_core::registry();
    let bar = progress.bar(&sentences::company(), 0);
    let made = |done, total| {
        bar.expect(total);
        bar.set(done);
    };
    demo::load(&db, &keys, &registry, SLUG, made).await?;
    bar.done();
    Ok(())
}

/// Asks for every scheduled job of the demo company now, and follows each to its end.
async fn run_jobs(settings: &Settings, progress: &Progress) -> anyhow::Result<Vec<Outcome>> {
    let db = compose::open(settings)?;
    let keys = Keys::new(&compose::master_secret(settings)?)?;
    let cast = Cast::of(&db, &keys, SLUG).await?;
    let store = FileStore::local(&settings.files(), keys)?;
    let folder = settings.data.join("demo");
    Ok(vec![
        payroll::run(&db, &cast, progress, &store, &folder).await?,
    ])
}
