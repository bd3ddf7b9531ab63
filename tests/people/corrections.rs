//! Advances, garnishments, an English payslip, a posted run corrected by another, and what a month
//! carries into the next: through the API and the database.

use rust_decimal::{Decimal, dec};
use serde_json::{Value, json};
use trastienda_core::rules::fault::Text;
use trastienda_core::rules::garnishment::{Basis, Order};
use trastienda_core::rules::payroll::{
    Advance, Descendant, Earning, PayslipInput, PayslipResult, TaxSituation, YearToDate,
};

use super::figures::{SUMS, Terms, by_the_rules, payslip_of, same, sums_of};
use super::stage::{Month, RUN, amount, decimal, done, employee, fetch, text};
use crate::app::{App, run};

const ANDRES: Terms = Terms {
    annual: "118000",
    group: 1,
    hired: (2022, 6, 1),
    accidents: "1.50",
};
const HUGO: Terms = Terms {
    annual: "23800",
    group: 5,
    hired: (2019, 11, 4),
    accidents: "1.50",
};
const LUCIA: Terms = Terms {
    annual: "31200",
    group: 2,
    hired: (2019, 5, 13),
    accidents: "1.50",
};

#[test]
fn what_is_taken_from_pay_is_recovered_corrected_and_carried_on() {
    run(|app| async {
        let mut month = Month::drafted(app).await;
        seize_and_advance(&month).await;
        speak_english(app, &month, "Lorena Herrero Ibáñez").await;
        month.calculate().await;
        let seized = by_the_rules(&seized(dec!(0)));
        same(&payslip_of(&month, "Andrés Fuentes Marín").await, &seized);
        let hugo = payslip_of(&month, "Hugo Santos Bravo").await;
        same(&hugo, &by_the_rules(&advanced()));
        assert_eq!(amount(&hugo["deductions"]), dec!(200));
        assert_eq!(
            recovered(&month, "garnishments").await,
            [dec!(0), dec!(5000)]
        );
        month.approve(app).await;
        month.post().await;
        assert_eq!(recovered(&month, "advances").await, [dec!(200), dec!(400)]);
        let taken = seized.deductions;
        assert!(taken > dec!(0));
        assert_eq!(
            recovered(&month, "garnishments").await,
            [taken, dec!(5000) - taken]
        );
        let november = payslip_of(&month, "Lucía Fernández Gil").await;
        month.deliver().await;
        the_payslip_is_english(&month, "Lorena Herrero Ibáñez").await;
        correct(app, &mut month, &seized).await;
        carried_on(&mut month, &november).await;
    });
}

/// An advance of 600 in instalments of 200 for Hugo, and an embargo of 5,000 by the scale.
async fn seize_and_advance(month: &Month) {
    let hugo = employee(&month.clerk, "Hugo Santos Bravo").await;
    let input = json!({
        "employee": hugo, "grantedOn": "2026-11-05", "amount": "600", "instalment": "200",
    });
    done(&month.clerk, "advanceGrant", input, "advance { id }").await;
    let andres = employee(&month.clerk, "Andrés Fuentes Marín").await;
    let input = json!({
        "employee": andres, "authority": "Juzgado de Primera Instancia n.º 4 de Madrid",
        "reference": "ETNJ 812/2026", "amount": "5000", "receivedOn": "2026-11-03",
    });
    done(
        &month.clerk,
        "garnishmentRecord",
        input,
        "garnishment { id }",
    )
    .await;
}

async fn speak_english(app: &App, month: &Month, name: &str) {
    let manager = month.tenant.login(app, "carmen.molina").await;
    let id = employee(&manager, name).await;
    let input = json!({ "id": id, "patch": { "locale": "EN" } });
    done(&manager, "employeeUpdate", input, "employee { id }").await;
}

