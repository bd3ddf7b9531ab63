//! What a payslip is drawn from and what comes out, for one employee of whom all is known.

use std::collections::HashMap;

use kernel::ids::{PayConceptId, PayItemId, PayrollRunId};
use kernel::{CurrencyCode, Dec, Fault, Locale};
use rules::payroll::PayslipResult;
use rust_decimal::{Decimal, dec};
use serde_json::json;

use super::basis::Basis;
use super::facts::{Known, SoFar};
use super::input::Prepared;
use super::outcome::{self, Drawn};
use super::{PayrollRun, PayrollRunKind, PayrollRunStatus, delta, input};
use crate::absence::Absence;
use crate::concept::{PayConcept, PayConceptKind};
use crate::contract::Contract;
use crate::contract::rules::Month;
use crate::contract::rules::tests::{contract, day};
use crate::employee::Employee;
use crate::employee::tests::someone;
use crate::family::{FamilySituation, TaxRegion};
use crate::fault;
use crate::item::PayItem;
use crate::payslip::{Given, PayslipLine, PayslipLineKind, PayslipLinePart};

/// An employee of 28,000 euros in fourteen payments, and all that is known of them.
struct Person {
    employee: Employee,
    contracts: Vec<Contract>,
    families: Vec<FamilySituation>,
    items: Vec<PayItem>,
    absences: Vec<Absence>,
    concepts: HashMap<PayConceptId, PayConcept>,
    so_far: SoFar,
    given: Vec<Given>,
}

impl Person {
    fn new() -> Self {
        let employee = someone();
        let family = FamilySituation {
            organisation_id: employee.organisation_id,
            employee_id: employee.id,
            valid_from: day(2020, 1, 1),
            situation: 3,
            descendants_json: json!([]),
            ascendants_json: json!([]),
            disability: 0,
            needs_assistance: false,
            mobility: false,
            home_loan: false,
            special_employment: false,
            region: TaxRegion::Common,
            voluntary_rate: None,
            recorded_at: Default::default(),
        };
        Self {
            employee,
            contracts: vec![contract(day(2020, 1, 1), None)],
            families: vec![family],
            items: Vec::new(),
            absences: Vec::new(),
            concepts: HashMap::new(),
            so_far: SoFar::default(),
            given: Vec::new(),
        }
    }

    /// Half of the time, 83 hours a month, for half of the minimum wage in twelve payments.
    fn part_time() -> Self {
        let mut person = Self::new();
        let terms = &mut person.contracts[0];
        terms.working_time = Dec(dec!(0.5));
        terms.monthly_hours = Some(Dec(dec!(83)));
        terms.salary = Dec(dec!(8547));
        terms.extra_pay_months = Vec::new();
        person
    }

    /// Gives an item of a concept from a month of 2026 on.
    fn given_item(mut self, kind: PayConceptKind, formula: &str, amount: Decimal) -> Self {
        let concept = PayConcept {
            organisation_id: self.employee.organisation_id,
            id: PayConceptId::generate(),
            company_id: self.employee.company_id,
            code: format!("C{}", self.items.len()),
            name_es: "Concepto".into(),
            name_en: "Concept".into(),
            kind,
            formula: formula.into(),
            in_contribution_base: !kind.is_overtime(),
            taxable: true,
            archived_at: None,
            created_at: Default::default(),
            version: 1,
        };
        self.items.push(PayItem {
            organisation_id: self.employee.organisation_id,
            id: PayItemId::generate(),
            company_id: self.employee.company_id,
            employee_id: self.employee.id,
            concept_id: concept.id,
            recurring: false,
            starts_on: day(2026, 11, 1),
            ends_on: Some(day(2026, 11, 30)),
            amount: Some(Dec(amount)),
            quantity: None,
            memo: None,
            created_at: Default::default(),
            version: 1,
        });
        self.concepts.insert(concept.id, concept);
        self
    }

    fn known(&self) -> Known<'_> {
        Known {
            employee: &self.employee,
            contracts: &self.contracts,
            families: &self.families,
            items: &self.items,
            absences: &self.absences,
            advances: &[],
            garnishments: &[],
            concepts: &self.concepts,
            so_far: self.so_far,
            given: &self.given,
        }
    }

    fn prepared(&self) -> Result<Prepared<'_>, Vec<Fault>> {
        input::prepare(self.known(), november())
    }

    fn computed(&self) -> PayslipResult {
        let prepared = self.prepared().unwrap();
        rules::payroll::calculate(&rules(), &prepared.input).unwrap()
    }

    fn drawn(&self) -> Drawn {
        let (prepared, result) = (self.prepared().unwrap(), self.computed());
        outcome::draw(
            &run(PayrollRunKind::Regular),
            self.known(),
            &prepared,
            &result,
        )
        .unwrap()
    }

    fn digest(&self) -> String {
        let run = run(PayrollRunKind::Regular);
        let basis = Basis::of(&run, self.known(), november()).unwrap();
        basis.digest(self.known(), &rules())
    }
}

fn november() -> Month {
    Month::of(2026, 11).unwrap()
}

