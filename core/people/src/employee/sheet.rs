//! The CSV file of an import: its columns, and its rows as hirings. Pure.

use std::collections::HashMap;
use std::str::FromStr;

use chrono::NaiveDate;
use kernel::ids::{CompanyId, DepartmentId};
use kernel::{Date, Dec, Fault, Locale};
use rust_decimal::Decimal;

use super::hire::EmployeeHireInput;
use crate::contract::{ContractKind, ContractTermsInput, SalaryPeriod};
use crate::fault;

/// Rows of one import at most.
const MOST_ROWS: usize = 2_000;
/// Bytes of one import at most.
const MOST_BYTES: usize = 900_000;

/// The columns, in any order. Dates are YYYY-MM-DD, numbers have a decimal point, `extra_pay_months`
/// are separated by blanks.
const COLUMNS: &[&str] = &[
    "first_name",
    "last_name",
    "tax_id",
    "social_security_number",
    "birth_date",
    "email",
    "iban",
    "department",
    "locale",
    "contract_kind",
    "starts_on",
    "ends_on",
    "salary",
    "salary_period",
    "extra_pay_months",
    "extra_pays_prorated",
    "contribution_group",
    "occupation",
    "occupation_code",
    "agreement",
    "accident_rate",
    "working_time",
];

/// The columns that have to be there.
const NEEDED: &[&str] = &[
    "first_name",
    "last_name",
    "tax_id",
    "social_security_number",
    "birth_date",
    "starts_on",
    "salary",
    "contribution_group",
    "occupation",
];

/// The rows of a file, numbered from 1, as they were read.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    rows: Vec<Row>,
    faults: Vec<Fault>,
}

impl Sheet {
    /// Reads a file: a line of column names, then a line an employee; commas or semicolons.
    ///
    /// # Errors
    /// Every fault of the file as a whole: its size, its columns, the number of its rows.
    pub fn read(text: &str) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let rows = read(text, &mut faults);
        if rows.is_empty() {
            return Err(faults);
        }
        Ok(Self { rows, faults })
    }

    /// The numbers of its rows.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        1..=self.rows.len()
    }

    /// Some rows as hirings, each with the path that its faults are told under; and every fault
    /// of their cells.
    pub fn hirings(
        &self,
        numbers: &[usize],
        company: CompanyId,
        departments: &HashMap<String, DepartmentId>,
    ) -> (Vec<(String, EmployeeHireInput)>, Vec<Fault>) {
        let mut faults = self.faults.clone();
        let mut hirings = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(row) = number.checked_sub(1).and_then(|at| self.rows.get(at)) else {
                continue;
            };
            let mut cells = Cells {
                row,
                number: *number,
                faults: &mut faults,
            };
            let hire = cells.hire(company, departments);
            hirings.push((format!("rows.{number}."), hire));
        }
        (hirings, faults)
    }
}

type Row = HashMap<String, String>;

/// The rows of a file by column; a malformed file is told line by line.
fn read(text: &str, faults: &mut Vec<Fault>) -> Vec<Row> {
    if text.len() > MOST_BYTES {
        faults.push(
            Fault::invalid("kernel.too_long")
                .with("most", MOST_BYTES)
                .at(["csv"]),
        );
        return Vec::new();
    }
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let separator = if first.contains(';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(str::to_lowercase).collect(),
        Err(_) => Vec::new(),
    };
    for name in names
        .iter()
        .filter(|name| !COLUMNS.contains(&name.as_str()))
    {
        faults.push(
            Fault::invalid(fault::COLUMN_UNKNOWN)
                .with("name", name)
                .at(["csv"]),
        );
    }
    for name in NEEDED
        .iter()
        .filter(|name| !names.iter().any(|known| known == *name))
    {
        faults.push(
            Fault::invalid(fault::COLUMN_MISSING)
                .with("name", name)
                .at(["csv"]),
        );
    }
    if !faults.is_empty() {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for (at, record) in reader.records().enumerate() {
        match record {
            Ok(record) => {
                let cells = record.iter().map(str::to_owned);
                rows.push(names.iter().cloned().zip(cells).collect());
            }
            Err(_) => {
                let at = ["rows".to_owned(), (at + 1).to_string()];
                faults.push(Fault::invalid(fault::ROW_MALFORMED).at(at));
                rows.push(Row::new());
            }
        }
    }
    if rows.is_empty() || rows.len() > MOST_ROWS {
        faults.push(
            Fault::invalid(fault::IMPORT_SIZE)
                .with("most", MOST_ROWS)
                .at(["csv"]),
        );
        return Vec::new();
    }
    rows
}

/// Reads the cells of one row.
struct Cells<'r> {
    row: &'r Row,
    number: usize,
    faults: &'r mut Vec<Fault>,
}

