//! The task that proposals give: one a warehouse, for those who buy. The run that proposes
//! something makes it where none waits; it ends when no proposal of the warehouse is open.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, JobId, WarehouseId};
use kernel::{Result, Tx};
use processes::Sentence;
use processes::schema::task;
use processes::task::{ForSubject, TaskPriority, TaskStatus, for_subject, settle};

use crate::schema::warehouse;

/// The role in whose queue such tasks wait.
const BUYER: &str = "buyer";
/// The key of the title.
pub(crate) const TITLE: &str = "inventory.proposals_task";
/// How long there is to decide about proposals.
const TIME: TimeDelta = TimeDelta::days(2);
/// What the keys of such tasks begin with.
const SOURCE: &str = "proposals:";

/// Asks those who buy to decide about what a run has proposed in some companies, warehouse by
/// warehouse, where they are not asked already; ends the tasks of warehouses where nothing is open
/// any more. A run that is taken up again asks once.
pub(crate) async fn ask(tx: &mut Tx, companies: &[CompanyId], job: JobId) -> Result<()> {
    let warehouses: Vec<WarehouseId> = warehouse::table
        .filter(warehouse::organisation_id.eq(tx.organisation()))
        .filter(warehouse::company_id.eq_any(companies))
        .select(warehouse::id)
        .load(tx.conn())
        .await?;
    let open = take_turn(tx, &warehouses).await?;
    end(tx, &without(&warehouses, &open)).await?;
    let fresh: Vec<&Open> = open.iter().filter(|one| one.jobs.contains(&job)).collect();
    let asked: Vec<WarehouseId> = fresh.iter().map(|one| one.warehouse_id).collect();
    let asked = waiting(tx, &asked).await?;
    for one in fresh {
        if !asked
            .iter()
            .any(|(warehouse, _)| *warehouse == one.warehouse_id)
        {
            make(tx, one, job).await?;
        }
    }
    Ok(())
}

/// Ends the tasks of some warehouses where nothing is open any more: for whoever has decided.
pub(super) async fn answer(tx: &mut Tx, warehouses: &[WarehouseId]) -> Result<()> {
    let open = take_turn(tx, warehouses).await?;
    end(tx, &without(warehouses, &open)).await
}

/// A warehouse with open proposals.
#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: WarehouseId,
    #[diesel(sql_type = sql::Uuid)]
    company_id: CompanyId,
    #[diesel(sql_type = sql::Text)]
    name: String,
    #[diesel(sql_type = sql::BigInt)]
    proposals: i64,
    /// The runs that made or renewed them.
    #[diesel(sql_type = sql::Array<sql::Uuid>)]
    jobs: Vec<JobId>,
}

/// Holds some warehouses until the transaction ends, in order, so that one asks or answers at a
/// time; gives those with open proposals.
async fn take_turn(tx: &mut Tx, warehouses: &[WarehouseId]) -> Result<Vec<Open>> {
    warehouse::table
        .filter(warehouse::organisation_id.eq(tx.organisation()))
        .filter(warehouse::id.eq_any(warehouses))
        .order(warehouse::id)
        .for_no_key_update()
        .select(warehouse::id)
        .load::<WarehouseId>(tx.conn())
        .await?;
    Ok(diesel::sql_query(
        "SELECT p.warehouse_id, p.company_id, w.name, count(*) AS proposals, \
            coalesce(array_agg(DISTINCT p.job_id) FILTER (WHERE p.job_id IS NOT NULL), '{}') \
            AS jobs \
         FROM inventory.proposal p JOIN inventory.warehouse w \
            ON w.organisation_id = $1 AND w.id = p.warehouse_id \
         WHERE p.organisation_id = $1 AND p.warehouse_id = ANY($2) AND p.status = 'OPEN' \
         GROUP BY p.warehouse_id, p.company_id, w.name ORDER BY p.warehouse_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(warehouses)
    .load(tx.conn())
    .await?)
}

fn without(warehouses: &[WarehouseId], open: &[Open]) -> Vec<WarehouseId> {
    let is_open = |id: &WarehouseId| open.iter().any(|one| one.warehouse_id == *id);
    let rest = warehouses.iter().copied();
    rest.filter(|id| !is_open(id)).collect()
}

/// The tasks of some warehouses that wait, by the keys of their sources.
async fn waiting(tx: &mut Tx, warehouses: &[WarehouseId]) -> Result<Vec<(WarehouseId, String)>> {
    let subjects: Vec<uuid::Uuid> = warehouses.iter().map(|id| id.0).collect();
    let rows: Vec<(uuid::Uuid, String)> = task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::subject_id.eq_any(subjects.into_iter().map(Some)))
        .filter(task::source_key.like(format!("{SOURCE}%")))
        .filter(task::status.eq_any(TaskStatus::ALIVE))
        .select((
            task::subject_id.assume_not_null(),
            task::source_key.assume_not_null(),
        ))
        .load(tx.conn())
        .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|(id, key)| (WarehouseId(id), key)).collect())
}

async fn end(tx: &mut Tx, warehouses: &[WarehouseId]) -> Result<()> {
    let waiting = waiting(tx, warehouses).await?;
    let keys: Vec<String> = waiting.into_iter().map(|(_, key)| key).collect();
    settle(tx, &keys).await?;
    Ok(())
}

async fn make(tx: &mut Tx, open: &Open, job: JobId) -> Result<()> {
    let title = Sentence::new(TITLE)
        .with("proposals", open.proposals)
        .with("warehouse", &open.name);
    let wanted = ForSubject {
        source_key: format!("{SOURCE}{}:{job}", open.warehouse_id),
        subject_kind: "Warehouse",
        subject_id: open.warehouse_id.0,
        company: Some(open.company_id),
        department: None,
        title,
        description: None,
        assignee: None,
        role: None,
        role_key: Some(BUYER),
        priority: TaskPriority::Normal,
        due_at: Some(tx.now() + TIME),
        watchers: Vec::new(),
    };
    for_subject(tx, wanted).await?;
    Ok(())
}
