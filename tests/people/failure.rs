//! An employee who can't be calculated stops nobody else, and holds the run until it is settled.

use serde_json::json;

use super::stage::{Month, RUN, act, done, employee, reasons, text};
use crate::app::run;

#[test]
fn one_who_cannot_be_calculated_stops_nobody_and_has_to_be_settled() {
    run(|app| async {
        let month = Month::drafted(app).await;
        let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
        give_impossible_item(&month, &hugo).await;
        month.calculate().await;
        let seen = month
            .look(
                "status failureCount totals { employeeCount } failures(first: 5) { \
                 rows { employee { id } userErrors { reason message } } }",
            )
            .await;
        assert_eq!(seen["status"], "CALCULATED");
        assert_eq!(
            (&seen["failureCount"], &seen["totals"]["employeeCount"]),
            (&json!(1), &json!(23))
        );
        let failure = &seen["failures"]["rows"][0];
        assert_eq!(failure["employee"]["id"], hugo.as_str());
        assert_eq!(
            failure["userErrors"][0]["reason"], "people.item_negative",
            "{seen}"
        );
        let input = json!({ "id": month.run });
        let refused = act(&month.clerk, "payrollRunSubmit", input, RUN).await;
        assert_eq!(reasons(&refused), ["people.unsettled"], "{refused}");
        let input =
            json!({ "run": month.run, "employee": hugo, "reason": "Se regulariza en diciembre" });
        done(&month.clerk, "payrollEmployeeExclude", input, RUN).await;
        let seen = month.look("failureCount exclusionCount").await;
        assert_eq!(seen, json!({ "failureCount": 0, "exclusionCount": 1 }));
        let payload = month.act("payrollRunSubmit").await;
        assert_eq!(payload["payrollRun"]["status"], "IN_REVIEW");
    });
}

/// An earning whose formula comes out below zero.
async fn give_impossible_item(month: &Month, employee: &str) {
    let input = json!({
        "company": month.tenant.demo.company.to_string(), "code": "OBJ", "nameEs": "Objetivos",
        "nameEn": "Targets", "kind": "EARNING", "formula": "amount - 1000",
    });
    let payload = done(&month.clerk, "payConceptCreate", input, "payConcept { id }").await;
    let input = json!({
        "employee": employee, "concept": text(&payload["payConcept"]["id"]), "year": 2026,
        "month": 11, "amount": "50",
    });
    done(&month.clerk, "payItemCreate", input, "payItem { id }").await;
}
