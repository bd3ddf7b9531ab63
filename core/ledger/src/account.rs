//! Accounts: the chart of a company, as a tree; detail accounts take postings, the others group.

use std::collections::HashMap;

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{AccountId, CompanyId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Event, Fault, Faults, Result, Tx};

use crate::fault;
use crate::permission::{ACCOUNT_MANAGE, ACCOUNT_READ, visible};
use crate::schema::account;

kernel::text_enum! {
    /// What an account measures.
    pub enum AccountKind {
        /// What the company has.
        Asset = "ASSET",
        /// What it owes.
        Liability = "LIABILITY",
        /// What belongs to its owners.
        Equity = "EQUITY",
        /// What it earns.
        Income = "INCOME",
        /// What it spends.
        Expense = "EXPENSE",
    }
}

kernel::text_enum! {
    /// The side on which an account's balance normally lies.
    pub enum NormalSide {
        /// Debit.
        Debit = "DEBIT",
        /// Credit.
        Credit = "CREDIT",
    }
}

kernel::enum_filter! {
    /// Conditions on the kind of an account.
    AccountKindFilter of AccountKind
}

impl AccountKind {
    /// The side on which accounts of this kind normally lie.
    pub const fn normal_side(self) -> NormalSide {
        match self {
            Self::Asset | Self::Expense => NormalSide::Debit,
            Self::Liability | Self::Equity | Self::Income => NormalSide::Credit,
        }
    }
}

/// An account.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = account, check_for_backend(diesel::pg::Pg))]
pub struct Account {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The account.
    pub id: AccountId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code, unique in the company.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English; the Spanish one serves when absent.
    pub name_en: Option<String>,
    /// What it measures.
    pub kind: AccountKind,
    /// The side on which its balance normally lies.
    pub normal_side: NormalSide,
    /// The account that it adds up into.
    pub parent_id: Option<AccountId>,
    /// Whether lines may be posted to it.
    pub postable: bool,
    /// The only currency that it takes, if it takes but one.
    pub currency: Option<CurrencyCode>,
    /// Since when it takes no more postings.
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

impl Account {
    /// Its name in a language.
    pub fn name(&self, locale: kernel::Locale) -> &str {
        match locale {
            kernel::Locale::Es => &self.name_es,
            kernel::Locale::En => self.name_en.as_deref().unwrap_or(&self.name_es),
        }
    }
}

kernel::listing! {
    /// Conditions on accounts.
    filter AccountFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
        /// By name in Spanish.
        name: TextFilter => name_es,
        /// By kind.
        kind: AccountKindFilter => kind,
        /// By the account above.
        parent: IdFilter => parent_id,
        /// By whether lines may be posted to it.
        postable: BooleanFilter => postable,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of accounts.
    sort AccountSort;
    /// What accounts can be sorted by.
    by AccountSortField {
        /// By code.
        Code = "CODE" => code,
        /// By name in Spanish.
        Name = "NAME" => name_es,
    }
    default Code Asc;
    search [code, name_es, name_en];
    archived archived_at;
    from "ledger" account as Account;
}

/// A new account.
#[derive(Clone, Debug, InputObject)]
pub struct AccountCreateInput {
    /// Its id, when the client makes it.
    pub id: Option<AccountId>,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code: 1 to 20 letters, digits, dots or hyphens.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// What it measures.
    pub kind: AccountKind,
    /// The side on which its balance normally lies; that of its kind when absent.
    pub normal_side: Option<NormalSide>,
    /// The account that it adds up into.
    pub parent_id: Option<AccountId>,
    /// Whether lines may be posted to it.
    #[graphql(default = true)]
    pub postable: bool,
    /// The only currency that it takes.
    pub currency: Option<CurrencyCode>,
}

/// A change of an account.
#[derive(Clone, Debug, InputObject)]
pub struct AccountUpdateInput {
    /// The account.
    pub id: AccountId,
    /// The version that the change is based on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: AccountPatch,
}

/// What of an account can change. Its code and kind can't: entries speak by them.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AccountPatch {
    /// Its name in Spanish.
    pub name_es: Option<String>,
    /// Its name in English; null removes it.
    pub name_en: MaybeUndefined<String>,
    /// The account that it adds up into; null makes it a root.
    pub parent_id: MaybeUndefined<AccountId>,
    /// Whether lines may be posted to it.
    pub postable: Option<bool>,
}

/// Puts an account out of use.
#[derive(Clone, Debug, InputObject)]
pub struct AccountArchiveInput {
    /// The account.
    pub id: AccountId,
    /// The version that the change is based on.
    pub expected_version: Option<i32>,
}

/// The accounts of a request that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<AccountFilter, AccountSortField>,
) -> Result<Page<Account>> {
    let visible = visible(tx, ACCOUNT_READ, "account")?;
    list(tx, request, visible).await
}

