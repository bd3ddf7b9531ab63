//! Approval: ten at once count once, and who prepared a run never approves it.

use serde_json::{Value, json};

use super::stage::{Month, RUN, act, count, done, mutation_of, reasons};
use crate::app::run;
use crate::client::{Client, Tenant};

/// How many of ten equal acts at once were done.
async fn ten_times(client: &Client, mutation: &str, run: &str) -> usize {
    let document = mutation_of(mutation, RUN);
    let variables = json!({ "input": { "id": run } });
    let sent = (0..10).map(|_| client.send(&document, variables.clone(), None));
    let answers: Vec<Value> = futures::future::join_all(sent).await;
    let done = |answer: &&Value| answer["data"][mutation]["userErrors"] == json!([]);
    let count = answers.iter().filter(done).count();
    assert!(count > 0, "{answers:?}");
    count
}

#[test]
fn ten_approvals_at_once_make_one_run_and_one_bank_file() {
    run(|app| async {
        let month = Month::calculated(app).await;
        month.act("payrollRunSubmit").await;
        let approver = month.tenant.login_proved(app, "javier.ortega").await;
        assert_eq!(
            ten_times(&approver, "payrollRunApprove", &month.run).await,
            1
        );
        assert_eq!(
            ten_times(&month.clerk, "payrollRunPost", &month.run).await,
            1
        );
        month.deliver().await;
        for (table, rows) in [
            ("processes.approval_decision", 1),
            ("people.payroll_run", 1),
            ("people.payroll_bank_file", 1),
            ("people.payslip", 24),
            ("people.payslip_document", 24),
            ("ledger.entry WHERE source_kind = 'people.payroll_run'", 1),
            ("kernel.job WHERE kind = 'people.payroll_deliver'", 1),
        ] {
            assert_eq!(count(app, &month.tenant, table).await, rows, "{table}");
        }
    });
}

#[test]
fn whoever_prepared_a_run_never_approves_it_though_they_may_do_everything() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login_proved(app, "elena.campos").await;
        let company = tenant.demo.company.to_string();
        let input = json!({ "company": company, "year": 2026, "month": 11 });
        let payload = done(&owner, "payrollRunDraft", input, RUN).await;
        let id = payload["payrollRun"]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let month = Month {
            tenant,
            clerk: owner.clone(),
            run: id,
        };
        month.calculate().await;
        month.act("payrollRunSubmit").await;
        let payload = act(&owner, "payrollRunApprove", json!({ "id": month.run }), RUN).await;
        assert_eq!(
            reasons(&payload),
            ["processes.prepared_by_you"],
            "{payload}"
        );
        let seen = month
            .look("status viewerCan { approve { allowed reason } }")
            .await;
        assert_eq!(seen["status"], "IN_REVIEW");
        assert_eq!(seen["viewerCan"]["approve"]["allowed"], false, "{seen}");
    });
}