fn rules() -> std::sync::Arc<rules::pack::RulePack> {
    crate::pack::on("ES", november().last).unwrap()
}

fn run(kind: PayrollRunKind) -> PayrollRun {
    let person = someone();
    let zero = Dec::default();
    PayrollRun {
        organisation_id: person.organisation_id,
        id: PayrollRunId::generate(),
        company_id: person.company_id,
        kind,
        corrects_id: (kind == PayrollRunKind::Delta).then(PayrollRunId::generate),
        year: 2026,
        month: 11,
        status: PayrollRunStatus::Draft,
        currency: CurrencyCode::EUR,
        pay_date: day(2026, 11, 30),
        calculation: 1,
        job_id: None,
        rule_pack_id: None,
        drafted_by: None,
        calculated_by: None,
        submitted_by: None,
        prepared_by: Vec::new(),
        approval_id: None,
        approved_at: None,
        posted_at: None,
        entry_id: None,
        delivery_job_id: None,
        payslips: 0,
        gross: zero,
        employee_contributions: zero,
        tax: zero,
        deductions: zero,
        net: zero,
        employer_contributions: zero,
        calculated_at: None,
        created_at: Default::default(),
        version: 1,
    }
}

fn amount(lines: &[PayslipLine], code: &str) -> Decimal {
    let own = lines.iter().filter(|line| line.code == code);
    own.map(|line| line.amount.0).sum()
}

#[test]
fn hours_of_a_part_time_month_follow_the_days_with_pay() {
    let base = |person: &Person| person.computed().bases.common.amount;
    let mut leaver = Person::part_time();
    assert_eq!(base(&leaver), dec!(712.25));
    leaver.contracts[0].ends_on = Some(day(2026, 11, 10));
    assert_eq!(base(&leaver), dec!(237.42));
    let mut joiner = Person::part_time();
    joiner.contracts[0].starts_on = day(2026, 11, 21);
    assert_eq!(base(&joiner), dec!(237.42));
    let mut absent = Person::part_time();
    absent.absences.push(Absence {
        organisation_id: absent.employee.organisation_id,
        id: kernel::ids::AbsenceId::generate(),
        company_id: absent.employee.company_id,
        employee_id: absent.employee.id,
        starts_on: day(2026, 11, 1),
        ends_on: day(2026, 11, 10),
        reason: "Permiso".into(),
        cancelled_at: None,
        created_at: Default::default(),
        version: 1,
    });
    // Twenty days of pay, and ten at half of 47.48.
    assert_eq!(base(&absent), dec!(712.23));
}

#[test]
fn an_absurd_item_is_a_fault_of_its_employee() {
    for formula in [
        "amount * 1000000000000000",
        "amount * 79228162514264337593543950335",
    ] {
        let person = Person::new().given_item(PayConceptKind::Earning, formula, dec!(99999999));
        let faults = person.prepared().map(|_| ()).unwrap_err();
        assert_eq!(faults.len(), 1, "{formula}: {faults:?}");
        assert!(
            [fault::ITEM_TOO_LARGE, fault::ITEM_FORMULA].contains(&faults[0].reason),
            "{faults:?}"
        );
        assert_eq!(faults[0].field, ["items", "C0"]);
    }
    let most = Person::new().given_item(PayConceptKind::Earning, "amount", dec!(99999999.99));
    assert!(most.prepared().is_ok());
}

#[test]
fn overtime_is_paid_and_contributes_apart() {
    let person = Person::new()
        .given_item(PayConceptKind::Overtime, "amount * 20", dec!(10))
        .given_item(PayConceptKind::OvertimeForceMajeure, "amount", dec!(100));
    let plain = Person::new().drawn();
    let Drawn { payslip, lines } = person.drawn();
    for (code, expected) in [
        ("overtime_other_pay", dec!(200)),
        ("overtime_force_pay", dec!(100)),
        // 4.70 and 23.60 %; 2.00 and 12.00 %.
        ("overtime_other_employee", dec!(9.40)),
        ("overtime_other_employer", dec!(47.20)),
        ("overtime_force_employee", dec!(2.00)),
        ("overtime_force_employer", dec!(12.00)),
    ] {
        assert_eq!(amount(&lines, code), expected, "{code}");
    }
    assert_eq!(payslip.gross.0 - plain.payslip.gross.0, dec!(300));
    assert_eq!(payslip.common_base, plain.payslip.common_base);
    let professional = payslip.professional_base.0 - plain.payslip.professional_base.0;
    assert_eq!(professional, dec!(300));
    assert_eq!(
        payslip.taxable_pay.0 - plain.payslip.taxable_pay.0,
        dec!(300)
    );
    assert_eq!(
        payslip.foreseen_pay.0 - plain.payslip.foreseen_pay.0,
        dec!(300)
    );
    let item = lines.iter().find(|line| line.code == "C0").unwrap();
    assert_eq!(
        (item.kind, item.amount),
        (PayslipLineKind::Info, Dec(dec!(200)))
    );
    assert_eq!(item.subject_id, Some(person.items[0].id.0));
    assert_eq!(item.expression, "amount * 20");
}

