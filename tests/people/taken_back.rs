//! A month that was paid to somebody who was no longer there is taken back by a correction.

use serde_json::json;

use super::figures::{SUM_NAMES, SUMS, payslip_of};
use super::stage::{Month, RUN, amount, done, employee, text};
use crate::app::run;

#[test]
fn a_correction_takes_back_the_month_of_who_had_left() {
    run(|app| async {
        let mut month = Month::approved(app).await;
        month.post().await;
        let paid = payslip_of(&month, "Hugo Santos Bravo").await;
        let manager = month.tenant.login(app, "carmen.molina").await;
        let hugo = employee(&manager, "Hugo Santos Bravo").await;
        let query = "query ($id: ID!) { employee(id: $id) { contract { id } } }";
        let seen = manager.run(query, json!({ "id": hugo })).await;
        let input = json!({
            "id": seen["employee"]["contract"]["id"], "endsOn": "2026-10-31",
            "reason": "Baja voluntaria",
        });
        done(&manager, "contractEnd", input, "contract { endsOn }").await;
        let input = json!({
            "company": month.tenant.demo.company.to_string(), "year": 2026, "month": 11,
            "kind": "DELTA", "corrects": month.run,
        });
        let payload = done(&month.clerk, "payrollRunDraft", input, RUN).await;
        month.run = text(&payload["payrollRun"]["id"]);
        month.calculate().await;
        let seen = month.look("status failureCount").await;
        assert_eq!(seen, json!({ "status": "CALCULATED", "failureCount": 0 }));
        let slips = month.payslips("employee { fullName }").await;
        assert_eq!(slips.len(), 1, "nobody else is touched: {slips:?}");
        let back = payslip_of(&month, "Hugo Santos Bravo").await;
        for name in SUM_NAMES {
            assert_eq!(amount(&back[name]), -amount(&paid[name]), "{name}");
        }
        assert_eq!(amount(&back["commonBase"]), -amount(&paid["commonBase"]));
        month.approve(app).await;
        let posted = month.post().await;
        assert_eq!(posted["payrollRun"]["status"], "POSTED");
        let run = month.look(&format!("totals {{ {SUMS} }}")).await;
        assert_eq!(amount(&run["totals"]["net"]), -amount(&paid["net"]));
    });
}
