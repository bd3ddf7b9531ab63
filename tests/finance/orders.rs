//! Payment orders: who may send money, and what it settles.

use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trastienda_core::finance::payment_order::PaymentDeliver;
use trastienda_core::kernel::job::{Enqueue, enqueue};

use super::stage::{Office, faults};
use crate::app::{App, run, system};
use crate::client::Client;
use crate::people::stage::{act, count, done, follow, keyed, text};

const ORDER: &str = "paymentOrder { id status version total { amount } paymentCount messageId }";
/// Valid accounts of no one.
const IBANS: [&str; 2] = ["ES9121000418450200051332", "ES7921000813610123456789"];

/// The day of the test's clock.
fn today(app: &App) -> String {
    app.db.clock().now().date_naive().to_string()
}

/// Two suppliers to be paid, one of whom gave a credit note.
async fn owed(app: &App, office: &Office) -> (Value, Value) {
    let (north, _) = office.supplier(app, "Norte, S.A.", IBANS[0]).await;
    let (south, _) = office.supplier(app, "Sur, S.A.", IBANS[1]).await;
    let lines: &[(&str, &[&str])] = &[("100", &["IVA21"])];
    let first = office.posted(office.supplied(&north, "N-1", lines)).await;
    let second = office.posted(office.supplied(&south, "S-1", lines)).await;
    let mut note = office.supplied(&south, "S-2", &[("20", &["IVA21"])]);
    note["kind"] = json!("SUPPLIER_CREDIT");
    note["corrects"] = second["id"].clone();
    office.posted(note).await;
    (first, second)
}

/// An order over everything that falls due, drafted by somebody.
async fn drafted(app: &App, office: &Office, by: &Client) -> Value {
    let input = json!({
        "company": office.company, "executionOn": today(app), "dueUntil": "2026-12-31",
    });
    let mut made = done(by, "paymentOrderDraft", input, ORDER).await;
    made["paymentOrder"].take()
}

async fn submitted(by: &Client, order: &Value) {
    let input = json!({ "id": order["id"] });
    let sent = done(by, "paymentOrderSubmit", input, ORDER).await;
    assert_eq!(sent["paymentOrder"]["status"], "IN_REVIEW");
}

async fn approve(by: &Client, order: &Value, key: &str) -> Value {
    let input = json!({ "id": order["id"] });
    let key = format!("approve-{key}");
    keyed(by, "paymentOrderApprove", input, ORDER, &key).await
}

