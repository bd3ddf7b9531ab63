//! Standing in for who approves: a delegate decides by the delegator's right, within its bounds,
//! and is still a second person.

use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::stage::{Month, RUN, act, count, done, mutation_of, reasons, text};
use crate::app::{App, run, system};
use crate::client::Client;

/// A month in review.
async fn in_review(app: &App) -> Month {
    let month = Month::calculated(app).await;
    month.act("payrollRunSubmit").await;
    month
}

async fn user_of(client: &Client) -> String {
    text(&client.ask("{ viewer { user { id } } }").await["viewer"]["user"]["id"])
}

/// Has one delegate their part in payroll to another.
async fn delegate(from: &Client, to: &Client) {
    let ends = ::kernel::Clock::System.now() + chrono::TimeDelta::days(7);
    let input = json!({
        "delegateId": user_of(to).await, "subjectKind": "PayrollRun", "endsAt": ends,
    });
    done(from, "delegationCreate", input, "delegation { id }").await;
}

async fn approve(client: &Client, month: &Month) -> Value {
    act(client, "payrollRunApprove", json!({ "id": month.run }), RUN).await
}

/// The code of the top-level refusal.
async fn forbidden(client: &Client, month: &Month) -> String {
    let document = mutation_of("payrollRunApprove", RUN);
    let input = json!({ "input": { "id": month.run } });
    client.refused(&document, input).await
}

async fn status(month: &Month) -> Value {
    month.look("status").await["status"].take()
}

async fn can_approve(client: &Client, month: &Month) -> Value {
    let query = "query ($id: ID!) { payrollRun(id: $id) { viewerCan { approve { allowed } } } }";
    let data = client.run(query, json!({ "id": month.run })).await;
    data["payrollRun"]["viewerCan"]["approve"]["allowed"].clone()
}

#[test]
fn a_delegate_without_the_right_of_their_own_approves_for_who_has_it() {
    run(|app| async {
        let month = in_review(app).await;
        let carmen = month.tenant.login_proved(app, "carmen.molina").await;
        assert_eq!(forbidden(&carmen, &month).await, "FORBIDDEN");
        assert_eq!(can_approve(&carmen, &month).await, false);
        let javier = month.tenant.login(app, "javier.ortega").await;
        delegate(&javier, &carmen).await;
        assert_eq!(can_approve(&carmen, &month).await, true);
        let payload = approve(&carmen, &month).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        assert_eq!(payload["payrollRun"]["status"], "APPROVED");
        let on_behalf = "processes.approval_decision WHERE on_behalf_of IS NOT NULL";
        assert_eq!(count(app, &month.tenant, on_behalf).await, 1);
    });
}

#[test]
fn a_delegate_sees_what_they_decide_and_no_payslip() {
    run(|app| async {
        let month = in_review(app).await;
        let pablo = month.tenant.login_proved(app, "pablo.serrano").await;
        let query = "query ($id: ID!) { payrollRun(id: $id) { status totals { employeeCount } \
                     payslips(first: 5) { totalCount } approval { title } } }";
        let seen = pablo.run(query, json!({ "id": month.run })).await;
        assert_eq!(seen["payrollRun"], Value::Null);
        let javier = month.tenant.login(app, "javier.ortega").await;
        delegate(&javier, &pablo).await;
        let seen = pablo.run(query, json!({ "id": month.run })).await["payrollRun"].take();
        assert_eq!(seen["status"], "IN_REVIEW", "{seen}");
        assert_eq!(seen["totals"]["employeeCount"], 24);
        assert_eq!(seen["payslips"], Value::Null, "{seen}");
        assert!(seen["approval"]["title"].is_string(), "{seen}");
        let payload = approve(&pablo, &month).await;
        assert_eq!(payload["payrollRun"]["status"], "APPROVED", "{payload}");
    });
}

#[test]
fn a_delegation_makes_nobody_their_own_second_person() {
    run(|app| async {
        let month = in_review(app).await;
        let javier = month.tenant.login(app, "javier.ortega").await;
        let marta = month.tenant.login_proved(app, "marta.ruiz").await;
        delegate(&javier, &marta).await;
        let payload = approve(&marta, &month).await;
        assert_eq!(
            reasons(&payload),
            ["processes.prepared_by_you"],
            "{payload}"
        );
        assert_eq!(can_approve(&marta, &month).await, false);
        assert_eq!(status(&month).await, "IN_REVIEW");
    });
}

#[test]
fn who_prepared_approves_through_no_delegate() {
    run(|app| async {
        let mut month = Month::drafted(app).await;
        month.clerk = month.tenant.login_proved(app, "elena.campos").await;
        month.calculate().await;
        month.act("payrollRunSubmit").await;
        let carmen = month.tenant.login_proved(app, "carmen.molina").await;
        delegate(&month.clerk, &carmen).await;
        let payload = approve(&carmen, &month).await;
        assert_eq!(
            reasons(&payload),
            ["processes.prepared_by_delegator"],
            "{payload}"
        );
        assert_eq!(status(&month).await, "IN_REVIEW");
    });
}

#[test]
fn a_delegation_that_is_over_lends_nothing() {
    run(|app| async {
        let month = in_review(app).await;
        let carmen = month.tenant.login_proved(app, "carmen.molina").await;
        let javier = month.tenant.login(app, "javier.ortega").await;
        delegate(&javier, &carmen).await;
        assert_eq!(can_approve(&carmen, &month).await, true);
        let mut tx = app
            .db
            .begin(&system(month.tenant.demo.organisation, &app.db))
            .await
            .unwrap();
        diesel::sql_query(
            "UPDATE processes.delegation SET starts_at = starts_at - interval '9 days', \
             ends_at = ends_at - interval '8 days'",
        )
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(can_approve(&carmen, &month).await, false);
        assert_eq!(forbidden(&carmen, &month).await, "FORBIDDEN");
        assert_eq!(status(&month).await, "IN_REVIEW");
    });
}
