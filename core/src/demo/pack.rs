//! The reports that the demo company has made each month, each for those who work with it.

use administration::report::{
    ReportFormat, ReportPeriod, ReportScheduleCreateInput, create, schedule,
};
use directory::Keys;
use kernel::ids::{ReportScheduleId, UserId};
use kernel::report::ReportParameters;
use kernel::{Db, Error, Result, Tx};

use super::{Cast, Demo};

/// Who has them made.
const OWNER: &str = "elena.campos";

/// A report of the pack.
struct Paper {
    name: &'static str,
    report: &'static str,
    format: ReportFormat,
    period: Option<ReportPeriod>,
    readers: &'static [&'static str],
}

const PACK: &[Paper] = &[
    Paper {
        name: "Balance de sumas y saldos del mes",
        report: "ledger.trial_balance",
        format: ReportFormat::Pdf,
        period: Some(ReportPeriod::PreviousMonth),
        readers: &["elena.campos", "lucia.fernandez", "andres.fuentes"],
    },
    Paper {
        name: "Resumen de nóminas del mes",
        report: "people.payroll_summary",
        format: ReportFormat::Xlsx,
        period: Some(ReportPeriod::PreviousMonth),
        readers: &["elena.campos", "javier.ortega"],
    },
    Paper {
        name: "Existencias a fin de mes",
        report: "inventory.stock_valuation",
        format: ReportFormat::Xlsx,
        period: Some(ReportPeriod::PreviousMonth),
        readers: &["elena.campos", "lucia.fernandez", "hugo.santos"],
    },
    Paper {
        name: "Propuestas de pedido abiertas",
        report: "inventory.open_proposals",
        format: ReportFormat::Csv,
        period: None,
        readers: &["elena.campos", "hugo.santos", "oscar.diez"],
    },
    Paper {
        name: "Hallazgos de cumplimiento",
        report: "compliance.findings",
        format: ReportFormat::Pdf,
        period: None,
        readers: &["elena.campos", "nora.ibarra"],
    },
];

/// Has the pack made on the second of each month, early. What is there already is left alone.
pub(super) async fn subscribe(
    db: &Db,
    keys: &Keys,
    cast: &Cast,
    demo: Demo,
    slug: &str,
) -> Result<()> {
    let context = cast.at(OWNER, db.clock().now())?;
    for paper in PACK {
        let id = ReportScheduleId(demo.id(&format!("pack/{}", paper.report)));
        let mut readers = Vec::new();
        for name in paper.readers {
            readers.push(user(db, keys, demo, slug, name).await?);
        }
        let mut tx = db.begin(&context).await?;
        make(&mut tx, demo, id, paper, readers).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn make(
    tx: &mut Tx,
    demo: Demo,
    id: ReportScheduleId,
    paper: &Paper,
    readers: Vec<UserId>,
) -> Result<()> {
    if !schedule::by_ids(tx, &[id]).await?.is_empty() {
        return Ok(());
    }
    let input = ReportScheduleCreateInput {
        id: Some(id),
        name: paper.name.to_owned(),
        key: paper.report.to_owned(),
        parameters: ReportParameters {
            company: Some(demo.company),
            ..ReportParameters::default()
        },
        period: paper.period,
        format: paper.format,
        locale: None,
        cron: "30 6 2 * *".to_owned(),
        zone: "Europe/Madrid".to_owned(),
        recipients: readers,
        by_mail: true,
    };
    create(tx, &crate::reports(), input).await?;
    Ok(())
}

async fn user(db: &Db, keys: &Keys, demo: Demo, slug: &str, name: &str) -> Result<UserId> {
    let email = Demo::email(slug, name);
    let found = directory::auth::users_of_email(db, keys, &email).await?;
    let own = found.into_iter().find(|(at, _)| *at == demo.organisation);
    own.map(|(_, id)| id)
        .ok_or_else(|| Error::bug(format!("nobody at the demo company is called {name}")))
}
