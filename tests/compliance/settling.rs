//! What becomes of findings beside a scan: a rule that is turned off, the one task over many of
//! them, and more of them than a scan takes.

use serde_json::json;
use trastienda_core::compliance::rule;

use super::stage::Field;
use crate::app::{App, run};
use crate::client::Client;
use crate::people::stage::{done, text};

const RULE: &str = "directory.user_unused";
/// The tasks over many findings of a rule that are not ended.
const COMMON: &str = "processes.task WHERE subject_kind = 'ComplianceRule' AND status = 'OPEN'";

async fn change(field: &Field, officer: &Client, patch: serde_json::Value) {
    let id = rule::id_of(field.tenant.demo.organisation, RULE).to_string();
    let input = json!({ "id": id, "patch": patch });
    done(officer, "complianceRuleUpdate", input, "rule { id }").await;
}

/// So many users who never came.
async fn users(app: &App, field: &Field, many: u32) {
    let organisation = field.tenant.demo.organisation.0;
    let text = format!(
        "INSERT INTO directory.\"user\" (organisation_id, id, email, display_name, locale, \
            created_at) \
         SELECT '{organisation}', gen_random_uuid(), 'u' || n || '@ausente.example', \
            'Ausente ' || n, 'ES', now() - interval '200 days' \
         FROM generate_series(1, {many}) n"
    );
    field.write(app, &text).await;
}

fn open(status: &str) -> String {
    format!("compliance.finding WHERE rule_key = '{RULE}' AND status = '{status}'")
}

#[test]
fn a_rule_that_is_turned_off_closes_its_findings_and_their_tasks() {
    run(|app| async {
        let field = Field::new(app).await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        change(&field, &officer, json!({ "severity": "HIGH" })).await;
        users(app, &field, 3).await;
        assert_eq!(field.scan(app, &[RULE]).await["opened"], 3);
        let tasks = "processes.task WHERE subject_kind = 'Finding' AND status = 'OPEN'";
        assert_eq!(field.count(app, tasks).await, 3);
        change(&field, &officer, json!({ "isEnabled": false })).await;
        assert_eq!(field.count(app, &open("OPEN")).await, 0);
        assert_eq!(field.count(app, &open("CLOSED")).await, 3);
        assert_eq!(field.count(app, tasks).await, 0);
        let told = "kernel.event WHERE action = 'compliance.finding.closed' \
                    AND changes::text LIKE '%compliance.rule_off%'";
        assert_eq!(field.count(app, told).await, 3, "it says why");
        change(&field, &officer, json!({ "isEnabled": true })).await;
        let again = field.scan(app, &[RULE]).await;
        assert_eq!(again["reopened"], 3, "{again}");
    });
}

#[test]
fn one_task_stands_over_many_findings_until_none_is_left() {
    run(|app| async {
        let field = Field::new(app).await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        change(&field, &officer, json!({ "severity": "HIGH" })).await;
        users(app, &field, 25).await;
        assert_eq!(field.scan(app, &[RULE]).await["opened"], 25);
        assert_eq!(field.count(app, COMMON).await, 1);
        let closed = format!(
            "UPDATE compliance.finding SET status = 'CLOSED', closed_at = now() \
             WHERE rule_key = '{RULE}'"
        );
        field.write(app, &closed).await;
        assert_eq!(field.scan(app, &[RULE]).await["reopened"], 25);
        assert_eq!(field.count(app, COMMON).await, 1, "it waits already");
        let came = "UPDATE directory.\"user\" SET last_login_at = now() \
                    WHERE email LIKE '%@ausente.example'";
        field.write(app, came).await;
        assert_eq!(field.scan(app, &[RULE]).await["closed"], 25);
        assert_eq!(field.count(app, COMMON).await, 0, "nothing is left to mend");
    });
}

#[test]
fn more_findings_than_a_scan_takes_are_settled_as_far_as_it_goes() {
    run(|app| async {
        let field = Field::new(app).await;
        users(app, &field, 10_005).await;
        for round in [("opened", 10_000), ("opened", 0)] {
            let result = field.scan(app, &[RULE]).await;
            assert_eq!(result["failed"], 0, "{result}");
            assert_eq!(result[round.0], round.1, "{result}");
            assert_eq!(result["closed"], 0, "{result}");
            assert_eq!(result["perRule"][0]["status"], "PARTIAL", "{result}");
        }
        assert_eq!(field.count(app, &open("OPEN")).await, 10_000);
    });
}

#[test]
fn an_entry_by_hand_on_the_account_of_stock_is_seen_without_any_stock() {
    run(|app| async {
        let key = "inventory.ledger_unbalanced";
        let field = Field::new(app).await;
        let owner = field.tenant.login(app, "elena.campos").await;
        let accountant = field.tenant.login(app, "lucia.fernandez").await;
        let company = field.tenant.demo.company.to_string();
        let entry = json!({
            "companyId": company, "date": "2026-03-10", "memo": "A mano", "lines": [
                { "accountCode": "300", "debit": "500", "currencyCode": "EUR" },
                { "accountCode": "610", "credit": "500", "currencyCode": "EUR" },
            ],
        });
        done(&accountant, "entryPost", entry, "entry { id }").await;
        let none = field.scan(app, &[key]).await;
        assert_eq!(
            none["found"], 0,
            "a company that keeps no items values them by hand"
        );
        let item = json!({ "company": company, "code": "A", "name": "Artículo", "unit": "UN" });
        done(&owner, "itemCreate", item, "item { id }").await;
        let seen = field.scan(app, &[key]).await;
        assert_eq!(seen["found"], 1, "{seen}");
        let account = format!(
            "SELECT id FROM ledger.account WHERE company_id = '{}' AND code = '300'",
            field.tenant.demo.company.0
        );
        let account = field.id(app, &account).await;
        let kept = field.findings(app, key, account).await;
        assert_eq!(kept[0].evidence["difference"], "500.0000");
    });
}

#[test]
fn who_stands_in_for_an_approver_has_their_duty_too() {
    run(|app| async {
        let key = "directory.duties_in_conflict";
        let field = Field::new(app).await;
        let clerk = field.tenant.login(app, "marta.ruiz").await;
        let approver = field.tenant.login(app, "javier.ortega").await;
        let viewer = clerk.ask("{ viewer { user { id } } }").await;
        let user = text(&viewer["viewer"]["user"]["id"]);
        let subject = field
            .id(
                app,
                "SELECT id FROM directory.\"user\" WHERE display_name = 'Marta Ruiz Soler'",
            )
            .await;
        field.scan(app, &[key]).await;
        let before = field.findings(app, key, subject).await.len();
        let ends = ::kernel::Clock::System.now() + chrono::TimeDelta::days(7);
        let input = json!({
            "delegateId": user, "subjectKind": "PayrollRun", "endsAt": ends,
        });
        done(&approver, "delegationCreate", input, "delegation { id }").await;
        field.scan(app, &[key]).await;
        let after = field.findings(app, key, subject).await;
        assert!(after.len() > before, "{after:?}");
        let lent = |one: &super::stage::Kept| {
            one.evidence["other"] == "people.payroll.approve"
                && one.evidence["roles"].to_string().contains("Javier")
        };
        assert!(after.iter().any(lent), "{after:?}");
    });
}