impl Cells<'_> {
    fn hire(
        &mut self,
        company: CompanyId,
        known: &HashMap<String, DepartmentId>,
    ) -> EmployeeHireInput {
        let department = self.cell("department").and_then(|code| {
            let found = known.get(&code.to_uppercase()).copied();
            if found.is_none() {
                self.wrong("department", fault::DEPARTMENT_NOT_FOUND);
            }
            found
        });
        EmployeeHireInput {
            id: None,
            company,
            department,
            first_name: self.text("first_name"),
            last_name: self.text("last_name"),
            tax_id: self.text("tax_id"),
            social_security_number: self.text("social_security_number"),
            birth_date: self.date("birth_date").unwrap_or(Date(NaiveDate::MIN)),
            email: self.cell("email"),
            iban: self.cell("iban"),
            user: None,
            locale: self.word::<Locale>("locale"),
            family: None,
            contract: self.terms(),
        }
    }

    fn terms(&mut self) -> ContractTermsInput {
        let ends_on = self.date("ends_on");
        let ending = if ends_on.is_some() {
            ContractKind::Temporary
        } else {
            ContractKind::Indefinite
        };
        ContractTermsInput {
            kind: self.word("contract_kind").unwrap_or(ending),
            starts_on: self.date("starts_on").unwrap_or(Date(NaiveDate::MIN)),
            ends_on,
            seniority_from: None,
            working_time: self.decimal("working_time").map(Dec),
            monthly_hours: None,
            salary: Dec(self.decimal("salary").unwrap_or_default()),
            salary_period: self.word("salary_period").unwrap_or(SalaryPeriod::Year),
            extra_pay_months: self.months(),
            extra_pays_prorated: self.yes("extra_pays_prorated"),
            contribution_group: self.whole("contribution_group"),
            occupation: self.text("occupation"),
            occupation_code: self.cell("occupation_code"),
            professional_group: None,
            agreement: self.cell("agreement"),
            accident_rate: Dec(self.decimal("accident_rate").unwrap_or_default()),
        }
    }

    fn cell(&self, name: &str) -> Option<String> {
        self.row
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    }

    fn text(&self, name: &str) -> String {
        self.cell(name).unwrap_or_default()
    }

    fn wrong(&mut self, column: &str, reason: &'static str) {
        let at = [
            "rows".to_owned(),
            self.number.to_string(),
            column.to_owned(),
        ];
        self.faults.push(Fault::invalid(reason).at(at));
    }

    fn parsed<T>(
        &mut self,
        column: &str,
        reason: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let cell = self.cell(column);
        let value = cell.as_deref().and_then(parse);
        let missing = cell.is_none() && NEEDED.contains(&column);
        if missing || (cell.is_some() && value.is_none()) {
            self.wrong(column, if missing { "kernel.required" } else { reason });
        }
        value
    }

    fn date(&mut self, column: &str) -> Option<Date> {
        self.parsed(column, fault::CELL_DATE, |text| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Date)
        })
    }

    fn decimal(&mut self, column: &str) -> Option<Decimal> {
        self.parsed(column, fault::CELL_NUMBER, |text| {
            Decimal::from_str_exact(text).ok()
        })
    }

    fn whole(&mut self, column: &str) -> i32 {
        self.parsed(column, fault::CELL_NUMBER, |text| text.parse().ok())
            .unwrap_or(1)
    }

    fn yes(&mut self, column: &str) -> bool {
        let parse = |text: &str| match text.to_lowercase().as_str() {
            "true" | "yes" | "si" | "sí" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        };
        self.parsed(column, fault::CELL_WORD, parse)
            .unwrap_or_default()
    }

    fn word<T: FromStr>(&mut self, column: &str) -> Option<T> {
        self.parsed(column, fault::CELL_WORD, |text| {
            text.to_uppercase().parse().ok()
        })
    }

    fn months(&mut self) -> Option<Vec<i32>> {
        self.parsed("extra_pay_months", fault::CELL_NUMBER, |text| {
            text.split_whitespace()
                .map(|month| month.parse().ok())
                .collect()
        })
    }
}

/// The path of a fault of the hiring, in the names of the columns.
pub(super) fn in_columns(fault: Fault) -> Fault {
    let mut field = fault.field.clone();
    field.retain(|step| step != "contract" && step != "family");
    if let Some(last) = field.last_mut() {
        let mut column = String::new();
        for letter in last.chars() {
            if letter.is_ascii_uppercase() {
                column.push('_');
            }
            column.push(letter.to_ascii_lowercase());
        }
        *last = column;
    }
    fault.at(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_malformed_cell_is_told() {
        let text = "first_name;last_name;tax_id;social_security_number;birth_date;starts_on;\
                    salary;contribution_group;occupation\n\
                    Ana;Ruiz;12345678Z;281234567840;1990-13-01;;many;five;Jefa";
        let mut faults = Vec::new();
        let rows = read(text, &mut faults);
        assert!(faults.is_empty() && rows.len() == 1);
        let mut cells = Cells {
            row: &rows[0],
            number: 1,
            faults: &mut faults,
        };
        cells.hire(CompanyId::generate(), &HashMap::new());
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field[2].as_str()).collect();
        assert_eq!(
            fields,
            ["birth_date", "starts_on", "salary", "contribution_group"]
        );
    }

    #[test]
    fn columns_are_checked_before_rows() {
        let mut faults = Vec::new();
        assert!(read("first_name,pay\nAna,1", &mut faults).is_empty());
        assert!(
            faults
                .iter()
                .any(|fault| fault.reason == fault::COLUMN_UNKNOWN)
        );
        assert!(
            faults
                .iter()
                .any(|fault| fault.reason == fault::COLUMN_MISSING)
        );
        faults.clear();
        read("", &mut faults);
        assert!(!faults.is_empty());
    }

    #[test]
    fn paths_speak_of_columns() {
        let fault = Fault::invalid("x").at(["rows", "3", "contract", "contributionGroup"]);
        assert_eq!(in_columns(fault).field, ["rows", "3", "contribution_group"]);
    }
}
