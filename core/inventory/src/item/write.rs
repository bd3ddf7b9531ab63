//! Items made, changed, archived and restored.

use async_graphql::{InputObject, MaybeUndefined};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::ids::{CompanyId, ItemCategoryId, ItemId, UnitId};
use kernel::{Dec, Event, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::conversion::{self, ItemUnit, ItemUnitInput};
use super::{Item, Valuation, gtin};
use crate::account::{self, StockAccountPurpose};
use crate::category::{self, Category};
use crate::fault;
use crate::permission::{ITEM_MANAGE, ITEM_READ, visible};
use crate::schema::{holding, item, movement_line};
use crate::unit::{self, Unit};

/// Makes an item.
#[derive(Clone, Debug, InputObject)]
pub struct ItemCreateInput {
    /// An id made by the client, `itm_…`.
    pub id: Option<ItemId>,
    /// The company.
    pub company: CompanyId,
    /// A code, unique in the company, of at most 40 characters.
    pub code: String,
    /// The id in another system, unique in the company.
    pub external_id: Option<String>,
    /// The name.
    pub name: String,
    /// What it is, in at most 2,000 characters.
    pub description: Option<String>,
    /// The category.
    pub category: Option<ItemCategoryId>,
    /// The code of the unit that its stock is kept in, for example UN or KG.
    pub unit: String,
    /// What other units are in that unit: one BOX is 12.
    #[graphql(default)]
    pub units: Vec<ItemUnitInput>,
    /// The barcode, 8, 12, 13 or 14 digits.
    pub gtin: Option<String>,
    /// Whether stock is kept of it; no for services.
    #[graphql(default = true)]
    pub is_tracked: bool,
    /// How its stock is valued; moving average when absent.
    pub valuation: Option<Valuation>,
    /// What one unit sells for, before tax, in the currency of the books.
    pub list_price: Option<Dec>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Makes an item.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn create(tx: &mut Tx, command: ItemCreateInput) -> Result<Item> {
    tx.require_in(ITEM_MANAGE, command.company, None)?;
    directory::company::load(tx, command.company).await?;
    let units = unit::ensure_standard(tx).await?;
    let mut input = Input::new();
    let category = category_of(
        tx,
        &mut input,
        "category",
        command.company,
        command.category,
    );
    let category = category.await?;
    let (row, own) = decide(tx, &mut input, &command, &units);
    input.finish()?;
    diesel::insert_into(item::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), ""))?;
    conversion::insert(tx, &own).await?;
    let made = event("inventory.item.created", &row)
        .set("code", &row.code)
        .set("name", &row.name)
        .set("category", category.map(|category| category.code))
        .set("valuation", row.valuation);
    tx.emit(made).await?;
    Ok(row)
}

