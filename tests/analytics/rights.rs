//! Who sees which measures, and what can't be asked.

use serde_json::json;

use super::Shop;
use crate::app::run;
use crate::client::Tenant;
use crate::people::stage::{act, mutation_of, reasons};

#[test]
fn what_staff_cost_is_for_those_who_may_see_payroll() {
    run(|app| async move {
        let shop = Shop::new(app).await;
        shop.fill(json!({ "measures": ["REVENUE", "HEADCOUNT_COST"] }))
            .await;
        let treasurer = shop.tenant.login(app, "andres.fuentes").await;
        let query = "query ($company: ID!) { measures(company: $company) { key } }";
        let company = json!({ "company": shop.company() });
        let seen = treasurer.run(query, company.clone()).await;
        let keys = seen["measures"].to_string();
        assert!(
            keys.contains("REVENUE") && !keys.contains("HEADCOUNT_COST"),
            "{keys}"
        );
        let hidden = shop
            .measure(&treasurer, "HEADCOUNT_COST", "lastValue")
            .await;
        assert!(hidden.is_null());
        let auditor = shop.tenant.login(app, "raquel.iglesias").await;
        let shown = shop.measure(&auditor, "HEADCOUNT_COST", "lastValue").await;
        assert_eq!(shown["lastValue"], "0");
        let employee = shop.tenant.login(app, "pablo.serrano").await;
        assert_eq!(employee.run(query, company).await["measures"], json!([]));
        let refused = employee
            .refused("{ anomalies { totalCount } }", json!({}))
            .await;
        assert_eq!(refused, "FORBIDDEN");
    });
}

#[test]
fn a_fill_of_the_future_or_of_an_unknown_company_is_refused_with_all_its_faults() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let input = json!({
            "companies": [::kernel::ids::CompanyId::generate().to_string()],
            "fromDate": "2027-02-01", "toDate": "2027-01-01",
        });
        let payload = act(&owner, "analyticsFillRun", input, "job { id }").await;
        let mut told = reasons(&payload);
        told.sort();
        let expected = [
            "analytics.company_not_found",
            "analytics.not_over",
            "kernel.dates_out_of_order",
        ];
        assert_eq!(told, expected);
        let auditor = tenant.login(app, "raquel.iglesias").await;
        let document = mutation_of("analyticsFillRun", "job { id }");
        let refused = auditor.refused(&document, json!({ "input": {} })).await;
        assert_eq!(refused, "FORBIDDEN");
        let query = "query ($company: ID!) { measure(company: $company, key: REVENUE) { \
            series(fromDate: \"2010-01-01\", toDate: \"2026-01-01\") { value } } }";
        let company = json!({ "company": tenant.demo.company.to_string() });
        assert_eq!(owner.refused(query, company).await, "BAD_USER_INPUT");
    });
}
