//! The trial balance: every account's opening, turnover and closing, rolled up along the chart.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::ids::{AccountId, CompanyId};
use kernel::{CurrencyCode, Result, Tx};

use super::check_range;
use crate::account::Account;
use crate::balance::{self, Slice, Turnover};
use crate::permission::REPORT_READ;
use crate::schema::account;

/// What a trial balance is asked for.
#[derive(Clone, Debug)]
pub struct TrialBalanceRequest {
    /// The company.
    pub company: CompanyId,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Which part of the lines.
    pub slice: Slice,
    /// How many levels of the chart; all when absent.
    pub levels: Option<u32>,
}

/// A trial balance.
#[derive(Clone, Debug)]
pub struct TrialBalance {
    /// The currency of the books.
    pub currency: CurrencyCode,
    /// A row for each account that has moved or stands above one that has, by the chart.
    pub rows: Vec<TrialBalanceRow>,
    /// The sum of all detail rows: opening and closing are zero, debit equals credit.
    pub total: Turnover,
}

/// An account's row of a trial balance, with all accounts below it.
#[derive(Clone, Debug)]
pub struct TrialBalanceRow {
    /// The account.
    pub account: Account,
    /// Its depth in the chart, from 0.
    pub depth: u32,
    /// Its figures in the currency of the books.
    pub turnover: Turnover,
}

/// The trial balance of a company for a range of days.
pub async fn trial_balance(tx: &mut Tx, request: TrialBalanceRequest) -> Result<TrialBalance> {
    tx.require_in(REPORT_READ, request.company, None)?;
    check_range(request.from, request.to)?;
    let currency = crate::chart::require_book(tx, request.company).await?;
    let own =
        balance::turnover(tx, request.company, request.from, request.to, request.slice).await?;
    let accounts = up_the_chart(tx, own.keys().copied().collect()).await?;
    let total = own
        .values()
        .fold(Turnover::default(), |sum, one| sum.plus(*one));
    let mut rows = roll_up(accounts, &own);
    rows.retain(|row| request.levels.is_none_or(|levels| row.depth < levels));
    Ok(TrialBalance {
        currency,
        rows,
        total,
    })
}

/// Some accounts and all that stand above them, by their codes: of a chart of eight hundred a company
/// moves some dozens.
async fn up_the_chart(tx: &mut Tx, moved: Vec<AccountId>) -> Result<Vec<Account>> {
    let organisation = tx.organisation();
    let wanted = sql::<Bool>("id IN (WITH RECURSIVE up AS (SELECT a.id, a.parent_id FROM ")
        .sql("ledger.account a WHERE a.organisation_id = ")
        .bind::<SqlUuid, _>(organisation)
        .sql(" AND a.id = ANY(")
        .bind::<Array<SqlUuid>, _>(moved)
        .sql(") UNION SELECT a.id, a.parent_id FROM up JOIN ledger.account a ON ")
        .sql("a.organisation_id = ")
        .bind::<SqlUuid, _>(organisation)
        .sql(" AND a.id = up.parent_id) SELECT up.id FROM up)");
    Ok(account::table
        .filter(account::organisation_id.eq(organisation))
        .filter(wanted)
        .order(account::code)
        .select(Account::as_select())
        .load(tx.conn())
        .await?)
}

/// Adds every account's figures to all above it; rows come in the order of the tree.
fn roll_up(accounts: Vec<Account>, own: &HashMap<AccountId, Turnover>) -> Vec<TrialBalanceRow> {
    let parents: HashMap<AccountId, Option<AccountId>> = accounts
        .iter()
        .map(|account| (account.id, account.parent_id))
        .collect();
    let mut sums: HashMap<AccountId, Turnover> = HashMap::new();
    for (id, turnover) in own {
        for above in path(&parents, *id) {
            let sum = sums.entry(above).or_default();
            *sum = sum.plus(*turnover);
        }
    }
    let codes: HashMap<AccountId, String> = accounts
        .iter()
        .map(|account| (account.id, account.code.clone()))
        .collect();
    let mut rows: Vec<(Vec<&String>, TrialBalanceRow)> = accounts
        .into_iter()
        .filter_map(|account| {
            let turnover = *sums.get(&account.id)?;
            let mut above = path(&parents, account.id);
            above.reverse();
            let depth = u32::try_from(above.len().saturating_sub(1)).unwrap_or(u32::MAX);
            let place = above.iter().filter_map(|id| codes.get(id)).collect();
            Some((
                place,
                TrialBalanceRow {
                    account,
                    depth,
                    turnover,
                },
            ))
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// An account and those above it, the nearest first.
fn path(parents: &HashMap<AccountId, Option<AccountId>>, of: AccountId) -> Vec<AccountId> {
    let mut path = Vec::new();
    let mut at = Some(of);
    while let Some(id) = at.filter(|id| !path.contains(id)) {
        path.push(id);
        at = parents.get(&id).copied().flatten();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AccountKind, NormalSide};
    use kernel::ids::OrganisationId;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn tree(parents: &[Option<usize>]) -> Vec<Account> {
        let ids: Vec<AccountId> = parents.iter().map(|_| AccountId::generate()).collect();
        let (organisation_id, company_id) = (OrganisationId::generate(), CompanyId::generate());
        parents
            .iter()
            .enumerate()
            .map(|(index, parent)| Account {
                organisation_id,
                id: ids[index],
                company_id,
                code: format!("{index:03}"),
                name_es: String::new(),
                name_en: None,
                kind: AccountKind::Asset,
                normal_side: NormalSide::Debit,
                parent_id: parent.map(|parent| ids[parent]),
                postable: true,
                currency: None,
                archived_at: None,
                version: 1,
            })
            .collect()
    }

    #[test]
    fn figures_climb_the_chart_and_unmoved_accounts_are_left_out() {
        let accounts = tree(&[None, Some(0), Some(1), Some(0), None]);
        let ten = Turnover {
            debit: Decimal::TEN,
            ..Turnover::default()
        };
        let own = HashMap::from([(accounts[2].id, ten), (accounts[3].id, ten)]);
        let rows = roll_up(accounts, &own);
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.account.code.as_str(), row.depth))
            .collect();
        assert_eq!(seen, [("000", 0), ("001", 1), ("002", 2), ("003", 1)]);
        assert_eq!(rows[0].turnover.debit, Decimal::from(20));
    }

    proptest! {
        #[test]
        fn roots_add_up_to_everything(
            links in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
            cents in prop::collection::vec(-10_000i64..10_000, 40),
        ) {
            let parents: Vec<Option<usize>> = links
                .iter()
                .enumerate()
                .map(|(at, link)| (at % 3 != 0).then(|| link.index(at.max(1))))
                .collect();
            let accounts = tree(&parents);
            let own: HashMap<_, _> = accounts
                .iter()
                .zip(&cents)
                .map(|(one, c)| {
                    (one.id, Turnover { opening: Decimal::new(*c, 2), ..Turnover::default() })
                })
                .collect();
            let all: Decimal = own.values().map(|one| one.opening).sum();
            let rows = roll_up(accounts, &own);
            let roots: Decimal =
                rows.iter().filter(|row| row.depth == 0).map(|row| row.turnover.opening).sum();
            prop_assert_eq!(roots, all);
        }
    }
}
