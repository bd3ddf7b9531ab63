//! Who sees and does what: by role, by company, and never across tenants.

use serde_json::json;

use super::stage::{INVOICE, Office};
use crate::app::run;
use crate::people::stage::mutation_of;

#[test]
fn an_employee_sees_no_invoice_and_an_auditor_changes_none() {
    run(|app| async move {
        let office = Office::new(app).await;
        let customer = office.party("Cliente").await;
        let lines: &[(&str, &[&str])] = &[("100", &["IVA21"])];
        let invoice = office
            .posted(office.invoice("CUSTOMER", &customer, lines))
            .await;
        let employee = office.tenant.login(app, "pablo.serrano").await;
        for query in [
            "{ invoices { nodes { id } } }",
            "{ openItems { nodes { id } } }",
            "{ taxes { nodes { id } } }",
            "{ payments { nodes { id } } }",
            "{ paymentOrders { totalCount } }",
            "{ financeSettings { nodes { id } } }",
        ] {
            assert_eq!(
                employee.refused(query, json!({})).await,
                "FORBIDDEN",
                "{query}"
            );
        }
        let by_id = "query ($id: ID!) { node(id: $id) { id } invoice(id: $id) { id } }";
        let seen = employee.run(by_id, json!({ "id": invoice["id"] })).await;
        assert_eq!(seen, json!({ "node": null, "invoice": null }));
        let auditor = office.tenant.login(app, "raquel.iglesias").await;
        let seen = auditor.run(by_id, json!({ "id": invoice["id"] })).await;
        assert_eq!(seen["invoice"]["id"], invoice["id"]);
        let void = mutation_of("invoiceVoid", INVOICE);
        let input = json!({ "id": invoice["id"], "issuedOn": "2026-03-20", "reason": "No" });
        let refused = auditor.refused(&void, json!({ "input": input })).await;
        assert_eq!(refused, "FORBIDDEN");
    });
}

#[test]
fn another_tenant_knows_of_nothing() {
    run(|app| async move {
        let office = Office::new(app).await;
        let other = Office::new(app).await;
        let customer = office.party("Cliente").await;
        let lines: &[(&str, &[&str])] = &[("100", &["IVA21"])];
        let draft = office
            .drafted(office.invoice("CUSTOMER", &customer, lines))
            .await;
        let by_id = "query ($id: ID!) { node(id: $id) { id } invoice(id: $id) { id } }";
        let seen = other
            .accountant
            .run(by_id, json!({ "id": draft["id"] }))
            .await;
        assert_eq!(seen, json!({ "node": null, "invoice": null }));
        let post = json!({ "id": draft["id"] });
        let refused = other.try_it("invoicePost", post, INVOICE).await;
        assert_eq!(
            refused["userErrors"][0]["reason"],
            "finance.invoice_not_found"
        );
        // Neither their party nor their company can be named.
        let foreign = other.invoice("CUSTOMER", &customer, lines);
        let refused = other.try_it("invoiceCreate", foreign, INVOICE).await;
        assert_eq!(
            refused["userErrors"][0]["reason"],
            "directory.party_unknown"
        );
    });
}
