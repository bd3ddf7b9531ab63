//! What an item says of units: one box of it is twelve.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::Input;
use kernel::ids::{ItemId, ItemUnitId, OrganisationId, UnitId};
use kernel::{Dec, Fault, Result, Tx};

use crate::fault;
use crate::permission::{ITEM_READ, visible};
use crate::schema::{item, item_unit, movement_line};
use crate::unit::{self, Unit};

/// What one of a unit is in an item's own unit.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = item_unit, check_for_backend(diesel::pg::Pg))]
pub struct ItemUnit {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The conversion.
    pub id: ItemUnitId,
    /// The item.
    pub item_id: ItemId,
    /// The unit.
    pub unit_id: UnitId,
    /// How many of the item's own unit one of it is.
    pub factor: Dec,
}

/// Says what one of a unit is in an item's own unit.
#[derive(Clone, Debug, InputObject)]
pub struct ItemUnitInput {
    /// The code of the unit, for example BOX.
    pub unit: String,
    /// How many of the item's own unit one of it is.
    pub factor: Dec,
}

/// The conversions of some items that the actor may see.
pub async fn units_of(tx: &mut Tx, items: &[ItemId]) -> Result<Vec<ItemUnit>> {
    let visible = visible(tx, ITEM_READ, "item")?;
    let seen: Vec<ItemId> = item::table
        .filter(item::organisation_id.eq(tx.organisation()))
        .filter(item::id.eq_any(items))
        .filter(visible)
        .select(item::id)
        .load(tx.conn())
        .await?;
    load(tx, &seen).await
}

/// The conversions of some items.
pub(crate) async fn load(tx: &mut Tx, items: &[ItemId]) -> Result<Vec<ItemUnit>> {
    Ok(item_unit::table
        .filter(item_unit::organisation_id.eq(tx.organisation()))
        .filter(item_unit::item_id.eq_any(items))
        .order((item_unit::item_id, item_unit::id))
        .select(ItemUnit::as_select())
        .load(tx.conn())
        .await?)
}

/// Checks the conversions that an item is given, beside those that it keeps.
pub(super) fn decide(
    input: &mut Input,
    field: &str,
    (item, base): (ItemId, UnitId),
    wanted: &[ItemUnitInput],
    units: &[Unit],
    kept: &[ItemUnit],
) -> Vec<ItemUnit> {
    let mut rows: Vec<ItemUnit> = Vec::new();
    for (at, wanted) in wanted.iter().enumerate() {
        let here = |leaf: &str| format!("{field}.{at}.{leaf}");
        let factor = wanted.factor.0;
        input.check(unit::is_factor(factor), || {
            Fault::invalid(fault::NUMBER_OUT_OF_RANGE).at(here("factor").split('.'))
        });
        let Some(unit) = input.try_take(&here("unit"), named(units, &wanted.unit)) else {
            continue;
        };
        let twice = unit.id == base || rows.iter().chain(kept).any(|row| row.unit_id == unit.id);
        input.check(!twice, || {
            Fault::conflict(fault::UNIT_TWICE)
                .with("unit", &unit.code)
                .at(here("unit").split('.'))
        });
        rows.push(ItemUnit {
            organisation_id: unit.organisation_id,
            id: ItemUnitId::generate(),
            item_id: item,
            unit_id: unit.id,
            factor: wanted.factor,
        });
    }
    rows
}

/// A unit by its code.
pub(crate) fn named<'a>(units: &'a [Unit], code: &str) -> Result<&'a Unit, Fault> {
    let code = code.trim().to_uppercase();
    units
        .iter()
        .find(|unit| unit.code == code)
        .ok_or_else(|| Fault::not_found(fault::UNIT_NOT_FOUND).with("unit", code))
}

pub(super) async fn insert(tx: &mut Tx, rows: &[ItemUnit]) -> Result<()> {
    if !rows.is_empty() {
        diesel::insert_into(item_unit::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Takes conversions away; one that movements were said in stays.
pub(super) async fn remove(tx: &mut Tx, rows: &[(usize, &ItemUnit, String)]) -> Result<()> {
    let Some((_, first, _)) = rows.iter().next() else {
        return Ok(());
    };
    let units: Vec<UnitId> = rows.iter().map(|(_, row, _)| row.unit_id).collect();
    let used: Vec<UnitId> = movement_line::table
        .filter(movement_line::organisation_id.eq(tx.organisation()))
        .filter(movement_line::item_id.eq(first.item_id))
        .filter(movement_line::unit_id.eq_any(&units))
        .select(movement_line::unit_id)
        .distinct()
        .load(tx.conn())
        .await?;
    let mut input = Input::new();
    for (at, row, code) in rows {
        input.check(!used.contains(&row.unit_id), || {
            Fault::not_allowed(fault::UNIT_IN_USE)
                .with("unit", code)
                .at(["patch".to_owned(), "removeUnits".to_owned(), at.to_string()])
        });
    }
    input.finish()?;
    let ids: Vec<ItemUnitId> = rows.iter().map(|(_, row, _)| row.id).collect();
    diesel::delete(
        item_unit::table
            .filter(item_unit::organisation_id.eq(tx.organisation()))
            .filter(item_unit::id.eq_any(ids)),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
