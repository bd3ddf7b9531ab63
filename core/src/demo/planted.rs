//! What is not as it should be at the demo company, for the scans to find.

use chrono::NaiveTime;
use directory::party::{BankAccountAddInput, add_bank_account};
use finance::invoice::{self, InvoiceCreateInput, InvoiceKind, InvoiceLineInput};
use kernel::ids::{EntryId, PartyId};
use kernel::{CurrencyCode, Date, Db, Dec, Result, Tx};
use ledger::entry::{EntryLineInput, EntryPostInput};
use rust_decimal::Decimal;

use super::catalogue::Catalogue;
use super::{Cast, Demo, numbers, trade};

/// The running number of the employee whose account a supplier uses.
const INSIDER: u64 = 13;

/// Plants the irregularities: a supplier that is paid into an employee's account, a document that
/// was entered twice, a purchase split under the limit, and an entry by hand on a Sunday night.
pub(super) async fn plant(db: &Db, cast: &Cast, demo: Demo, catalogue: &Catalogue) -> Result<()> {
    let night = numbers::day(2026, 10, 18)?
        .0
        .and_time(NaiveTime::MIN)
        .and_utc()
        + chrono::TimeDelta::minutes(73);
    let mut tx = db.begin(&cast.at("elena.campos", night)?).await?;
    let known = ledger::entry::find(&mut tx, EntryId(demo.id("entry/night"))).await?;
    if known.is_none() {
        if let Some(supplier) = catalogue.suppliers.last() {
            insider(&mut tx, *supplier).await?;
            documents(&mut tx, demo, *supplier).await?;
        }
        by_night(&mut tx, demo).await?;
    }
    tx.commit().await
}

async fn insider(tx: &mut Tx, supplier: PartyId) -> Result<()> {
    let account = BankAccountAddInput {
        id: None,
        party: supplier,
        iban: numbers::iban(INSIDER),
        bic: None,
        holder: None,
    };
    add_bank_account(tx, account).await?;
    Ok(())
}

/// The same bill under two spellings of its number, and one purchase in three bills of one day.
async fn documents(tx: &mut Tx, demo: Demo, supplier: PartyId) -> Result<()> {
    let bill = |number: &str, day: Date, price: i64| InvoiceCreateInput {
        supplier_number: Some(number.to_owned()),
        ..trade::document(
            demo,
            InvoiceKind::Supplier,
            supplier,
            day.0,
            vec![service(price)],
        )
    };
    let (twice, split) = (numbers::day(2026, 9, 14)?, numbers::day(2026, 10, 6)?);
    let bills = vec![
        bill("2026/0417", twice, 184_250),
        bill("2026-417", twice, 184_250),
        bill("2026/0502", split, 295_000),
        bill("2026/0503", split, 295_000),
        bill("2026/0504", split, 295_000),
    ];
    invoice::create_all(tx, bills).await?;
    Ok(())
}

/// A service of so many cents.
fn service(price: i64) -> InvoiceLineInput {
    InvoiceLineInput {
        id: None,
        description: "Servicios de consultoría".to_owned(),
        item: None,
        purchase_order_line: None,
        quantity: None,
        unit: None,
        unit_price: Dec(Decimal::new(price, 2)),
        discount_percent: None,
        taxes: vec!["IVA21".to_owned()],
        account: None,
        department: None,
        dimension_values: None,
    }
}

async fn by_night(tx: &mut Tx, demo: Demo) -> Result<()> {
    let amount = Dec(Decimal::new(4_800, 0));
    let entry = EntryPostInput {
        id: Some(EntryId(demo.id("entry/night"))),
        company_id: demo.company,
        journal: ledger::journal::GENERAL.to_owned(),
        date: numbers::day(2026, 10, 18)?,
        memo: "Regularización".to_owned(),
        lines: vec![
            line("629", Some(amount), None),
            line("572", None, Some(amount)),
        ],
        dry_run: false,
    };
    ledger::entry::post_manual(tx, entry).await?;
    Ok(())
}

/// A line of an entry by the code of its account.
pub(super) fn line(account: &str, debit: Option<Dec>, credit: Option<Dec>) -> EntryLineInput {
    EntryLineInput {
        account_id: None,
        account_code: Some(account.to_owned()),
        debit,
        credit,
        currency_code: CurrencyCode::EUR,
        rate: None,
        department_id: None,
        dimension_value_ids: None,
        memo: None,
    }
}
