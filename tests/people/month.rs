//! The whole month: draft, calculation, review, approval by a second person, posting, delivery.

use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trastienda_core::rules::payroll::{Descendant, TaxSituation};

use super::figures::{SUM_NAMES, SUMS, Terms, by_the_rules, payslip_of, same};
use super::stage::{Month, RUN, act, amount, count, decimal, done, fetch, mutation_of, text};
use crate::app::{App, run, system};

#[test]
fn a_month_goes_from_draft_to_bank_through_two_persons() {
    run(|app| async {
        let month = Month::calculated(app).await;
        let seen = month
            .look("status failureCount totals { employeeCount }")
            .await;
        let expected = json!({
            "status": "CALCULATED", "failureCount": 0, "totals": { "employeeCount": 24 },
        });
        assert_eq!(seen, expected);
        month.act("payrollRunSubmit").await;
        only_the_second_person_approves(app, &month).await;
        let posted = month.post().await;
        assert_eq!(posted["payrollRun"]["status"], "POSTED");
        month.deliver().await;
        the_sums_agree(app, &month).await;
        the_files_are_there(app, &month).await;
        everybody_is_told(app, &month).await;
    });
}

async fn only_the_second_person_approves(app: &App, month: &Month) {
    let input = json!({ "id": month.run });
    let approve = mutation_of("payrollRunApprove", RUN);
    let refused = month
        .clerk
        .refused(&approve, json!({ "input": input }))
        .await;
    assert_eq!(refused, "FORBIDDEN", "the clerk");
    let unproved = month.tenant.login(app, "javier.ortega").await;
    forget_proofs(app, month).await;
    let payload = act(&unproved, "payrollRunApprove", input.clone(), RUN).await;
    assert_eq!(
        payload["userErrors"][0]["code"], "STEP_UP_REQUIRED",
        "{payload}"
    );
    assert_eq!(month.look("status").await["status"], "IN_REVIEW");
    let proved = month.tenant.login_proved(app, "javier.ortega").await;
    let payload = done(&proved, "payrollRunApprove", input, RUN).await;
    assert_eq!(payload["payrollRun"]["status"], "APPROVED");
}

