//! What buying needs to know of items, units, warehouses and suppliers, read in batches.

use std::collections::HashMap;

use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, ItemId, PartyId, UnitId, WarehouseId};
use kernel::{Result, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::item;
use crate::unit::{self, Factor, Unit};

/// An item as a buyer sees it.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub(crate) struct KnownItem {
    /// The item.
    #[diesel(sql_type = sql::Uuid)]
    pub id: ItemId,
    /// Its company.
    #[diesel(sql_type = sql::Uuid)]
    pub company_id: CompanyId,
    /// Its code.
    #[diesel(sql_type = sql::Text)]
    pub code: String,
    /// Its own unit.
    #[diesel(sql_type = sql::Uuid)]
    pub unit_id: UnitId,
    /// Whether its stock is kept at all.
    #[diesel(sql_type = sql::Bool)]
    pub is_tracked: bool,
    /// Whether it was archived.
    #[diesel(sql_type = sql::Bool)]
    pub archived: bool,
}

/// The items of some ids.
pub(crate) async fn items(tx: &mut Tx, ids: &[ItemId]) -> Result<HashMap<ItemId, KnownItem>> {
    let rows: Vec<KnownItem> = diesel::sql_query(
        "SELECT id, company_id, code, unit_id, is_tracked, archived_at IS NOT NULL AS archived \
         FROM inventory.item WHERE organisation_id = $1 AND id = ANY($2)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// How units become those of items: by what the item says, or because both are of one kind. A pair
/// that does not convert is absent. Plain statements and no join: a tenant that has just been loaded
/// is unknown to the planner, which then takes joins of thousands for joins of one.
pub(crate) async fn factors(
    tx: &mut Tx,
    pairs: &[(ItemId, UnitId)],
) -> Result<HashMap<(ItemId, UnitId), Factor>> {
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    let mut ids: Vec<ItemId> = pairs.iter().map(|(item, _)| *item).collect();
    ids.sort_unstable();
    ids.dedup();
    let items = items(tx, &ids).await?;
    let units: HashMap<UnitId, Unit> = (unit::all(tx).await?.into_iter())
        .map(|unit| (unit.id, unit))
        .collect();
    let said: HashMap<(ItemId, UnitId), Decimal> = (item::load_units(tx, &ids).await?.into_iter())
        .map(|row| ((row.item_id, row.unit_id), row.factor.0))
        .collect();
    let worth = |pair: &(ItemId, UnitId)| {
        let into = units.get(&items.get(&pair.0)?.unit_id)?;
        unit::factor(units.get(&pair.1)?, into, said.get(pair).copied())
    };
    Ok(pairs
        .iter()
        .filter_map(|pair| Some((*pair, worth(pair)?)))
        .collect())
}

/// The company of a warehouse that is in use; `None` when there is no such warehouse.
pub(crate) async fn warehouse_company(tx: &mut Tx, id: WarehouseId) -> Result<Option<CompanyId>> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        company_id: CompanyId,
    }
    let found: Vec<Found> = diesel::sql_query(
        "SELECT company_id FROM inventory.warehouse \
         WHERE organisation_id = $1 AND id = $2 AND archived_at IS NULL",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(id)
    .load(tx.conn())
    .await?;
    Ok(found.into_iter().next().map(|row| row.company_id))
}

/// The names of some parties that are in use.
pub(crate) async fn suppliers(tx: &mut Tx, ids: &[PartyId]) -> Result<HashMap<PartyId, String>> {
    named(tx, "directory.party", ids.iter().map(|id| id.0).collect())
        .await
        .map(|rows| {
            rows.into_iter()
                .map(|(id, name)| (PartyId(id), name))
                .collect()
        })
}

async fn named(tx: &mut Tx, table: &'static str, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>> {
    #[derive(diesel::QueryableByName)]
    struct Named {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
        #[diesel(sql_type = sql::Text)]
        name: String,
    }
    let rows: Vec<Named> = diesel::sql_query(format!(
        "SELECT id, name FROM {table} \
         WHERE organisation_id = $1 AND id = ANY($2) AND archived_at IS NULL"
    ))
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Whether a quantity has no more decimals than the database keeps, and fits it.
pub(crate) fn is_quantity(value: Decimal) -> bool {
    value.normalize().scale() <= 6 && value.abs() < rust_decimal::dec!(1_000_000_000_000)
}
