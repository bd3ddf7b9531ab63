//! Who works at the demo company, and who logs in to it.

use std::borrow::Cow;

use kernel::ids::{CompanyId, DepartmentId, UserId};
use kernel::{Dec, Result};
use people::contract::{ContractKind, ContractTermsInput, SalaryPeriod};
use people::employee::EmployeeHireInput;
use people::family::{DescendantInput, FamilySituationInput};
use rust_decimal::Decimal;

use super::numbers;

/// The password of every demo user.
pub const PASSWORD: &str = "Trastienda-demo-2026";

/// Somebody who logs in.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    /// The part before the @ of the address.
    pub name: &'static str,
    /// Their name.
    pub full_name: &'static str,
    /// The key of their role.
    pub role: &'static str,
    /// The department that the role is limited to.
    pub department: Option<usize>,
    /// What they do, in Spanish.
    pub duty_es: &'static str,
    /// What they do, in English.
    pub duty_en: &'static str,
}

const fn login(
    name: &'static str,
    full_name: &'static str,
    role: &'static str,
    duty_es: &'static str,
    duty_en: &'static str,
) -> Login {
    Login {
        name,
        full_name,
        role,
        department: None,
        duty_es,
        duty_en,
    }
}

/// Those who log in.
pub const USERS: &[Login] = &[
    login(
        "elena.campos",
        "Elena Campos Ruiz",
        "owner",
        "propietaria",
        "owner",
    ),
    login(
        "marta.ruiz",
        "Marta Ruiz Soler",
        "payroll_clerk",
        "prepara nóminas",
        "prepares payroll",
    ),
    login(
        "javier.ortega",
        "Javier Ortega Vidal",
        "payroll_approver",
        "aprueba nóminas",
        "approves payroll",
    ),
    login(
        "lucia.fernandez",
        "Lucía Fernández Gil",
        "accountant",
        "contabilidad",
        "accounting",
    ),
    login(
        "carmen.molina",
        "Carmen Molina Rey",
        "hr_manager",
        "personas",
        "people",
    ),
    Login {
        department: Some(1),
        ..login(
            "diego.navarro",
            "Diego Navarro Peña",
            "manager",
            "jefe de Ventas",
            "heads sales",
        )
    },
    login(
        "pablo.serrano",
        "Pablo Serrano Cano",
        "employee",
        "empleado",
        "employee",
    ),
    login(
        "raquel.iglesias",
        "Raquel Iglesias Mora",
        "auditor",
        "auditoría",
        "audit",
    ),
    login(
        "oscar.diez",
        "Óscar Díez Parra",
        "storekeeper",
        "encargado de almacén",
        "keeps the warehouse",
    ),
    login(
        "hugo.santos",
        "Hugo Santos Bravo",
        "buyer",
        "compras",
        "buys",
    ),
    login(
        "andres.fuentes",
        "Andrés Fuentes Marín",
        "treasurer",
        "tesorería; aprueba pagos",
        "treasury; approves payments",
    ),
    login(
        "nora.ibarra",
        "Nora Ibarra Quiroga",
        "compliance_officer",
        "cumplimiento",
        "compliance",
    ),
    login(
        "leo.marin",
        "Leo Marín Sanz",
        "it_support",
        "soporte informático",
        "IT support",
    ),
    login(
        "ines.roldan",
        "Inés Roldán Vera",
        "administrator",
        "administración del sistema",
        "system administration",
    ),
];

/// An employee of the roster.
#[derive(Clone, Debug)]
pub struct Staff {
    pub(super) first_name: Cow<'static, str>,
    pub(super) last_name: Cow<'static, str>,
    /// Their running number, for those whose address needs it to be their own.
    pub(super) number: Option<usize>,
    pub(super) birth_year: i32,
    /// Index of the department.
    pub department: usize,
    pub(super) salary: i64,
    pub(super) group: i32,
    pub(super) occupation: &'static str,
    pub(super) working_time_percent: i64,
    pub(super) prorated: bool,
    pub(super) temporary: bool,
    pub(super) situation: i32,
    pub(super) children: Vec<i32>,
    pub(super) hired: (i32, u32, u32),
}

