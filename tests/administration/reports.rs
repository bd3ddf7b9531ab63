//! Reports as rows: each role's own catalogue, figures that are the ledger's, the way down to what
//! they are made of, and parameters that are impossible.

use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::stage::{Desk, report};
use crate::app::{App, run, system};
use crate::client::Client;
use crate::ledger::Seen;
use crate::people::stage::{act, decimal, text};

const CATALOGUE: &str = "{ reports { key title parameters { name isRequired } \
    columns { key title kind } viewerCan { run { allowed } schedule { allowed reason } } } }";

/// The catalogue as somebody sees it.
async fn catalogue(client: &Client) -> Vec<Value> {
    let data = client.ask(CATALOGUE).await;
    data["reports"].as_array().expect("reports").clone()
}

fn keys(catalogue: &[Value]) -> Vec<String> {
    catalogue.iter().map(|kind| text(&kind["key"])).collect()
}

#[test]
fn the_catalogue_shows_each_role_what_it_may_see() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let seen = catalogue(&desk.accountant).await;
        let known = keys(&seen);
        for key in ["ledger.trial_balance", "inventory.stock_valuation"] {
            assert!(known.contains(&key.to_owned()), "{key} in {known:?}");
        }
        for key in ["people.payroll_summary", "compliance.findings"] {
            assert!(!known.contains(&key.to_owned()), "{key} in {known:?}");
        }
        let keeper = catalogue(&desk.login(app, "oscar.diez").await).await;
        assert_eq!(keys(&keeper), ["inventory.open_proposals"]);
        assert_eq!(keeper[0]["viewerCan"]["run"]["allowed"], json!(true));
        let schedule = &keeper[0]["viewerCan"]["schedule"];
        assert_eq!(schedule["allowed"], json!(false));
        assert!(text(&schedule["reason"]).contains("administration.report.schedule"));
        let employee = desk.login(app, "pablo.serrano").await;
        assert_eq!(catalogue(&employee).await, Vec::<Value>::new());
        let owner = catalogue(&desk.login(app, "elena.campos").await).await;
        let all = trastienda_core::reports();
        let all: Vec<String> = all.all().map(|kind| kind.key.to_owned()).collect();
        assert_eq!(keys(&owner), all);
    });
}

#[test]
fn a_report_describes_itself_in_the_viewers_language() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let of = |seen: Vec<Value>| {
            let found = seen
                .into_iter()
                .find(|it| it["key"] == "ledger.trial_balance");
            found.expect("the trial balance")
        };
        let spanish = of(catalogue(&desk.accountant).await);
        let english = of(catalogue(&desk.accountant.in_english()).await);
        assert_eq!(spanish["title"], "Balance de sumas y saldos");
        assert_eq!(english["title"], "Trial balance");
        let company = json!({ "name": "COMPANY", "isRequired": true });
        let parameters = spanish["parameters"].as_array().unwrap();
        assert!(parameters.contains(&company), "{spanish}");
        let other = json!({ "name": "AS_OF", "isRequired": false });
        assert!(parameters.contains(&other), "{spanish}");
        let columns = spanish["columns"].as_array().unwrap();
        let kinds: Vec<&str> = columns
            .iter()
            .map(|column| column["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds[..3], ["CODE", "TEXT", "AMOUNT"]);
        for (own, other) in columns.iter().zip(english["columns"].as_array().unwrap()) {
            assert_eq!(own["key"], other["key"]);
            assert!(!text(&own["title"]).starts_with("report"), "{own}");
        }
        assert_ne!(columns[0]["title"], english["columns"][0]["title"]);
    });
}

