//! Categories of items: what items have in common, above all the accounts they are posted to.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, ItemCategoryId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Result, Tx, listing};

use crate::account::{self, StockAccountPurpose, account_code, category_has_moved};
use crate::fault;
use crate::permission::{ITEM_MANAGE, ITEM_READ, visible};
use crate::schema::item_category;

/// A category of items of a company.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = item_category,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Category {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The category.
    pub id: ItemCategoryId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code, unique in the company.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The account of its stock; the company's when absent.
    pub stock_account: Option<String>,
    /// The account of what goes; the company's when absent.
    pub cost_account: Option<String>,
    /// The account of what counts find; the company's when absent.
    pub adjustment_account: Option<String>,
    /// Since when it is not offered any more.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts its changes.
    pub version: i32,
}

listing! {
    /// Conditions on categories of items.
    filter ItemCategoryFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
        /// By name.
        name: TextFilter => name,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of categories of items.
    sort ItemCategorySort;
    /// What categories of items can be sorted by.
    by ItemCategorySortField {
        /// By code.
        Code = "CODE" => code,
        /// By name.
        Name = "NAME" => name,
    }
    default Code Asc;
    search [code, name];
    archived archived_at;
    from "inventory" item_category as Category;
}

/// A page of the categories that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ItemCategoryFilter, ItemCategorySortField>,
) -> Result<Page<Category>> {
    let visible = visible(tx, ITEM_READ, "item_category")?;
    list(tx, request, visible).await
}

/// How many categories the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ItemCategoryFilter, ItemCategorySortField>,
) -> Result<i64> {
    let visible = visible(tx, ITEM_READ, "item_category")?;
    tally(tx, request, visible).await
}

/// The visible ones among some categories.
pub async fn by_ids(tx: &mut Tx, ids: &[ItemCategoryId]) -> Result<Vec<Category>> {
    let visible = visible(tx, ITEM_READ, "item_category")?;
    Ok(item_category::table
        .filter(item_category::organisation_id.eq(tx.organisation()))
        .filter(item_category::id.eq_any(ids))
        .filter(visible)
        .select(Category::as_select())
        .load(tx.conn())
        .await?)
}

/// Some categories for a command, whatever the actor may see.
pub(crate) async fn load(tx: &mut Tx, ids: &[ItemCategoryId]) -> Result<Vec<Category>> {
    Ok(item_category::table
        .filter(item_category::organisation_id.eq(tx.organisation()))
        .filter(item_category::id.eq_any(ids))
        .select(Category::as_select())
        .load(tx.conn())
        .await?)
}

/// Makes a category of items.
#[derive(Clone, Debug, InputObject)]
pub struct ItemCategoryCreateInput {
    /// An id made by the client, `icg_…`.
    pub id: Option<ItemCategoryId>,
    /// The company.
    pub company: CompanyId,
    /// A code, unique in the company: capitals, digits and hyphens.
    pub code: String,
    /// The name.
    pub name: String,
    /// The account of its stock; the company's when absent.
    pub stock_account: Option<String>,
    /// The account of what goes; the company's when absent.
    pub cost_account: Option<String>,
    /// The account of what counts find; the company's when absent.
    pub adjustment_account: Option<String>,
}

/// Makes a category of items.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn create(tx: &mut Tx, command: ItemCategoryCreateInput) -> Result<Category> {
    tx.require_in(ITEM_MANAGE, command.company, None)?;
    directory::company::load(tx, command.company).await?;
    let mut input = Input::new();
    let mut account = |field: &str, code: &Option<String>| {
        input.take(field, check::each(code.as_deref(), account_code))
    };
    let accounts = (
        account("stockAccount", &command.stock_account),
        account("costAccount", &command.cost_account),
        account("adjustmentAccount", &command.adjustment_account),
    );
    let row = Category {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(ItemCategoryId::generate),
        company_id: command.company,
        code: input.take("code", check::code(&command.code)),
        name: input.take("name", check::text(&command.name, 100)),
        stock_account: accounts.0,
        cost_account: accounts.1,
        adjustment_account: accounts.2,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    diesel::insert_into(item_category::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "code"))?;
    tx.emit(event("inventory.item_category.created", &row).set("code", &row.code))
        .await?;
    Ok(row)
}

