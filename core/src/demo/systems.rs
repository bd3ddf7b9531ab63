//! What watches the demo company's systems: Trastienda itself, its queues and its nightly jobs. None
//! of it needs a network.

use kernel::ids::{CheckId, SystemId};
use kernel::page::PageRequest;
use kernel::schedule;
use kernel::{Result, Tx};
use technology::check::{
    self, IncidentSeverity, ProbeInput, QueueProbeInput, ScheduleProbeInput, SystemCheckCreateInput,
};
use technology::system::{
    self, SystemCreateInput, SystemCriticality, SystemEnvironment, SystemKind,
};

use super::Demo;

/// Minutes that a nightly job may be late.
const LATE: i32 = 90;

/// Has Trastienda watched by itself: that its queues move, and that what is scheduled gets done.
pub(super) async fn watch(tx: &mut Tx, demo: Demo) -> Result<()> {
    let own = SystemId(demo.id("system/trastienda"));
    system::create(tx, trastienda(demo, own)).await?;
    let queues = ProbeInput::Queue(QueueProbeInput {
        queue: None,
        most_waiting: 500,
        most_minutes: 15,
    });
    add(tx, demo, own, "Colas de trabajos", queues).await?;
    let schedules = schedule::page(tx, PageRequest::default()).await?;
    for row in schedules.into_rows() {
        let probe = ProbeInput::Schedule(ScheduleProbeInput {
            schedule: row.id,
            most_minutes: LATE,
        });
        // Two companies have a payroll of one name.
        let name = format!("{} ({})", row.name, row.cron);
        let known = row.company_id.filter(|company| *company == demo.carrier);
        if known.is_none() {
            add(tx, demo, own, &name, probe).await?;
        }
    }
    Ok(())
}

fn trastienda(demo: Demo, id: SystemId) -> SystemCreateInput {
    SystemCreateInput {
        id: Some(id),
        company: demo.company,
        name: "Trastienda".to_owned(),
        kind: SystemKind::Application,
        criticality: SystemCriticality::High,
        environment: SystemEnvironment::Production,
        department: None,
        owner: None,
        address: None,
        description: Some("Este programa, vigilado por sí mismo.".to_owned()),
    }
}

async fn add(
    tx: &mut Tx,
    demo: Demo,
    system: SystemId,
    name: &str,
    probe: ProbeInput,
) -> Result<()> {
    let input = SystemCheckCreateInput {
        id: Some(CheckId(demo.id(&format!("check/{name}")))),
        system,
        name: name.to_owned(),
        probe,
        severity: IncidentSeverity::Major,
        every_minutes: 5,
        timeout_ms: 10_000,
        failures_to_open: 3,
        recoveries_to_close: 2,
    };
    check::create(tx, input).await?;
    Ok(())
}
