//! Bad input: every error at once, each with its field and a sentence in the caller's language, and
//! nothing written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stage::{RUN, act, count, employee, reasons, text};
use crate::app::run;
use crate::client::Tenant;

/// An employee with nearly everything wrong.
fn hopeless(company: &str) -> Value {
    json!({
        "company": company, "firstName": "Ana", "lastName": "Peral Gil", "taxId": "12345678A",
        "socialSecurityNumber": "281234567800", "birthDate": "1990-05-01",
        "iban": "ES0021000418450200051332",
        "contract": {
            "startsOn": "2026-11-10", "endsOn": "2026-11-01", "salary": "-1",
            "contributionGroup": 12, "occupation": "Dependienta",
        },
    })
}

/// The sentences of a payload by the path of their field.
fn sentences(payload: &Value) -> BTreeMap<String, String> {
    let errors = payload["userErrors"]
        .as_array()
        .expect("user errors")
        .iter();
    let path = |error: &Value| {
        let steps = error["field"].as_array().expect("a field").iter();
        steps.map(text).collect::<Vec<_>>().join(".")
    };
    errors
        .map(|error| (path(error), text(&error["message"])))
        .collect()
}

#[test]
fn a_hopeless_hiring_names_every_fault_and_writes_nothing() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let manager = tenant.login(app, "carmen.molina").await;
        let input = hopeless(&tenant.demo.company.to_string());
        let spanish = act(&manager, "employeeHire", input.clone(), "employee { id }").await;
        assert_eq!(spanish["employee"], Value::Null);
        let es = sentences(&spanish);
        let fields: Vec<_> = es.keys().map(String::as_str).collect();
        let expected = [
            "input.contract.contributionGroup",
            "input.contract.endsOn",
            "input.contract.salary",
            "input.iban",
            "input.socialSecurityNumber",
            "input.taxId",
        ];
        assert_eq!(fields, expected, "{spanish}");
        assert_eq!(
            es["input.contract.salary"],
            "El salario no puede ser negativo."
        );
        let english = act(
            &manager.in_english(),
            "employeeHire",
            input,
            "employee { id }",
        )
        .await;
        let en = sentences(&english);
        assert!(en.keys().eq(es.keys()), "{english}");
        assert!(
            en.iter().all(|(field, said)| es[field] != *said),
            "{english}"
        );
        for table in [
            "people.employee",
            "people.contract",
            "people.family_situation",
        ] {
            assert_eq!(count(app, &tenant, table).await, 24, "{table}");
        }
    });
}

#[test]
fn contracts_of_an_employee_never_overlap() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let manager = tenant.login(app, "carmen.molina").await;
        let pablo = employee(&manager, "Pablo Serrano Cano").await;
        let terms = json!({
            "startsOn": "2026-11-15", "salary": "30000", "contributionGroup": 5,
            "occupation": "Encargado",
        });
        let input = json!({ "employee": pablo, "terms": terms });
        let payload = act(&manager, "contractCreate", input, "contract { id }").await;
        assert_eq!(reasons(&payload), ["people.contracts_overlap"], "{payload}");
        assert_eq!(
            payload["userErrors"][0]["field"],
            json!(["input", "terms", "startsOn"])
        );
        assert_eq!(count(app, &tenant, "people.contract").await, 24);
    });
}

#[test]
fn a_change_of_what_has_changed_since_is_stale() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let manager = tenant.login(app, "carmen.molina").await;
        let pablo = employee(&manager, "Pablo Serrano Cano").await;
        let change = |version: i64, name: &str| {
            let patch = json!({ "firstName": name });
            json!({ "id": pablo, "expectedVersion": version, "patch": patch })
        };
        let seen = "employee { firstName version }";
        let query = "query ($id: ID!) { employee(id: $id) { version } }";
        let data = manager.run(query, json!({ "id": pablo })).await;
        let version = data["employee"]["version"].as_i64().expect("a version");
        let first = act(&manager, "employeeUpdate", change(version, "Paulo"), seen).await;
        assert_eq!(first["userErrors"], json!([]), "{first}");
        let late = act(&manager, "employeeUpdate", change(version, "Pau"), seen).await;
        assert_eq!(late["userErrors"][0]["code"], "STALE", "{late}");
        assert_eq!(
            late["userErrors"][0]["field"],
            json!(["input", "expectedVersion"])
        );
        let current = json!({ "firstName": "Paulo", "version": version + 1 });
        assert_eq!(late["employee"], current, "the record as it is now");
        let query = "query ($id: ID!) { employee(id: $id) { firstName } }";
        let data = manager.run(query, json!({ "id": pablo })).await;
        assert_eq!(data["employee"]["firstName"], "Paulo");
    });
}

