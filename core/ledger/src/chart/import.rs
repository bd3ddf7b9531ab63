//! Import of accounts from CSV: `code,name,parent,kind`, and `name_en` if there is one. Every
//! error of every row is told at once, and nothing is written unless all rows are good.

use std::collections::{HashMap, HashSet};

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{AccountId, CompanyId, OrganisationId};
use kernel::{Event, Fault, Faults, Result, Tx};
use serde::Deserialize;

use super::{Installed, insert_accounts, require_book};
use crate::account::{Account, AccountKind, is_code};
use crate::permission::{ACCOUNT_MANAGE, ACCOUNT_READ};
use crate::schema::account;

/// Rows of an import at most.
const ROW_LIMIT: usize = 5_000;

/// Adds accounts to a company's chart from CSV text.
#[derive(Clone, Debug, InputObject)]
pub struct ChartImportInput {
    /// The company.
    pub company_id: CompanyId,
    /// CSV with the header `code,name,parent,kind`, optionally `name_en`. The parent is a code of
    /// the file or of the chart; an empty kind is the parent's.
    pub csv: String,
    /// Whether to only say what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    code: String,
    name: String,
    #[serde(default)]
    parent: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name_en: String,
}

/// What an account of the chart says to those below it.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: AccountId,
    kind: Option<AccountKind>,
}

/// Imports accounts.
pub async fn import(tx: &mut Tx, command: ChartImportInput) -> Result<Installed> {
    tx.require_in(ACCOUNT_MANAGE, command.company_id, None)?;
    let currency = require_book(tx, command.company_id).await?;
    let existing = existing(tx, command.company_id).await?;
    let rows = read(&command.csv)?;
    let accounts = decide(tx.organisation(), command.company_id, &rows, &existing)?;
    insert_accounts(tx, &accounts).await?;
    let event = Event::new(
        "ledger.chart.imported",
        "Company",
        command.company_id,
        ACCOUNT_READ,
    )
    .company(command.company_id)
    .set("accounts", accounts.len());
    tx.emit(event).await?;
    Ok(Installed {
        company: command.company_id,
        currency,
        accounts: accounts.len(),
    })
}

async fn existing(tx: &mut Tx, company: CompanyId) -> Result<HashMap<String, Known>> {
    let rows: Vec<(String, AccountId, AccountKind)> = account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::company_id.eq(company))
        .select((account::code, account::id, account::kind))
        .load(tx.conn())
        .await?;
    let known = rows.into_iter().map(|(code, id, kind)| {
        (
            code,
            Known {
                id,
                kind: Some(kind),
            },
        )
    });
    Ok(known.collect())
}

/// The rows with their line numbers, the header being line 1.
fn read(text: &str) -> Result<Vec<(usize, Row)>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut rows = Vec::new();
    let mut faults = Faults::new();
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        if index >= ROW_LIMIT {
            faults.push(
                Fault::invalid("ledger.chart_too_large")
                    .at(["csv"])
                    .with("most", ROW_LIMIT),
            );
            break;
        }
        match row {
            Ok(row) => rows.push((index + 2, row)),
            Err(error) => faults.push(
                at(index + 2, Fault::invalid("ledger.chart_row_malformed"), "")
                    .with("detail", error.kind_text()),
            ),
        }
    }
    faults.check(!rows.is_empty() || !faults.is_empty(), || {
        Fault::invalid("ledger.chart_empty").at(["csv"])
    });
    faults.finish()?;
    Ok(rows)
}

/// What is wrong with a row, without its content.
trait KindText {
    fn kind_text(&self) -> String;
}

impl KindText for csv::Error {
    fn kind_text(&self) -> String {
        match self.kind() {
            csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
            csv::ErrorKind::Utf8 { .. } => "UTF-8".to_owned(),
            _ => "CSV".to_owned(),
        }
    }
}

fn at(line: usize, fault: Fault, column: &str) -> Fault {
    let path = ["csv".to_owned(), line.to_string(), column.to_owned()];
    let path = path.into_iter().filter(|part| !part.is_empty());
    fault.at(path).with("row", line)
}

fn decide(
    organisation_id: OrganisationId,
    company_id: CompanyId,
    rows: &[(usize, Row)],
    existing: &HashMap<String, Known>,
) -> Result<Vec<Account>> {
    let mut faults = Faults::new();
    let mut known = existing.clone();
    for (line, row) in rows {
        check_row(*line, row, &known, &mut faults);
        let kind = kind_from(&row.kind);
        known.entry(row.code.clone()).or_insert(Known {
            id: AccountId::generate(),
            kind,
        });
    }
    let by_code: HashMap<&str, &Row> = rows
        .iter()
        .map(|(_, row)| (row.code.as_str(), row))
        .collect();
    let parents: HashSet<&str> = rows.iter().map(|(_, row)| row.parent.as_str()).collect();
    let mut accounts = Vec::with_capacity(rows.len());
    for (line, row) in rows {
        let parent_id = known.get(&row.parent).map(|parent| parent.id);
        faults.check(row.parent.is_empty() || parent_id.is_some(), || {
            at(*line, Fault::not_found("ledger.parent_unknown"), "parent").with("code", &row.parent)
        });
        match inherited(row, &by_code, &known) {
            Ok(kind) => accounts.push(Account {
                organisation_id,
                id: known
                    .get(&row.code)
                    .map_or_else(AccountId::generate, |one| one.id),
                company_id,
                code: row.code.clone(),
                name_es: row.name.clone(),
                name_en: (!row.name_en.is_empty()).then(|| row.name_en.clone()),
                kind,
                normal_side: kind.normal_side(),
                parent_id,
                postable: !parents.contains(row.code.as_str()),
                currency: None,
                archived_at: None,
                version: 1,
            }),
            Err(reason) => {
                faults.push(at(*line, Fault::invalid(reason), "kind").with("code", &row.code))
            }
        }
    }
    faults.finish()?;
    Ok(accounts)
}