/// Name, surnames, birth, department, yearly salary, group, occupation, working time, extra pays
/// prorated, temporary, situation, children, hired.
type Line = (
    &'static str,
    &'static str,
    i32,
    usize,
    i64,
    i32,
    &'static str,
    i64,
    bool,
    bool,
    i32,
    &'static [i32],
    (i32, u32, u32),
);

#[rustfmt::skip]
const LINES: &[Line] = &[
    ("Elena", "Campos Ruiz", 1974, 0, 68_000, 1, "Directora general", 100, false, false, 3, &[2008, 2011], (2012, 1, 9)),
    ("Marta", "Ruiz Soler", 1986, 0, 27_500, 3, "Técnica de nóminas", 100, false, false, 3, &[2018], (2016, 3, 1)),
    ("Javier", "Ortega Vidal", 1979, 0, 46_000, 1, "Director financiero", 100, false, false, 2, &[2010, 2013, 2017], (2014, 9, 1)),
    ("Lucía", "Fernández Gil", 1990, 0, 31_200, 2, "Contable", 100, true, false, 3, &[], (2019, 5, 13)),
    ("Carmen", "Molina Rey", 1983, 0, 34_000, 2, "Responsable de personas", 100, false, false, 1, &[2015], (2017, 2, 6)),
    ("Diego", "Navarro Peña", 1981, 1, 38_500, 1, "Jefe de ventas", 100, false, false, 2, &[2016, 2019], (2013, 10, 1)),
    ("Pablo", "Serrano Cano", 1995, 1, 21_400, 5, "Dependiente", 100, false, false, 3, &[], (2021, 4, 12)),
    ("Raquel", "Iglesias Mora", 1977, 0, 41_000, 1, "Auditora interna", 100, true, false, 3, &[2009], (2018, 1, 15)),
    ("Sergio", "Prieto Lozano", 1998, 1, 18_900, 5, "Dependiente", 100, true, true, 3, &[], (2026, 3, 2)),
    ("Nuria", "Vega Crespo", 1992, 1, 19_600, 5, "Dependienta", 75, false, false, 3, &[2022, 2024], (2020, 6, 15)),
    ("Hugo", "Santos Bravo", 1988, 1, 23_800, 5, "Vendedor técnico", 100, false, false, 3, &[2020], (2019, 11, 4)),
    ("Alba", "Méndez Rojo", 2000, 1, 17_200, 7, "Auxiliar de caja", 100, false, true, 3, &[], (2026, 9, 14)),
    ("Irene", "Calvo Santana", 1994, 1, 18_400, 7, "Cajera", 50, true, false, 3, &[2023], (2022, 2, 1)),
    ("Óscar", "Díez Parra", 1970, 2, 24_600, 8, "Encargado de almacén", 100, false, false, 3, &[2004], (2012, 5, 2)),
    ("Manuel", "Reyes Flores", 1985, 2, 19_300, 9, "Mozo de almacén", 100, false, false, 2, &[2014, 2016, 2021], (2015, 7, 20)),
    ("Adrián", "Gallego Sáez", 1999, 2, 18_300, 10, "Mozo de almacén", 100, true, false, 3, &[], (2023, 1, 9)),
    ("Lorena", "Herrero Ibáñez", 1991, 2, 20_100, 8, "Carretillera", 100, false, false, 3, &[2019], (2020, 9, 7)),
    ("Yusuf", "El Amrani Bennani", 1987, 2, 18_900, 9, "Mozo de almacén", 100, true, false, 2, &[2017, 2020], (2024, 4, 22)),
    ("Tomás", "Aguilar Nieto", 1966, 3, 28_900, 8, "Cerrajero, oficial de primera", 100, false, false, 3, &[], (2012, 1, 9)),
    ("Beatriz", "Cortés Luna", 1993, 3, 24_300, 8, "Ajustadora, oficial de segunda", 100, false, false, 3, &[2021], (2021, 10, 18)),
    ("Iván", "Pascual Rubio", 1997, 3, 20_800, 9, "Ayudante de taller", 100, false, false, 3, &[], (2022, 8, 29)),
    ("Sofía", "Lara Ponce", 2003, 3, 17_100, 10, "Aprendiz", 100, true, true, 3, &[], (2026, 2, 16)),
    ("Andrés", "Fuentes Marín", 1980, 0, 118_000, 1, "Director comercial", 100, false, false, 3, &[2012], (2022, 6, 1)),
    ("Teresa", "Benítez Osuna", 1961, 0, 22_700, 7, "Auxiliar administrativa", 60, false, false, 3, &[], (2013, 3, 4)),
];

