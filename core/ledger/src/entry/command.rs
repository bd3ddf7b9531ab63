//! Posting by a person: one entry, or up to 250 with a policy for errors.

use async_graphql::InputObject;
use kernel::ids::{AccountId, CompanyId, DepartmentId, EntryId};
use kernel::{CurrencyCode, Date, Dec, Error, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::{AccountRef, Entry, PostEntry, PostLine, SourceKey, post_all};
use crate::dimension::DimensionValueId;
use crate::permission::ENTRY_POST;

/// Entries of a bulk posting at most.
const BULK_LIMIT: usize = 250;

kernel::text_enum! {
    /// What becomes of the good ones when some are bad.
    pub enum ErrorPolicy {
        /// All or none.
        RejectAll = "REJECT_ALL",
        /// The good ones are done.
        SkipFailed = "SKIP_FAILED",
    }
}

/// A line of an entry to post: a debit or a credit.
#[derive(Clone, Debug, InputObject)]
pub struct EntryLineInput {
    /// The account by id; or else `accountCode`.
    pub account_id: Option<AccountId>,
    /// The account by its code in the company.
    pub account_code: Option<String>,
    /// The debit, above zero.
    pub debit: Option<Dec>,
    /// The credit, above zero.
    pub credit: Option<Dec>,
    /// The currency.
    pub currency_code: CurrencyCode,
    /// Units of the books' currency for one of the line's, when they differ.
    pub rate: Option<Dec>,
    /// The department.
    pub department_id: Option<DepartmentId>,
    /// Values of dimensions, one a dimension.
    pub dimension_value_ids: Option<Vec<DimensionValueId>>,
    /// What this line is; no names of people.
    pub memo: Option<String>,
}

/// An entry to post by hand.
#[derive(Clone, Debug, InputObject)]
pub struct EntryPostInput {
    /// Its id, when the client makes it; the same id posts once.
    pub id: Option<EntryId>,
    /// The company.
    pub company_id: CompanyId,
    /// The code of the journal.
    #[graphql(default_with = "crate::journal::GENERAL.to_owned()")]
    pub journal: String,
    /// The day it belongs to.
    pub date: Date,
    /// What it is; no names of people.
    pub memo: String,
    /// Its lines: debits and credits of the same sum in each currency.
    pub lines: Vec<EntryLineInput>,
    /// Whether to only say what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// One of many entries to post by hand.
#[derive(Clone, Debug, InputObject)]
pub struct EntryContentInput {
    /// Its id, when the client makes it; the same id posts once.
    pub id: Option<EntryId>,
    /// The company.
    pub company_id: CompanyId,
    /// The code of the journal.
    #[graphql(default_with = "crate::journal::GENERAL.to_owned()")]
    pub journal: String,
    /// The day it belongs to.
    pub date: Date,
    /// What it is; no names of people.
    pub memo: String,
    /// Its lines: debits and credits of the same sum in each currency.
    pub lines: Vec<EntryLineInput>,
}

/// Posts up to 250 entries.
#[derive(Clone, Debug, InputObject)]
pub struct EntryBulkPostInput {
    /// The entries.
    pub entries: Vec<EntryContentInput>,
    /// What becomes of the good ones when some are bad.
    #[graphql(default_with = "ErrorPolicy::RejectAll")]
    pub error_policy: ErrorPolicy,
    /// Whether to only say what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What became of one entry of a bulk posting.
#[derive(Clone, Debug)]
pub struct BulkOutcome {
    /// Its place in the input, from 0.
    pub index: usize,
    /// The entry, when it was posted.
    pub entry: Option<Entry>,
    /// What was wrong with it, below its place in the input.
    pub faults: Vec<Fault>,
}

/// Posts an entry by hand.
pub async fn post_manual(tx: &mut Tx, command: EntryPostInput) -> Result<Entry> {
    tx.require_in(ENTRY_POST, command.company_id, None)?;
    let content = EntryContentInput {
        id: command.id,
        company_id: command.company_id,
        journal: command.journal,
        date: command.date,
        memo: command.memo,
        lines: command.lines,
    };
    let entry = posting(content).map_err(Error::Refused)?;
    super::post(tx, entry).await
}

/// Posts many entries by hand. With `RejectAll` one bad entry leaves none posted; with
/// `SkipFailed` the good ones are. Either way every entry says what became of it.
pub async fn post_bulk(tx: &mut Tx, command: EntryBulkPostInput) -> Result<Vec<BulkOutcome>> {
    tx.require(ENTRY_POST)?;
    if !(1..=BULK_LIMIT).contains(&command.entries.len()) {
        return Err(Fault::invalid("ledger.bulk_too_large")
            .at(["entries"])
            .with("most", BULK_LIMIT)
            .into());
    }
    let scope = tx.actor().scope(ENTRY_POST);
    let mut outcomes = Vec::new();
    let mut good = Vec::new();
    for (index, content) in command.entries.into_iter().enumerate() {
        let faults = if scope.covers(Some(content.company_id), None) {
            posting(content)
                .map(|entry| good.push((index, entry)))
                .err()
                .unwrap_or_default()
        } else {
            vec![Fault::not_found("ledger.company_unknown").at(["companyId"])]
        };
        outcomes.push(BulkOutcome {
            index,
            entry: None,
            faults,
        });
    }
    loop {
        let all_good = good.len() == outcomes.len();
        let entries: Vec<PostEntry> = good.iter().map(|(_, entry)| entry.clone()).collect();
        match post_all(tx, &entries).await {
            Ok(posted) if all_good || command.error_policy == ErrorPolicy::SkipFailed => {
                for ((index, _), entry) in good.iter().zip(posted) {
                    settle(&mut outcomes, *index, |outcome| {
                        outcome.entry = Some(entry.clone())
                    });
                }
                return Ok(outcomes);
            }
            Ok(_) => return Err(Error::Refused(all_faults(outcomes))),
            Err(Error::Refused(faults)) => {
                let before = good.len();
                assign(&mut outcomes, &mut good, faults);
                if command.error_policy == ErrorPolicy::RejectAll || good.len() == before {
                    return Err(Error::Refused(all_faults(outcomes)));
                }
            }
            Err(other) => return Err(other),
        }
    }
}

fn settle(outcomes: &mut [BulkOutcome], index: usize, act: impl FnOnce(&mut BulkOutcome)) {
    if let Some(outcome) = outcomes.get_mut(index) {
        act(outcome);
    }
}

/// Gives each fault of a batch to its entry and takes the bad ones out of the batch.
fn assign(outcomes: &mut [BulkOutcome], good: &mut Vec<(usize, PostEntry)>, faults: Vec<Fault>) {
    let mut bad = Vec::new();
    for mut fault in faults {
        let place = fault
            .field
            .get(1)
            .and_then(|part| part.parse::<usize>().ok());
        let index = place
            .and_then(|place| good.get(place))
            .map(|(index, _)| *index);
        if let Some(index) = index {
            fault.field.drain(..fault.field.len().min(2));
            settle(outcomes, index, |outcome| outcome.faults.push(fault));
            bad.push(index);
        }
    }
    good.retain(|(index, _)| !bad.contains(index));
}

fn all_faults(outcomes: Vec<BulkOutcome>) -> Vec<Fault> {
    let under = |index: usize, fault: Fault| fault.under(["entries".to_owned(), index.to_string()]);
    outcomes
        .into_iter()
        .flat_map(|one| {
            one.faults
                .into_iter()
                .map(move |fault| under(one.index, fault))
        })
        .collect()
}

fn posting(content: EntryContentInput) -> std::result::Result<PostEntry, Vec<Fault>> {
    let id = content.id.unwrap_or_else(EntryId::generate);
    let mut faults = Vec::new();
    let mut lines = Vec::with_capacity(content.lines.len());
    for (index, line) in content.lines.into_iter().enumerate() {
        match line_of(line) {
            Ok(line) => lines.push(line),
            Err(fault) => faults.push(fault.under(["lines".to_owned(), index.to_string()])),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(PostEntry {
        id: Some(id),
        company: content.company_id,
        journal: content.journal.into(),
        date: content.date.0,
        memo: content.memo,
        source: SourceKey::new("ledger.manual", id, "post"),
        reverses: None,
        lines,
    })
}

fn line_of(line: EntryLineInput) -> std::result::Result<PostLine, Fault> {
    let account = match (line.account_id, line.account_code) {
        (Some(id), None) => AccountRef::Id(id),
        (None, Some(code)) => AccountRef::Code(code.into()),
        _ => {
            let fault = Fault::invalid("ledger.account_unknown").at(["accountCode"]);
            return Err(fault.with("code", ""));
        }
    };
    let amount = match (line.debit, line.credit) {
        (Some(debit), None) if debit.0 > Decimal::ZERO => debit.0,
        (None, Some(credit)) if credit.0 > Decimal::ZERO => -credit.0,
        _ => return Err(Fault::invalid("ledger.line_side").at(["debit"])),
    };
    Ok(PostLine {
        account,
        amount,
        currency: line.currency_code,
        company_amount: None,
        rate: line.rate.map(|rate| rate.0),
        department: line.department_id,
        dimensions: line.dimension_value_ids.unwrap_or_default(),
        memo: line.memo,
    })
}
