//! Scans: a finding opens once, a rule that fails stops no other, a dry run writes nothing, and
//! what was covered is told.

use ::kernel::job::JobStatus;
use serde_json::{Value, json};
use trastienda_core::compliance::rule;

use super::breach::Breach;
use super::stage::{Field, scan_by};
use crate::app::{App, run};
use crate::client::Client;
use crate::people::stage::{done, text};

/// A field with one breach planted.
async fn planted(app: &App, rule: &str) -> (Field, Breach) {
    let field = Field::new(app).await;
    let (base, breaches) = field.ground.breaches();
    field.write(app, &base).await;
    let breach = breaches.into_iter().find(|it| it.rule == rule).unwrap();
    field.write(app, &breach.plant).await;
    (field, breach)
}

#[test]
fn many_scans_at_once_open_a_finding_and_its_task_once() {
    run(|app| async {
        let key = "inventory.purchase_split";
        let (field, breach) = planted(app, key).await;
        let rules = [key];
        let scans = (0..8).map(|_| field.scan(app, &rules));
        let results = futures::future::join_all(scans).await;
        let opened: i64 = results
            .iter()
            .map(|it| it["opened"].as_i64().unwrap())
            .sum();
        assert_eq!(opened, 1, "{results:?}");
        let subject = field.id(app, &breach.subject).await;
        let seen = field.findings(app, key, subject).await;
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].status.as_str(), seen[0].occurrences), ("OPEN", 1));
        let of = format!("WHERE subject_id = '{}'", seen[0].id);
        let told = format!("kernel.event {of} AND action = 'compliance.finding.opened'");
        assert_eq!(field.count(app, &told).await, 1);
        assert_eq!(field.count(app, &format!("processes.task {of}")).await, 1);
    });
}

