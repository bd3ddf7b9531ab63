//! What is not as it should be at the demo company, for the scans to find.

use chrono::{NaiveTime, TimeDelta};
use directory::party::{BankAccountAddInput, add_bank_account};
use finance::invoice::{self, InvoiceCreateInput, InvoiceKind, InvoiceLineInput};
use inventory::purchase::{self, PurchaseOrderCreateInput};
use kernel::ids::{EntryId, PartyId, PurchaseOrderId};
use kernel::{CurrencyCode, Date, Db, Dec, Result, Tx};
use ledger::entry::{EntryLineInput, EntryPostInput};
use processes::policy::{self, ApprovalPolicyCreateInput, ApprovalPolicyStepInput};
use rust_decimal::Decimal;

use super::catalogue::{self, Catalogue, Good};
use super::{Cast, Demo, numbers, purchases, trade};

/// The running number of the employee whose account a supplier uses.
const INSIDER: u64 = 13;

/// From which amount a second person approves a purchase of the group, in euros.
const LIMIT: i64 = 3_000;
/// What each part of the split purchase comes to, as (pieces, price of one in cents).
const PART: (i64, i64) = (50, 5_300);
/// What the purchase just under the limit comes to, likewise.
const NEAR: (i64, i64) = (40, 7_475);

/// Plants the irregularities: a supplier that is paid into an employee's account, a document that
/// was entered twice, a purchase split under the limit and one that stops just short of it, and an
/// entry by hand on a Sunday night.
pub(super) async fn plant(db: &Db, cast: &Cast, demo: Demo, scale: usize) -> Result<()> {
    let night = numbers::day(2026, 10, 18)?
        .0
        .and_time(NaiveTime::MIN)
        .and_utc()
        + TimeDelta::minutes(73);
    let catalogue = orders(db, cast, demo, scale).await?;
    let mut tx = db.begin(&cast.at("elena.campos", night)?).await?;
    let known = ledger::entry::find(&mut tx, EntryId(demo.id("entry/night"))).await?;
    if known.is_none() {
        if let Some(supplier) = catalogue.suppliers.last() {
            insider(&mut tx, *supplier).await?;
            documents(&mut tx, demo, *supplier).await?;
        }
        by_night(&mut tx, demo).await?;
        limit(&mut tx).await?;
    }
    tx.commit().await
}

/// Purchases from the limit on take a second person.
async fn limit(tx: &mut Tx) -> Result<()> {
    let step = ApprovalPolicyStepInput {
        name: None,
        permission: Some(inventory::permission::PURCHASE_APPROVE.to_owned()),
        role_ids: Vec::new(),
        user_ids: Vec::new(),
        approvals_needed: 1,
        due_hours: Some(48),
        escalation_role_ids: Vec::new(),
        escalation_user_ids: Vec::new(),
        step_up: false,
    };
    let policy = ApprovalPolicyCreateInput {
        id: None,
        name: "Compras desde 3.000 €".to_owned(),
        subject_kind: inventory::purchase::SUBJECT.to_owned(),
        company_id: None,
        currency_code: Some(CurrencyCode::EUR),
        amount_from: Some(Dec(Decimal::from(LIMIT))),
        amount_to: None,
        steps: vec![step],
    };
    policy::create(tx, policy).await?;
    Ok(())
}

/// One purchase in three orders of two days, and another that is just not approved by anybody.
async fn orders(db: &Db, cast: &Cast, demo: Demo, scale: usize) -> Result<Catalogue> {
    let mut tx = db.begin(&cast.system(db.clock().now())).await?;
    let catalogue = catalogue::known(&mut tx, demo, scale).await?;
    tx.rollback().await?;
    let (first, last) = (catalogue.goods.first(), catalogue.goods.last());
    for (number, (day, good, amount)) in (1..).zip([
        (6, first, PART),
        (6, first, PART),
        (7, first, PART),
        (20, last, NEAR),
    ]) {
        let day = numbers::day(2026, 10, day)?.0;
        let at = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(10);
        let mut tx = db.begin(&cast.at("hugo.santos", at)?).await?;
        let id = PurchaseOrderId(demo.id(&format!("order/planted/{number}")));
        let known = purchase::by_ids(&mut tx, &[id]).await?;
        if let (Some(good), true) = (good, known.is_empty()) {
            order(&mut tx, demo, &catalogue, (id, good, amount)).await?;
        }
        tx.commit().await?;
    }
    Ok(catalogue)
}

async fn order(
    tx: &mut Tx,
    demo: Demo,
    catalogue: &Catalogue,
    (id, good, (pieces, price)): (PurchaseOrderId, &Good, (i64, i64)),
) -> Result<()> {
    let Some(supplier) = catalogue.suppliers.get(good.family) else {
        return Ok(());
    };
    let line = purchases::line(good, Decimal::from(pieces), Decimal::new(price, 2));
    let wanted = PurchaseOrderCreateInput {
        id: Some(id),
        ..purchases::input(demo, *supplier, vec![line])
    };
    purchases::place(tx, wanted).await?;
    Ok(())
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

/// The same bill under two spellings of its number.
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
    let twice = numbers::day(2026, 9, 14)?;
    let bills = vec![
        bill("2026/0417", twice, 184_250),
        bill("2026-417", twice, 184_250),
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
