//! What changes a month's pay: days without pay, a first day within it, part of the time.

use rust_decimal::dec;
use serde_json::json;
use trastienda_core::rules::payroll::{Descendant, PartTime, TaxSituation};

use super::figures::{Terms, by_the_rules, payslip_of, same};
use super::stage::{Month, amount, decimal, done, employee, reasons};
use crate::app::run;

const MANUEL: Terms = Terms {
    annual: "19300",
    group: 9,
    hired: (2015, 7, 20),
    accidents: "3.60",
};
const NURIA: Terms = Terms {
    annual: "19600",
    group: 5,
    hired: (2020, 6, 15),
    accidents: "1.50",
};
const NORA: Terms = Terms {
    annual: "21000",
    group: 7,
    hired: (2026, 11, 16),
    accidents: "1.50",
};

#[test]
fn days_without_pay_are_not_paid() {
    run(|app| async {
        let month = Month::drafted(app).await;
        let manuel = employee(&month.clerk, "Manuel Reyes Flores").await;
        let absence = |from: &str, to: &str| json!({ "employee": manuel, "startsOn": from, "endsOn": to, "reason": "Permiso" });
        let seen = "absence { id version }";
        let kept = done(
            &month.clerk,
            "absenceRecord",
            absence("2026-11-09", "2026-11-11"),
            seen,
        )
        .await;
        let twice = absence("2026-11-11", "2026-11-12");
        let refused = super::stage::act(&month.clerk, "absenceRecord", twice, seen).await;
        assert_eq!(reasons(&refused), ["people.absences_overlap"], "{refused}");
        month.calculate().await;
        let family = TaxSituation {
            situation: 2,
            descendants: [2014, 2016, 2021].map(Descendant::born).to_vec(),
            ..TaxSituation::single(dec!(19300), 1985)
        };
        let mut input = MANUEL.input(11, family);
        let whole = by_the_rules(&input);
        input.unpaid_absence_days = 3;
        let slip = payslip_of(&month, "Manuel Reyes Flores").await;
        same(&slip, &by_the_rules(&input));
        assert!(amount(&slip["gross"]) < whole.gross, "{slip}");
        let id = &kept["absence"]["id"];
        done(&month.clerk, "absenceCancel", json!({ "id": id }), seen).await;
        month.calculate().await;
        same(&payslip_of(&month, "Manuel Reyes Flores").await, &whole);
    });
}

#[test]
fn who_joins_within_the_month_is_paid_from_that_day() {
    run(|app| async {
        let month = Month::drafted(app).await;
        let manager = month.tenant.login(app, "carmen.molina").await;
        let input = json!({
            "company": month.tenant.demo.company.to_string(), "firstName": "Nora",
            "lastName": "Joven Prat", "taxId": "90000001N",
            "socialSecurityNumber": "281999999991", "birthDate": "1996-02-03",
            "contract": {
                "startsOn": "2026-11-16", "salary": "21000", "contributionGroup": 7,
                "occupation": "Auxiliar", "accidentRate": "1.50",
            },
        });
        done(&manager, "employeeHire", input, "employee { id }").await;
        month.calculate().await;
        let slip = payslip_of(&month, "Nora Joven Prat").await;
        assert_eq!(decimal(&slip["days"]), dec!(15), "{slip}");
        // Half of November and all of December: 45 of 360 days of the yearly salary.
        let tax = TaxSituation::single(dec!(2625), 1996);
        same(&slip, &by_the_rules(&NORA.input(11, tax)));
    });
}

#[test]
fn part_of_the_time_contributes_by_its_hours() {
    run(|app| async {
        let month = Month::calculated(app).await;
        let shared = |year| Descendant {
            shared: true,
            ..Descendant::born(year)
        };
        let family = TaxSituation {
            descendants: vec![shared(2022), shared(2024)],
            ..TaxSituation::single(dec!(19600), 1992)
        };
        let mut input = NURIA.input(11, family);
        input.part_time = Some(PartTime {
            ratio: dec!(0.75),
            hours: Some(dec!(124.50)),
        });
        let slip = payslip_of(&month, "Nuria Vega Crespo").await;
        same(&slip, &by_the_rules(&input));
    });
}

/// What they are paid by is theirs to understand; what others are paid by is not.
#[test]
fn an_employee_reads_the_concepts_of_their_own_pay_alone() {
    run(|app| async {
        let month = Month::drafted(app).await;
        let pablo = employee(&month.clerk, "Pablo Serrano Cano").await;
        for (code, owner) in [("TURNO", Some(&pablo)), ("OBJETIVOS", None)] {
            let input = json!({
                "company": month.tenant.demo.company.to_string(), "code": code, "nameEs": code,
                "kind": "EARNING",
            });
            let made = done(&month.clerk, "payConceptCreate", input, "payConcept { id }").await;
            let Some(owner) = owner else { continue };
            let input = json!({
                "employee": owner, "concept": made["payConcept"]["id"], "year": 2026, "month": 11,
                "amount": "60",
            });
            done(&month.clerk, "payItemCreate", input, "payItem { id }").await;
        }
        let query = "{ payConcepts { totalCount nodes { code formula } } \
                     payItems { nodes { amount concept { code } } } }";
        let own = month
            .tenant
            .login(app, "pablo.serrano")
            .await
            .ask(query)
            .await;
        let concept = json!({ "code": "TURNO", "formula": "amount" });
        assert_eq!(
            own["payConcepts"],
            json!({ "totalCount": 1, "nodes": [concept] })
        );
        let item = json!({ "amount": "60", "concept": { "code": "TURNO" } });
        assert_eq!(
            own["payItems"]["nodes"],
            json!([item]),
            "60.0000 as it is stored"
        );
        let other = month
            .tenant
            .login(app, "lucia.fernandez")
            .await
            .ask(query)
            .await;
        assert_eq!(other["payConcepts"]["totalCount"], 0, "{other}");
    });
}
