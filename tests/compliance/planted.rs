//! What the demo company has planted is what its scan finds, and little else beside.

use serde_json::Value;
use trastienda_core::demo;

use super::stage::Field;
use crate::app::{registry, run};

/// The findings of a rule in the result of a scan.
fn found(result: &Value, rule: &str) -> i64 {
    let lines = result["perRule"].as_array().unwrap();
    let line = lines.iter().find(|line| line["rule"] == rule).unwrap();
    line["found"].as_i64().unwrap()
}

#[test]
fn each_planted_irregularity_of_the_demo_is_found_by_its_rule() {
    run(|app| async {
        let field = Field::new(app).await;
        let slug = &field.tenant.slug;
        let all = registry();
        demo::plant(&app.db, &app.keys, &all, slug).await.unwrap();
        let expected = [
            ("directory.supplier_bank_of_employee", 1),
            ("finance.duplicate_supplier_document", 1),
            ("inventory.purchase_split", 1),
            ("inventory.purchase_near_limit", 1),
            ("ledger.entry_at_night", 1),
        ];
        let rules = expected.map(|(rule, _)| rule);
        let result = field.scan(app, &rules).await;
        assert_eq!(result["failed"], 0, "{result}");
        for (rule, many) in expected {
            assert_eq!(found(&result, rule), many, "{rule}: {result}");
        }
        let limit = "processes.approval_policy WHERE subject_kind = 'PurchaseOrder'";
        assert_eq!(field.count(app, limit).await, 1);
        let checks = "technology.system_check WHERE kind IN ('QUEUE', 'SCHEDULE')";
        assert!(field.count(app, checks).await > 4);
        for kind in [
            "technology.check",
            "analytics.fill",
            "processes.task_escalate",
        ] {
            let of = format!("kernel.schedule WHERE kind = '{kind}'");
            assert_eq!(field.count(app, &of).await, 1, "{kind}");
        }
        demo::plant(&app.db, &app.keys, &all, slug).await.unwrap();
        let again = field.scan(app, &rules).await;
        assert_eq!(again["opened"], 0, "planted once: {again}");
    });
}
