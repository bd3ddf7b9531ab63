//! The rest of the group: a second company, and everybody's colleagues in both.

use std::sync::Arc;

use directory::Keys;
use directory::company::CompanyCreateInput;
use directory::department::DepartmentCreateInput;
use kernel::ids::{CompanyId, DepartmentId};
use kernel::{Actor, Context, Db, Result, Tx};
use ledger::chart::ChartName;
use ledger::fiscal_year::FiscalYearOpenInput;
use people::employee::hire;

use super::crowd::crowd;
use super::{Demo, Staff, USERS, give, invite, numbers};

/// Departments of the carrier by code and name.
const DEPARTMENTS: &[(&str, &str)] = &[
    ("ADM", "Administración"),
    ("TRA", "Transporte"),
    ("ALM", "Almacén"),
];
/// Colleagues of the shop, beside those with a part.
const SHOP: usize = 61;
/// People of the carrier.
const CARRIER: usize = 35;
/// Where the running numbers of the crowd begin.
const FIRST_NUMBER: usize = 101;

/// Makes the carrier and hires the crowd, so many times over. Tells after each person how many
/// there are and how many are made.
pub(super) async fn make(
    tx: &mut Tx,
    keys: &Keys,
    demo: Demo,
    slug: &str,
    scale: usize,
    made: &(dyn Fn(u64, u64) + Sync),
) -> Result<()> {
    directory::company::create(tx, carrier(demo)).await?;
    ledger::chart::install(tx, demo.carrier, &ChartName::EsPyme.template()?).await?;
    for (company, years) in [
        (demo.company, &[2024, 2025][..]),
        (demo.carrier, &[2024, 2025, 2026, 2027]),
    ] {
        for year in years {
            open_year(tx, company, *year).await?;
        }
    }
    let shop = departments_of(tx, demo.company).await?;
    let carrier = departments(tx, demo.carrier).await?;
    let (of_shop, of_carrier) = (SHOP * scale, CARRIER * scale);
    let colleagues = crowd(false, FIRST_NUMBER, of_shop);
    let carriers = crowd(true, FIRST_NUMBER + of_shop, of_carrier);
    let people = colleagues
        .iter()
        .map(|person| (demo.company, &shop, person));
    let people = people.chain(
        carriers
            .iter()
            .map(|person| (demo.carrier, &carrier, person)),
    );
    let total = u64::try_from(of_shop + of_carrier).unwrap_or_default();
    for (done, (company, departments, person)) in (1_u64..).zip(people) {
        join(tx, keys, slug, company, departments, person).await?;
        made(done, total);
    }
    Ok(())
}

/// Those of the shop who do the same for the carrier.
const SHARED: &[&str] = &[
    "marta.ruiz",
    "javier.ortega",
    "lucia.fernandez",
    "carmen.molina",
    "raquel.iglesias",
];

/// Gives those of the shop who work for the carrier too their role there.
pub(super) async fn entrust(db: &Db, keys: &Keys, demo: Demo, slug: &str) -> Result<()> {
    let mut shared = Vec::new();
    for user in USERS.iter().filter(|user| SHARED.contains(&user.name)) {
        let email = Demo::email(slug, user.name);
        let found = directory::auth::users_of_email(db, keys, &email).await?;
        let own = found.into_iter().find(|(at, _)| *at == demo.organisation);
        shared.extend(own.map(|(_, id)| (user.role, id)));
    }
    let actor = Arc::new(Actor::system(demo.organisation));
    let context = Arc::new(Context::new(actor, db.clock().now()));
    let mut tx = db.begin(&context).await?;
    for (role, user) in shared {
        give(&mut tx, role, user, Some(demo.carrier), None).await?;
    }
    tx.commit().await
}

async fn join(
    tx: &mut Tx,
    keys: &Keys,
    slug: &str,
    company: CompanyId,
    departments: &[DepartmentId],
    person: &Staff,
) -> Result<()> {
    let email = Demo::email(slug, &person.user());
    let user = invite(tx, keys, &email, &person.full_name(), false).await?;
    give(tx, "employee", user, None, None).await?;
    let department = departments.get(person.department).copied();
    let number = person.number.and_then(|number| u64::try_from(number).ok());
    let input = person.hire(company, department, user, number.unwrap_or_default(), slug)?;
    hire(tx, input).await?;
    Ok(())
}

async fn open_year(tx: &mut Tx, company: CompanyId, year: i32) -> Result<()> {
    let open = FiscalYearOpenInput {
        id: None,
        company_id: company,
        name: None,
        starts_on: numbers::day(year, 1, 1)?,
        ends_on: numbers::day(year, 12, 31)?,
    };
    ledger::fiscal_year::open(tx, open).await?;
    Ok(())
}

/// The departments of the shop, as they were made with it.
async fn departments_of(tx: &mut Tx, company: CompanyId) -> Result<Vec<DepartmentId>> {
    let all = directory::department::page(tx, kernel::page::PageRequest::default()).await?;
    let mine: Vec<_> = all
        .into_rows()
        .into_iter()
        .filter(|department| department.company_id == company)
        .collect();
    let of_code = |code: &str| {
        mine.iter()
            .find(|found| found.code == code)
            .map(|found| found.id)
    };
    Ok(super::DEPARTMENTS
        .iter()
        .filter_map(|(code, _)| of_code(code))
        .collect())
}

async fn departments(tx: &mut Tx, company: CompanyId) -> Result<Vec<DepartmentId>> {
    let mut made = Vec::new();
    for (code, name) in DEPARTMENTS {
        let department = DepartmentCreateInput {
            id: None,
            company,
            parent: None,
            code: (*code).to_owned(),
            name: (*name).to_owned(),
            manager: None,
        };
        made.push(directory::department::create(tx, department).await?.id);
    }
    Ok(made)
}

fn carrier(demo: Demo) -> CompanyCreateInput {
    let text = |text: &str| Some(text.to_owned());
    CompanyCreateInput {
        id: Some(demo.carrier),
        code: "LOG".to_owned(),
        legal_name: "Sol Logística, S.L.".to_owned(),
        trade_name: text("Sol Logística"),
        tax_id: "B87654323".to_owned(),
        street: text("Avenida de la Industria, 40"),
        postal_code: text("28823"),
        city: text("Coslada"),
        iban: Some(numbers::iban(9_001)),
        ..super::company(demo)
    }
}
