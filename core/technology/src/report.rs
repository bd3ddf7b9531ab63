//! The reports of technology.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::SystemId;
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportTable, Reports,
};
use kernel::{Date, Permission, Result, Tx};
use rust_decimal::Decimal;

use crate::availability;
use crate::permission::SYSTEM_READ;
use crate::schema::system;
use crate::system::SystemCriticality;

/// Adds the reports of technology.
pub fn reports(reports: &mut Reports) {
    reports.register::<AvailabilityReport>();
}

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("system", ReportColumnKind::Text),
    ReportColumn::new("criticality", ReportColumnKind::Code),
    ReportColumn::new("incidents", ReportColumnKind::Count),
    ReportColumn::new("down_minutes", ReportColumnKind::Count),
    ReportColumn::new("percent", ReportColumnKind::Percent),
];

/// How much of a time each system of a company was up.
pub struct AvailabilityReport;

impl Report for AvailabilityReport {
    const KEY: &'static str = "technology.availability";
    const PERMISSION: Permission = SYSTEM_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::required(ReportParameter::From),
        Parameter::required(ReportParameter::To),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        tx.require_in(SYSTEM_READ, company, None)?;
        let (from, to) = parameters.required_range()?;
        let systems: Vec<(SystemId, String, SystemCriticality)> = system::table
            .filter(system::organisation_id.eq(tx.organisation()))
            .filter(system::company_id.eq(company))
            .order((system::name, system::id))
            .select((system::id, system::name, system::criticality))
            .load(tx.conn())
            .await?;
        let ids: Vec<SystemId> = systems.iter().map(|(id, ..)| *id).collect();
        let found = availability::of(tx, &ids, Date(from), Date(to)).await?;
        let rows = systems.into_iter().filter_map(|(id, name, criticality)| {
            let of = found.iter().find(|one| one.system_id == id)?;
            let percent = of.percent()?;
            let cells = vec![
                ReportCell::Text(name),
                ReportCell::Text(criticality.text().to_owned()),
                ReportCell::Number(Decimal::from(of.incidents)),
                ReportCell::Number(Decimal::from(of.down_seconds / 60)),
                ReportCell::Number(percent),
            ];
            Some(ReportRow::plain(cells).about(id))
        });
        Ok(ReportTable {
            as_of: to,
            currency: None,
            columns: COLUMNS.to_vec(),
            rows: rows.collect(),
            totals: Vec::new(),
        })
    }
}