#[test]
fn a_correction_takes_back_what_should_never_have_been_paid() {
    let mut person = Person::new();
    let paid = person.drawn();
    let money = |line: &&PayslipLine| line.part != PayslipLinePart::Trace;
    person.given = paid
        .lines
        .iter()
        .filter(money)
        .map(|line| Given {
            employee_id: person.employee.id,
            kind: line.kind,
            part: line.part,
            code: line.code.clone(),
            subject_id: line.subject_id,
            label_es: line.label_es.clone(),
            label_en: line.label_en.clone(),
            amount: line.amount,
        })
        .collect();
    person.contracts[0].ends_on = Some(day(2026, 10, 31));
    let regular = Basis::of(&run(PayrollRunKind::Regular), person.known(), november());
    let faults = regular.map(|_| ()).unwrap_err();
    assert_eq!(faults[0].reason, fault::NO_CONTRACT);
    let correction = run(PayrollRunKind::Delta);
    let basis = Basis::of(&correction, person.known(), november()).unwrap();
    assert!(matches!(basis, Basis::Nothing));
    let nothing = outcome::nothing(&correction, person.known(), november(), &rules()).unwrap();
    let before = [
        paid.payslip.taxable_pay.0,
        paid.payslip.common_base.0,
        paid.payslip.professional_base.0,
        paid.payslip.extra_pay_share.0,
    ];
    let back = delta::difference(nothing, &person.given, &before).unwrap();
    let (was, now) = (&paid.payslip, &back.payslip);
    for (was, now) in [
        (was.gross, now.gross),
        (was.net, now.net),
        (was.tax, now.tax),
        (was.employee_contributions, now.employee_contributions),
        (was.employer_contributions, now.employer_contributions),
        (was.common_base, now.common_base),
        (was.taxable_pay, now.taxable_pay),
    ] {
        assert!(!was.is_zero());
        assert_eq!(now.0, -was.0);
    }
    assert_eq!(back.payslip.contract_id, person.contracts[0].id);
}

#[test]
fn the_digest_is_another_when_the_pay_would_be() {
    let person = Person::new();
    let digest = person.digest();
    assert_eq!(digest.len(), 64);
    assert_eq!(person.digest(), digest, "the same again");
    let id = (person.employee.clone(), person.contracts.clone());
    let as_before = || Person {
        employee: id.0.clone(),
        contracts: id.1.clone(),
        ..Person::new()
    };
    let mut shorter = as_before();
    shorter.contracts[0].ends_on = Some(day(2026, 11, 20));
    let mut family = as_before();
    family.families[0].disability = 33;
    let item = as_before().given_item(PayConceptKind::Earning, "amount", dec!(1));
    let mut moved = as_before();
    moved.employee.department_id = Some(kernel::ids::DepartmentId::generate());
    for changed in [shorter, family, item, moved] {
        assert_ne!(changed.digest(), digest);
    }
    let mut renamed = as_before();
    renamed.employee.locale = Locale::En;
    renamed.employee.iban = None;
    assert_eq!(renamed.digest(), digest, "what pay does not depend on");
}

#[test]
fn the_rate_is_regularised_when_more_is_foreseen_than_before() {
    let so_far = |foreseen: Decimal| SoFar {
        taxable: Dec(dec!(20000)),
        tax: Dec(dec!(3000)),
        foreseen: Some((Dec(dec!(28000)), Dec(foreseen))),
    };
    let regularises = |person: &Person| person.prepared().unwrap().input.year_to_date.regularise;
    let mut steady = Person::new();
    steady.so_far = so_far(dec!(28000));
    assert!(!regularises(&steady));
    let mut raised = Person::new().given_item(PayConceptKind::Earning, "amount", dec!(500));
    raised.so_far = so_far(dec!(28000));
    assert!(regularises(&raised), "a new item");
    steady.so_far = so_far(dec!(28500));
    assert!(regularises(&steady), "an item that is gone");
    steady.contracts[0].ends_on = Some(day(2026, 11, 30));
    assert!(!regularises(&steady), "who leaves");
    let fresh = Person::new().given_item(PayConceptKind::Earning, "amount", dec!(500));
    assert!(!regularises(&fresh), "the first month of the year");
}

#[test]
fn what_is_open_of_extra_pays_is_paid_before_they_are_prorated() {
    let mut person = Person::new();
    let after = Contract {
        starts_on: day(2026, 12, 1),
        continues_id: Some(person.contracts[0].id),
        extra_pays_prorated: true,
        ..contract(day(2020, 1, 1), None)
    };
    person.contracts[0].ends_on = Some(day(2026, 11, 30));
    person.contracts[0].end_reason = Some("AMENDED".into());
    person.contracts.push(after);
    // July to November of six months.
    let lines = person.drawn().lines;
    assert_eq!(amount(&lines, "extra_due_pay"), dec!(1666.67));
    person.contracts[1].extra_pays_prorated = false;
    assert_eq!(amount(&person.drawn().lines, "extra_due_pay"), dec!(0));
}
