//! Every rule at work: it sees the breach that is planted, and closes it once it is mended.

use std::collections::BTreeSet;

use serde_json::json;
use trastienda_core::compliance::rule;

use super::stage::Field;
use crate::app::run;
use crate::people::stage::{act, done, reasons};

#[test]
fn every_rule_finds_its_breach_and_closes_it_when_it_is_mended() {
    run(|app| async {
        let field = Field::new(app).await;
        let (base, breaches) = field.ground.breaches();
        let planted: BTreeSet<&str> = breaches.iter().map(|breach| breach.rule).collect();
        let known: BTreeSet<&str> = rule::all()
            .unwrap()
            .iter()
            .map(|it| it.key.as_str())
            .collect();
        assert_eq!(planted, known, "a breach a rule");
        field.write(app, &base).await;
        for breach in &breaches {
            field.write(app, &breach.plant).await;
            let subject = field.id(app, &breach.subject).await;
            let result = field.scan(app, &[breach.rule]).await;
            assert_eq!(result["failed"], 0, "{}: {result}", breach.rule);
            assert!(
                result["scanned"].as_i64() > Some(0),
                "{}: {result}",
                breach.rule
            );
            let seen = field.findings(app, breach.rule, subject).await;
            assert_eq!(seen.len(), 1, "{}: {result}", breach.rule);
            assert_eq!((seen[0].status.as_str(), seen[0].occurrences), ("OPEN", 1));
            let evidence = seen[0].evidence.as_object().unwrap();
            assert!(!evidence.is_empty(), "{}", breach.rule);
            assert!(evidence.values().all(serde_json::Value::is_string));
            field.write(app, &breach.mend).await;
            field.scan(app, &[breach.rule]).await;
            let after = field.findings(app, breach.rule, subject).await;
            assert_eq!(after.len(), 1);
            assert_eq!(after[0].status, "CLOSED", "{}", breach.rule);
            assert_eq!(after[0].id, seen[0].id);
        }
    });
}

#[test]
fn a_rule_is_tuned_turned_off_and_never_given_sql() {
    run(|app| async {
        let field = Field::new(app).await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let selection = "rule { isEnabled severity version parameters { name value isChanged } }";
        let id = rule::id_of(field.tenant.demo.organisation, "directory.user_unused").to_string();
        let set = |patch| json!({ "id": id, "patch": patch });
        let patch = json!({
            "severity": "CRITICAL", "parameters": [{ "name": "days", "value": "30" }],
        });
        let payload = done(&officer, "complianceRuleUpdate", set(patch), selection).await;
        assert_eq!(payload["rule"]["severity"], "CRITICAL");
        let days = json!({ "name": "days", "value": "30", "isChanged": true });
        assert_eq!(payload["rule"]["parameters"], json!([days]));
        for (value, reason) in [
            ("0", "compliance.parameter_out_of_range"),
            (
                "90); DROP TABLE compliance.finding; --",
                "compliance.parameter_invalid",
            ),
        ] {
            let patch = json!({ "parameters": [{ "name": "days", "value": value }] });
            let payload = act(&officer, "complianceRuleUpdate", set(patch), selection).await;
            assert_eq!(reasons(&payload), [reason]);
        }
        let patch = json!({ "parameters": [{ "name": "sql", "value": "SELECT 1" }] });
        let payload = act(&officer, "complianceRuleUpdate", set(patch), selection).await;
        assert_eq!(reasons(&payload), ["compliance.parameter_unknown"]);
        let stale = json!({ "id": id, "expectedVersion": 1, "patch": { "isEnabled": false } });
        let payload = act(&officer, "complianceRuleUpdate", stale, selection).await;
        assert_eq!(payload["userErrors"][0]["code"], "STALE");
        assert_eq!(payload["rule"]["version"], 2, "the rule as it is now");
        let off = set(json!({ "isEnabled": false }));
        done(&officer, "complianceRuleUpdate", off, selection).await;
        let input = json!({ "rules": [id] });
        let payload = act(&officer, "complianceScanRun", input, "job { id }").await;
        assert_eq!(reasons(&payload), ["compliance.rule_off"]);
        let auditor = field.tenant.login(app, "raquel.iglesias").await;
        let document = crate::people::stage::mutation_of("complianceRuleUpdate", selection);
        let variables = json!({ "input": set(json!({ "isEnabled": true })) });
        assert_eq!(auditor.refused(&document, variables).await, "FORBIDDEN");
    });
}

#[test]
fn rules_are_told_in_both_languages_and_listed_in_pages() {
    run(|app| async {
        let field = Field::new(app).await;
        let officer = field.tenant.login(app, "nora.ibarra").await;
        let query = "query ($after: String) { complianceRules(first: 10, after: $after) { \
                     totalCount pageInfo { hasNextPage endCursor } nodes { key title explanation \
                     source { norm inForceDate } } } }";
        let (mut seen, mut after) = (BTreeSet::new(), json!(null));
        loop {
            let data = officer.run(query, json!({ "after": after })).await;
            let page = &data["complianceRules"];
            for node in page["nodes"].as_array().unwrap() {
                assert!(node["title"].as_str().unwrap().len() > 3, "{node}");
                seen.insert(node["key"].as_str().unwrap().to_owned());
            }
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                assert_eq!(page["totalCount"], json!(seen.len()));
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(seen.len(), rule::all().unwrap().len());
        let query = "{ complianceRules(filter: { key: { eq: \"inventory.negative_stock\" } }) { \
                     nodes { title } } }";
        let title = |data: serde_json::Value| data["complianceRules"]["nodes"][0]["title"].clone();
        assert_eq!(title(officer.ask(query).await), "Existencias negativas");
        assert_eq!(
            title(officer.in_english().ask(query).await),
            "Negative stock"
        );
    });
}