fn decide(
    tx: &Tx,
    input: &mut Input,
    command: &ItemCreateInput,
    units: &[Unit],
) -> (Item, Vec<ItemUnit>) {
    let id = command.id.unwrap_or_else(ItemId::generate);
    let named = conversion::named(units, &command.unit);
    let unit_id = input.try_take("unit", named).map(|unit| unit.id);
    let unit_id = unit_id.unwrap_or_else(UnitId::generate);
    let own = conversion::decide(input, "units", (id, unit_id), &command.units, units, &[]);
    input.check(is_price(command.list_price), || {
        Fault::invalid(fault::NUMBER_OUT_OF_RANGE).at(["listPrice"])
    });
    let external = check::optional(command.external_id.as_deref(), 100);
    let description = check::optional(command.description.as_deref(), 2_000);
    let row = Item {
        organisation_id: tx.organisation(),
        id,
        company_id: command.company,
        code: input.take("code", item_code(&command.code)),
        external_id: input.take("externalId", external),
        name: input.take("name", check::text(&command.name, 200)),
        description: input.take("description", description),
        category_id: command.category,
        unit_id,
        gtin: input.take("gtin", check::each(command.gtin.as_deref(), gtin::check)),
        is_tracked: command.is_tracked,
        valuation: command.valuation.unwrap_or(Valuation::MovingAverage),
        list_price: command.list_price,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    (row, own)
}

/// A code of an item: people number articles in many ways, so all but the case is kept.
fn item_code(value: &str) -> Result<String, Fault> {
    check::text(value, 40).map(|code| code.to_uppercase())
}

fn is_price(price: Option<Dec>) -> bool {
    price.is_none_or(|price| {
        let value = price.0;
        !value.is_sign_negative()
            && value.normalize().scale() <= 4
            && value < Decimal::from(1_000_000_000_000_i64)
    })
}

/// The category that is named, which must be the company's and in use.
async fn category_of(
    tx: &mut Tx,
    input: &mut Input,
    field: &str,
    company: CompanyId,
    named: Option<ItemCategoryId>,
) -> Result<Option<Category>> {
    let Some(id) = named else { return Ok(None) };
    let found = category::load(tx, &[id]).await?.into_iter().next();
    let found = found.filter(|row| row.company_id == company && row.archived_at.is_none());
    input.check(found.is_some(), || {
        Fault::not_found(fault::CATEGORY_NOT_FOUND).at(field.split('.'))
    });
    Ok(found)
}

/// Changes an item.
#[derive(Clone, Debug, InputObject)]
pub struct ItemUpdateInput {
    /// The item.
    pub id: ItemId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: ItemPatch,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What of an item may change.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ItemPatch {
    /// The code.
    pub code: Option<String>,
    /// The id in another system.
    pub external_id: MaybeUndefined<String>,
    /// The name.
    pub name: Option<String>,
    /// What it is.
    pub description: MaybeUndefined<String>,
    /// The category; one with another account of stock only while the item has never moved.
    pub category: MaybeUndefined<ItemCategoryId>,
    /// The code of the unit that its stock is kept in; stays once the item has moved.
    pub unit: Option<String>,
    /// Conversions to add.
    #[graphql(default)]
    pub add_units: Vec<ItemUnitInput>,
    /// Codes of units whose conversions are taken away; one that movements used stays.
    #[graphql(default)]
    pub remove_units: Vec<String>,
    /// The barcode.
    pub gtin: MaybeUndefined<String>,
    /// Whether stock is kept of it; no only while there is none.
    pub is_tracked: Option<bool>,
    /// How its stock is valued; changes only while there is none.
    pub valuation: Option<Valuation>,
    /// What one unit sells for, before tax, in the currency of the books.
    pub list_price: MaybeUndefined<Dec>,
}

/// Changes an item.
#[tracing::instrument(skip_all, fields(item.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: ItemUpdateInput) -> Result<Item> {
    let seen = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    let units = unit::ensure_standard(tx).await?;
    let own = conversion::load(tx, &[seen.id]).await?;
    let mut input = Input::new();
    let next = patched(&mut input, &seen, &command.patch, &units);
    let removed = removed(&mut input, &command.patch.remove_units, &units, &own);
    let gone = |row: &ItemUnit| removed.iter().any(|(_, other, _)| other.id == row.id);
    let kept: Vec<ItemUnit> = own.iter().filter(|row| !gone(row)).cloned().collect();
    let add = &command.patch.add_units;
    let key = (next.id, next.unit_id);
    let added = conversion::decide(&mut input, "patch.addUnits", key, add, &units, &kept);
    allowed(tx, &mut input, &seen, &next).await?;
    input.finish()?;
    conversion::remove(tx, &removed).await?;
    conversion::insert(tx, &added).await?;
    store(tx, &next).await?;
    let event = told_changes(&seen, &next)
        .set("unitsAdded", added.len())
        .set("unitsRemoved", removed.len());
    tx.emit(event).await?;
    Ok(next)
}

fn patched(input: &mut Input, seen: &Item, patch: &ItemPatch, units: &[Unit]) -> Item {
    let mut next = seen.clone();
    if let Some(code) = &patch.code {
        next.code = input.take("patch.code", item_code(code));
    }
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", check::text(name, 200));
    }
    if !patch.external_id.is_undefined() {
        let value = patch.external_id.value().map(String::as_str);
        next.external_id = input.take("patch.externalId", check::optional(value, 100));
    }
    if !patch.description.is_undefined() {
        let value = patch.description.value().map(String::as_str);
        next.description = input.take("patch.description", check::optional(value, 2_000));
    }
    if !patch.gtin.is_undefined() {
        let value = patch.gtin.value().map(String::as_str);
        next.gtin = input.take("patch.gtin", check::each(value, gtin::check));
    }
    if !patch.list_price.is_undefined() {
        next.list_price = patch.list_price.value().copied();
        input.check(is_price(next.list_price), || {
            Fault::invalid(fault::NUMBER_OUT_OF_RANGE).at(["patch", "listPrice"])
        });
    }
    if let Some(code) = &patch.unit
        && let Some(unit) = input.try_take("patch.unit", conversion::named(units, code))
    {
        next.unit_id = unit.id;
    }
    if !patch.category.is_undefined() {
        next.category_id = patch.category.value().copied();
    }
    next.is_tracked = patch.is_tracked.unwrap_or(seen.is_tracked);
    next.valuation = patch.valuation.unwrap_or(seen.valuation);
    next.version = seen.version + 1;
    next
}

