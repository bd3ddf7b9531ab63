//! Whether everything that says how much there is says the same: holdings against movements,
//! layers, locations and days. Reads every line: for audits and tests, not for screens.

use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, ItemId, WarehouseId};
use kernel::{Dec, Result, Tx};

use crate::permission::COST_READ;

/// A holding that differs from what it should be.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub struct Drift {
    /// What it was compared with: `lines`, `layers`, `places`, `days`.
    #[diesel(sql_type = sql::Text)]
    pub against: String,
    /// The item.
    #[diesel(sql_type = sql::Uuid)]
    pub item_id: ItemId,
    /// The warehouse.
    #[diesel(sql_type = sql::Uuid)]
    pub warehouse_id: WarehouseId,
    /// The holding's quantity less the other one's.
    #[diesel(sql_type = sql::Numeric)]
    pub quantity: Dec,
    /// The holding's value less the other one's; nothing for locations, which have none.
    #[diesel(sql_type = sql::Numeric)]
    pub value: Dec,
}

/// Compares the holdings of a company with all else that says how much there is; empty when they
/// agree.
pub async fn verify(tx: &mut Tx, company: CompanyId) -> Result<Vec<Drift>> {
    tx.require_in(COST_READ, company, None)?;
    Ok(diesel::sql_query(
        "WITH moved AS ( \
             SELECT l.item_id, s.warehouse_id, sum(s.quantity) AS quantity, sum(s.value) AS value \
             FROM inventory.movement_line l CROSS JOIN LATERAL (VALUES \
                 (l.from_warehouse_id, -l.quantity, -l.value_out), \
                 (l.to_warehouse_id, l.quantity, l.value_in)) \
                 AS s (warehouse_id, quantity, value) \
             WHERE l.organisation_id = $1 AND l.company_id = $2 AND s.warehouse_id IS NOT NULL \
             GROUP BY l.item_id, s.warehouse_id), \
         compared AS ( \
             SELECT 'lines' AS against, h.item_id, h.warehouse_id, \
                 h.quantity - coalesce(m.quantity, 0) AS quantity, \
                 h.value - coalesce(m.value, 0) AS value \
             FROM inventory.holding h LEFT JOIN moved m USING (item_id, warehouse_id) \
             WHERE h.organisation_id = $1 AND h.company_id = $2 \
             UNION ALL \
             SELECT 'layers', h.item_id, h.warehouse_id, \
                 greatest(h.quantity, 0) - coalesce(l.quantity, 0), \
                 greatest(h.value, 0) - coalesce(l.value, 0) \
             FROM inventory.holding h \
             JOIN inventory.item i ON i.organisation_id = $1 AND i.id = h.item_id \
             LEFT JOIN LATERAL (SELECT sum(y.remaining_quantity) AS quantity, \
                     sum(y.remaining_value) AS value FROM inventory.layer y \
                 WHERE y.organisation_id = $1 AND y.item_id = h.item_id \
                     AND y.warehouse_id = h.warehouse_id) l ON true \
             WHERE h.organisation_id = $1 AND h.company_id = $2 AND i.valuation = 'FIFO' \
             UNION ALL \
             SELECT 'places', h.item_id, h.warehouse_id, h.quantity - coalesce(p.quantity, 0), 0 \
             FROM inventory.holding h \
             LEFT JOIN LATERAL (SELECT sum(s.quantity) AS quantity FROM inventory.stock s \
                 WHERE s.organisation_id = $1 AND s.item_id = h.item_id \
                     AND s.warehouse_id = h.warehouse_id) p ON true \
             WHERE h.organisation_id = $1 AND h.company_id = $2 \
             UNION ALL \
             SELECT 'days', h.item_id, h.warehouse_id, h.quantity - coalesce(d.quantity, 0), \
                 h.value - coalesce(d.value, 0) \
             FROM inventory.holding h \
             LEFT JOIN LATERAL (SELECT x.quantity, x.value FROM inventory.holding_day x \
                 WHERE x.organisation_id = $1 AND x.item_id = h.item_id \
                     AND x.warehouse_id = h.warehouse_id ORDER BY x.day DESC LIMIT 1) d ON true \
             WHERE h.organisation_id = $1 AND h.company_id = $2) \
         SELECT against, item_id, warehouse_id, quantity, value FROM compared \
         WHERE quantity <> 0 OR value <> 0 ORDER BY item_id, warehouse_id, against",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(company)
    .load(tx.conn())
    .await?)
}
