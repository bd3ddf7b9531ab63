//! The demo company: a believable Spanish firm, the same every time it is made.
//!
//! Everything goes through the domains' own commands, so the demo can't hold what the program would
//! refuse. It is made in one transaction: either all of it is there or nothing.

mod cast;
mod catalogue;
mod chance;
mod crowd;
mod figures;
mod filed;
mod goods;
mod group;
pub mod numbers;
mod office;
mod pack;
mod planted;
mod purchases;
mod roster;
mod systems;
mod timetable;
mod trade;
mod wages;

use std::pin::Pin;
use std::sync::Arc;

use directory::company::CompanyCreateInput;
use directory::department::DepartmentCreateInput;
use directory::organisation::OrganisationCreate;
use directory::role::RoleAssignInput;
use directory::user::UserCreateInput;
use directory::{Keys, Sensitive};
use kernel::ids::{CompanyId, DepartmentId, OrganisationId, UserId};
use kernel::job::Registry;
use kernel::{Actor, Context, CurrencyCode, Db, Error, Locale, Result, Tx};
use ledger::chart::ChartName;
use ledger::fiscal_year::FiscalYearOpenInput;
use people::employee::hire;
use uuid::Uuid;

pub use cast::Cast;
pub use filed::file_bills;
pub use office::furnish;
pub use roster::{PASSWORD, Staff, USERS};

/// Departments by code and name.
const DEPARTMENTS: &[(&str, &str)] = &[
    ("ADM", "Administración"),
    ("VEN", "Ventas"),
    ("ALM", "Almacén"),
    ("TAL", "Taller"),
];

/// The roles whose holders work for the whole group.
const GROUP_ROLES: &[&str] = &[
    "owner",
    "administrator",
    "compliance_officer",
    "it_support",
    "treasurer",
];

/// Where the demo company is.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Its company, a shop.
    pub company: CompanyId,
    /// The second company of the group, a carrier; made by [`grow`].
    pub carrier: CompanyId,
}

impl Demo {
    /// The ids that a demo of a short name has, made or not.
    pub fn named(slug: &str) -> Self {
        let id =
            |what: &str| Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{slug}/{what}").as_bytes());
        Self {
            organisation: OrganisationId(id("organisation")),
            company: CompanyId(id("company")),
            carrier: CompanyId(id("carrier")),
        }
    }

    /// The id of something of the demo, by a name that is its own.
    fn id(&self, what: &str) -> Uuid {
        Uuid::new_v5(&self.organisation.0, what.as_bytes())
    }

    /// The e-mail address of one of the [`USERS`] in a demo of a short name.
    pub fn email(slug: &str, name: &str) -> String {
        format!("{name}@{slug}.example")
    }
}

/// The making of a part of the demo. It is boxed, so that the domains' commands are compiled into this
/// crate and not again into every program that makes a demo.
pub type Making<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Makes the demo company of a short name; changes nothing where it is there already. Tells after
/// each person how many there are and how many are made.
pub fn load<'a>(
    db: &'a Db,
    keys: &'a Keys,
    registry: &'a Registry,
    slug: &'a str,
    made: impl Fn(u64, u64) + Send + 'a,
) -> Making<'a, Demo> {
    boxed(db, keys, registry, slug, Box::new(made))
}

/// Neither generic nor `async`, so that what is boxed here is compiled here.
fn boxed<'a>(
    db: &'a Db,
    keys: &'a Keys,
    registry: &'a Registry,
    slug: &'a str,
    made: Box<dyn Fn(u64, u64) + Send + 'a>,
) -> Making<'a, Demo> {
    Box::pin(founded(db, keys, registry, slug, made))
}

async fn founded(
    db: &Db,
    keys: &Keys,
    registry: &Registry,
    slug: &str,
    made: Box<dyn Fn(u64, u64) + Send + '_>,
) -> Result<Demo> {
    let demo = Demo::named(slug);
    let actor = Arc::new(Actor::system(demo.organisation));
    let mut tx = db
        .begin(&Arc::new(Context::new(actor, db.clock().now())))
        .await?;
    if directory::organisation::find(&mut tx).await?.is_some() {
        tx.rollback().await?;
        return Ok(demo);
    }
    let departments = found(&mut tx, demo, slug).await?;
    let users = users(&mut tx, keys, demo, slug, &departments).await?;
    books(&mut tx, demo).await?;
    staff(&mut tx, keys, demo, slug, &departments, &users, made).await?;
    timetable::payroll(&mut tx, registry, demo.company).await?;
    tx.commit().await?;
    Ok(demo)
}

