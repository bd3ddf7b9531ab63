//! What is posted can't be changed, not by raw SQL in the application's role either.

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::{Books, Counted};
use crate::app::{run, system};

#[test]
fn raw_sql_in_the_application_role_changes_no_posted_entry() {
    run(|app| async move {
        let books = Books::new(app).await;
        books
            .posted("2026-03-10", &[("4300", "9.00"), ("100", "-9.00")])
            .await;
        let organisation = books.tenant.demo.organisation;
        for statement in [
            "UPDATE ledger.entry_line SET memo = 'x'",
            "UPDATE ledger.entry_line SET amount = -amount, company_amount = -company_amount",
            "DELETE FROM ledger.entry_line",
            "UPDATE ledger.entry SET memo = 'x'",
            "UPDATE ledger.entry SET posted_on = posted_on + 1",
            "DELETE FROM ledger.entry",
            "UPDATE ledger.entry_number SET number = 7",
            "DELETE FROM ledger.entry_number",
            "DELETE FROM ledger.balance",
            "UPDATE ledger.balance SET starts_on = starts_on + 1",
            "TRUNCATE ledger.entry_line",
            "ALTER TABLE ledger.entry_line DISABLE TRIGGER ALL",
        ] {
            let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
            let outcome = tx.conn().batch_execute(statement).await;
            assert!(outcome.is_err(), "{statement}");
        }
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        let kept =
            diesel::sql_query("SELECT count(*) AS count FROM ledger.entry_line WHERE memo IS NULL");
        let kept: Counted = kept.get_result(tx.conn()).await.unwrap();
        assert_eq!(kept.count, 2);
    });
}

#[test]
fn raw_sql_can_add_no_line_and_no_lame_entry() {
    run(|app| async move {
        let books = Books::new(app).await;
        books
            .posted("2026-03-10", &[("4300", "9.00"), ("100", "-9.00")])
            .await;
        let organisation = books.tenant.demo.organisation;
        let id = uuid::Uuid::now_v7();
        for statement in [
            format!(
                "INSERT INTO ledger.entry_line SELECT organisation_id, '{id}', entry_id, \
                 position, line_count, company_id, account_id, posted_on, amount, currency, \
                 company_amount, rate, department_id, memo FROM ledger.entry_line LIMIT 1"
            ),
            format!(
                "INSERT INTO ledger.entry SELECT organisation_id, '{id}', company_id, \
                 fiscal_year_id, period_id, journal_id, posted_on, memo, source_kind, '{id}', \
                 source_purpose, NULL, line_count, total, posted_at, actor_kind, actor_id \
                 FROM ledger.entry LIMIT 1"
            ),
        ] {
            let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
            let refused = match tx.conn().batch_execute(&statement).await {
                Ok(()) => tx.commit().await.is_err(),
                Err(_) => true,
            };
            assert!(refused, "{statement}");
        }
        assert_eq!(books.count().await, 1);
    });
}