/// What the rules are asked for Andrés, with a bonus on top.
fn seized(bonus: Decimal) -> PayslipInput {
    let family = TaxSituation {
        descendants: vec![Descendant {
            shared: true,
            ..Descendant::born(2012)
        }],
        ..TaxSituation::single(dec!(118000) + bonus, 1980)
    };
    let mut input = ANDRES.input(11, family);
    input.garnishments = vec![Order {
        code: "embargo".to_owned(),
        label: Text::new("Embargo", "Garnishment"),
        priority: 100,
        outstanding: dec!(5000),
        basis: Basis::Scale,
    }];
    if bonus > dec!(0) {
        let label = Text::new("Bonificación", "Bonus");
        input.earnings = vec![Earning::fixed("BON", label, bonus)];
    }
    input
}

fn advanced() -> PayslipInput {
    let family = TaxSituation {
        descendants: vec![Descendant {
            shared: true,
            ..Descendant::born(2020)
        }],
        ..TaxSituation::single(dec!(23800), 1988)
    };
    let mut input = HUGO.input(11, family);
    input.advances = vec![Advance {
        code: "anticipo".to_owned(),
        label: Text::new("Anticipo", "Advance"),
        outstanding: dec!(600),
        instalment: dec!(200),
    }];
    input
}

/// What was taken of the one advance or garnishment, and what is owed.
async fn recovered(month: &Month, list: &str) -> [Decimal; 2] {
    let query = format!(
        "{{ {list}(first: 5) {{ totalCount nodes {{ recovered {{ amount }} \
         outstanding {{ amount }} }} }} }}"
    );
    let data = month.clerk.ask(&query).await;
    assert_eq!(data[list]["totalCount"], 1, "{data}");
    let one = &data[list]["nodes"][0];
    [amount(&one["recovered"]), amount(&one["outstanding"])]
}

/// Printed when somebody asks for it, and once.
async fn it_is_printed_in_spanish_too(month: &Month, id: &Value) {
    let selection = "payslip { pdf(locale: ES) { id name download { path } } }";
    let input = json!({ "id": id, "locale": "ES" });
    let first = done(&month.clerk, "payslipPrint", input.clone(), selection).await;
    let file = &first["payslip"]["pdf"];
    let pdf = fetch(month, file).await;
    let pdf = String::from_utf8_lossy(&pdf);
    assert!(pdf.starts_with("%PDF") && pdf.contains("<rdf:li>es</rdf:li>"));
    let again = done(&month.clerk, "payslipPrint", input, selection).await;
    assert_eq!(again["payslip"]["pdf"]["id"], file["id"]);
}

async fn the_payslip_is_english(month: &Month, name: &str) {
    let slip = payslip_of(month, name).await;
    let query = "query ($id: ID!) { payslip(id: $id) { \
                 en: pdf(locale: EN) { name mediaType download { path } } \
                 es: pdf(locale: ES) { id } } }";
    let data = month.clerk.run(query, json!({ "id": slip["id"] })).await;
    assert_eq!(data["payslip"]["es"], Value::Null, "{data}");
    it_is_printed_in_spanish_too(month, &slip["id"]).await;
    let pdf = fetch(month, &data["payslip"]["en"]).await;
    let pdf = String::from_utf8_lossy(&pdf);
    assert!(pdf.starts_with("%PDF") && pdf.contains("Individual statement of wages paid"));
    assert!(
        pdf.contains("<rdf:li>en</rdf:li>"),
        "the PDF says its language"
    );
}

/// Andrés gets a bonus that November forgot: a second run gives the difference, no more.
async fn correct(app: &App, month: &mut Month, before: &PayslipResult) {
    let posted = month.run.clone();
    give_bonus(month).await;
    let company = month.tenant.demo.company.to_string();
    let input = json!({
        "company": company, "year": 2026, "month": 11, "kind": "DELTA", "corrects": posted,
    });
    let payload = done(&month.clerk, "payrollRunDraft", input, RUN).await;
    month.run = text(&payload["payrollRun"]["id"]);
    month.calculate().await;
    let slips = month
        .payslips(&format!("employee {{ fullName }} {SUMS}"))
        .await;
    assert_eq!(slips.len(), 1, "nobody else is touched: {slips:?}");
    assert_eq!(slips[0]["employee"]["fullName"], "Andrés Fuentes Marín");
    let after = by_the_rules(&seized(dec!(1000)));
    for ((name, now), (_, was)) in sums_of(&after).into_iter().zip(sums_of(before)) {
        assert_eq!(amount(&slips[0][name]), now - was, "{name}");
    }
    assert!(
        after.deductions > before.deductions,
        "the scale takes its part of the bonus"
    );
    month.approve(app).await;
    month.post().await;
    let taken = after.deductions;
    assert_eq!(
        recovered(month, "garnishments").await,
        [taken, dec!(5000) - taken]
    );
    assert_eq!(recovered(month, "advances").await, [dec!(200), dec!(400)]);
    the_books_have_both(app, month, &after).await;
    month.deliver().await;
    let bank = month
        .look("bankFile { transferCount total { amount } }")
        .await;
    assert_eq!(bank["bankFile"]["transferCount"], 1, "{bank}");
    assert_eq!(amount(&bank["bankFile"]["total"]), after.net - before.net);
}

