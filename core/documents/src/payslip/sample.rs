//! A payslip for tests: a technician of group 5 with a plain January of 2026.

use chrono::NaiveDate;
use rust_decimal::{Decimal, dec};

use super::{
    Contributions, Deductions, Employee, Employer, Explanation, Line, Payment, Payslip, Period,
};
use crate::Text;

pub(crate) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub(crate) fn payslip() -> Payslip {
    Payslip {
        reference: "NOM-2026-01-0007".to_owned(),
        kind: Text::new("Nómina mensual", "Monthly payroll"),
        employer: Employer {
            name: "Ferretería La Concordia, S.L.".to_owned(),
            address: "Calle Mayor 12, 28013 Madrid".to_owned(),
            tax_id: "B12345674".to_owned(),
            contribution_account: "0111 28 123456789".to_owned(),
        },
        employee: employee(),
        period: Period {
            from: day(2026, 1, 1),
            to: day(2026, 1, 31),
            days: dec!(30),
        },
        payment: Payment {
            date: day(2026, 1, 30),
            iban: Some("ES91 2100 0418 4502 0005 1332".to_owned()),
        },
        salary: salary(),
        non_salary: vec![line(
            "310",
            "Plus de transporte",
            "Transport allowance",
            dec!(65.00),
        )],
        deductions: deductions(),
        contributions: contributions(),
        gross: dec!(2365.00),
        total_deductions: dec!(517.07),
        net: dec!(1847.93),
        remarks: vec![],
    }
}

fn employee() -> Employee {
    Employee {
        code: "0042".to_owned(),
        name: "María Núñez Güell".to_owned(),
        tax_id: "12345678Z".to_owned(),
        social_security_number: "28 1234567840".to_owned(),
        job_title: Text::new("Oficial administrativa", "Administrative officer"),
        professional_group: Text::new("Grupo III", "Group III"),
        contribution_group: "5".to_owned(),
        contract: Text::new("Indefinido a tiempo completo", "Permanent, full time"),
        seniority_date: day(2019, 3, 4),
    }
}

fn salary() -> Vec<Line> {
    let base = Line {
        quantity: Some(dec!(30)),
        base: Some(dec!(60)),
        explanation: Some(Explanation {
            rule: Text::new("Salario base por días", "Base salary by days"),
            inputs: vec![(Text::new("días", "days"), "30".to_owned())],
            version: "acme-2026.1".to_owned(),
            source: "Convenio colectivo del comercio, art. 21".to_owned(),
        }),
        ..line("001", "Salario base", "Base salary", dec!(1800.00))
    };
    vec![
        base,
        line(
            "014",
            "Complemento de antigüedad",
            "Seniority supplement",
            dec!(120.00),
        ),
        line(
            "021",
            "Plus de convenio",
            "Agreement supplement",
            dec!(180.00),
        ),
        line("030", "Incentivos", "Incentives", dec!(200.00)),
    ]
}

fn deductions() -> Deductions {
    let base = dec!(2650.00);
    Deductions {
        contributions: vec![
            rated(
                "Contingencias comunes",
                "Common contingencies",
                base,
                dec!(4.70),
                dec!(124.55),
            ),
            rated(
                "MEI",
                "Intergenerational equity (MEI)",
                base,
                dec!(0.15),
                dec!(3.98),
            ),
            rated("Desempleo", "Unemployment", base, dec!(1.55), dec!(41.08)),
            rated(
                "Formación profesional",
                "Vocational training",
                base,
                dec!(0.10),
                dec!(2.65),
            ),
        ],
        income_tax: vec![Line {
            explanation: Some(Explanation {
                rule: Text::new(
                    "Tipo de retención, procedimiento general",
                    "Withholding rate, general procedure",
                ),
                inputs: vec![
                    (
                        Text::new("retribución anual", "yearly pay"),
                        "33.300,00".to_owned(),
                    ),
                    (Text::new("situación", "situation"), "3".to_owned()),
                ],
                version: "es-2026.1".to_owned(),
                source: "RIRPF, RD 439/2007, arts. 80-86".to_owned(),
            }),
            ..rated(
                "Retención IRPF",
                "IRPF withholding",
                dec!(2300),
                dec!(14.99),
                dec!(344.81),
            )
        }],
        ..Deductions::default()
    }
}

fn contributions() -> Contributions {
    let base = dec!(2650.00);
    Contributions {
        monthly_pay: dec!(2300.00),
        extra_pay_share: dec!(350.00),
        common: vec![
            rated(
                "Contingencias comunes",
                "Common contingencies",
                base,
                dec!(23.6),
                dec!(625.40),
            ),
            rated(
                "MEI",
                "Intergenerational equity (MEI)",
                base,
                dec!(0.75),
                dec!(19.88),
            ),
        ],
        professional: vec![
            rated(
                "AT y EP",
                "Accidents and illness at work",
                base,
                dec!(1.5),
                dec!(39.75),
            ),
            rated("Desempleo", "Unemployment", base, dec!(5.5), dec!(145.75)),
            rated(
                "Formación profesional",
                "Vocational training",
                base,
                dec!(0.6),
                dec!(15.90),
            ),
            rated("FOGASA", "Wage guarantee fund", base, dec!(0.2), dec!(5.30)),
        ],
        overtime: vec![],
        income_tax_base: dec!(2300.00),
        employer_total: dec!(851.98),
    }
}

fn line(code: &str, es: &str, en: &str, amount: Decimal) -> Line {
    Line {
        code: code.to_owned(),
        label: Text::new(es, en),
        amount,
        ..Line::default()
    }
}

fn rated(es: &str, en: &str, base: Decimal, rate: Decimal, amount: Decimal) -> Line {
    Line {
        base: Some(base),
        rate: Some(rate),
        explanation: Some(Explanation {
            rule: Text::new("Base por tipo", "Base times rate"),
            inputs: vec![],
            version: "es-2026.1".to_owned(),
            source: "Orden de cotización 2026".to_owned(),
        }),
        ..line("", es, en, amount)
    }
}
