//! The family and personal situation that the rate of withholding depends on.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Where the employee lives, for the part of the tax that is withheld.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// Common territory.
    #[default]
    Common,
    /// Ceuta or Melilla.
    CeutaMelilla,
    /// La Palma; the same reduction since the pack's date for it.
    LaPalma,
}

/// A child, grandchild or ward who lives with the employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descendant {
    /// Year of birth.
    pub birth_year: i32,
    /// Year of adoption or fostering, which counts for the increase under 3.
    pub adopted_in: Option<i32>,
    /// Whether the other parent counts the other half.
    pub shared: bool,
    /// Degree of disability, 0 to 100 per cent.
    pub disability: u8,
    /// Whether help of others or reduced mobility is recognised.
    pub needs_assistance: bool,
}

impl Descendant {
    /// Born in a year; neither shared nor disabled.
    pub fn born(birth_year: i32) -> Self {
        Self {
            birth_year,
            adopted_in: None,
            shared: false,
            disability: 0,
            needs_assistance: false,
        }
    }
}

/// A parent or grandparent who lives with the employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ascendant {
    /// Year of birth.
    pub birth_year: i32,
    /// How many descendants the ascendant lives with, 1 or more.
    pub shared_by: u32,
    /// Degree of disability, 0 to 100 per cent.
    pub disability: u8,
    /// Whether help of others or reduced mobility is recognised.
    pub needs_assistance: bool,
}

/// What the rate of withholding depends on (form 145).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxSituation {
    /// Gross taxable pay foreseen for the year, in euros.
    pub annual_pay: Decimal,
    /// Contributions of the employee foreseen for the year; estimated from the rates when absent.
    pub annual_social_security: Option<Decimal>,
    /// 1: alone with children; 2: spouse who earns up to 1,500 a year; 3: any other.
    pub situation: u8,
    /// Year of birth of the employee.
    pub birth_year: i32,
    /// Descendants, in any order.
    pub descendants: Vec<Descendant>,
    /// Ascendants.
    pub ascendants: Vec<Ascendant>,
    /// Degree of disability of the employee, 0 to 100 per cent.
    pub disability: u8,
    /// Whether help of others or reduced mobility is recognised.
    pub needs_assistance: bool,
    /// Whether the employee moved to take the job.
    pub mobility: bool,
    /// Whether the pay is a pension.
    pub pensioner: bool,
    /// Whether the pay is an unemployment benefit.
    pub unemployed: bool,
    /// Whether a home bought before 2013 is being paid.
    pub home_loan: bool,
    /// Where the employee lives.
    pub region: Region,
    /// Whether the contract is for less than a year.
    pub contract_under_a_year: bool,
    /// Whether the employment is special (household, domestic care and the like).
    pub special_employment: bool,
    /// A higher rate the employee asks for, in per cent.
    pub voluntary_rate: Option<Decimal>,
}

impl TaxSituation {
    /// Situation 3 without children, for an annual pay and a year of birth.
    pub fn single(annual_pay: Decimal, birth_year: i32) -> Self {
        Self {
            annual_pay,
            annual_social_security: None,
            situation: 3,
            birth_year,
            descendants: Vec::new(),
            ascendants: Vec::new(),
            disability: 0,
            needs_assistance: false,
            mobility: false,
            pensioner: false,
            unemployed: false,
            home_loan: false,
            region: Region::Common,
            contract_under_a_year: false,
            special_employment: false,
            voluntary_rate: None,
        }
    }
}
