//! What the printed payslip says, that it is the same every time, and what it refuses.

use chrono::{DateTime, Utc};
use rust_decimal::dec;

use super::sample::{day, payslip};
use super::view::PayslipView;
use super::{Explanation, Line, Payslip};
use crate::engine::{PAYSLIP, seen};
use crate::{DocumentError, Engine, Language, Text};

fn at() -> DateTime<Utc> {
    day(2026, 1, 30).and_hms_opt(9, 30, 0).unwrap().and_utc()
}

fn pages(payslip: &Payslip, language: Language) -> Vec<Vec<String>> {
    let engine = Engine::shared().unwrap();
    let view = PayslipView::new(payslip, language);
    seen::pages(&engine.layout(PAYSLIP, &view).unwrap())
}

/// Writes the PDF for a look with one's own eyes, when a folder for it is given.
fn keep(name: &str, pdf: &[u8]) {
    if let Ok(folder) = std::env::var("DOCUMENTS_KEEP") {
        std::fs::write(format!("{folder}/{name}"), pdf).unwrap();
    }
}

#[test]
fn a_usual_month_fits_one_page_and_says_everything_in_spanish() {
    let pages = pages(&payslip(), Language::Es);
    assert_eq!(pages.len(), 1);
    insta::assert_snapshot!("payslip_es", pages[0].join("\n"));
}

#[test]
fn a_usual_month_fits_one_page_and_says_everything_in_english() {
    let pages = pages(&payslip(), Language::En);
    assert_eq!(pages.len(), 1);
    insta::assert_snapshot!("payslip_en", pages[0].join("\n"));
}

#[test]
fn the_same_payslip_gives_the_same_bytes_and_another_gives_others() {
    let engine = Engine::shared().unwrap();
    let first = payslip().pdf(engine, Language::Es, at()).unwrap();
    let again = payslip()
        .pdf(&Engine::new().unwrap(), Language::Es, at())
        .unwrap();
    assert!(first.starts_with(b"%PDF-1.7"));
    assert_eq!(first, again);
    let later = payslip()
        .pdf(engine, Language::Es, at() + chrono::Duration::seconds(1))
        .unwrap();
    assert_ne!(first, later);
    keep("payslip_es.pdf", &first);
    keep(
        "payslip_en.pdf",
        &payslip().pdf(engine, Language::En, at()).unwrap(),
    );
}

