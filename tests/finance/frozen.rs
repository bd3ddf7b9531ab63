//! What is posted can't be changed, not by raw SQL in the application's role either.

use diesel_async::SimpleAsyncConnection;

use super::stage::Office;
use crate::app::{run, system};

#[test]
fn raw_sql_in_the_application_role_changes_nothing_posted() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Cliente").await;
        let lines: &[(&str, &[&str])] = &[("100", &["IVA21"])];
        office
            .posted(office.invoice("CUSTOMER", &customer, lines))
            .await;
        let organisation = office.tenant.demo.organisation;
        for statement in [
            "UPDATE finance.invoice SET net = net + 1, total = total + 1",
            "UPDATE finance.invoice SET number = 'F-2026-000009'",
            "UPDATE finance.invoice SET status = 'DRAFT'",
            "UPDATE finance.invoice SET issued_on = issued_on + 1",
            "DELETE FROM finance.invoice",
            "DELETE FROM finance.invoice_line",
            "DELETE FROM finance.invoice_tax",
            "UPDATE finance.invoice_line SET net = 1",
            "UPDATE finance.invoice_tax SET amount = 1",
            "UPDATE finance.open_item SET amount = 1",
            "DELETE FROM finance.open_item",
            "DELETE FROM finance.allocation",
            "UPDATE finance.tax SET rate = 7",
            "DELETE FROM finance.tax",
            "TRUNCATE finance.invoice CASCADE",
            "ALTER TABLE finance.invoice DISABLE TRIGGER ALL",
        ] {
            let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
            let outcome = tx.conn().batch_execute(statement).await;
            assert!(outcome.is_err(), "{statement}");
        }
        // What is settled without a settlement falls at commit.
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        tx.conn()
            .batch_execute("UPDATE finance.open_item SET remaining = 0, company_remaining = 0")
            .await
            .unwrap();
        assert!(tx.commit().await.is_err());
        office.agrees(app, "2026-03-10").await;
    });
}

#[test]
fn no_order_is_sent_without_an_approval() {
    run(|app| async move {
        let office = Office::new(app).await;
        let (party, _) = office
            .supplier(app, "Oeste, S.A.", "ES9121000418450200051332")
            .await;
        let lines: &[(&str, &[&str])] = &[("100", &["IVA21"])];
        office.posted(office.supplied(&party, "O-1", lines)).await;
        let today = app.db.clock().now().date_naive().to_string();
        let input = serde_json::json!({
            "company": office.company, "executionOn": today, "dueUntil": "2026-12-31",
        });
        let order = "paymentOrder { id }";
        crate::people::stage::done(&office.accountant, "paymentOrderDraft", input, order).await;
        let organisation = office.tenant.demo.organisation;
        for statement in [
            "UPDATE finance.payment_order SET status = 'APPROVED', approved_at = now()",
            "UPDATE finance.payment_order SET status = 'IN_REVIEW'",
            "UPDATE finance.payment_order SET total = 1",
            "UPDATE finance.payment_order SET iban = 'ES7921000813610123456789'",
            "UPDATE finance.payment SET iban = 'ES7921000813610123456789'",
            "UPDATE finance.payment SET amount = 1",
            "DELETE FROM finance.payment",
        ] {
            let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
            let outcome = tx.conn().batch_execute(statement).await;
            assert!(outcome.is_err(), "{statement}");
        }
    });
}
