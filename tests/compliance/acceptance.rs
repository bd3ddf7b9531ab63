//! Findings worked by people: assigned, commented, accepted by two; pay stays with those who may
//! see it.

use ::kernel::Clock;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::stage::{Field, scan_by};
use crate::app::{App, run};
use crate::client::Client;
use crate::people::stage::{act, done, reasons, text};

/// A field with one open finding of a rule, and its id.
async fn found(app: &App, rule: &str) -> (Field, String) {
    let field = Field::new(app).await;
    let (base, breaches) = field.ground.breaches();
    field.write(app, &base).await;
    let breach = breaches.into_iter().find(|it| it.rule == rule).unwrap();
    field.write(app, &breach.plant).await;
    field.scan(app, &[rule]).await;
    let officer = field.tenant.login(app, "nora.ibarra").await;
    let query = "query ($rule: String!) { findings(filter: { ruleKey: { eq: $rule } }) { \
                 nodes { id status } } }";
    let data = officer.run(query, json!({ "rule": rule })).await;
    let nodes = data["findings"]["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes.len(), 1, "{data}");
    let id = text(&nodes[0]["id"]);
    (field, id)
}

async fn look(client: &Client, id: &str, selection: &str) -> Value {
    let query = format!("query ($id: ID!) {{ finding(id: $id) {{ {selection} }} }}");
    let mut data = client.run(&query, json!({ "id": id })).await;
    data["finding"].take()
}

fn in_days(days: i64) -> String {
    (::kernel::Clock::System.now() + TimeDelta::days(days))
        .date_naive()
        .to_string()
}

#[test]
fn two_people_accept_a_finding_and_it_opens_again_when_its_time_is_over() {
    run(|app| async {
        let rule = "inventory.negative_stock";
        let (field, id) = found(app, rule).await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let owner = field.tenant.login_proved(app, "elena.campos").await;
        let input = json!({ "id": id, "reason": "Recuento pendiente", "expiresOn": in_days(10) });
        let both = "finding { status acceptedUntilDate } acceptance { id status }";
        let payload = done(&officer, "findingAccept", input.clone(), both).await;
        assert_eq!(
            payload["finding"]["status"], "OPEN",
            "a proposal accepts nothing"
        );
        let again = act(&officer, "findingAccept", input, both).await;
        assert_eq!(reasons(&again), ["compliance.acceptance_proposed"]);
        let acceptance = text(&payload["acceptance"]["id"]);
        let grant = json!({ "id": acceptance, "decision": "APPROVE" });
        let own = act(&officer, "findingAcceptanceDecide", grant.clone(), both).await;
        assert_eq!(reasons(&own), ["compliance.acceptance_own"]);
        let waits = "{ inbox(filter: { kind: { eq: APPROVAL } }) { rows { subjectKind } } }";
        let waiting = owner.ask(waits).await;
        assert_eq!(waiting["inbox"]["rows"][0]["subjectKind"], "Acceptance");
        let elsewhere = json!({ "input": { "id": approval_of(&owner, &acceptance).await,
            "decision": "APPROVE" } });
        let document = "mutation ($input: ApprovalDecideInput!) { approvalDecide(input: $input) { \
                        userErrors { reason } } }";
        let refused = owner.run(document, elsewhere).await;
        let reason = &refused["approvalDecide"]["userErrors"][0]["reason"];
        assert_eq!(reason, "processes.approval_decide_elsewhere");
        let granted = done(&owner, "findingAcceptanceDecide", grant.clone(), both).await;
        assert_eq!(granted["finding"]["status"], "ACCEPTED");
        assert_eq!(granted["finding"]["acceptedUntilDate"], json!(in_days(10)));
        let twice = act(&owner, "findingAcceptanceDecide", grant, both).await;
        assert_eq!(reasons(&twice), ["compliance.acceptance_decided"]);
        let result = field.scan(app, &[rule]).await;
        assert_eq!(
            (&result["accepted"], &result["reopened"]),
            (&json!(1), &json!(0))
        );
        let later = ::kernel::Clock::System.now() + TimeDelta::days(12);
        let db = app.db_at(Clock::fixed(later));
        let row = scan_by(app, &db, &field.tenant, &[rule], false).await;
        assert_eq!(row.result.unwrap()["reopened"], 1);
        let seen = look(&officer, &id, "status acceptances { nodes { status } }").await;
        assert_eq!(seen["status"], "OPEN");
        assert_eq!(seen["acceptances"]["nodes"][0]["status"], "ENDED");
    });
}

async fn approval_of(client: &Client, acceptance: &str) -> String {
    let query = "query ($id: ID!) { node(id: $id) { ... on Acceptance { approval { id } } } }";
    let data = client.run(query, json!({ "id": acceptance })).await;
    text(&data["node"]["approval"]["id"])
}

#[test]
fn an_acceptance_needs_a_reason_a_future_day_and_an_open_finding() {
    run(|app| async {
        let (field, id) = found(app, "inventory.negative_stock").await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let accept =
            |reason: &str, day: String| json!({ "id": id, "reason": reason, "expiresOn": day });
        let payload = act(
            &officer,
            "findingAccept",
            accept(" ", in_days(0)),
            "finding { id }",
        )
        .await;
        let mut told = reasons(&payload);
        told.sort();
        assert_eq!(told, ["compliance.acceptance_over", "kernel.required"]);
        let far = accept("Porque sí", in_days(500));
        let payload = act(&officer, "findingAccept", far, "finding { id }").await;
        assert_eq!(reasons(&payload), ["compliance.acceptance_too_long"]);
        let auditor = field.tenant.login(app, "raquel.iglesias").await;
        let document = crate::people::stage::mutation_of("findingAccept", "finding { id }");
        let variables = json!({ "input": accept("Porque sí", in_days(5)) });
        assert_eq!(auditor.refused(&document, variables).await, "FORBIDDEN");
    });
}

#[test]
fn who_works_a_finding_off_gets_its_task_and_sees_it() {
    run(|app| async {
        let (field, id) = found(app, "inventory.purchase_split").await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let buyer = field.tenant.login(app, "hugo.santos").await;
        assert_eq!(look(&buyer, &id, "id").await, Value::Null);
        let user = field
            .id(
                app,
                "(SELECT id FROM directory.\"user\" WHERE display_name = 'Hugo Santos Bravo')",
            )
            .await;
        let user = ::kernel::ids::UserId(user).to_string();
        let input = json!({ "id": id, "assigneeId": user });
        let selection = "finding { assignee { name } task { assignee { name } title } }";
        let payload = done(&officer, "findingAssign", input, selection).await;
        assert_eq!(
            payload["finding"]["task"]["assignee"]["name"],
            "Hugo Santos Bravo"
        );
        assert!(text(&payload["finding"]["task"]["title"]).starts_with("Hallazgo: Compra"));
        let inbox = buyer
            .ask(
                "{ inbox(filter: { kind: { eq: TASK } }) { rows { subjectKind item { \
                  ... on Task { title subject { id } } } } } }",
            )
            .await;
        assert_eq!(
            inbox["inbox"]["rows"][0]["item"]["subject"]["id"],
            json!(id)
        );
        let input = json!({ "id": id, "text": "Lo miro hoy" });
        let selection = "finding { comments { rows { text authorName } } }";
        let payload = done(&buyer, "findingComment", input, selection).await;
        let said = &payload["finding"]["comments"]["rows"][0];
        assert_eq!(said["authorName"], "Hugo Santos Bravo");
    });
}

#[test]
fn evidence_of_pay_is_for_those_who_may_see_pay() {
    run(|app| async {
        let (field, id) = found(app, "people.payslip_under_minimum_wage").await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let owner = field.tenant.login(app, "elena.campos").await;
        let selection = "redactedFields evidence { name kind number text isRedacted }";
        let piece = |seen: &Value, name: &str| {
            let all = seen["evidence"].as_array().unwrap();
            all.iter().find(|it| it["name"] == name).unwrap().clone()
        };
        let hidden = look(&officer, &id, selection).await;
        let gross = piece(&hidden, "gross");
        assert_eq!(
            (&gross["number"], &gross["isRedacted"]),
            (&Value::Null, &json!(true))
        );
        let fields = hidden["redactedFields"].as_array().unwrap();
        assert!(fields.contains(&json!("evidence.gross")), "{hidden}");
        assert_eq!(piece(&hidden, "month")["text"], "2026-01");
        let shown = look(&owner, &id, selection).await;
        assert_eq!(piece(&shown, "gross")["number"], "1000");
        assert_eq!(piece(&shown, "minimum")["number"], "1221");
        assert_eq!(shown["redactedFields"], json!([]));
    });
}