/// To log in is a proof of identity as well; it gets as old as one of this morning.
async fn forget_proofs(app: &App, office: &Office) {
    let context = system(office.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    diesel::sql_query("UPDATE directory.session SET proved_at = proved_at - interval '1 hour'")
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Waits until the order's file is made.
async fn delivered(client: &Client) {
    let query = "{ jobs(filter: { kind: { eq: \"finance.payment_deliver\" } }) { nodes { id } } }";
    let jobs = client.ask(query).await;
    let jobs = jobs["jobs"]["nodes"].as_array().expect("jobs").clone();
    assert_eq!(jobs.len(), 1, "one delivery: {jobs:?}");
    follow(client, &text(&jobs[0]["id"])).await;
}

#[test]
fn what_is_owed_is_paid_by_a_file_that_a_second_person_approved() {
    run(|app| async move {
        let office = Office::new(app).await;
        let (first, second) = owed(app, &office).await;
        let order = drafted(app, &office, &office.accountant).await;
        assert_eq!(
            order["total"]["amount"], "217.80",
            "121 and 121 less 24.20: {order}"
        );
        assert_eq!(order["paymentCount"], 2);
        submitted(&office.accountant, &order).await;
        let treasurer = office.tenant.login_proved(app, "andres.fuentes").await;
        let approved = approve(&treasurer, &order, "yes").await;
        assert_eq!(approved["paymentOrder"]["status"], "APPROVED", "{approved}");
        delivered(&office.accountant).await;
        let query = "query ($id: ID!) { paymentOrder(id: $id) { status messageId \
            file { name size } payments { nodes { iban amount { amount } openItem { remaining { \
            document { amount } } } settles { amount { amount } } } } } }";
        let seen = treasurer.run(query, json!({ "id": order["id"] })).await;
        let seen = &seen["paymentOrder"];
        assert_eq!(seen["status"], "SENT", "{seen}");
        let name = format!("{}.xml", text(&seen["messageId"]));
        assert_eq!(seen["file"]["name"], name.as_str(), "{seen}");
        let payments = seen["payments"]["nodes"].as_array().unwrap();
        for payment in payments {
            let left = text(&payment["openItem"]["remaining"]["document"]["amount"]);
            assert_eq!(left.parse::<Decimal>().unwrap(), Decimal::ZERO);
            let parts = payment["settles"].as_array().unwrap().iter();
            let sum: Decimal = parts
                .map(|part| text(&part["amount"]["amount"]).parse::<Decimal>().unwrap())
                .sum();
            assert_eq!(
                sum,
                text(&payment["amount"]["amount"])
                    .parse::<Decimal>()
                    .unwrap()
            );
        }
        for invoice in [&first, &second] {
            assert_eq!(office.look(invoice, "status").await["status"], "PAID");
        }
        office.agrees(app, &today(app)).await;
        office.agrees(app, "2026-03-31").await;
        sent_again(app, &office, &order).await;
    });
}

/// A second delivery of a sent order makes no second file and no second entry.
async fn sent_again(app: &App, office: &Office, order: &Value) {
    let context = system(office.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let again = PaymentDeliver {
        order: text(&order["id"]).parse().unwrap(),
    };
    let how = Enqueue {
        company: Some(office.company_id()),
        ..Enqueue::default()
    };
    let job = enqueue(&mut tx, &again, how).await.unwrap();
    tx.commit().await.unwrap();
    follow(&office.accountant, &job.id.to_string()).await;
    for of in [
        "ledger.entry WHERE source_kind = 'finance.payment_order'",
        "directory.file WHERE subject_kind = 'PaymentOrder'",
    ] {
        assert_eq!(count(app, &office.tenant, of).await, 1, "{of}");
    }
}

#[test]
fn nobody_approves_what_they_prepared_and_nobody_without_proof() {
    run(|app| async move {
        let office = Office::new(app).await;
        owed(app, &office).await;
        let owner = office.tenant.login_proved(app, "elena.campos").await;
        let order = drafted(app, &office, &owner).await;
        submitted(&owner, &order).await;
        let own = approve(&owner, &order, "own").await;
        assert_eq!(faults(&own)[0].0, "processes.prepared_by_you", "{own}");
        let unproved = office.tenant.login(app, "andres.fuentes").await;
        forget_proofs(app, &office).await;
        let careless = approve(&unproved, &order, "careless").await;
        assert_eq!(
            careless["userErrors"][0]["code"], "STEP_UP_REQUIRED",
            "{careless}"
        );
        let input = json!({ "id": order["id"], "comment": "Falta el albarán" });
        let treasurer = office.tenant.login_proved(app, "andres.fuentes").await;
        let back = done(&treasurer, "paymentOrderReject", input, ORDER).await;
        assert_eq!(back["paymentOrder"]["status"], "DRAFT");
        // What waits in an order is in no other, and is settled by nothing else.
        let again = json!({
            "company": office.company, "executionOn": today(app), "dueUntil": "2026-12-31",
        });
        let twice = act(&owner, "paymentOrderDraft", again.clone(), ORDER).await;
        assert_eq!(faults(&twice)[0].0, "finance.nothing_to_pay", "{twice}");
        done(
            &owner,
            "paymentOrderCancel",
            json!({ "id": order["id"] }),
            ORDER,
        )
        .await;
        done(&owner, "paymentOrderDraft", again, ORDER).await;
    });
}

#[test]
fn an_account_that_changes_between_two_signatures_is_not_paid() {
    run(|app| async move {
        let office = Office::new(app).await;
        let (party, account) = office.supplier(app, "Este, S.A.", IBANS[0]).await;
        let lines: &[(&str, &[&str])] = &[("100", &["IVA21"])];
        office.posted(office.supplied(&party, "E-1", lines)).await;
        let order = drafted(app, &office, &office.accountant).await;
        submitted(&office.accountant, &order).await;
        let owner = office.tenant.login_proved(app, "elena.campos").await;
        let removed = json!({ "id": account });
        act(&owner, "bankAccountRemove", removed, "party { id }").await;
        let input = json!({ "party": party, "iban": IBANS[1] });
        done(&owner, "bankAccountAdd", input, "bankAccount { id }").await;
        let treasurer = office.tenant.login_proved(app, "andres.fuentes").await;
        let refused = approve(&treasurer, &order, "yes").await;
        assert_eq!(
            faults(&refused)[0].0,
            "finance.party_account_changed",
            "{refused}"
        );
    });
}

#[test]
fn a_supplier_without_an_account_is_named_and_can_be_left_out() {
    run(|app| async move {
        let office = Office::new(app).await;
        owed(app, &office).await;
        let nobody = office.party("Sin Cuenta, S.L.").await;
        let lines: &[(&str, &[&str])] = &[("10", &["IVA21"])];
        office.posted(office.supplied(&nobody, "Z-1", lines)).await;
        let mut input = json!({
            "company": office.company, "executionOn": today(app), "dueUntil": "2026-12-31",
        });
        let refused = act(
            &office.accountant,
            "paymentOrderDraft",
            input.clone(),
            ORDER,
        )
        .await;
        assert_eq!(faults(&refused)[0].0, "finance.party_account");
        let message = text(&refused["userErrors"][0]["message"]);
        assert!(message.contains("Sin Cuenta, S.L."), "{message}");
        input["excludeParties"] = json!([nobody]);
        done(&office.accountant, "paymentOrderDraft", input, ORDER).await;
    });
}