#[test]
fn threads_share_one_engine() {
    let engine = Engine::shared().unwrap();
    let print = |name: String| {
        let mut payslip = payslip();
        payslip.employee.name = name;
        payslip.pdf(engine, Language::En, at()).unwrap()
    };
    let names = || (0..4).map(|number| format!("Employee {number}"));
    let alone: Vec<_> = names().map(print).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = names().map(|name| scope.spawn(|| print(name))).collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn names_print_as_they_are_and_never_as_markup() {
    let engine = Engine::shared().unwrap();
    for name in [
        "#panic(\"x\")",
        "*bold* _it_ `raw` $x^2$",
        "= Heading",
        "#let data = 1",
        "\\u{41} // comment",
        "<label> @ref https://example.com",
        "a ~ b -- c --- d ... \"e\" 'f'",
        "#import \"/theme.typ\": *",
        "#read(\"/etc/passwd\")",
    ] {
        let mut payslip = payslip();
        payslip.employee.name = name.to_owned();
        payslip.employer.name = name.to_owned();
        payslip.salary[0].label = Text::same(name);
        payslip.remarks = vec![Text::same(name)];
        let text = pages(&payslip, Language::Es).concat().concat();
        let whole = name.replace(' ', "");
        let found = text.replace(' ', "").matches(&whole).count();
        assert!(found >= 4, "{name} printed {found} times in {text}");
        payslip.pdf(engine, Language::Es, at()).unwrap();
    }
}

#[test]
fn a_full_payslip_keeps_its_order_and_a_long_one_goes_on_to_more_pages() {
    let mut payslip = payslip();
    payslip.payment.iban = None;
    payslip.remarks = vec![Text::new(
        "Corrige la nómina de diciembre.",
        "Corrects December.",
    )];
    let extra = |label: &str, amount| Line {
        label: Text::same(label),
        amount,
        ..Line::default()
    };
    payslip
        .deductions
        .advances
        .push(extra("Anticipo 15/01", dec!(100)));
    payslip.deductions.in_kind.push(extra("Vivienda", dec!(50)));
    payslip
        .deductions
        .others
        .push(extra("Embargo judicial", dec!(25.50)));
    payslip
        .contributions
        .overtime
        .push(extra("Horas extra", dec!(10)));
    payslip.contributions.employer_total += dec!(10);
    payslip.total_deductions += dec!(175.50);
    payslip.net -= dec!(175.50);
    let pdf = payslip
        .pdf(Engine::shared().unwrap(), Language::Es, at())
        .unwrap();
    keep("payslip_full.pdf", &pdf);
    assert_eq!(pages(&payslip, Language::Es).len(), 1);

    for number in 0..60 {
        payslip
            .salary
            .push(extra(&format!("Complemento {number}"), dec!(1)));
    }
    let pages = pages(&payslip, Language::Es);
    assert!(pages.len() > 1);
    assert!(pages.concat().contains(&"Complemento 59".to_owned()));
}

#[test]
fn a_part_without_amounts_says_so() {
    let mut payslip = payslip();
    payslip.deductions.income_tax.clear();
    payslip.total_deductions -= dec!(344.81);
    payslip.net += dec!(344.81);
    payslip
        .pdf(Engine::shared().unwrap(), Language::En, at())
        .unwrap();
    let none = "No amounts in this period".to_owned();
    assert!(pages(&payslip, Language::En)[0].contains(&none));
}

#[test]
fn an_explanation_for_every_line_still_fits_one_page() {
    let mut payslip = payslip();
    let (deductions, bases) = (&mut payslip.deductions, &mut payslip.contributions);
    let lines = payslip.salary.iter_mut().chain(&mut payslip.non_salary);
    let lines = lines
        .chain(&mut deductions.contributions)
        .chain(&mut deductions.income_tax);
    let lines = lines
        .chain(&mut bases.common)
        .chain(&mut bases.professional);
    for (number, line) in lines.enumerate() {
        line.explanation = Some(Explanation {
            rule: Text::same(format!("{}: base por tipo", line.label.es)),
            inputs: vec![(Text::same("base"), "2.650,00".to_owned())],
            version: "es-2026.1".to_owned(),
            source: format!("Orden PJC/178/2026, art. {number}; LGSS, art. 147"),
        });
    }
    let pdf = payslip
        .pdf(Engine::shared().unwrap(), Language::En, at())
        .unwrap();
    keep("payslip_notes.pdf", &pdf);
    let pages = pages(&payslip, Language::En);
    assert_eq!(pages.len(), 1);
    assert!(pages[0].contains(&"16".to_owned()));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let mut payslip = payslip();
    payslip.employee.name = " ".to_owned();
    payslip.period.to = day(2025, 12, 31);
    payslip.payment.iban = Some("ES00 2100 0418 4502 0005 1332".to_owned());
    payslip.salary[1].amount = dec!(120.001);
    payslip.net = dec!(1.00);
    let error = payslip
        .pdf(Engine::shared().unwrap(), Language::Es, at())
        .unwrap_err();
    assert_eq!(error.code(), "document.invalid");
    let DocumentError::Invalid(problems) = error else {
        panic!()
    };
    let found: Vec<_> = problems
        .iter()
        .map(|it| (it.code, it.field.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("payslip.missing", "employee.name"),
            ("payslip.period_backwards", "period.to"),
            ("payslip.iban_invalid", "payment.iban"),
            ("payslip.fraction_of_cent", "salary[1].amount"),
            ("payslip.total_mismatch", "gross"),
            ("payslip.total_mismatch", "net"),
        ]
    );
    for problem in &problems {
        assert_ne!(problem.message(Language::Es), problem.message(Language::En));
    }
}

#[test]
fn every_word_of_the_templates_is_in_both_languages() {
    for words in [
        include_str!("../../templates/payslip.words.json"),
        include_str!("../../templates/table.words.json"),
    ] {
        let words: serde_json::Value = serde_json::from_str(words).unwrap();
        let keys = |language: &str| -> Vec<_> {
            words[language]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        };
        assert_eq!(keys("es"), keys("en"));
    }
}