fn check_row(line: usize, row: &Row, known: &HashMap<String, Known>, faults: &mut Faults) {
    faults.check(is_code(&row.code), || {
        at(line, Fault::invalid("ledger.account_code_invalid"), "code").with("code", &row.code)
    });
    faults.check(!known.contains_key(&row.code), || {
        at(line, Fault::conflict("ledger.account_code_taken"), "code").with("code", &row.code)
    });
    for (field, name) in [
        ("name", row.name.as_str()),
        ("name_en", row.name_en.as_str()),
    ] {
        let absent = field == "name_en" && name.is_empty();
        if let (false, Some(fault)) = (absent, crate::fault::name(field, name, 200)) {
            faults.push(at(line, fault, field));
        }
    }
    faults.check(
        row.kind.is_empty() || kind_from(&row.kind).is_some(),
        || at(line, Fault::invalid("ledger.kind_unknown"), "kind").with("kind", &row.kind),
    );
}

/// The kind of a row: its own, or that of the nearest account above that says one.
fn inherited(
    row: &Row,
    rows: &HashMap<&str, &Row>,
    known: &HashMap<String, Known>,
) -> std::result::Result<AccountKind, &'static str> {
    if !row.kind.is_empty() {
        // An unknown kind has its own fault already.
        return Ok(kind_from(&row.kind).unwrap_or(AccountKind::Asset));
    }
    let mut parent = row.parent.as_str();
    for _ in 0..=rows.len() {
        if parent.is_empty() || parent == row.code {
            break;
        }
        match (known.get(parent).and_then(|one| one.kind), rows.get(parent)) {
            (Some(kind), _) => return Ok(kind),
            (None, Some(above)) => parent = above.parent.as_str(),
            // An unknown parent has its own fault already.
            (None, None) => return Ok(AccountKind::Asset),
        }
    }
    if parent.is_empty() {
        Err("ledger.kind_missing")
    } else {
        Err("ledger.parent_cycle")
    }
}

fn kind_from(text: &str) -> Option<AccountKind> {
    match text.to_uppercase().as_str() {
        "ASSET" | "ACTIVO" => Some(AccountKind::Asset),
        "LIABILITY" | "PASIVO" => Some(AccountKind::Liability),
        "EQUITY" | "PATRIMONIO" => Some(AccountKind::Equity),
        "INCOME" | "INGRESO" => Some(AccountKind::Income),
        "EXPENSE" | "GASTO" => Some(AccountKind::Expense),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Error;

    fn import(text: &str) -> Result<Vec<Account>> {
        let (organisation, company) = (OrganisationId::generate(), CompanyId::generate());
        decide(organisation, company, &read(text)?, &HashMap::new())
    }

    fn reasons(result: Result<Vec<Account>>) -> Vec<&'static str> {
        match result {
            Err(Error::Refused(faults)) => faults.iter().map(|fault| fault.reason).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_child_before_its_parent_takes_its_kind_from_it() {
        let rows = import("code,name,parent,kind\n570,Caja,57,\n57,Tesorería,,activo\n").unwrap();
        assert_eq!(rows[0].kind, AccountKind::Asset);
        assert_eq!(rows[0].parent_id, Some(rows[1].id));
        assert!(rows[0].postable && !rows[1].postable);
    }

    #[test]
    fn all_errors_of_all_rows_come_at_once() {
        let text = "code,name,parent,kind\n=1,Uno,,ASSET\n2,,,WHAT\n3,Tres,99,\n4,Cuatro,,\n\
                    5,Cinco,,ASSET\n5,Otra,,ASSET\n";
        let expected = [
            "ledger.account_code_invalid",
            "ledger.name_invalid",
            "ledger.kind_unknown",
            "ledger.account_code_taken",
            "ledger.parent_unknown",
            "ledger.kind_missing",
        ];
        let mut seen = reasons(import(text));
        seen.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(seen, expected);
    }

    #[test]
    fn an_empty_or_headless_file_is_refused() {
        assert_eq!(reasons(import("")), ["ledger.chart_empty"]);
        assert_eq!(
            reasons(import("a,b\n1,2\n")),
            ["ledger.chart_row_malformed"]
        );
    }

    #[test]
    fn a_ring_of_parents_is_refused() {
        let ring = "code,name,parent,kind\n1,Uno,2,\n2,Dos,1,\n";
        assert_eq!(
            reasons(import(ring)),
            ["ledger.parent_cycle", "ledger.parent_cycle"]
        );
    }
}