/// How many accounts of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<AccountFilter, AccountSortField>,
) -> Result<i64> {
    let visible = visible(tx, ACCOUNT_READ, "account")?;
    tally(tx, request, visible).await
}

/// The visible ones of some accounts.
pub async fn by_ids(tx: &mut Tx, ids: &[AccountId]) -> Result<Vec<Account>> {
    let visible = visible(tx, ACCOUNT_READ, "account")?;
    Ok(account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::id.eq_any(ids))
        .filter(visible)
        .select(Account::as_select())
        .load(tx.conn())
        .await?)
}

/// An account that the actor may see.
pub async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// Creates an account.
pub async fn create(tx: &mut Tx, command: AccountCreateInput) -> Result<Account> {
    tx.require_in(ACCOUNT_MANAGE, command.company_id, None)?;
    let near = near(tx, &command).await?;
    check_new(&command, &near)?;
    let created = Account {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(AccountId::generate),
        company_id: command.company_id,
        code: command.code,
        name_es: command.name_es.trim().to_owned(),
        name_en: command.name_en.map(|name| name.trim().to_owned()),
        kind: command.kind,
        normal_side: command.normal_side.unwrap_or(command.kind.normal_side()),
        parent_id: command.parent_id,
        postable: command.postable,
        currency: command.currency,
        archived_at: None,
        version: 1,
    };
    crate::chart::require_book(tx, created.company_id).await?;
    diesel::insert_into(account::table)
        .values(&created)
        .execute(tx.conn())
        .await?;
    let event = Event::new(
        "ledger.account.created",
        "Account",
        created.id,
        ACCOUNT_READ,
    )
    .company(created.company_id)
    .set("code", &created.code)
    .set("nameEs", &created.name_es)
    .set("kind", created.kind);
    tx.emit(event).await?;
    Ok(created)
}

/// Changes an account's names, place or use.
pub async fn update(tx: &mut Tx, command: AccountUpdateInput) -> Result<Account> {
    let before = locked(tx, command.id, command.expected_version).await?;
    let parents = parents(tx, before.company_id).await?;
    let after = changed(&before, &command.patch, &parents)?;
    store(tx, &after).await?;
    let event = Event::new("ledger.account.updated", "Account", after.id, ACCOUNT_READ)
        .company(after.company_id)
        .changed("nameEs", &before.name_es, &after.name_es)
        .changed("nameEn", &before.name_en, &after.name_en)
        .changed("parentId", &before.parent_id, &after.parent_id)
        .changed("postable", &before.postable, &after.postable);
    tx.emit(event).await?;
    Ok(after)
}

/// Archives an account that has no balance and no accounts in use below it.
pub async fn archive(tx: &mut Tx, command: AccountArchiveInput) -> Result<Account> {
    let before = locked(tx, command.id, command.expected_version).await?;
    let children: i64 = account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::parent_id.eq(before.id))
        .filter(account::archived_at.is_null())
        .count()
        .get_result(tx.conn())
        .await?;
    let balanced = crate::balance::is_zero(tx, before.company_id, before.id).await?;
    let mut faults = Faults::new();
    let refused = |reason| {
        Fault::not_allowed(reason)
            .at(["id"])
            .with("code", &before.code)
    };
    faults.check(children == 0, || refused("ledger.account_has_children"));
    faults.check(balanced, || refused("ledger.account_has_balance"));
    faults.finish()?;
    let after = Account {
        archived_at: before.archived_at.or(Some(tx.now())),
        version: before.version + 1,
        ..before
    };
    store(tx, &after).await?;
    let event = Event::new("ledger.account.archived", "Account", after.id, ACCOUNT_READ);
    tx.emit(
        event
            .company(after.company_id)
            .set("archivedAt", after.archived_at),
    )
    .await?;
    Ok(after)
}

/// Whether a text can be the code of an account.
pub(crate) fn is_code(text: &str) -> bool {
    let first = text
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric());
    let rest = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    first && rest && text.len() <= 20
}

fn check_new(command: &AccountCreateInput, near: &[Account]) -> Result<()> {
    let mut faults = Faults::new();
    let code = &command.code;
    let fault = |reason| Fault::invalid(reason).at(["code"]).with("code", code);
    faults.check(is_code(code), || fault("ledger.account_code_invalid"));
    faults.check(!near.iter().any(|one| one.code == *code), || {
        Fault::conflict("ledger.account_code_taken")
            .at(["code"])
            .with("code", code)
    });
    fault::name("nameEs", &command.name_es, 200)
        .into_iter()
        .for_each(|fault| faults.push(fault));
    if let Some(name) = &command.name_en {
        fault::name("nameEn", name, 200)
            .into_iter()
            .for_each(|fault| faults.push(fault));
    }
    if let Some(parent) = command.parent_id {
        faults.check(near.iter().any(|one| one.id == parent), || {
            unknown_parent(parent)
        });
    }
    faults.finish()
}