/// What the demo company is being filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chapter {
    /// The second company and everybody's colleagues.
    People,
    /// Two years of payrolls.
    Payroll,
    /// Items, warehouses, suppliers and customers.
    Catalogue,
    /// Two years of purchases, sales and payments.
    Trade,
}

/// Grows the demo company into a group with a past: so many times 120 employees, two years in the
/// books. Each chapter that is there already is left alone, so that an interrupted growth goes on.
/// Tells within each chapter how far it is of how much.
pub fn grow<'a>(
    db: &'a Db,
    keys: &'a Keys,
    registry: &'a Registry,
    slug: &'a str,
    scale: usize,
    told: &'a (dyn Fn(Chapter, u64, u64) + Sync),
) -> Making<'a, ()> {
    Box::pin(grown_to(db, keys, registry, slug, scale, told))
}

async fn grown_to(
    db: &Db,
    keys: &Keys,
    registry: &Registry,
    slug: &str,
    scale: usize,
    told: &(dyn Fn(Chapter, u64, u64) + Sync),
) -> Result<()> {
    let demo = Demo::named(slug);
    settle_in(db, keys, registry, slug, scale, told).await?;
    let cast = Cast::of(db, keys, slug).await?;
    let paid = |done, total| told(Chapter::Payroll, done, total);
    wages::pay(db, registry, &cast, demo, scale, &paid).await?;
    let traded = |done, total| told(Chapter::Trade, done, total);
    trade::trade(db, &cast, demo, scale, &traded).await?;
    pack::subscribe(db, keys, &cast, demo, slug).await?;
    planted::plant(db, &cast, demo, scale).await?;
    figures::fill(db, registry, &cast).await
}

/// Makes the group with its catalogue and what is not as it should be, without a past.
pub fn plant<'a>(
    db: &'a Db,
    keys: &'a Keys,
    registry: &'a Registry,
    slug: &'a str,
) -> Making<'a, ()> {
    Box::pin(async move {
        settle_in(db, keys, registry, slug, 1, &|_, _, _| {}).await?;
        let cast = Cast::of(db, keys, slug).await?;
        planted::plant(db, &cast, Demo::named(slug), 1).await
    })
}

/// The second company, everybody's colleagues, the catalogue, and what is done by the clock.
async fn settle_in(
    db: &Db,
    keys: &Keys,
    registry: &Registry,
    slug: &str,
    scale: usize,
    told: &(dyn Fn(Chapter, u64, u64) + Sync),
) -> Result<()> {
    let demo = Demo::named(slug);
    let actor = Arc::new(Actor::system(demo.organisation));
    let context = Arc::new(Context::new(actor, db.clock().now()));
    let mut tx = db.begin(&context).await?;
    let grown = directory::company::by_ids(&mut tx, &[demo.carrier]).await?;
    if grown.is_empty() {
        let made = |done, total| told(Chapter::People, done, total);
        group::make(&mut tx, keys, demo, slug, scale, &made).await?;
        let made = |done, total| told(Chapter::Catalogue, done, total);
        catalogue::make(&mut tx, demo, scale, &made).await?;
        for company in [demo.company, demo.carrier] {
            finance::tax::install(&mut tx, company).await?;
        }
        timetable::of_the_group(&mut tx, registry, demo).await?;
        systems::watch(&mut tx, demo).await?;
    }
    tx.commit().await?;
    if grown.is_empty() {
        group::entrust(db, keys, demo, slug).await?;
    }
    Ok(())
}

async fn found(tx: &mut Tx, demo: Demo, slug: &str) -> Result<Vec<DepartmentId>> {
    let organisation = OrganisationCreate {
        slug: slug.to_owned(),
        name: "Grupo Sol".to_owned(),
        locale: Locale::Es,
    };
    directory::organisation::create(tx, organisation).await?;
    directory::company::create(tx, company(demo)).await?;
    let mut departments = Vec::new();
    for (code, name) in DEPARTMENTS {
        let department = DepartmentCreateInput {
            id: None,
            company: demo.company,
            parent: None,
            code: (*code).to_owned(),
            name: (*name).to_owned(),
            manager: None,
        };
        departments.push(directory::department::create(tx, department).await?.id);
    }
    Ok(departments)
}

