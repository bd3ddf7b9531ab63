//! What checks saw, through the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use kernel::ids::CheckResultId;
use processes::sentence;
use technology::result::{
    CheckResult as ResultRow, CheckResultFilter, CheckResultSort, CheckResultSortField,
};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::noun;
use crate::technology::check::SystemCheck;

noun! {
    /// What a check saw.
    CheckResult of crate::technology::reach::results as ResultRow, CheckResultId;
    listed by CheckResultFilter, CheckResultSortField
}

/// What a check saw.
#[Object]
impl CheckResult {
    /// The result.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The check.
    async fn system_check(&self, graph: &Context<'_>) -> Result<Option<SystemCheck>> {
        Call::of(graph)?.load(self.0.check_id).await
    }

    /// When it looked.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Whether all was well.
    async fn has_passed(&self) -> bool {
        self.0.passed
    }

    /// Milliseconds until the answer; null without one, and for looks into Trastienda's own jobs.
    async fn latency_milliseconds(&self) -> Option<i32> {
        self.0.latency_ms
    }

    /// What was wrong, as a stable reason; null when all was well.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What was wrong, as a sentence in the viewer's language.
    async fn message(&self, graph: &Context<'_>) -> Result<Option<String>> {
        let call = Call::of(graph)?;
        let (speaker, locale) = (&call.core().speaker, call.context().locale);
        let said = |reason: &String| sentence::say(speaker, locale, reason, &self.0.args);
        Ok(self.0.reason.as_ref().map(said))
    }
}

/// Looks at what checks saw.
#[derive(Default)]
pub struct CheckResultQuery;

#[Object]
impl CheckResultQuery {
    /// What a check saw. Needs `technology.system.read`.
    async fn check_result(
        &self,
        graph: &Context<'_>,
        id: CheckResultId,
    ) -> Result<Option<CheckResult>> {
        find(graph, id).await
    }

    /// What checks saw, the latest first. Needs `technology.system.read`.
    async fn check_results(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<CheckResultFilter>,
        sort: Option<CheckResultSort>,
        search: Option<String>,
    ) -> Result<Connection<CheckResult>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