fn unknown_parent(parent: AccountId) -> Fault {
    Fault::not_found("ledger.parent_unknown")
        .at(["parentId"])
        .with("code", parent)
}

fn changed(
    before: &Account,
    patch: &AccountPatch,
    parents: &HashMap<AccountId, Option<AccountId>>,
) -> Result<Account> {
    let mut after = Account {
        version: before.version + 1,
        ..before.clone()
    };
    let mut faults = Faults::new();
    if let Some(name) = &patch.name_es {
        fault::name("nameEs", name, 200)
            .into_iter()
            .for_each(|fault| faults.push(fault));
        after.name_es = name.trim().to_owned();
    }
    match &patch.name_en {
        MaybeUndefined::Value(name) => {
            fault::name("nameEn", name, 200)
                .into_iter()
                .for_each(|fault| faults.push(fault));
            after.name_en = Some(name.trim().to_owned());
        }
        MaybeUndefined::Null => after.name_en = None,
        MaybeUndefined::Undefined => {}
    }
    match patch.parent_id {
        MaybeUndefined::Value(parent) => {
            faults.check(parents.contains_key(&parent), || unknown_parent(parent));
            faults.check(!hangs_from(parents, parent, before.id), || {
                Fault::invalid("ledger.parent_cycle").at(["parentId"])
            });
            after.parent_id = Some(parent);
        }
        MaybeUndefined::Null => after.parent_id = None,
        MaybeUndefined::Undefined => {}
    }
    after.postable = patch.postable.unwrap_or(before.postable);
    faults.finish().map_err(under_patch)?;
    Ok(after)
}

fn under_patch(error: kernel::Error) -> kernel::Error {
    match error {
        kernel::Error::Refused(faults) => kernel::Error::Refused(
            faults
                .into_iter()
                .map(|fault| fault.under(["patch"]))
                .collect(),
        ),
        other => other,
    }
}

/// Whether an account is another one or hangs from it.
fn hangs_from(
    parents: &HashMap<AccountId, Option<AccountId>>,
    account: AccountId,
    above: AccountId,
) -> bool {
    let mut at = Some(account);
    for _ in 0..=parents.len() {
        match at {
            Some(id) if id == above => return true,
            Some(id) => at = parents.get(&id).copied().flatten(),
            None => return false,
        }
    }
    true
}

async fn near(tx: &mut Tx, command: &AccountCreateInput) -> Result<Vec<Account>> {
    let same = account::code.eq(command.code.clone());
    Ok(account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::company_id.eq(command.company_id))
        .filter(same.or(account::id.eq_any(command.parent_id)))
        .select(Account::as_select())
        .load(tx.conn())
        .await?)
}

async fn locked(tx: &mut Tx, id: AccountId, expected: Option<i32>) -> Result<Account> {
    tx.require(ACCOUNT_MANAGE)?;
    let found: Option<Account> = account::table
        .find((tx.organisation(), id))
        .for_no_key_update()
        .select(Account::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let missing = || {
        Fault::not_found("ledger.account_unknown")
            .at(["id"])
            .with("code", id)
    };
    let found = found.ok_or_else(missing)?;
    if !tx
        .actor()
        .scope(ACCOUNT_MANAGE)
        .covers(Some(found.company_id), None)
    {
        return Err(missing().into());
    }
    if expected.is_some_and(|version| version != found.version) {
        return Err(Fault::stale().into());
    }
    Ok(found)
}

async fn parents(tx: &mut Tx, company: CompanyId) -> Result<HashMap<AccountId, Option<AccountId>>> {
    let pairs: Vec<(AccountId, Option<AccountId>)> = account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::company_id.eq(company))
        .select((account::id, account::parent_id))
        .load(tx.conn())
        .await?;
    Ok(pairs.into_iter().collect())
}

async fn store(tx: &mut Tx, after: &Account) -> Result<()> {
    diesel::update(account::table.find((after.organisation_id, after.id)))
        .set((
            account::name_es.eq(&after.name_es),
            account::name_en.eq(&after.name_en),
            account::parent_id.eq(after.parent_id),
            account::postable.eq(after.postable),
            account::archived_at.eq(after.archived_at),
            account::version.eq(after.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_seen_before_it_is_made() {
        let [a, b, c] = [(); 3].map(|()| AccountId::generate());
        let parents = HashMap::from([(a, None), (b, Some(a)), (c, Some(b))]);
        assert!(hangs_from(&parents, c, a));
        assert!(hangs_from(&parents, a, a));
        assert!(!hangs_from(&parents, a, c));
    }

    #[test]
    fn codes_are_short_and_plain() {
        assert!(is_code("4751") && is_code("572.001"));
        assert!(!is_code("") && !is_code(".1") && !is_code("=1+1") && !is_code("ñ"));
    }
}
