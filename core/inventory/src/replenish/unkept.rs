//! What stands for an item that a warehouse does not keep any more, because its policy was
//! deactivated, or the item or the warehouse archived: its proposal is withdrawn and its alerts are
//! closed at the end of a run, which no longer looks at it.

use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{JobId, ProposalId, StockAlertId};
use kernel::{Result, Tx};
use uuid::Uuid;

use super::Reach;
use super::record::{NOT_KEPT, withdraw};
use crate::alert;

/// Withdraws the proposals and closes the alerts of what is not kept any more.
pub(super) async fn clear(tx: &mut Tx, reach: &Reach, job: JobId) -> Result<()> {
    let proposals = proposals(tx, reach).await?;
    withdraw(tx, &proposals, (NOT_KEPT, job)).await?;
    let of_items = "inventory.stock_alert x WHERE x.item_id IS NOT NULL AND x.closed_at IS NULL";
    let alerts = unkept(tx, reach, of_items).await?;
    let alerts: Vec<StockAlertId> = alerts.into_iter().map(StockAlertId).collect();
    alert::close(tx, &alerts).await
}

/// The open proposals of what is not kept any more.
pub(super) async fn proposals(tx: &mut Tx, reach: &Reach) -> Result<Vec<ProposalId>> {
    let open = unkept(tx, reach, "inventory.proposal x WHERE x.status = 'OPEN'").await?;
    Ok(open.into_iter().map(ProposalId).collect())
}

/// Those of some rows `x` whose item their warehouse does not keep.
async fn unkept(tx: &mut Tx, reach: &Reach, rows: &'static str) -> Result<Vec<Uuid>> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    let found: Vec<Found> = diesel::sql_query(format!(
        "SELECT x.id FROM {rows} AND x.organisation_id = $1 AND x.company_id = ANY($2) \
            AND ($3 IS NULL OR x.warehouse_id = $3) \
            AND ($4 IS NULL OR EXISTS (SELECT FROM inventory.item c \
                WHERE c.organisation_id = $1 AND c.id = x.item_id AND c.category_id = $4)) \
            AND NOT (EXISTS (SELECT FROM inventory.stock_policy p WHERE p.organisation_id = $1 \
                    AND p.item_id = x.item_id AND p.warehouse_id = x.warehouse_id AND p.active) \
                AND EXISTS (SELECT FROM inventory.item i WHERE i.organisation_id = $1 \
                    AND i.id = x.item_id AND i.is_tracked AND i.archived_at IS NULL) \
                AND EXISTS (SELECT FROM inventory.warehouse w WHERE w.organisation_id = $1 \
                    AND w.id = x.warehouse_id AND w.archived_at IS NULL)) \
         ORDER BY x.id"
    ))
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(&reach.companies)
    .bind::<sql::Nullable<sql::Uuid>, _>(reach.warehouse)
    .bind::<sql::Nullable<sql::Uuid>, _>(reach.category)
    .load(tx.conn())
    .await?;
    Ok(found.into_iter().map(|row| row.id).collect())
}