/// What each account has seen, added up from its lines.
async fn lines(app: &App, desk: &Desk) -> Vec<Seen> {
    let context = system(desk.books.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
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

/// The account code and the numbers of a row.
fn figures(row: &Value) -> (String, Vec<Decimal>) {
    let cells = row["cells"].as_array().expect("cells");
    let numbers = cells.iter().filter(|cell| cell["number"].is_string());
    let numbers = numbers.map(|cell| decimal(&cell["number"])).collect();
    (text(&cells[0]["text"]), numbers)
}

#[test]
fn rows_are_the_figures_of_the_ledger_and_lead_to_its_lines() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let year = desk.range("2026-01-01", "2026-12-31");
        let seen = report(&desk.accountant, "ledger.trial_balance", &year).await;
        assert_eq!(seen["userErrors"], json!([]), "{seen}");
        assert_eq!(seen["currencyCode"], "EUR");
        assert_eq!(seen["asOf"], "2026-12-31");
        assert_eq!(seen["parameters"]["company"]["id"], json!(desk.company));
        let rows = seen["rows"]["rows"].as_array().expect("rows");
        assert_eq!(seen["rows"]["totalCount"], json!(rows.len()));
        let plain: Vec<&Value> = rows.iter().filter(|row| row["style"] == "PLAIN").collect();
        let known = lines(app, &desk).await;
        assert_eq!(plain.len(), known.len(), "{seen}");
        for (row, line) in plain.iter().zip(&known) {
            let (code, numbers) = figures(row);
            assert_eq!(code, line.code);
            assert_eq!(numbers[1..3], [line.debit, line.credit], "{row}");
            assert_eq!(row["node"]["__typename"], "Account", "{row}");
        }
        let debit: Decimal = known.iter().map(|line| line.debit).sum();
        let totals = seen["totals"].as_array().expect("totals");
        assert_eq!(decimal(&totals[3]["number"]), debit);
        assert_eq!(decimal(&totals[4]["number"]), debit, "it balances");
        let customers = plain.iter().find(|row| figures(row).0 == "4300");
        lead_down(&desk, customers.expect("the customers")).await;
    });
}

/// The report that a row of an account leads to has the lines that make its figures.
async fn lead_down(desk: &Desk, row: &Value) {
    let drill = &row["drill"];
    assert_eq!(drill["key"], "ledger.general_ledger", "{row}");
    let asked = &drill["parameters"];
    let parameters = json!({
        "company": asked["company"]["id"], "account": asked["account"]["id"],
        "fromDate": asked["fromDate"], "toDate": asked["toDate"],
    });
    let below = report(&desk.accountant, "ledger.general_ledger", &parameters).await;
    assert_eq!(below["userErrors"], json!([]), "{below}");
    assert_eq!(below["kind"]["title"], drill["title"]);
    let rows = below["rows"]["rows"].as_array().expect("rows");
    let entries: Vec<&Value> = rows
        .iter()
        .filter(|row| row["node"]["__typename"] == "Entry")
        .collect();
    let columns = below["columns"].as_array().expect("columns");
    let at = |key: &str| columns.iter().position(|it| it["key"] == key).expect(key);
    let sum = |key: &str| -> Decimal {
        let cells = entries.iter().map(|row| &row["cells"][at(key)]["number"]);
        cells.filter(|cell| cell.is_string()).map(decimal).sum()
    };
    let above = figures(row).1;
    assert_eq!(
        (sum("debit"), sum("credit")),
        (above[1], above[2]),
        "{below}"
    );
    assert_eq!(entries.len(), 3, "one row a line of an entry");
    assert!(
        entries[0]["cells"][at("date")]["date"].is_string(),
        "{below}"
    );
}

#[test]
fn rows_come_in_pages() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let query = "query ($parameters: ReportParametersInput, $after: String) { \
            report(key: \"ledger.trial_balance\", parameters: $parameters) { \
            rows(first: 2, after: $after) { totalCount rows { cells { text } } \
            pageInfo { hasNextPage endCursor } } } }";
        let year = desk.range("2026-01-01", "2026-12-31");
        let whole = report(&desk.accountant, "ledger.trial_balance", &year).await;
        let (mut codes, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "parameters": year, "after": after });
            let data = desk.accountant.run(query, variables).await;
            let page = &data["report"]["rows"];
            let rows = page["rows"].as_array().expect("rows");
            assert!(rows.len() <= 2);
            codes.extend(rows.iter().map(|row| row["cells"][0]["text"].clone()));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        let rows = whole["rows"]["rows"].as_array().expect("rows");
        let all: Vec<Value> = rows
            .iter()
            .map(|row| row["cells"][0]["text"].clone())
            .collect();
        assert!(all.len() > 2, "more than a page");
        assert_eq!(codes, all);
    });
}

