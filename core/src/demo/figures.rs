//! The measures of the demo company over its whole past, as the nightly job would have filled them.

use std::sync::Arc;
use std::time::Duration;

use analytics::fill::FillMeasures;
use chrono::{Days, Months};
use kernel::job::relay::Ticket;
use kernel::job::{self, Enqueue, Job as _, JobStatus, Registry, Services, Worker};
use kernel::{Date, Db, Error, Result};

use super::{Cast, wages};

/// Fills every measure of every company up to the end of its past; the nightly job goes on from there.
pub(super) async fn fill(db: &Db, registry: &Registry, cast: &Cast) -> Result<()> {
    let context = cast.system(db.clock().now());
    let mut tx = db.begin(&context).await?;
    let last = wages::months()?
        .last()
        .map(|month| *month + Months::new(1) - Days::new(1));
    let wanted = FillMeasures {
        to: last.map(Date),
        ..FillMeasures::default()
    };
    let row = job::enqueue(&mut tx, &wanted, Enqueue::default()).await?;
    tx.commit().await?;
    let worker = Worker {
        name: "demo".to_owned(),
        db: db.clone(),
        registry: Arc::new(registry.clone()),
        services: Services::new(),
        lease: Duration::from_secs(60),
    };
    let ticket = Ticket {
        organisation: context.organisation(),
        job: row.id,
        queue: FillMeasures::QUEUE.to_owned(),
        attempt: 0,
    };
    match job::execute(&worker, ticket).await? {
        Some(JobStatus::Succeeded) => Ok(()),
        ended => Err(Error::bug(format!("the measures ended as {ended:?}"))),
    }
}
