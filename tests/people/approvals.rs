//! Approval: ten at once count once, and who prepared a run never approves it.

use serde_json::{Value, json};

use super::stage::{Month, RUN, act, count, done, keyed, mutation_of, reasons};
use crate::app::run;
use crate::client::{Client, Tenant};

/// How many of ten equal acts at once were done.
async fn ten_times(client: &Client, mutation: &str, run: &str) -> usize {
    let document = mutation_of(mutation, RUN);
    let variables = json!({ "input": { "id": run } });
    let keys: Vec<String> = (0..10).map(|at| format!("at-once-{at}")).collect();
    let sent = keys
        .iter()
        .map(|key| client.send(&document, variables.clone(), Some(key)));
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
fn posting_wants_an_idempotency_key_and_the_same_key_posts_once() {
    run(|app| async {
        let month = Month::approved(app).await;
        let input = json!({ "id": month.run });
        let keyless = act(&month.clerk, "payrollRunPost", input.clone(), RUN).await;
        assert_eq!(reasons(&keyless), ["kernel.idempotency_key_invalid"]);
        let rehearsal = json!({ "id": month.run, "dryRun": true });
        let rehearsed = act(&month.clerk, "payrollRunPost", rehearsal, RUN).await;
        assert_eq!(rehearsed["payrollRun"]["status"], "POSTED", "{rehearsed}");
        assert_eq!(month.look("status").await["status"], "APPROVED");
        let first = month.post().await;
        assert_eq!(first["payrollRun"]["status"], "POSTED");
        assert_eq!(month.post().await, first, "the same key, the same answer");
        let another = keyed(&month.clerk, "payrollRunPost", input, RUN, "another-key").await;
        assert_eq!(reasons(&another), ["people.run_state"], "{another}");
        let jobs = "kernel.job WHERE kind = 'people.payroll_deliver'";
        assert_eq!(count(app, &month.tenant, jobs).await, 1);
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
