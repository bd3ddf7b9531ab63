//! Where a company posts its payroll: an account a purpose, by default those of the Spanish plan
//! for small companies (Real Decreto 1515/2007, PGC de PYMES).

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::ids::{CompanyId, OrganisationId};
use kernel::{Event, Result, Tx};

use crate::permission::{PAYROLL_POST, PAYROLL_READ};
use crate::schema::payroll_account;

kernel::text_enum! {
    /// What a payroll posts.
    pub enum PayrollAccountPurpose {
        /// Gross pay; 640.
        Wages = "WAGES",
        /// Social security of the employer; 642.
        EmployerContributions = "EMPLOYER_CONTRIBUTIONS",
        /// Owed to the social security; 476.
        SocialSecurity = "SOCIAL_SECURITY",
        /// Tax withheld and owed; 4751.
        IncomeTax = "INCOME_TAX",
        /// Owed to the employees; 465.
        NetPay = "NET_PAY",
        /// Advances taken back; 460.
        Advances = "ADVANCES",
        /// Seized and owed to authorities; 555 until the company names its own.
        Garnishments = "GARNISHMENTS",
        /// Other deductions; 555 until the company names its own.
        OtherDeductions = "OTHER_DEDUCTIONS",
    }
}

impl PayrollAccountPurpose {
    /// The account when the company has named none.
    pub const fn default_code(self) -> &'static str {
        match self {
            Self::Wages => "640",
            Self::EmployerContributions => "642",
            Self::SocialSecurity => "476",
            Self::IncomeTax => "4751",
            Self::NetPay => "465",
            Self::Advances => "460",
            Self::Garnishments | Self::OtherDeductions => "555",
        }
    }
}

/// The account of a purpose.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payroll_account, check_for_backend(diesel::pg::Pg))]
pub struct PayrollAccount {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The company.
    pub company_id: CompanyId,
    /// What is posted.
    pub purpose: PayrollAccountPurpose,
    /// The code of the account in the company's chart.
    pub account_code: String,
}

/// The accounts of a company, every purpose with its own or the default.
pub async fn of_company(tx: &mut Tx, company: CompanyId) -> Result<Vec<PayrollAccount>> {
    tx.require_in(PAYROLL_READ, company, None)?;
    directory::company::load(tx, company).await?;
    load(tx, company).await
}

/// The accounts of a company, for posting.
pub(crate) async fn load(tx: &mut Tx, company: CompanyId) -> Result<Vec<PayrollAccount>> {
    let own: Vec<PayrollAccount> = payroll_account::table
        .filter(payroll_account::organisation_id.eq(tx.organisation()))
        .filter(payroll_account::company_id.eq(company))
        .select(PayrollAccount::as_select())
        .load(tx.conn())
        .await?;
    let all = PayrollAccountPurpose::ALL.iter().map(|purpose| {
        let named = own.iter().find(|row| row.purpose == *purpose).cloned();
        named.unwrap_or_else(|| PayrollAccount {
            organisation_id: tx.organisation(),
            company_id: company,
            purpose: *purpose,
            account_code: purpose.default_code().to_owned(),
        })
    });
    Ok(all.collect())
}

/// Names the account of a purpose.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollAccountInput {
    /// What is posted.
    pub purpose: PayrollAccountPurpose,
    /// The code of the account in the company's chart.
    pub account: String,
}

/// Names accounts that a company's payroll is posted to.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollAccountsSetInput {
    /// The company.
    pub company: CompanyId,
    /// The accounts to name; the others stay.
    pub accounts: Vec<PayrollAccountInput>,
}

/// Names accounts of a company; that they exist and take entries is checked when a run is posted.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn set(tx: &mut Tx, command: PayrollAccountsSetInput) -> Result<Vec<PayrollAccount>> {
    tx.require_in(PAYROLL_POST, command.company, None)?;
    directory::company::load(tx, command.company).await?;
    let mut input = Input::new();
    let mut rows: Vec<PayrollAccount> = Vec::new();
    for (at, named) in command.accounts.iter().enumerate() {
        let account_code = input.take(
            &format!("accounts.{at}.account"),
            check::code(&named.account),
        );
        rows.retain(|row| row.purpose != named.purpose);
        rows.push(PayrollAccount {
            organisation_id: tx.organisation(),
            company_id: command.company,
            purpose: named.purpose,
            account_code,
        });
    }
    input.finish()?;
    use payroll_account as t;
    diesel::insert_into(t::table)
        .values(&rows)
        .on_conflict((t::organisation_id, t::company_id, t::purpose))
        .do_update()
        .set(t::account_code.eq(excluded(t::account_code)))
        .execute(tx.conn())
        .await?;
    let event = Event::new(
        "people.payroll_accounts.set",
        "Company",
        command.company,
        PAYROLL_READ,
    )
    .company(command.company);
    let event = rows.iter().fold(event, |event, row| {
        event.set(row.purpose.text(), &row.account_code)
    });
    tx.emit(event).await?;
    load(tx, command.company).await
}
