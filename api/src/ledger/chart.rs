//! Charts of accounts through the API: what comes with the suite, and their installation.

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Error, Locale, Tx};
use ledger::chart::{self, ChartImportInput, ChartInstallInput, ChartName, Installed};

use super::link;
use crate::act::{Kept, act};
use crate::call::Call;
use crate::directory::company::Company;
use crate::{failure, payload};

/// A chart of accounts that comes with the suite.
#[derive(SimpleObject)]
pub struct ChartTemplate {
    /// Which one.
    chart: ChartName,
    /// Its name in the viewer's language.
    name: String,
    /// Where it comes from: the law, or who made it.
    source: String,
    /// How many accounts it has.
    account_count: usize,
}

/// What installing or importing a chart made.
#[derive(Clone)]
pub struct InstalledChart(Installed);

/// What installing or importing a chart made.
#[Object]
impl InstalledChart {
    /// The company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company).await
    }

    /// The currency of its books.
    async fn currency_code(&self) -> CurrencyCode {
        self.0.currency
    }

    /// How many accounts were made.
    async fn account_count(&self) -> usize {
        self.0.accounts
    }
}

impl Kept for InstalledChart {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!([self.0.company, self.0.currency, self.0.accounts])
    }

    fn again<'t>(
        _: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        let read = || {
            let (company, currency, accounts): (CompanyId, CurrencyCode, usize) =
                serde_json::from_value(kept.clone())?;
            Ok::<_, Error>(Self(Installed {
                company,
                currency,
                accounts,
            }))
        };
        std::future::ready(read()).boxed()
    }
}

payload! {
    /// What installing a chart gives.
    ChartInstallPayload {
        /// The chart as installed.
        chart: InstalledChart
    }
    /// What importing accounts gives.
    ChartImportPayload {
        /// The chart as imported.
        chart: InstalledChart
    }
}

/// Looks at charts of accounts.
#[derive(Default)]
pub struct ChartQuery;

#[Object]
impl ChartQuery {
    /// The charts of accounts that come with the suite.
    async fn chart_templates(&self, graph: &Context<'_>) -> Result<Vec<ChartTemplate>> {
        let call = Call::of(graph)?;
        let locale = call.context().locale;
        let told = |name: &ChartName| {
            let template = name.template()?;
            Ok(ChartTemplate {
                chart: *name,
                name: match locale {
                    Locale::Es => template.name_es,
                    Locale::En => template.name_en,
                },
                source: template.source,
                account_count: template.accounts.len(),
            })
        };
        let all: kernel::Result<Vec<_>> = ChartName::ALL.iter().map(told).collect();
        all.map_err(|error| failure::of(call, error))
    }
}

/// Acts on charts of accounts.
#[derive(Default)]
pub struct ChartMutation;

#[Object]
impl ChartMutation {
    /// Opens the books of a company with a chart of accounts and the standard journals. Needs
    /// `ledger.account.manage`.
    async fn chart_install(
        &self,
        graph: &Context<'_>,
        input: ChartInstallInput,
    ) -> Result<ChartInstallPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(InstalledChart(chart::set_up(tx, input).await?)) })
        })
        .await
    }

    /// Adds accounts to a company's chart from CSV, all or none. Needs `ledger.account.manage`.
    async fn chart_import(
        &self,
        graph: &Context<'_>,
        input: ChartImportInput,
    ) -> Result<ChartImportPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(InstalledChart(chart::import(tx, input).await?)) })
        })
        .await
    }
}