/// To log in is a proof of identity as well; it gets as old as one of this morning.
async fn forget_proofs(app: &App, month: &Month) {
    let context = system(month.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    diesel::sql_query("UPDATE directory.session SET proved_at = proved_at - interval '1 hour'")
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// The payslips, the run's totals and the journal entry say the same.
async fn the_sums_agree(app: &App, month: &Month) {
    let totals = month.look(&format!("totals {{ {SUMS} }}")).await["totals"].take();
    let slips = month.payslips(SUMS).await;
    assert_eq!(slips.len(), 24);
    for name in SUM_NAMES {
        let sum: Decimal = slips.iter().map(|slip| amount(&slip[name])).sum();
        assert_eq!(sum, amount(&totals[name]), "{name}");
    }
    let accounts = entry_of(app, month).await;
    let of = |code: &str| -> Decimal {
        let own = accounts.iter().filter(|(account, _)| account == code);
        own.map(|(_, amount)| *amount).sum()
    };
    assert_eq!(
        accounts.iter().map(|(_, amount)| *amount).sum::<Decimal>(),
        Decimal::ZERO
    );
    let sum = |name: &str| amount(&totals[name]);
    assert_eq!(of("640"), sum("gross"));
    assert_eq!(of("642"), sum("employerContributions"));
    assert_eq!(
        of("476"),
        -sum("employeeContributions") - sum("employerContributions")
    );
    assert_eq!(of("4751"), -sum("tax"));
    assert_eq!(of("465"), -sum("net"));
}

/// The accounts and signed amounts of the one journal entry, as the accountant reads them.
async fn entry_of(app: &App, month: &Month) -> Vec<(String, Decimal)> {
    let accountant = month.tenant.login(app, "lucia.fernandez").await;
    let data = accountant
        .ask(
            "{ entries(first: 2, filter: { sourceKind: { eq: \"people.payroll_run\" } }) { \
             totalCount nodes { lines(first: 50) { \
             rows { account { code } amount { company { amount } } } } } } }",
        )
        .await;
    assert_eq!(data["entries"]["totalCount"], 1, "{data}");
    let lines = data["entries"]["nodes"][0]["lines"]["rows"]
        .as_array()
        .expect("lines");
    let line = |line: &Value| {
        (
            text(&line["account"]["code"]),
            amount(&line["amount"]["company"]),
        )
    };
    lines.iter().map(line).collect()
}

async fn the_files_are_there(app: &App, month: &Month) {
    let seen = month
        .look(
            "totals { net { amount } } bankFile { transferCount total { amount } \
               file { download { path } } }",
        )
        .await;
    let (bank, net) = (&seen["bankFile"], amount(&seen["totals"]["net"]));
    assert_eq!(bank["transferCount"], 24);
    assert_eq!(amount(&bank["total"]), net);
    let xml = fetch(month, &bank["file"]).await;
    let xml = String::from_utf8(xml).expect("XML is text");
    assert_eq!(xml.matches("<CdtTrfTxInf>").count(), 24, "{xml}");
    assert!(
        xml.contains(&format!("<CtrlSum>{net:.2}</CtrlSum>")),
        "{xml}"
    );
    assert_eq!(
        count(app, &month.tenant, "people.payroll_bank_file").await,
        1
    );
    assert_eq!(
        count(app, &month.tenant, "people.payslip_document").await,
        24
    );
    let slips = month.payslips("pdf { mediaType download { path } }").await;
    for slip in &slips {
        assert_eq!(slip["pdf"]["mediaType"], "application/pdf");
    }
    let pdf = fetch(month, &slips[0]["pdf"]).await;
    assert!(pdf.starts_with(b"%PDF"), "no PDF");
}

async fn everybody_is_told(app: &App, month: &Month) {
    let told = "(SELECT DISTINCT user_id FROM processes.notification \
                WHERE kind = 'people.payslip_ready') AS told";
    assert_eq!(count(app, &month.tenant, told).await, 24);
    let all = "processes.notification WHERE kind = 'people.payslip_ready'";
    assert_eq!(count(app, &month.tenant, all).await, 24);
    let pablo = month.tenant.login(app, "pablo.serrano").await;
    let data = pablo
        .ask(
            "{ notifications(filter: { kind: { eq: \"people.payslip_ready\" } }) { totalCount } \
             payslips(first: 50) { totalCount nodes { id employee { fullName } } } }",
        )
        .await;
    assert_eq!(data["notifications"]["totalCount"], 1);
    assert_eq!(data["payslips"]["totalCount"], 1, "{data}");
    assert_eq!(
        data["payslips"]["nodes"][0]["employee"]["fullName"],
        "Pablo Serrano Cano"
    );
    let slips = month.payslips("id employee { fullName }").await;
    let theirs = slips
        .iter()
        .find(|it| it["employee"]["fullName"] != "Pablo Serrano Cano");
    let query = "query ($id: ID!) { payslip(id: $id) { id } node(id: $id) { id } }";
    let data = pablo
        .run(query, json!({ "id": theirs.expect("another")["id"] }))
        .await;
    assert_eq!(data, json!({ "payslip": null, "node": null }));
}

const PABLO: Terms = Terms {
    annual: "21400",
    group: 5,
    hired: (2021, 4, 12),
    accidents: "1.50",
};
const ANDRES: Terms = Terms {
    annual: "118000",
    group: 1,
    hired: (2022, 6, 1),
    accidents: "1.50",
};

#[test]
fn known_employees_are_paid_to_the_cent() {
    run(|app| async {
        let month = Month::calculated(app).await;
        let pablo = payslip_of(&month, "Pablo Serrano Cano").await;
        // 1,528.57 of salary and 254.76 of extra pays contribute at 4.70, 1.55, 0.10 and 0.15 %.
        assert_eq!(amount(&pablo["gross"]), decimal(&json!("1528.57")));
        assert_eq!(amount(&pablo["commonBase"]), decimal(&json!("1783.33")));
        assert_eq!(
            amount(&pablo["employeeContributions"]),
            decimal(&json!("115.91"))
        );
        let single = TaxSituation::single("21400".parse().unwrap(), 1995);
        same(&pablo, &by_the_rules(&PABLO.input(11, single)));
        let family = TaxSituation {
            descendants: vec![Descendant {
                shared: true,
                ..Descendant::born(2012)
            }],
            ..TaxSituation::single("118000".parse().unwrap(), 1980)
        };
        let andres = payslip_of(&month, "Andrés Fuentes Marín").await;
        same(&andres, &by_the_rules(&ANDRES.input(11, family)));
    });
}