/// Changes a category of items.
#[derive(Clone, Debug, InputObject)]
pub struct ItemCategoryUpdateInput {
    /// The category.
    pub id: ItemCategoryId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: ItemCategoryPatch,
}

/// What of a category may change.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ItemCategoryPatch {
    /// The code.
    pub code: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The account of its stock; stays once stock was posted to it.
    pub stock_account: MaybeUndefined<String>,
    /// The account of what goes.
    pub cost_account: MaybeUndefined<String>,
    /// The account of what counts find.
    pub adjustment_account: MaybeUndefined<String>,
    /// Whether it is offered no more.
    pub is_archived: Option<bool>,
}

/// Changes a category of items.
#[tracing::instrument(skip_all, fields(category.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: ItemCategoryUpdateInput) -> Result<Category> {
    let seen = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(tx, &seen, command.patch)?;
    if next.stock_account != seen.stock_account {
        let accounts = account::load(tx, seen.company_id).await?;
        let code = |row| accounts.code(StockAccountPurpose::Stock, Some(row));
        if code(&next) != code(&seen) && category_has_moved(tx, seen.id).await? {
            let fault = Fault::not_allowed(fault::STOCK_ACCOUNT_IN_USE);
            return Err(fault.at(["patch", "stockAccount"]).into());
        }
    }
    diesel::update(item_category::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch.code"))?;
    let event = event("inventory.item_category.updated", &next)
        .changed("code", &seen.code, &next.code)
        .changed("name", &seen.name, &next.name)
        .changed("stockAccount", &seen.stock_account, &next.stock_account)
        .changed("costAccount", &seen.cost_account, &next.cost_account)
        .changed(
            "adjustmentAccount",
            &seen.adjustment_account,
            &next.adjustment_account,
        )
        .changed("archivedAt", &seen.archived_at, &next.archived_at);
    tx.emit(event).await?;
    Ok(next)
}

fn patched(tx: &Tx, seen: &Category, patch: ItemCategoryPatch) -> Result<Category> {
    let mut input = Input::new();
    let mut next = seen.clone();
    if let Some(code) = &patch.code {
        next.code = input.take("patch.code", check::code(code));
    }
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", check::text(name, 100));
    }
    let mut account = |field: &str, value: MaybeUndefined<String>, kept: &mut Option<String>| {
        if !value.is_undefined() {
            *kept = input.take(
                field,
                check::each(value.value().map(String::as_str), account_code),
            );
        }
    };
    account(
        "patch.stockAccount",
        patch.stock_account,
        &mut next.stock_account,
    );
    account(
        "patch.costAccount",
        patch.cost_account,
        &mut next.cost_account,
    );
    account(
        "patch.adjustmentAccount",
        patch.adjustment_account,
        &mut next.adjustment_account,
    );
    match patch.is_archived {
        Some(true) => next.archived_at = seen.archived_at.or(Some(tx.now())),
        Some(false) => next.archived_at = None,
        None => {}
    }
    next.version = seen.version + 1;
    input.finish()?;
    Ok(next)
}

async fn lock(tx: &mut Tx, id: ItemCategoryId) -> Result<Category> {
    let visible = visible(tx, ITEM_MANAGE, "item_category")?;
    item_category::table
        .filter(item_category::organisation_id.eq(tx.organisation()))
        .filter(item_category::id.eq(id))
        .filter(visible)
        .select(Category::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| {
            Fault::not_found(fault::CATEGORY_NOT_FOUND)
                .at(["id"])
                .into()
        })
}

fn event(action: &'static str, row: &Category) -> Event {
    Event::new(action, "ItemCategory", row.id, ITEM_READ).company(row.company_id)
}

fn told(error: kernel::Error, field: &str) -> kernel::Error {
    let error = taken(error, "item_category_code", fault::CODE_TAKEN, field);
    taken(error, "item_category_pkey", "kernel.id_taken", "id")
}
