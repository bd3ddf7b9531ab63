//! Where finance posts for a company: the accounts of what is owed, of purchases, sales, bank and
//! exchange differences. Found in the company's chart when finance is set up for it.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check;
use kernel::filter::{DateTimeFilter, IdFilter};
use kernel::ids::{CompanyId, FinanceSettingId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Event, Fault, Faults, Result, Tx, listing};

use crate::fault;
use crate::open_item::OpenItemSide;
use crate::permission::{INVOICE_READ, TAX_MANAGE, covers, visible};
use crate::schema::setting;

/// Where finance posts for a company.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = setting,
    primary_key(organisation_id, id),
    check_for_backend(diesel::pg::Pg)
)]
pub struct FinanceSetting {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The setting.
    pub id: FinanceSettingId,
    /// The company.
    pub company_id: CompanyId,
    /// The currency of its books.
    pub currency: CurrencyCode,
    /// What is owed to suppliers; 400 in the Spanish plan.
    pub payable_account: String,
    /// What customers owe; 430.
    pub receivable_account: String,
    /// Purchases whose line names no account; 600.
    pub purchase_account: String,
    /// Sales whose line names no account; 700.
    pub sales_account: String,
    /// The bank; 572.
    pub bank_account: String,
    /// Exchange losses; 668.
    pub exchange_loss_account: String,
    /// Exchange gains; 768.
    pub exchange_gain_account: String,
    /// When finance was set up for the company.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl FinanceSetting {
    /// The account of what is owed on a side.
    pub fn control(&self, side: OpenItemSide) -> &str {
        match side {
            OpenItemSide::Payable => &self.payable_account,
            OpenItemSide::Receivable => &self.receivable_account,
        }
    }

    /// The account of a line that names none.
    pub fn of_line(&self, side: OpenItemSide) -> &str {
        match side {
            OpenItemSide::Payable => &self.purchase_account,
            OpenItemSide::Receivable => &self.sales_account,
        }
    }
}

listing! {
    /// Conditions on the settings of finance.
    filter FinanceSettingFilter {
        /// By company.
        company: IdFilter => company_id,
        /// By when finance was set up.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of the settings of finance.
    sort FinanceSettingSort;
    /// What the settings of finance can be sorted by.
    by FinanceSettingSortField {
        /// By when finance was set up.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default CreatedAt Asc;
    search [payable_account, receivable_account];
    from "finance" setting as FinanceSetting;
}

/// A page of the settings that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<FinanceSettingFilter, FinanceSettingSortField>,
) -> Result<Page<FinanceSetting>> {
    let visible = visible(tx, INVOICE_READ, "setting")?;
    list(tx, request, visible).await
}

/// How many settings the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<FinanceSettingFilter, FinanceSettingSortField>,
) -> Result<i64> {
    let visible = visible(tx, INVOICE_READ, "setting")?;
    tally(tx, request, visible).await
}

/// The visible ones among some settings.
pub async fn by_ids(tx: &mut Tx, ids: &[FinanceSettingId]) -> Result<Vec<FinanceSetting>> {
    let visible = visible(tx, INVOICE_READ, "setting")?;
    Ok(setting::table
        .filter(setting::organisation_id.eq(tx.organisation()))
        .filter(setting::id.eq_any(ids))
        .filter(visible)
        .select(FinanceSetting::as_select())
        .load(tx.conn())
        .await?)
}

/// Where finance posts for some companies; those without finance are absent.
pub(crate) async fn load_all(tx: &mut Tx, companies: &[CompanyId]) -> Result<Vec<FinanceSetting>> {
    Ok(setting::table
        .filter(setting::organisation_id.eq(tx.organisation()))
        .filter(setting::company_id.eq_any(companies))
        .select(FinanceSetting::as_select())
        .load(tx.conn())
        .await?)
}

/// Where finance posts for a company.
///
/// # Errors
/// `finance.not_set_up`.
pub async fn load(tx: &mut Tx, company: CompanyId) -> Result<FinanceSetting> {
    let found = load_all(tx, &[company]).await?.into_iter().next();
    Ok(found.ok_or_else(missing)?)
}

pub(crate) fn missing() -> Fault {
    Fault::not_allowed(fault::NOT_SET_UP).at(["company"])
}

/// Sets finance up for a company whose books are open: its accounts and the taxes of its country.
#[derive(Clone, Debug, InputObject)]
pub struct FinanceSetUpInput {
    /// The company.
    pub company: CompanyId,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Sets finance up for a company, by a person's wish.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn set_up(tx: &mut Tx, command: FinanceSetUpInput) -> Result<FinanceSetting> {
    tx.require_in(TAX_MANAGE, command.company, None)?;
    crate::tax::install(tx, command.company).await
}