async fn give_bonus(month: &Month) {
    let input = json!({
        "company": month.tenant.demo.company.to_string(), "code": "BON",
        "nameEs": "Bonificación", "nameEn": "Bonus", "kind": "EARNING",
    });
    let payload = done(&month.clerk, "payConceptCreate", input, "payConcept { id }").await;
    let andres = employee(&month.clerk, "Andrés Fuentes Marín").await;
    let input = json!({
        "employee": andres, "concept": payload["payConcept"]["id"], "year": 2026, "month": 11,
        "amount": "1000",
    });
    done(&month.clerk, "payItemCreate", input, "payItem { id }").await;
}

/// Two entries, and together they owe what one right month would have owed for the garnishment.
async fn the_books_have_both(app: &App, month: &Month, after: &PayslipResult) {
    let accountant = month.tenant.login(app, "lucia.fernandez").await;
    let data = accountant
        .ask(
            "{ entries(first: 5, filter: { sourceKind: { eq: \"people.payroll_run\" } }) { \
             totalCount nodes { lines(first: 50) { \
             rows { account { code } amount { company { amount } } } } } } }",
        )
        .await;
    assert_eq!(data["entries"]["totalCount"], 2, "{data}");
    let entries = data["entries"]["nodes"].as_array().expect("entries").iter();
    let lines: Vec<&Value> = entries
        .flat_map(|entry| entry["lines"]["rows"].as_array().expect("lines"))
        .collect();
    let of = |code: &str| -> Decimal {
        let own = lines.iter().filter(|line| line["account"]["code"] == code);
        own.map(|line| amount(&line["amount"]["company"])).sum()
    };
    assert_eq!(of("555"), -after.deductions, "owed to the court");
    assert_eq!(of("460"), dec!(-200), "the advance that came back");
}

/// December withholds on top of what November withheld: Lucía's child changes her rate.
async fn carried_on(month: &mut Month, november: &Value) {
    let lucia = employee(&month.clerk, "Lucía Fernández Gil").await;
    let input = json!({
        "id": lucia, "validFrom": "2026-12-01",
        "family": { "situation": 3, "descendants": [{ "birthYear": 2026, "shared": true }] },
    });
    done(
        &month.clerk,
        "employeeFamilyChange",
        input,
        "employee { id }",
    )
    .await;
    let input = json!({
        "company": month.tenant.demo.company.to_string(), "year": 2026, "month": 12,
    });
    let payload = done(&month.clerk, "payrollRunDraft", input, RUN).await;
    month.run = text(&payload["payrollRun"]["id"]);
    month.calculate().await;
    let family = TaxSituation {
        descendants: vec![Descendant {
            shared: true,
            ..Descendant::born(2026)
        }],
        ..TaxSituation::single(dec!(31200), 1990)
    };
    let mut input = LUCIA.input(12, family);
    input.extra_pays.prorated = true;
    let forgetful = by_the_rules(&input);
    input.year_to_date = YearToDate {
        taxable_paid: amount(&november["taxablePay"]),
        tax_withheld: amount(&november["tax"]),
        regularise: true,
    };
    let december = payslip_of(month, "Lucía Fernández Gil").await;
    same(&december, &by_the_rules(&input));
    assert_ne!(decimal(&december["taxRate"]), forgetful.withholding.rate);
}