/// The conversions that are taken away, each with its place in the input and the unit's code.
fn removed<'a>(
    input: &mut Input,
    codes: &[String],
    units: &[Unit],
    own: &'a [ItemUnit],
) -> Vec<(usize, &'a ItemUnit, String)> {
    let mut rows = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        let found = conversion::named(units, code).and_then(|unit| {
            let row = own.iter().find(|row| row.unit_id == unit.id);
            row.ok_or_else(|| Fault::not_found(fault::UNIT_NOT_FOUND).with("unit", &unit.code))
        });
        if let Some(row) = input.try_take(&format!("patch.removeUnits.{at}"), found) {
            rows.push((at, row, code.trim().to_uppercase()));
        }
    }
    rows
}

/// What an item that has moved, or has stock, must keep.
async fn allowed(tx: &mut Tx, input: &mut Input, seen: &Item, next: &Item) -> Result<()> {
    let category = match next.category_id == seen.category_id {
        true => None,
        false => {
            let field = "patch.category";
            category_of(tx, input, field, seen.company_id, next.category_id).await?
        }
    };
    if next.unit_id != seen.unit_id && has_moved(tx, seen.id).await? {
        input.check(false, || {
            Fault::not_allowed(fault::ITEM_HAS_MOVED).at(["patch", "unit"])
        });
    }
    let revalued = next.valuation != seen.valuation;
    let untracked = seen.is_tracked && !next.is_tracked;
    if (revalued || untracked) && has_stock(tx, seen.id).await? {
        let field = if revalued { "valuation" } else { "isTracked" };
        input.check(false, || {
            Fault::not_allowed(fault::ITEM_HAS_STOCK).at(["patch", field])
        });
    }
    if next.category_id != seen.category_id && has_moved(tx, seen.id).await? {
        let accounts = account::load(tx, seen.company_id).await?;
        let before = match seen.category_id {
            Some(id) => category::load(tx, &[id]).await?.into_iter().next(),
            None => None,
        };
        let code =
            |row: Option<&Category>| accounts.code(StockAccountPurpose::Stock, row).to_owned();
        input.check(code(before.as_ref()) == code(category.as_ref()), || {
            Fault::not_allowed(fault::STOCK_ACCOUNT_IN_USE).at(["patch", "category"])
        });
    }
    Ok(())
}

