//! The organisation that is measured, made by the domains' own commands.

use std::sync::Arc;

use diesel_async::RunQueryDsl as _;
use directory::Keys;
use directory::company::CompanyCreateInput;
use directory::role::RoleAssignInput;
use kernel::ids::CompanyId;
use kernel::job::Registry;
use kernel::{Actor, Context, CurrencyCode, Date, Db, Locale};
use ledger::chart::ChartName;
use ledger::fiscal_year::FiscalYearOpenInput;
use trastienda_core::demo::{Demo, numbers};
use trastienda_core::{demo, directory, kernel, ledger};
use uuid::Uuid;

use super::machine::Cluster;
use crate::compose;
use crate::settings::Settings;

/// The short name of the organisation.
pub const SLUG: &str = "bench";

/// The organisation, and the way to its database.
pub struct Stage {
    pub db: Db,
    pub keys: Keys,
    pub registry: Registry,
    pub demo: Demo,
}

impl Stage {
    /// Makes the organisation where it is not there yet.
    ///
    /// # Errors
    /// A database that is away or not migrated.
    pub async fn prepare(settings: &Settings) -> anyhow::Result<Self> {
        let db = compose::open(settings)?;
        let keys = Keys::new(&compose::master_secret(settings)?)?;
        let registry = compose::registry();
        let demo = demo::load(&db, &keys, &registry, SLUG, |_, _| {}).await?;
        Ok(Self {
            db,
            keys,
            registry,
            demo,
        })
    }

    /// The system, now.
    pub fn context(&self) -> Arc<Context> {
        let actor = Actor::system(self.demo.organisation);
        Arc::new(Context::new(Arc::new(actor), self.db.clock().now()))
    }

    /// The processes of the database, where it runs on this machine.
    ///
    /// # Errors
    /// A database that is away.
    pub async fn cluster(&self) -> anyhow::Result<Option<Cluster>> {
        let mut connection = self.db.connection().await?;
        let pid: i32 = diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>(
            "pg_backend_pid()",
        ))
        .get_result(&mut connection)
        .await?;
        Ok(u32::try_from(pid).ok().and_then(Cluster::of))
    }

    /// An id that is the same at every run.
    pub fn id(&self, what: &str) -> Uuid {
        Uuid::new_v5(&self.demo.organisation.0, what.as_bytes())
    }

    /// A company with books for 2026 and the approver of payrolls, made at the first run.
    ///
    /// # Errors
    /// A database that is away.
    pub async fn company(&self, code: &str, number: u64) -> anyhow::Result<CompanyId> {
        let id = CompanyId(self.id(code));
        let mut tx = self.db.begin(&self.context()).await?;
        if !directory::company::by_ids(&mut tx, &[id]).await?.is_empty() {
            tx.rollback().await?;
            return Ok(id);
        }
        directory::company::create(&mut tx, company(id, code, number)).await?;
        ledger::chart::install(&mut tx, id, &ChartName::EsPyme.template()?).await?;
        let year = FiscalYearOpenInput {
            id: None,
            company_id: id,
            name: None,
            starts_on: numbers::day(2026, 1, 1)?,
            ends_on: numbers::day(2026, 12, 31)?,
        };
        ledger::fiscal_year::open(&mut tx, year).await?;
        self.approver(&mut tx, id).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn approver(&self, tx: &mut kernel::Tx, company: CompanyId) -> anyhow::Result<()> {
        let email = Demo::email(SLUG, "javier.ortega");
        let known = directory::auth::users_of_email(&self.db, &self.keys, &email).await?;
        let role = directory::role::find_by_key(tx, "payroll_approver").await?;
        for (_, user) in known {
            let Some(role) = &role else { continue };
            let given = RoleAssignInput {
                role: role.id,
                user,
                company: Some(company),
                department: None,
            };
            directory::role::assign(tx, given).await?;
        }
        Ok(())
    }
}

fn company(id: CompanyId, code: &str, number: u64) -> CompanyCreateInput {
    CompanyCreateInput {
        id: Some(id),
        code: code.to_owned(),
        legal_name: format!("Medidas {code}, S.L."),
        trade_name: None,
        tax_country: None,
        tax_id: cif(number),
        currency: CurrencyCode::EUR,
        zone: "Europe/Madrid".to_owned(),
        locale: Some(Locale::Es),
        street: None,
        postal_code: None,
        city: None,
        region: None,
        country: "ES".to_owned(),
        ccc: Some(numbers::contribution_account()),
        iban: Some(numbers::iban(900_000 + number)),
        bic: None,
        calendar: None,
    }
}

/// The tax id of a limited company, with its check digit.
fn cif(number: u64) -> String {
    let digits = format!("{:07}", 8_000_000 + number);
    let sum: u32 = digits
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .zip([true, false].into_iter().cycle())
        .map(|(digit, odd)| match odd {
            true => digit * 2 / 10 + digit * 2 % 10,
            false => digit,
        })
        .sum();
    format!("B{digits}{}", (10 - sum % 10) % 10)
}

/// The last day of the books that are measured.
///
/// # Errors
/// None: it is in the calendar.
pub fn last_day() -> anyhow::Result<Date> {
    Ok(numbers::day(2026, 11, 30)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tax_ids_of_the_companies_are_right() {
        assert_eq!(cif(0), "B80000003");
        for number in 0..30 {
            assert!(
                directory::tax_id::check("ES", &cif(number)).is_ok(),
                "{}",
                cif(number)
            );
        }
    }
}
