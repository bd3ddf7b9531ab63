//! Accounts of the ledger as finance names them: by code, and only those that take entries.

use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::CompanyId;
use kernel::{Result, Tx};
use ledger::schema::{account, book};

/// Which of some codes are accounts of which company and take entries.
pub(crate) async fn postable(
    tx: &mut Tx,
    companies: &[CompanyId],
    codes: &[String],
) -> Result<HashSet<(CompanyId, String)>> {
    if codes.is_empty() {
        return Ok(HashSet::new());
    }
    let codes: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
    let rows: Vec<(CompanyId, String)> = account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::company_id.eq_any(companies))
        .filter(account::code.eq_any(codes.into_iter().collect::<Vec<_>>()))
        .filter(account::postable)
        .filter(account::archived_at.is_null())
        .select((account::company_id, account::code))
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().collect())
}

/// The chart that a company's books were opened with; none without books.
pub(crate) async fn chart_of(tx: &mut Tx, company: CompanyId) -> Result<Option<String>> {
    Ok(book::table
        .find((tx.organisation(), company))
        .select(book::chart)
        .first(tx.conn())
        .await
        .optional()?)
}
