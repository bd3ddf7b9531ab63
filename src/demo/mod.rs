//! `trastienda demo`: everything, with the demo company, and its scheduled jobs run once, now.

mod outcome;
mod payroll;
mod progress;
mod reports;
mod scan;
pub mod sentences;
mod stage;
mod stock;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

pub use outcome::{Figure, Outcome};
pub use progress::Progress;

use trastienda_core::demo::{self, Cast};
use trastienda_core::directory::Keys;
use trastienda_core::directory::file::FileStore;

use self::progress::Chapters;
use self::stage::Stage;
use crate::cli::DemoOptions;
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
    options: &DemoOptions,
    progress: &Progress,
    metrics: &PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<Running> {
    let step = progress.step(&sentences::migrations());
    command::prepare(settings).await?;
    step.done();
    load_company(settings, usize::from(options.scale), progress).await?;
    let running = command::start(settings, &options.up, metrics, stop).await?;
    let outcomes = run_jobs(settings, progress).await?;
    say::line(&outcome::table(&outcomes, settings.language));
    say::tell(
        settings.language,
        &sentences::welcome(running.address, SLUG),
    );
    Ok(running)
}

/// The short name of the demo organisation.
const SLUG: &str = "demo";

/// Creates the demo company where it is absent, and fills it up to its size. Running it again
/// changes nothing.
async fn load_company(
    settings: &Settings,
    scale: usize,
    progress: &Progress,
) -> anyhow::Result<()> {
    let db = compose::open(settings)?;
    let keys = Keys::new(&compose::master_secret(settings)?)?;
    let registry = compose::registry();
    let bars = Chapters::new(progress);
    let made = |done, total| bars.tell(None, done, total);
    demo::load(&db, &keys, &registry, SLUG, made).await?;
    let told = |chapter, done, total| bars.tell(Some(chapter), done, total);
    demo::grow(&db, &keys, &registry, SLUG, scale, &told).await?;
    let store = FileStore::local(&settings.files(), keys.clone())?;
    demo::furnish(&db, &keys, &store, SLUG).await?;
    demo::file_bills(&db, &store, SLUG, scale).await?;
    bars.done();
    Ok(())
}

/// Asks for every scheduled job of the demo company now, and follows each to its end.
async fn run_jobs(settings: &Settings, progress: &Progress) -> anyhow::Result<Vec<Outcome>> {
    let db = compose::open(settings)?;
    let keys = Keys::new(&compose::master_secret(settings)?)?;
    let stage = Stage {
        cast: Cast::of(&db, &keys, SLUG).await?,
        store: FileStore::local(&settings.files(), keys)?,
        registry: compose::registry(),
        folder: settings.data.join("demo"),
        db,
        progress,
    };
    Ok(vec![
        payroll::run(&stage).await?,
        stock::run(&stage).await?,
        scan::run(&stage).await?,
        reports::run(&stage).await?,
    ])
}
