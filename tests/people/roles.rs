//! Who sees what of pay: by field, filter, sort, count, history and error, role by role.

use serde_json::{Value, json};

use super::stage::{Month, RUN, employee, mutation_of};
use crate::app::{App, run};
use crate::client::Client;

/// The demo company's people of sales.
const SALES: i64 = 7;
/// Hugo's salary, which nobody without the right to it may find anywhere.
const SECRET: &str = "23800";

/// What somebody is expected to see.
struct Expected {
    name: &'static str,
    employees: i64,
    contracts: i64,
    payslips: i64,
    runs: bool,
    hugo: Sight,
}

/// What somebody sees of a colleague.
#[derive(PartialEq)]
enum Sight {
    Nothing,
    Person,
    Pay,
}

const MATRIX: [Expected; 6] = [
    Expected {
        name: "marta.ruiz",
        employees: 24,
        contracts: 24,
        payslips: 24,
        runs: true,
        hugo: Sight::Pay,
    },
    Expected {
        name: "javier.ortega",
        employees: 24,
        contracts: 24,
        payslips: 24,
        runs: true,
        hugo: Sight::Pay,
    },
    Expected {
        name: "raquel.iglesias",
        employees: 24,
        contracts: 24,
        payslips: 24,
        runs: true,
        hugo: Sight::Pay,
    },
    Expected {
        name: "diego.navarro",
        employees: SALES,
        contracts: 1,
        payslips: 1,
        runs: false,
        hugo: Sight::Person,
    },
    Expected {
        name: "pablo.serrano",
        employees: 1,
        contracts: 1,
        payslips: 1,
        runs: false,
        hugo: Sight::Nothing,
    },
    Expected {
        name: "lucia.fernandez",
        employees: 1,
        contracts: 1,
        payslips: 1,
        runs: false,
        hugo: Sight::Nothing,
    },
];

#[test]
fn everybody_sees_of_pay_what_their_role_says() {
    run(|app| async {
        let month = Month::delivered(app).await;
        let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
        for expected in &MATRIX {
            let viewer = month.tenant.login(app, expected.name).await;
            counts(&viewer, expected).await;
            runs(&viewer, expected, &month.run).await;
            colleague(&viewer, expected, &hugo).await;
        }
        acts_are_refused(app, &month).await;
    });
}

/// Lists, and what filters and sorts by pay find, end at the scope.
async fn counts(viewer: &Client, expected: &Expected) {
    let data = viewer
        .ask(
            "{ employees { totalCount } contracts { totalCount } payslips { totalCount } \
             dear: contracts(filter: { salary: { gt: \"0\" } }, \
               sort: { field: SALARY, direction: DESC }) { totalCount } \
             hugo: contracts(filter: { salary: { eq: \"23800\" } }) { totalCount } \
             rich: payslips(filter: { net: { gt: \"0\" } }, \
               sort: { field: NET, direction: DESC }) { totalCount } }",
        )
        .await;
    let name = expected.name;
    let total = |list: &str| data[list]["totalCount"].as_i64();
    assert_eq!(total("employees"), Some(expected.employees), "{name}");
    for list in ["contracts", "dear"] {
        assert_eq!(total(list), Some(expected.contracts), "{name} {list}");
    }
    for list in ["payslips", "rich"] {
        assert_eq!(total(list), Some(expected.payslips), "{name} {list}");
    }
    let found = i64::from(expected.hugo == Sight::Pay);
    assert_eq!(total("hugo"), Some(found), "{name} finds a salary");
}

async fn runs(viewer: &Client, expected: &Expected, run: &str) {
    let list = "{ payrollRuns { totalCount } }";
    let one = "query ($id: ID!) { payrollRun(id: $id) { totals { net { amount } } } }";
    let seen = viewer.run(one, json!({ "id": run })).await;
    assert_eq!(
        seen["payrollRun"].is_object(),
        expected.runs,
        "{}: {seen}",
        expected.name
    );
    if expected.runs {
        assert_eq!(viewer.ask(list).await["payrollRuns"]["totalCount"], 1);
    } else {
        assert_eq!(
            viewer.refused(list, json!({})).await,
            "FORBIDDEN",
            "{}",
            expected.name
        );
    }
}

/// A colleague of sales, field by field.
async fn colleague(viewer: &Client, expected: &Expected, hugo: &str) {
    let query = "query ($id: ID!) { employee(id: $id) { fullName taxId birthDate iban \
        contract { salary { amount } } contracts { totalCount } payslips { totalCount } \
        redactedFields history(first: 20) { nodes { action changes { name before after } } } } }";
    let data = viewer.run(query, json!({ "id": hugo })).await;
    let (seen, name) = (&data["employee"], expected.name);
    match expected.hugo {
        Sight::Nothing => assert_eq!(*seen, Value::Null, "{name}"),
        Sight::Person => person_without_pay(seen),
        Sight::Pay => {
            let salary = seen["contract"]["salary"]["amount"]
                .as_str()
                .unwrap_or_default();
            assert!(salary.starts_with(SECRET), "{name}: {seen}");
            assert_eq!(seen["payslips"]["totalCount"], 1, "{name}");
            assert!(
                seen["taxId"].is_string() && seen["birthDate"].is_string(),
                "{name}"
            );
        }
    }
    if expected.hugo != Sight::Pay {
        assert!(
            !data.to_string().contains(SECRET),
            "{name} learns a salary: {data}"
        );
    }
}

fn person_without_pay(seen: &Value) {
    assert_eq!(seen["fullName"], "Hugo Santos Bravo");
    let hidden = seen["redactedFields"].as_array().expect("names of fields");
    for field in ["taxId", "birthDate", "contract", "contracts", "payslips"] {
        assert_eq!(seen[field], Value::Null, "{field}: {seen}");
        assert!(
            hidden.contains(&json!(field)),
            "{field} is not told as hidden: {seen}"
        );
    }
    assert!(hidden.contains(&json!("iban")), "{seen}");
    assert!(
        seen["iban"]
            .as_str()
            .is_none_or(|iban| iban.contains('*') || iban.contains('•')),
        "{seen}"
    );
}

/// Errors tell no more than fields: what may not be done is refused before anything is looked at.
async fn acts_are_refused(app: &App, month: &Month) {
    for name in [
        "diego.navarro",
        "pablo.serrano",
        "lucia.fernandez",
        "raquel.iglesias",
    ] {
        let viewer = month.tenant.login(app, name).await;
        for mutation in ["payrollRunCalculate", "payrollRunSubmit", "payrollRunPost"] {
            let document = mutation_of(mutation, RUN);
            let input = json!({ "input": { "id": month.run } });
            let answer = viewer
                .send(&document, input, Some("not-theirs-to-do"))
                .await;
            let code = answer["errors"][0]["extensions"]["code"].as_str();
            let code = code.or(answer["data"][mutation]["userErrors"][0]["code"].as_str());
            let refused = matches!(code, Some("FORBIDDEN" | "NOT_FOUND"));
            assert!(refused, "{name} {mutation}: {answer}");
        }
    }
}