/// Also where a payload has two records, names its record by another word than `id`, takes
/// something away, or is written by hand.
#[test]
fn every_stale_refusal_shows_the_record_as_it_is_now() {
    run(|app| async {
        let month = super::stage::Month::calculated(app).await;
        let clerk = &month.clerk;
        let hugo = employee(clerk, "Hugo Santos Bravo").await;
        let stale = |payload: &Value| assert_eq!(payload["userErrors"][0]["code"], "STALE");
        let run_now = month.look("id status version").await;
        let input = json!({ "id": month.run, "expectedVersion": 1 });
        let seen = format!("{RUN} job {{ id }}");
        let payload = act(clerk, "payrollRunCalculate", input, &seen).await;
        stale(&payload);
        assert_eq!(payload["payrollRun"], run_now);
        let input = json!({
            "run": month.run, "employee": hugo, "reason": "Baja", "expectedVersion": 1,
        });
        let payload = act(clerk, "payrollEmployeeExclude", input, RUN).await;
        stale(&payload);
        assert_eq!(payload["payrollRun"], run_now);
        let item = item_of(&month, &hugo).await;
        let input = json!({ "id": item, "expectedVersion": 7 });
        let seen = "payItem { id version } deletedId";
        let payload = act(clerk, "payItemDelete", input, seen).await;
        stale(&payload);
        assert_eq!(payload["payItem"], json!({ "id": item, "version": 1 }));
        assert_eq!(payload["deletedId"], Value::Null);
        let query = "{ viewer { user { id version } } }";
        let me = clerk.ask(query).await["viewer"]["user"].take();
        let input = json!({ "expectedVersion": 99 });
        let payload = act(clerk, "userTotpEnrol", input, "user { id version } secret").await;
        stale(&payload);
        assert_eq!((&payload["user"], &payload["secret"]), (&me, &Value::Null));
    });
}

async fn item_of(month: &super::stage::Month, employee: &str) -> String {
    let company = month.tenant.demo.company.to_string();
    let input = json!({
        "company": company, "code": "PLUS", "nameEs": "Plus", "kind": "EARNING",
    });
    let made = act(&month.clerk, "payConceptCreate", input, "payConcept { id }").await;
    let input = json!({
        "employee": employee, "concept": made["payConcept"]["id"], "year": 2026, "month": 11,
        "amount": "50",
    });
    let made = act(&month.clerk, "payItemCreate", input, "payItem { id }").await;
    text(&made["payItem"]["id"])
}

#[test]
fn a_year_without_rules_is_told() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let company = tenant.demo.company.to_string();
        let clerk = tenant.login(app, "marta.ruiz").await;
        let input = json!({ "company": company, "year": 2019, "month": 11 });
        let payload = act(&clerk, "payrollRunDraft", input, RUN).await;
        assert_eq!(reasons(&payload), ["people.no_rule_pack"], "{payload}");
        // The rules of 2025 know social security alone.
        let input = json!({ "company": company, "year": 2025, "month": 11 });
        let payload = act(&clerk, "payrollRunDraft", input, RUN).await;
        assert_eq!(reasons(&payload), ["people.no_tax_rules"], "{payload}");
        let error = &payload["userErrors"][0];
        assert_eq!(error["field"], json!(["input", "year"]));
        assert!(text(&error["message"]).contains("2025"), "{error}");
        assert_eq!(count(app, &tenant, "people.payroll_run").await, 0);
    });
}
