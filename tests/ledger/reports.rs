//! The trial balance says what the lines add up to.

use std::collections::BTreeMap;

use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::json;

use super::{Books, Seen, decimal};
use crate::app::{App, run, system};

/// What each account has seen, added up from its lines.
pub async fn lines(app: &App, books: &Books) -> Vec<Seen> {
    let organisation = books.tenant.demo.organisation;
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    diesel::sql_query(
        "SELECT a.code, sum(greatest(l.company_amount, 0)) AS debit, \
         sum(greatest(-l.company_amount, 0)) AS credit \
         FROM ledger.entry_line l JOIN ledger.account a \
         ON a.organisation_id = l.organisation_id AND a.id = l.account_id \
         GROUP BY a.code ORDER BY a.code",
    )
    .load(tx.conn())
    .await
    .unwrap()
}

const TRIAL: &str = "query ($company: ID!, $from: Date!, $to: Date!) { \
    trialBalance(companyId: $company, fromDate: $from, toDate: $to) { \
    rows { account { code isPostable } figures { opening { amount } debit { amount } \
    credit { amount } closing { amount } } } \
    totals { opening { amount } debit { amount } credit { amount } closing { amount } } } }";

#[test]
fn the_trial_balance_is_the_sum_of_the_lines() {
    run(|app| async move {
        let books = Books::new(app).await;
        books
            .posted(
                "2026-02-10",
                &[("4300", "121.00"), ("100", "-100.00"), ("101", "-21.00")],
            )
            .await;
        books
            .posted("2026-03-31", &[("101", "21.00"), ("4300", "-21.00")])
            .await;
        books
            .posted("2026-04-01", &[("102", "0.01"), ("4300", "-0.01")])
            .await;
        let company = books.tenant.demo.company.to_string();
        let whole = json!({ "company": company, "from": "2026-01-01", "to": "2026-12-31" });
        let data = books.accountant.run(TRIAL, whole).await;
        let rows = data["trialBalance"]["rows"].as_array().expect("rows");
        let said: BTreeMap<String, (Decimal, Decimal)> = rows
            .iter()
            .filter(|row| row["account"]["isPostable"] == true)
            .map(|row| {
                let code = row["account"]["code"].as_str().expect("a code").to_owned();
                let figures = &row["figures"];
                (
                    code,
                    (
                        decimal(&figures["debit"]["amount"]),
                        decimal(&figures["credit"]["amount"]),
                    ),
                )
            })
            .collect();
        let seen = lines(app, &books).await;
        let seen: BTreeMap<String, (Decimal, Decimal)> = seen
            .into_iter()
            .map(|one| (one.code, (one.debit, one.credit)))
            .collect();
        assert_eq!(said, seen);
        let totals = &data["trialBalance"]["totals"];
        assert_eq!(decimal(&totals["debit"]["amount"]), Decimal::new(14_201, 2));
        assert_eq!(totals["debit"]["amount"], totals["credit"]["amount"]);
        assert_eq!(decimal(&totals["closing"]["amount"]), Decimal::ZERO);
    });
}

#[test]
fn what_came_before_is_the_opening() {
    run(|app| async move {
        let books = Books::new(app).await;
        books
            .posted("2026-02-10", &[("4300", "50.00"), ("100", "-50.00")])
            .await;
        books
            .posted("2026-03-15", &[("4300", "5.00"), ("100", "-5.00")])
            .await;
        books
            .posted("2026-04-02", &[("4300", "900.00"), ("100", "-900.00")])
            .await;
        let company = books.tenant.demo.company.to_string();
        let march = json!({ "company": company, "from": "2026-03-01", "to": "2026-03-31" });
        let data = books.accountant.run(TRIAL, march).await;
        let rows = data["trialBalance"]["rows"].as_array().expect("rows");
        let row = rows
            .iter()
            .find(|row| row["account"]["code"] == "4300")
            .expect("customers");
        let figure = |name: &str| decimal(&row["figures"][name]["amount"]);
        let figures = (
            figure("opening"),
            figure("debit"),
            figure("credit"),
            figure("closing"),
        );
        assert_eq!(figures, (50.into(), 5.into(), 0.into(), 55.into()));
    });
}
