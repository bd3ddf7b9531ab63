//! Rule packs through the API: which versions of the legal rules payroll was computed by.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use kernel::ids::RulePackId;
use kernel::{Date, Locale};
use people::pack::{InstalledPack, RulePackFilter, RulePackSort, RulePackSortField};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::noun;

noun! {
    /// A version of a country's rules that payroll was computed by.
    RulePack of crate::people::reach::packs as InstalledPack, RulePackId;
    listed by RulePackFilter, RulePackSortField
}

/// A version of a country's rules that payroll was computed by. It never changes.
#[Object]
impl RulePack {
    /// The pack.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The country, ISO 3166-1.
    async fn country(&self) -> &str {
        &self.0.country
    }

    /// Its stable code, such as `es-payroll-2026`.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its version.
    async fn pack_version(&self) -> &str {
        &self.0.pack_version
    }

    /// Its title, in the viewer's language or another.
    async fn title(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The language; the viewer's when absent.")] locale: Option<Locale>,
    ) -> Result<&str> {
        Ok(self
            .0
            .title(locale.unwrap_or(Call::of(graph)?.context().locale)))
    }

    /// The first day it speaks for.
    async fn valid_from(&self) -> Date {
        self.0.valid_from
    }

    /// The last day it speaks for.
    async fn valid_to(&self) -> Date {
        self.0.valid_to
    }

    /// When it was first computed by.
    async fn installed_at(&self) -> DateTime<Utc> {
        self.0.installed_at
    }
}

/// Looks at rule packs.
#[derive(Default)]
pub struct RulePackQuery;

#[Object]
impl RulePackQuery {
    /// A rule pack. Needs `people.payroll.read`.
    async fn rule_pack(&self, graph: &Context<'_>, id: RulePackId) -> Result<Option<RulePack>> {
        find(graph, id).await
    }

    /// Rule packs that payroll was computed by. Needs `people.payroll.read`.
    async fn rule_packs(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<RulePackFilter>,
        sort: Option<RulePackSort>,
        search: Option<String>,
    ) -> Result<Connection<RulePack>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