/// Changes where finance posts for a company.
#[derive(Clone, Debug, InputObject)]
pub struct FinanceSettingUpdateInput {
    /// The setting.
    pub id: FinanceSettingId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: FinanceSettingPatch,
}

/// The accounts that change, by their codes in the company's chart.
#[derive(Clone, Debug, Default, InputObject)]
pub struct FinanceSettingPatch {
    /// What is owed to suppliers.
    pub payable_account: Option<String>,
    /// What customers owe.
    pub receivable_account: Option<String>,
    /// Purchases whose line names no account.
    pub purchase_account: Option<String>,
    /// Sales whose line names no account.
    pub sales_account: Option<String>,
    /// The bank.
    pub bank_account: Option<String>,
    /// Exchange losses.
    pub exchange_loss_account: Option<String>,
    /// Exchange gains.
    pub exchange_gain_account: Option<String>,
}

/// Changes where finance posts for a company from now on; what was posted stays where it is.
///
/// # Errors
/// An account that is not in the chart or takes no entries.
#[tracing::instrument(skip_all, fields(setting.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: FinanceSettingUpdateInput) -> Result<FinanceSetting> {
    let before = lock(tx, command.id).await?;
    check::version(before.version, command.expected_version)?;
    let mut after = FinanceSetting {
        version: before.version + 1,
        ..before.clone()
    };
    let patch = command.patch;
    let changes = [
        (
            "payableAccount",
            patch.payable_account,
            &mut after.payable_account,
        ),
        (
            "receivableAccount",
            patch.receivable_account,
            &mut after.receivable_account,
        ),
        (
            "purchaseAccount",
            patch.purchase_account,
            &mut after.purchase_account,
        ),
        (
            "salesAccount",
            patch.sales_account,
            &mut after.sales_account,
        ),
        ("bankAccount", patch.bank_account, &mut after.bank_account),
        (
            "exchangeLossAccount",
            patch.exchange_loss_account,
            &mut after.exchange_loss_account,
        ),
        (
            "exchangeGainAccount",
            patch.exchange_gain_account,
            &mut after.exchange_gain_account,
        ),
    ];
    let wanted: Vec<String> = changes
        .iter()
        .filter_map(|(_, code, _)| code.clone())
        .collect();
    let known = crate::account::postable(tx, &[after.company_id], &wanted).await?;
    let company = after.company_id;
    let mut faults = Faults::new();
    for (field, code, place) in changes {
        let Some(code) = code else { continue };
        faults.check(known.contains(&(company, code.clone())), || {
            Fault::invalid(fault::ACCOUNT_UNKNOWN)
                .with("code", &code)
                .at(["patch", field])
        });
        *place = code;
    }
    faults.check(after.payable_account != after.receivable_account, || {
        Fault::invalid(fault::CONTROL_ACCOUNTS).at(["patch", "payableAccount"])
    });
    faults.finish()?;
    diesel::update(setting::table.find((after.organisation_id, after.id)))
        .set(&after)
        .execute(tx.conn())
        .await?;
    tx.emit(told("finance.setting.updated", &before, &after))
        .await?;
    Ok(after)
}

fn told(action: &'static str, before: &FinanceSetting, after: &FinanceSetting) -> Event {
    Event::new(action, "FinanceSetting", after.id, INVOICE_READ)
        .company(after.company_id)
        .changed(
            "payableAccount",
            &before.payable_account,
            &after.payable_account,
        )
        .changed(
            "receivableAccount",
            &before.receivable_account,
            &after.receivable_account,
        )
        .changed(
            "purchaseAccount",
            &before.purchase_account,
            &after.purchase_account,
        )
        .changed("salesAccount", &before.sales_account, &after.sales_account)
        .changed("bankAccount", &before.bank_account, &after.bank_account)
}

async fn lock(tx: &mut Tx, id: FinanceSettingId) -> Result<FinanceSetting> {
    tx.require(TAX_MANAGE)?;
    let found: Option<FinanceSetting> = setting::table
        .find((tx.organisation(), id))
        .for_no_key_update()
        .select(FinanceSetting::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let found = found.filter(|row| covers(tx.actor(), TAX_MANAGE, row.company_id));
    Ok(found.ok_or_else(|| Fault::not_found(fault::SETTING_NOT_FOUND).at(["id"]))?)
}

pub(crate) async fn insert(tx: &mut Tx, row: &FinanceSetting) -> Result<()> {
    diesel::insert_into(setting::table)
        .values(row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            check::taken(
                error.into(),
                "setting_company",
                fault::SET_UP_ALREADY,
                "company",
            )
        })?;
    let event = Event::new(
        "finance.setting.created",
        "FinanceSetting",
        row.id,
        INVOICE_READ,
    );
    tx.emit(
        event
            .company(row.company_id)
            .set("payableAccount", &row.payable_account)
            .set("receivableAccount", &row.receivable_account),
    )
    .await?;
    Ok(())
}