/// Archives an item: it is offered no more and takes nothing in.
#[derive(Clone, Debug, InputObject)]
pub struct ItemArchiveInput {
    /// The item.
    pub id: ItemId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Archives an item that has no stock.
#[tracing::instrument(skip_all, fields(item.id = %command.id), err)]
pub async fn archive(tx: &mut Tx, command: ItemArchiveInput) -> Result<Item> {
    let seen = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    if has_stock(tx, seen.id).await? {
        return Err(Fault::not_allowed(fault::ITEM_HAS_STOCK).at(["id"]).into());
    }
    let next = Item {
        archived_at: seen.archived_at.or(Some(tx.now())),
        version: seen.version + 1,
        ..seen
    };
    store(tx, &next).await?;
    tx.emit(event("inventory.item.archived", &next)).await?;
    Ok(next)
}

/// Brings an archived item back.
#[derive(Clone, Debug, InputObject)]
pub struct ItemRestoreInput {
    /// The item.
    pub id: ItemId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Brings an archived item back.
#[tracing::instrument(skip_all, fields(item.id = %command.id), err)]
pub async fn restore(tx: &mut Tx, command: ItemRestoreInput) -> Result<Item> {
    let seen = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    let next = Item {
        archived_at: None,
        version: seen.version + 1,
        ..seen
    };
    store(tx, &next).await?;
    tx.emit(event("inventory.item.restored", &next)).await?;
    Ok(next)
}

async fn lock(tx: &mut Tx, id: ItemId) -> Result<Item> {
    let visible = visible(tx, ITEM_MANAGE, "item")?;
    item::table
        .filter(item::organisation_id.eq(tx.organisation()))
        .filter(item::id.eq(id))
        .filter(visible)
        .select(Item::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found(fault::ITEM_NOT_FOUND).at(["id"]).into())
}

async fn store(tx: &mut Tx, row: &Item) -> Result<()> {
    diesel::update(item::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch."))?;
    Ok(())
}

async fn has_moved(tx: &mut Tx, id: ItemId) -> Result<bool> {
    let query = movement_line::table
        .filter(movement_line::organisation_id.eq(tx.organisation()))
        .filter(movement_line::item_id.eq(id));
    Ok(diesel::select(diesel::dsl::exists(query))
        .get_result(tx.conn())
        .await?)
}

async fn has_stock(tx: &mut Tx, id: ItemId) -> Result<bool> {
    let query = holding::table
        .filter(holding::organisation_id.eq(tx.organisation()))
        .filter(holding::item_id.eq(id))
        .filter(holding::quantity.ne(Dec(Decimal::ZERO)));
    Ok(diesel::select(diesel::dsl::exists(query))
        .get_result(tx.conn())
        .await?)
}

fn event(action: &'static str, row: &Item) -> Event {
    Event::new(action, "Item", row.id, ITEM_READ).company(row.company_id)
}

fn told_changes(seen: &Item, next: &Item) -> Event {
    event("inventory.item.updated", next)
        .changed("code", &seen.code, &next.code)
        .changed("externalId", &seen.external_id, &next.external_id)
        .changed("name", &seen.name, &next.name)
        .changed("description", &seen.description, &next.description)
        .changed("category", &seen.category_id, &next.category_id)
        .changed("unit", &seen.unit_id, &next.unit_id)
        .changed("gtin", &seen.gtin, &next.gtin)
        .changed("isTracked", &seen.is_tracked, &next.is_tracked)
        .changed("valuation", &seen.valuation, &next.valuation)
        .changed("listPrice", &seen.list_price, &next.list_price)
}

fn told(error: kernel::Error, under: &str) -> kernel::Error {
    let at = |field: &str| format!("{under}{field}");
    let error = taken(error, "item_code", fault::CODE_TAKEN, &at("code"));
    let error = taken(error, "item_gtin", fault::GTIN_TAKEN, &at("gtin"));
    let external = fault::EXTERNAL_ID_TAKEN;
    let error = taken(error, "item_external_id", external, &at("externalId"));
    taken(error, "item_pkey", "kernel.id_taken", "id")
}
