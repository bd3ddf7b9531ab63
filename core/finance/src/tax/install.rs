//! Setting finance up for a company: its accounts, found in its chart, and the taxes of its country.

use chrono::NaiveDate;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, FinanceSettingId, TaxId};
use kernel::{Date, Dec, Fault, Result, Tx};

use super::statute::{SPAIN, Statute};
use super::{Tax, TaxApplication, TaxKind, TaxTreatment};
use crate::fault;
use crate::schema::tax;
use crate::setting::{self, FinanceSetting};

/// Where things are posted in a chart: for each purpose the codes that it may have, the best first.
struct Places {
    payable: &'static [&'static str],
    receivable: &'static [&'static str],
    purchases: &'static [&'static str],
    sales: &'static [&'static str],
    bank: &'static [&'static str],
    exchange_loss: &'static [&'static str],
    exchange_gain: &'static [&'static str],
    input_tax: &'static [&'static str],
    output_tax: &'static [&'static str],
    withheld_by_us: &'static [&'static str],
    withheld_from_us: &'static [&'static str],
}

/// The Spanish plan (Real Decreto 1515/2007 and Real Decreto 1514/2007).
const SPANISH: Places = Places {
    payable: &["4000", "400"],
    receivable: &["4300", "430"],
    purchases: &["600", "6000"],
    sales: &["700", "7000"],
    bank: &["572", "5720"],
    exchange_loss: &["668"],
    exchange_gain: &["768"],
    input_tax: &["472", "4720"],
    output_tax: &["477", "4770"],
    withheld_by_us: &["4751"],
    withheld_from_us: &["473"],
};

/// The chart `generic`.
const GENERIC: Places = Places {
    payable: &["2110"],
    receivable: &["1200"],
    purchases: &["5100"],
    sales: &["4100"],
    bank: &["1120"],
    exchange_loss: &["6610"],
    exchange_gain: &["4610"],
    input_tax: &["1240"],
    output_tax: &["2160"],
    withheld_by_us: &["2140"],
    withheld_from_us: &["1250"],
};

impl Places {
    fn of(chart: &str) -> &'static Self {
        match chart {
            "generic" => &GENERIC,
            _ => &SPANISH,
        }
    }

    fn all(&self) -> [&'static [&'static str]; 11] {
        [
            self.payable,
            self.receivable,
            self.purchases,
            self.sales,
            self.bank,
            self.exchange_loss,
            self.exchange_gain,
            self.input_tax,
            self.output_tax,
            self.withheld_by_us,
            self.withheld_from_us,
        ]
    }
}

/// Sets finance up for a company whose books are open: the accounts that it posts to, and for a
/// company in Spain the taxes that an invoice can bear there. Trusts its caller.
///
/// # Errors
/// `finance.books_missing`, `finance.set_up_already`, `finance.chart_lacks` for a purpose that the
/// chart has no account for.
pub async fn install(tx: &mut Tx, company: CompanyId) -> Result<FinanceSetting> {
    let of = directory::company::load(tx, company).await?;
    let chart = crate::account::chart_of(tx, company).await?;
    let chart = chart.ok_or_else(|| Fault::not_allowed(fault::BOOKS_MISSING).at(["company"]))?;
    let places = Places::of(&chart);
    let wanted = places.all().concat();
    let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let known = crate::account::postable(tx, &[company], &wanted).await?;
    let find = |codes: &'static [&'static str]| -> Result<String> {
        let found = codes
            .iter()
            .find(|code| known.contains(&(company, (**code).to_owned())));
        let lacks = || {
            Fault::not_allowed(fault::CHART_LACKS)
                .with("code", codes.first().copied().unwrap_or_default())
                .at(["company"])
        };
        Ok((*found.ok_or_else(lacks)?).to_owned())
    };
    let row = FinanceSetting {
        organisation_id: tx.organisation(),
        id: FinanceSettingId::generate(),
        company_id: company,
        currency: of.currency,
        payable_account: find(places.payable)?,
        receivable_account: find(places.receivable)?,
        purchase_account: find(places.purchases)?,
        sales_account: find(places.sales)?,
        bank_account: find(places.bank)?,
        exchange_loss_account: find(places.exchange_loss)?,
        exchange_gain_account: find(places.exchange_gain)?,
        created_at: tx.now(),
        version: 1,
    };
    setting::insert(tx, &row).await?;
    if of.country == "ES" {
        let vat = (find(places.output_tax)?, find(places.input_tax)?);
        let withheld = (find(places.withheld_from_us)?, find(places.withheld_by_us)?);
        let rows: Vec<Tax> = SPAIN
            .iter()
            .map(|statute| taxed(tx, company, statute, &vat, &withheld))
            .collect();
        insert(tx, &rows).await?;
    }
    Ok(row)
}

/// A tax of the law in a company's accounts, given as (sales, purchases).
fn taxed(
    tx: &Tx,
    company: CompanyId,
    statute: &Statute,
    vat: &(String, String),
    withheld: &(String, String),
) -> Tax {
    let (sales, purchases) = match statute.kind {
        TaxKind::Withholding => withheld,
        TaxKind::Vat | TaxKind::Surcharge => vat,
    };
    let reverse = statute.treatment == TaxTreatment::ReverseCharge;
    let in_sales = reverse || statute.applies_to != TaxApplication::Purchases;
    let in_purchases = reverse || statute.applies_to != TaxApplication::Sales;
    let (year, month, day) = statute.valid_from;
    Tax {
        organisation_id: tx.organisation(),
        id: TaxId::generate(),
        company_id: company,
        code: statute.code.to_owned(),
        name_es: statute.name_es.to_owned(),
        name_en: statute.name_en.to_owned(),
        kind: statute.kind,
        treatment: statute.treatment,
        applies_to: statute.applies_to,
        rate: Dec(statute.rate),
        goes_with: statute.goes_with.map(str::to_owned),
        sales_account: in_sales.then(|| sales.clone()),
        purchase_account: in_purchases.then(|| purchases.clone()),
        source: statute.source.to_owned(),
        valid_from: Date(NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()),
        valid_to: None,
        created_at: tx.now(),
        version: 1,
    }
}

async fn insert(tx: &mut Tx, rows: &[Tax]) -> Result<()> {
    diesel::insert_into(tax::table)
        .values(rows)
        .execute(tx.conn())
        .await?;
    let events = rows
        .iter()
        .map(|row| super::event("finance.tax.created", row).set("source", &row.source));
    tx.emit_all(events.collect()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_tax_of_the_law_has_its_source_its_day_and_its_partner() {
        let codes: HashSet<&str> = SPAIN.iter().map(|one| one.code).collect();
        assert_eq!(codes.len(), SPAIN.len(), "a code names one tax");
        for one in SPAIN {
            let (year, month, day) = one.valid_from;
            assert!(
                NaiveDate::from_ymd_opt(year, month, day).is_some(),
                "{}",
                one.code
            );
            assert!(one.source.contains("art"), "{} has no source", one.code);
            assert!(
                one.goes_with.is_none_or(|with| codes.contains(with)),
                "{}",
                one.code
            );
            assert!(
                one.code.len() <= 20 && one.rate.scale() <= 4,
                "{}",
                one.code
            );
        }
    }
}
