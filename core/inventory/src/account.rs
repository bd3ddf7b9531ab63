//! What a company decides about its stock: where it is posted, by default in the accounts of the
//! Spanish plan for small companies (Real Decreto 1515/2007, PGC de PYMES), and whether it may go
//! below zero.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::ids::{CompanyId, OrganisationId};
use kernel::{Event, Fault, Result, Tx};

use crate::category::Category;
use crate::fault;
use crate::permission::{ITEM_MANAGE, ITEM_READ};
use crate::schema::{item, item_category, movement, movement_line, stock_account, stock_setting};

kernel::text_enum! {
    /// What is posted of stock.
    pub enum StockAccountPurpose {
        /// The value of stock; 300.
        Stock = "STOCK",
        /// Goods that came before their invoice; 4009.
        ReceivedNotInvoiced = "RECEIVED_NOT_INVOICED",
        /// The cost of what went, and differences of valuation; 610.
        CostOfSales = "COST_OF_SALES",
        /// What counts find missing or in excess; 610 until the company names its own.
        Adjustment = "ADJUSTMENT",
    }
}

impl StockAccountPurpose {
    /// The account when the company has named none.
    pub const fn default_code(self) -> &'static str {
        match self {
            Self::Stock => "300",
            Self::ReceivedNotInvoiced => "4009",
            Self::CostOfSales | Self::Adjustment => "610",
        }
    }
}

/// The account of a purpose.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = stock_account, check_for_backend(diesel::pg::Pg))]
pub struct StockAccount {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The company.
    pub company_id: CompanyId,
    /// What is posted.
    pub purpose: StockAccountPurpose,
    /// The code of the account in the company's chart.
    pub account_code: String,
}

/// What a company decides about its stock.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = stock_setting, check_for_backend(diesel::pg::Pg))]
pub struct StockSetting {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The company.
    pub company_id: CompanyId,
    /// Whether stock may go below zero, to be made good by what comes later.
    pub allows_negative: bool,
    /// Counts the changes; 0 for the defaults.
    pub version: i32,
}

/// The accounts of a company for posting.
#[derive(Clone, Debug, Default)]
pub struct Accounts(Vec<StockAccount>);

impl Accounts {
    /// The account of a purpose for an item of a category.
    pub fn code<'a>(
        &'a self,
        purpose: StockAccountPurpose,
        category: Option<&'a Category>,
    ) -> &'a str {
        let own = category.and_then(|category| match purpose {
            StockAccountPurpose::Stock => category.stock_account.as_deref(),
            StockAccountPurpose::CostOfSales => category.cost_account.as_deref(),
            StockAccountPurpose::Adjustment => category.adjustment_account.as_deref(),
            StockAccountPurpose::ReceivedNotInvoiced => None,
        });
        let named = self.0.iter().find(|row| row.purpose == purpose);
        own.or(named.map(|row| row.account_code.as_str()))
            .unwrap_or(purpose.default_code())
    }

    /// Every purpose with its account.
    pub fn into_rows(self) -> Vec<StockAccount> {
        self.0
    }
}

/// The accounts of a company, every purpose with its own or the default.
pub async fn of_company(tx: &mut Tx, company: CompanyId) -> Result<Vec<StockAccount>> {
    tx.require_in(ITEM_READ, company, None)?;
    directory::company::load(tx, company).await?;
    Ok(load(tx, company).await?.into_rows())
}

/// What a company decides about its stock, or the defaults.
pub async fn setting(tx: &mut Tx, company: CompanyId) -> Result<StockSetting> {
    tx.require_in(ITEM_READ, company, None)?;
    directory::company::load(tx, company).await?;
    load_setting(tx, company).await
}

/// The account of a company for a purpose, for who posts against stock, as invoices do against
/// [`StockAccountPurpose::ReceivedNotInvoiced`]. Checks no permission.
pub async fn code_of(
    tx: &mut Tx,
    company: CompanyId,
    purpose: StockAccountPurpose,
) -> Result<String> {
    Ok(load(tx, company).await?.code(purpose, None).to_owned())
}

pub(crate) async fn load(tx: &mut Tx, company: CompanyId) -> Result<Accounts> {
    let own: Vec<StockAccount> = stock_account::table
        .filter(stock_account::organisation_id.eq(tx.organisation()))
        .filter(stock_account::company_id.eq(company))
        .select(StockAccount::as_select())
        .load(tx.conn())
        .await?;
    let all = StockAccountPurpose::ALL.iter().map(|purpose| {
        let named = own.iter().find(|row| row.purpose == *purpose).cloned();
        named.unwrap_or_else(|| StockAccount {
            organisation_id: tx.organisation(),
            company_id: company,
            purpose: *purpose,
            account_code: purpose.default_code().to_owned(),
        })
    });
    Ok(Accounts(all.collect()))
}