/// Everyone, in the order of their numbers.
pub fn staff() -> Vec<Staff> {
    LINES.iter().map(Staff::of).collect()
}

impl Staff {
    fn of(line: &Line) -> Self {
        let (first_name, last_name, birth_year, department, salary, group, occupation, ..) = *line;
        let (.., working_time_percent, prorated, temporary, situation, children, hired) = *line;
        Self {
            first_name: first_name.into(),
            last_name: last_name.into(),
            number: None,
            birth_year,
            department,
            salary,
            group,
            occupation,
            working_time_percent,
            prorated,
            temporary,
            situation,
            children: children.to_vec(),
            hired,
        }
    }

    /// The name to show.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// The part before the @ of their address: first name and first surname, in plain letters.
    pub fn user(&self) -> String {
        let surname = self.last_name.split(' ').next().unwrap_or_default();
        let plain =
            |text: &str| -> String { text.to_lowercase().chars().map(unaccented).collect() };
        let number = self.number.map(|number| number.to_string());
        let number = number.unwrap_or_default();
        format!("{}.{}{number}", plain(&self.first_name), plain(surname))
    }

    /// The command that hires them.
    pub(super) fn hire(
        &self,
        company: CompanyId,
        department: Option<DepartmentId>,
        user: UserId,
        number: u64,
        slug: &str,
    ) -> Result<EmployeeHireInput> {
        let day = u32::try_from(number % 28 + 1).unwrap_or(1);
        Ok(EmployeeHireInput {
            id: None,
            company,
            department,
            first_name: self.first_name.to_string(),
            last_name: self.last_name.to_string(),
            tax_id: numbers::tax_id(number),
            social_security_number: numbers::social_security(number),
            birth_date: numbers::day(self.birth_year, 5, day)?,
            email: Some(format!("{}@{slug}.example", self.user())),
            iban: Some(numbers::iban(number)),
            user: Some(user),
            locale: None,
            family: Some(self.family()),
            contract: self.contract()?,
        })
    }

    fn family(&self) -> FamilySituationInput {
        let child = |birth_year: &i32| DescendantInput {
            birth_year: *birth_year,
            adopted_in: None,
            shared: self.situation == 3,
            disability: 0,
            needs_assistance: false,
        };
        FamilySituationInput {
            situation: self.situation,
            descendants: self.children.iter().map(child).collect(),
            ..FamilySituationInput::default()
        }
    }

    fn contract(&self) -> Result<ContractTermsInput> {
        let (year, month, day) = self.hired;
        let full_time = self.working_time_percent == 100;
        let ends_on = if self.temporary {
            Some(numbers::day(2027, 1, 31)?)
        } else {
            None
        };
        Ok(ContractTermsInput {
            kind: if self.temporary {
                ContractKind::Temporary
            } else {
                ContractKind::Indefinite
            },
            starts_on: numbers::day(year, month, day)?,
            ends_on,
            seniority_from: None,
            working_time: Some(Dec(Decimal::new(self.working_time_percent, 2))),
            monthly_hours: (!full_time)
                .then(|| Dec(Decimal::from(self.working_time_percent) * Decimal::new(166, 2))),
            salary: Dec(Decimal::from(self.salary)),
            salary_period: SalaryPeriod::Year,
            extra_pay_months: Some(vec![6, 12]),
            extra_pays_prorated: self.prorated,
            contribution_group: self.group,
            occupation: self.occupation.to_owned(),
            occupation_code: None,
            professional_group: None,
            agreement: Some("Comercio del metal de Madrid".to_owned()),
            accident_rate: Dec(Decimal::new(if self.department < 2 { 150 } else { 360 }, 2)),
        })
    }
}

fn unaccented(letter: char) -> char {
    match letter {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        other => other,
    }
}