fn company(demo: Demo) -> CompanyCreateInput {
    let text = |text: &str| Some(text.to_owned());
    CompanyCreateInput {
        id: Some(demo.company),
        code: "SOL".to_owned(),
        legal_name: "Ferretería Sol, S.L.".to_owned(),
        trade_name: text("Ferretería Sol"),
        tax_country: None,
        tax_id: "B12345674".to_owned(),
        currency: CurrencyCode::EUR,
        zone: "Europe/Madrid".to_owned(),
        locale: Some(Locale::Es),
        street: text("Calle del Almendro, 12"),
        postal_code: text("28005"),
        city: text("Madrid"),
        region: text("Madrid"),
        country: "ES".to_owned(),
        ccc: Some(numbers::contribution_account()),
        iban: Some(numbers::iban(9_000)),
        bic: None,
        calendar: None,
    }
}

async fn users(
    tx: &mut Tx,
    keys: &Keys,
    demo: Demo,
    slug: &str,
    departments: &[DepartmentId],
) -> Result<Vec<(&'static str, UserId)>> {
    let mut made = Vec::new();
    for user in USERS {
        let id = invite(
            tx,
            keys,
            &Demo::email(slug, user.name),
            user.full_name,
            true,
        )
        .await?;
        let department = user
            .department
            .and_then(|index| departments.get(index))
            .copied();
        let of_the_group = GROUP_ROLES.contains(&user.role);
        let company = (!of_the_group).then_some(demo.company);
        give(tx, user.role, id, company, department).await?;
        if user.role != "employee" && user.role != "owner" {
            give(tx, "employee", id, None, None).await?;
        }
        made.push((user.name, id));
    }
    Ok(made)
}

async fn invite(
    tx: &mut Tx,
    keys: &Keys,
    email: &str,
    name: &str,
    with_password: bool,
) -> Result<UserId> {
    let user = UserCreateInput {
        id: None,
        email: email.to_owned(),
        display_name: name.to_owned(),
        locale: None,
        employee_id: None,
        password: with_password.then(|| Sensitive(PASSWORD.to_owned())),
        must_change_password: false,
    };
    Ok(directory::user::create(tx, keys, user).await?.id)
}

async fn give(
    tx: &mut Tx,
    role: &str,
    user: UserId,
    company: Option<CompanyId>,
    department: Option<DepartmentId>,
) -> Result<()> {
    let found = directory::role::find_by_key(tx, role).await?;
    let found = found.ok_or_else(|| Error::bug(format!("no role {role}")))?;
    let given = RoleAssignInput {
        role: found.id,
        user,
        company,
        department,
    };
    directory::role::assign(tx, given).await?;
    Ok(())
}

async fn books(tx: &mut Tx, demo: Demo) -> Result<()> {
    ledger::chart::install(tx, demo.company, &ChartName::EsPyme.template()?).await?;
    for year in [2026, 2027] {
        let open = FiscalYearOpenInput {
            id: None,
            company_id: demo.company,
            name: None,
            starts_on: numbers::day(year, 1, 1)?,
            ends_on: numbers::day(year, 12, 31)?,
        };
        ledger::fiscal_year::open(tx, open).await?;
    }
    Ok(())
}

async fn staff(
    tx: &mut Tx,
    keys: &Keys,
    demo: Demo,
    slug: &str,
    departments: &[DepartmentId],
    users: &[(&'static str, UserId)],
    made: impl Fn(u64, u64) + Send,
) -> Result<()> {
    let staff = roster::staff();
    let total = u64::try_from(staff.len()).unwrap_or_default();
    for (index, person) in (0_u64..).zip(&staff) {
        let user = match users.iter().find(|(name, _)| *name == person.user()) {
            Some((_, id)) => *id,
            None => {
                let email = Demo::email(slug, &person.user());
                let id = invite(tx, keys, &email, &person.full_name(), false).await?;
                give(tx, "employee", id, None, None).await?;
                id
            }
        };
        let department = departments.get(person.department).copied();
        let input = person.hire(demo.company, department, user, index, slug)?;
        hire(tx, input).await?;
        made(index + 1, total);
    }
    Ok(())
}