pub(crate) async fn load_setting(tx: &mut Tx, company: CompanyId) -> Result<StockSetting> {
    let row = stock_setting::table
        .find((tx.organisation(), company))
        .select(StockSetting::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    Ok(row.unwrap_or_else(|| StockSetting {
        organisation_id: tx.organisation(),
        company_id: company,
        allows_negative: false,
        version: 0,
    }))
}

/// Names the account of a purpose.
#[derive(Clone, Debug, InputObject)]
pub struct StockAccountInput {
    /// What is posted.
    pub purpose: StockAccountPurpose,
    /// The code of the account in the company's chart.
    pub account: String,
}

/// Decides about a company's stock.
#[derive(Clone, Debug, InputObject)]
pub struct StockSettingsSetInput {
    /// The company.
    pub company: CompanyId,
    /// The accounts to name; the others stay.
    #[graphql(default)]
    pub accounts: Vec<StockAccountInput>,
    /// Whether stock may go below zero; stays as it is when absent.
    pub allows_negative: Option<bool>,
}

/// Names accounts of a company's stock and says whether it may go below zero. That an account
/// exists and takes entries is checked when a movement is posted.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn set(tx: &mut Tx, command: StockSettingsSetInput) -> Result<StockSetting> {
    tx.require_in(ITEM_MANAGE, command.company, None)?;
    directory::company::load(tx, command.company).await?;
    let rows = named(tx, &command).await?;
    let mut event = Event::new(
        "inventory.stock_settings.set",
        "Company",
        command.company,
        ITEM_READ,
    )
    .company(command.company);
    if !rows.is_empty() {
        use stock_account as t;
        diesel::insert_into(t::table)
            .values(&rows)
            .on_conflict((t::organisation_id, t::company_id, t::purpose))
            .do_update()
            .set(t::account_code.eq(excluded(t::account_code)))
            .execute(tx.conn())
            .await?;
        event = rows.iter().fold(event, |event, row| {
            event.set(row.purpose.text(), &row.account_code)
        });
    }
    let seen = load_setting(tx, command.company).await?;
    let next = StockSetting {
        allows_negative: command.allows_negative.unwrap_or(seen.allows_negative),
        version: seen.version + 1,
        ..seen.clone()
    };
    if next.allows_negative != seen.allows_negative {
        store(tx, &next).await?;
        event = event.changed(
            "allowsNegative",
            &seen.allows_negative,
            &next.allows_negative,
        );
    }
    tx.emit(event).await?;
    load_setting(tx, command.company).await
}

async fn store(tx: &mut Tx, row: &StockSetting) -> Result<()> {
    use stock_setting as t;
    diesel::insert_into(t::table)
        .values(row)
        .on_conflict((t::organisation_id, t::company_id))
        .do_update()
        .set((
            t::allows_negative.eq(row.allows_negative),
            t::version.eq(t::version + 1),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn named(tx: &mut Tx, command: &StockSettingsSetInput) -> Result<Vec<StockAccount>> {
    let seen = load(tx, command.company).await?;
    let moved = has_moved(tx, command.company).await?;
    let mut input = Input::new();
    let mut rows: Vec<StockAccount> = Vec::new();
    for (at, named) in command.accounts.iter().enumerate() {
        let field = format!("accounts.{at}.account");
        let account_code = input.take(&field, account_code(&named.account));
        let keeps = named.purpose != StockAccountPurpose::Stock
            || !moved
            || seen.code(StockAccountPurpose::Stock, None) == account_code;
        input.check(keeps, || {
            Fault::not_allowed(fault::STOCK_ACCOUNT_IN_USE).at(field.split('.'))
        });
        rows.retain(|row| row.purpose != named.purpose);
        rows.push(StockAccount {
            organisation_id: tx.organisation(),
            company_id: command.company,
            purpose: named.purpose,
            account_code,
        });
    }
    input.finish()?;
    Ok(rows)
}

/// The code of an account as it may be written.
pub(crate) fn account_code(value: &str) -> Result<String, Fault> {
    let value = check::text(value, 20)?;
    let fits = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if fits {
        Ok(value)
    } else {
        Err(Fault::invalid("directory.code_invalid"))
    }
}

/// Whether anything of a company's stock was ever posted.
async fn has_moved(tx: &mut Tx, company: CompanyId) -> Result<bool> {
    let query = movement::table
        .filter(movement::organisation_id.eq(tx.organisation()))
        .filter(movement::company_id.eq(company));
    Ok(diesel::select(diesel::dsl::exists(query))
        .get_result(tx.conn())
        .await?)
}

/// Whether an item of a category has ever moved.
pub(crate) async fn category_has_moved(
    tx: &mut Tx,
    category: kernel::ids::ItemCategoryId,
) -> Result<bool> {
    let items = item::table
        .filter(item::organisation_id.eq(tx.organisation()))
        .filter(item::category_id.eq(category))
        .select(item::id);
    let query = movement_line::table
        .filter(movement_line::organisation_id.eq(tx.organisation()))
        .filter(movement_line::item_id.eq_any(items));
    Ok(diesel::select(diesel::dsl::exists(query))
        .get_result(tx.conn())
        .await?)
}

/// Every account that a company's stock is posted to: its own and those of its categories.
pub(crate) async fn stock_codes(tx: &mut Tx, company: CompanyId) -> Result<Vec<String>> {
    let accounts = load(tx, company).await?;
    let mut codes: Vec<String> = item_category::table
        .filter(item_category::organisation_id.eq(tx.organisation()))
        .filter(item_category::company_id.eq(company))
        .filter(item_category::stock_account.is_not_null())
        .select(item_category::stock_account.assume_not_null())
        .distinct()
        .load(tx.conn())
        .await?;
    codes.push(accounts.code(StockAccountPurpose::Stock, None).to_owned());
    codes.sort();
    codes.dedup();
    Ok(codes)
}