#[test]
fn a_cause_that_comes_back_is_the_same_finding_with_a_new_task() {
    run(|app| async {
        let key = "inventory.purchase_split";
        let (field, breach) = planted(app, key).await;
        let subject = field.id(app, &breach.subject).await;
        field.scan(app, &[key]).await;
        field.write(app, &breach.mend).await;
        let closed = field.scan(app, &[key]).await;
        assert_eq!(
            (&closed["found"], &closed["closed"]),
            (&json!(0), &json!(1))
        );
        let other = breach.plant.split("INSERT").nth(2).unwrap();
        let id = uuid::Uuid::now_v7().to_string();
        let old = other
            .split("'P-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        let back = format!("INSERT{}", other.replace(old, &id));
        field.write(app, &back).await;
        let back = field.scan(app, &[key]).await;
        assert_eq!((&back["opened"], &back["reopened"]), (&json!(0), &json!(1)));
        let seen = field.findings(app, key, subject).await;
        assert_eq!((seen[0].status.as_str(), seen[0].occurrences), ("OPEN", 2));
        let tasks = format!("processes.task WHERE subject_id = '{}'", seen[0].id);
        assert_eq!(field.count(app, &tasks).await, 2);
        let waiting = format!("{tasks} AND status = 'OPEN'");
        assert_eq!(field.count(app, &waiting).await, 1, "the first was settled");
    });
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    run(|app| async {
        let key = "inventory.negative_stock";
        let (field, _) = planted(app, key).await;
        let row = scan_by(app, &app.db, &field.tenant, &[key], true).await;
        assert_eq!(row.status, JobStatus::Succeeded);
        let result = row.result.unwrap();
        assert_eq!(
            (&result["found"], &result["opened"]),
            (&json!(1), &json!(1))
        );
        for table in ["finding", "scan", "scan_rule"] {
            let kept = field.count(app, &format!("compliance.{table}")).await;
            assert_eq!(kept, 0, "{table}");
        }
        assert_eq!(field.scan(app, &[key]).await["opened"], 1);
    });
}

/// Asks for a scan by the API and waits for it.
async fn scan(client: &Client, input: Value) -> Value {
    let payload = done(client, "complianceScanRun", input, "job { id }").await;
    let query = "query ($id: ID!) { job(id: $id) { status progress { done total } figures { name \
                 value } itemErrors { userErrors { reason message } } } }";
    let id = text(&payload["job"]["id"]);
    loop {
        let mut data = client.run(query, json!({ "id": id })).await;
        match data["job"]["status"].as_str() {
            Some("QUEUED" | "RUNNING") => {}
            Some("SUCCEEDED") => return data["job"].take(),
            _ => panic!("{data}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn figure(job: &Value, name: &str) -> Value {
    let figures = job["figures"].as_array().unwrap();
    let found = figures.iter().find(|figure| figure["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {job}"))["value"].clone()
}

#[test]
fn a_rule_that_fails_is_a_failed_item_and_the_others_go_on() {
    run(|app| async {
        let broken = "people.payslip_under_minimum_wage";
        let (field, _) = planted(app, broken).await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let id = rule::id_of(field.tenant.demo.organisation, broken).to_string();
        let set = |values: Value| {
            json!({ "id": id, "patch": { "parameters": [
                { "name": "minimums", "values": values } ] } })
        };
        let wrong = set(json!(["nunca|nada|nada"]));
        done(&officer, "complianceRuleUpdate", wrong, "rule { id }").await;
        let job = scan(&officer, json!({})).await;
        let all = rule::all().unwrap().len();
        assert_eq!(job["progress"], json!({ "done": all, "total": all }));
        assert_eq!(figure(&job, "failed"), "1");
        let errors = job["itemErrors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{job}");
        assert_eq!(
            errors[0]["userErrors"][0]["reason"],
            "compliance.rule_failed"
        );
        assert!(text(&errors[0]["userErrors"][0]["message"]).contains(broken));
        let covered = coverage(&officer).await;
        for line in &covered {
            let fails = line["rule"]["key"] == broken;
            let expected = if fails { "FAILED" } else { "DONE" };
            assert_eq!(line["lastResult"]["status"], expected, "{line}");
            assert_eq!(line["isCovered"], json!(!fails), "{line}");
        }
        let right = set(json!(["2026|1221.00|17094.00"]));
        done(&officer, "complianceRuleUpdate", right, "rule { id }").await;
        let job = scan(&officer, json!({ "rules": [id] })).await;
        assert_eq!(figure(&job, "failed"), "0");
    });
}

async fn coverage(client: &Client) -> Vec<Value> {
    let data = client
        .ask(
            "{ complianceCoverage { isCovered openCount lastDoneAt rule { key } \
             lastResult { status scannedCount foundCount tookMilliseconds error } } }",
        )
        .await;
    data["complianceCoverage"].as_array().unwrap().clone()
}

#[test]
fn coverage_says_what_was_looked_at_and_how_much() {
    run(|app| async {
        let key = "inventory.negative_stock";
        let (field, _) = planted(app, key).await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let of = |lines: Vec<Value>| {
            lines
                .into_iter()
                .find(|it| it["rule"]["key"] == key)
                .unwrap()
        };
        let before = of(coverage(&officer).await);
        assert_eq!(before["lastResult"], Value::Null);
        assert_eq!(before["isCovered"], json!(false));
        let company = field.tenant.demo.company.to_string();
        let job = scan(&officer, json!({ "company": company })).await;
        let limited = rule::all().unwrap().iter().filter(|rule| rule.per_company);
        assert_eq!(figure(&job, "rules"), json!(limited.count().to_string()));
        let line = of(coverage(&officer).await);
        assert_eq!(line["lastResult"]["scannedCount"], 1);
        assert_eq!(line["lastResult"]["foundCount"], 1);
        assert_eq!(
            (&line["openCount"], &line["isCovered"]),
            (&json!(1), &json!(true))
        );
        let scans = officer
            .ask(
                "{ complianceScans { nodes { ruleCount foundCount finishedAt results { \
                  ruleKey scannedCount } company { id } } } }",
            )
            .await;
        let scan = &scans["complianceScans"]["nodes"][0];
        assert_eq!(scan["company"]["id"], json!(company));
        assert_eq!(
            scan["results"].as_array().unwrap().len(),
            scan["ruleCount"].as_u64().unwrap() as usize
        );
        assert!(scan["finishedAt"].is_string());
        let clerk = field.tenant.login(app, "marta.ruiz").await;
        assert_eq!(
            clerk
                .refused("{ complianceCoverage { openCount } }", json!({}))
                .await,
            "FORBIDDEN"
        );
    });
}