/// The reasons of errors with their paths.
fn told(errors: &Value) -> Vec<(String, String)> {
    let path = |error: &Value| {
        let parts = error["field"].as_array().expect("a path");
        let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
        parts.join(".")
    };
    let errors = errors.as_array().expect("errors");
    let mut all: Vec<_> = errors
        .iter()
        .map(|error| (text(&error["reason"]), path(error)))
        .collect();
    all.sort();
    all
}

#[test]
fn impossible_parameters_are_told_all_at_once_and_nothing_is_made() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let warehouse = trastienda_core::kernel::ids::WarehouseId::generate().to_string();
        let wrong = json!({
            "fromDate": "2026-12-31", "toDate": "2026-01-01", "warehouse": warehouse,
        });
        let expected = [
            ("kernel.dates_out_of_order", "parameters.toDate"),
            ("kernel.report_parameter_missing", "parameters.company"),
            ("kernel.report_parameter_not_taken", "parameters.warehouse"),
        ];
        let owned = |reason: &str, path: &str| (reason.to_owned(), path.to_owned());
        let seen = report(&desk.accountant, "ledger.general_ledger", &wrong).await;
        let all: Vec<_> = expected.iter().map(|(r, p)| owned(r, p)).collect();
        assert_eq!(told(&seen["userErrors"]), all, "{seen}");
        assert_eq!(seen["rows"]["totalCount"], 0);
        assert_eq!(seen["asOf"], Value::Null);
        let pablo = desk.user("pablo.serrano").await;
        let input = json!({
            "key": "ledger.general_ledger", "format": "PDF", "parameters": wrong,
            "mailTo": [pablo],
        });
        let selection = "reportRun { id } job { id }";
        let client = &desk.accountant;
        let payload = act(client, "reportRun", input, selection).await;
        let mut all: Vec<_> = expected
            .iter()
            .map(|(r, p)| owned(r, &format!("input.{p}")))
            .collect();
        all.push(owned("administration.recipient_may_not", "input.mailTo.0"));
        all.sort();
        assert_eq!(told(&payload["userErrors"]), all, "{payload}");
        assert_eq!(payload["job"], Value::Null);
        let kept =
            crate::people::stage::count(app, &desk.books.tenant, "administration.report_run");
        assert_eq!(kept.await, 0);
    });
}

#[test]
fn what_is_not_there_or_not_ones_own_to_see_is_refused() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let unknown = report(&desk.accountant, "ledger.nothing", &json!({})).await;
        assert_eq!(unknown, Value::Null);
        let other = trastienda_core::kernel::ids::CompanyId::generate().to_string();
        let elsewhere = json!({ "company": other });
        let seen = report(&desk.accountant, "ledger.trial_balance", &elsewhere).await;
        let expected = "administration.report_company_unknown";
        assert_eq!(seen["userErrors"][0]["reason"], expected, "{seen}");
        let keeper = desk.login(app, "oscar.diez").await;
        let query = "query ($parameters: ReportParametersInput) { \
            report(key: \"ledger.trial_balance\", parameters: $parameters) { asOf } }";
        let variables = json!({ "parameters": { "company": desk.company } });
        assert_eq!(keeper.refused(query, variables).await, "FORBIDDEN");
        let mutation = crate::people::stage::mutation_of("reportRun", "job { id }");
        let input = json!({ "input": desk.trial_balance("CSV") });
        assert_eq!(keeper.refused(&mutation, input).await, "FORBIDDEN");
    });
}
