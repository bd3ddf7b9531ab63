//! The monthly reports of the demo company, each for its readers, and the owner's copies of them.

use administration::report::{
    self, ReportRun, ReportRunFilter, ReportRunStatus, ReportSchedule, ReportScheduleRunInput,
};
use anyhow::Context as _;
use kernel::filter::IdFilter;
use kernel::ids::{FileId, JobId};
use kernel::page::PageRequest;
use kernel::{Locale, Speaker, Tx};
use trastienda_core::{administration, directory, kernel};

use super::Outcome;
use super::stage::Stage;
use crate::say::Text;

/// Who has the reports made, and whose copies are shown.
const OWNER: &str = "elena.campos";

/// Has every scheduled report made now, and tells what became of each.
pub async fn run(stage: &Stage<'_>) -> anyhow::Result<Outcome> {
    let speaker = trastienda_core::speaker()?;
    let page = async |tx: &mut Tx| report::schedule::page(tx, PageRequest::default()).await;
    let schedules = stage.act(OWNER, page).await?.into_rows();
    anyhow::ensure!(!schedules.is_empty(), "no report is scheduled");
    let title = Text::new(
        "Informes del mes, Ferretería Sol, S.L.",
        "Reports of the month, Ferretería Sol, S.L.",
    );
    let (mut outcome, mut copies) = (Outcome::new(title), 0);
    for schedule in schedules {
        let made = made(stage, &speaker, &schedule).await?;
        let done = |run: &&ReportRun| run.status == ReportRunStatus::Done;
        copies += made.iter().filter(done).count();
        let own = own_copy(stage, &made)?;
        outcome = outcome.row(label(&speaker, own), rows(own));
        for path in stage.copy(named(stage, own).await?).await? {
            outcome = outcome.file(path);
        }
    }
    let copies = i64::try_from(copies).unwrap_or_default();
    let handed = Text::new(
        "Ejemplares entregados por correo y en la bandeja",
        "Copies handed out by mail and in inboxes",
    );
    Ok(outcome.row(handed, copies))
}

/// Runs a schedule now and follows both of its jobs: the tick, and the one that makes the reports.
async fn made(
    stage: &Stage<'_>,
    speaker: &Speaker,
    schedule: &ReportSchedule,
) -> anyhow::Result<Vec<ReportRun>> {
    let title = |locale| report::title(speaker, locale, &schedule.report);
    let text = Text::new(title(Locale::Es), title(Locale::En));
    let input = ReportScheduleRunInput {
        id: schedule.id,
        dry_run: false,
    };
    let run = async |tx: &mut Tx| report::run_now(tx, input).await;
    let (_, tick) = stage.act(OWNER, run).await?;
    let tick = stage.follow(tick.id, &text).await?;
    let job = tick.result.as_ref().and_then(|result| result.get("job"));
    let job: JobId = serde_json::from_value(job.cloned().context("nobody reads it")?)?;
    stage.follow(job, &text).await?;
    let filter = ReportRunFilter {
        job: Some(IdFilter {
            eq: Some(job.into()),
            ..IdFilter::default()
        }),
        ..ReportRunFilter::default()
    };
    let request = PageRequest {
        filter: Some(filter),
        ..PageRequest::default()
    };
    let runs = async |tx: &mut Tx| report::run::page(tx, request).await;
    Ok(stage.act(OWNER, runs).await?.into_rows())
}

/// The owner's copy of a report.
fn own_copy<'r>(stage: &Stage<'_>, runs: &'r [ReportRun]) -> anyhow::Result<&'r ReportRun> {
    let me = stage.person(OWNER)?.actor.principal.user();
    let own = runs.iter().find(|run| Some(run.user_id) == me);
    own.context("the owner has no copy")
}

/// What a report is called, and what it was made as.
fn label(speaker: &Speaker, run: &ReportRun) -> Text {
    let said = |locale| {
        let title = report::title(speaker, locale, &run.report);
        format!("{title} ({})", run.format)
    };
    Text::new(said(Locale::Es), said(Locale::En))
}

/// How many rows a report has; why it has none, where it was not made.
fn rows(run: &ReportRun) -> super::Figure {
    match run.row_count {
        Some(rows) => rows.into(),
        None => run.status.to_string().into(),
    }
}

/// The file of a report, under the name that it was given.
async fn named(stage: &Stage<'_>, run: &ReportRun) -> anyhow::Result<Vec<(String, FileId)>> {
    let ids: Vec<FileId> = run.file_id.into_iter().collect();
    let load = async |tx: &mut Tx| directory::file::load(tx, &ids).await;
    let files = stage.act(OWNER, load).await?;
    let named = files.into_iter().map(|file| (file.name, file.id));
    Ok(named.collect())
}
