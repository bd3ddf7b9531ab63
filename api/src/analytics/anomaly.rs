//! Anomalies through the API: what stands out of a measure, and why.

use analytics::anomaly::{
    self, Anomaly as AnomalyRow, AnomalyDirection, AnomalyDismissInput, AnomalyFilter, AnomalySort,
    AnomalySortField, Contributor,
};
use analytics::fault;
use analytics::measure::{MeasureGrain, MeasureKey, MeasureKeyFilter, MeasureUnit};
use analytics::permission::MEASURE_MANAGE;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use futures::future::FutureExt;
use kernel::filter::IdFilter;
use kernel::ids::{CompanyId, InsightId};
use kernel::{Date, Dec, Fault};

use crate::act::act;
use crate::analytics::link::link;
use crate::analytics::measure::{Measure, say};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::ledger::entry::Entry;
use crate::permission::Permission;
use crate::processes::named::NamedUser;
use crate::{noun, payload};

noun! {
    /// Something that stands out of a measure.
    Anomaly of crate::analytics::reach::anomalies as AnomalyRow, InsightId;
    listed by AnomalyFilter, AnomalySortField
}

/// Which anomalies belong to a measure.
pub(super) struct AnomalyOf(AnomalyFilter);

impl AnomalyOf {
    /// Those of a measure of a company.
    pub fn measure(key: MeasureKey, company: CompanyId) -> Self {
        Self(AnomalyFilter {
            measure: Some(MeasureKeyFilter {
                eq: Some(key),
                ..MeasureKeyFilter::default()
            }),
            company: Some(IdFilter {
                eq: Some(company.into()),
                ..IdFilter::default()
            }),
            ..AnomalyFilter::default()
        })
    }

    /// Those of them that meet a condition, too.
    pub fn and(self, filter: Option<AnomalyFilter>) -> AnomalyFilter {
        AnomalyFilter {
            and: filter.map(|filter| vec![filter]),
            ..self.0
        }
    }
}

/// An entry that moved a measure.
#[derive(Clone, Debug)]
pub struct AnomalyContributor(Contributor);

/// An entry that moved a measure.
#[Object]
impl AnomalyContributor {
    /// The entry; null when the viewer may not see it.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        link(graph, ledger::permission::ENTRY_READ, Some(self.0.entry)).await
    }

    /// By how much it moved the measure; null when the viewer may not see the entry.
    async fn amount(&self, graph: &Context<'_>) -> Result<Option<Dec>> {
        let entry: Option<Entry> =
            link(graph, ledger::permission::ENTRY_READ, Some(self.0.entry)).await?;
        Ok(entry.map(|_| self.0.amount))
    }
}

/// What the viewer may do with an anomaly.
#[derive(SimpleObject)]
pub struct AnomalyViewerCan {
    /// Dismiss it.
    dismiss: Permission,
}

/// A day, or a month, that is not as its series would have it.
#[Object]
impl Anomaly {
    /// The anomaly.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company; null when the viewer may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// The measure that it stands out of.
    async fn measure(&self, graph: &Context<'_>) -> Result<Option<Measure>> {
        let call = Call::of(graph)?;
        Ok(Measure::open(call, self.0.measure, self.0.company_id))
    }

    /// Whether a day or a month stands out.
    async fn grain(&self) -> MeasureGrain {
        self.0.grain
    }

    /// The day, or the first of the month.
    async fn date(&self) -> Date {
        self.0.day
    }

    /// On which side of what was expected it lies.
    async fn direction(&self) -> AnomalyDirection {
        self.0.direction
    }

    /// What the values count.
    async fn unit(&self) -> MeasureUnit {
        self.0.measure.unit()
    }

    /// What it was.
    async fn value(&self) -> Dec {
        self.0.value
    }

    /// What was expected.
    async fn expected(&self) -> Dec {
        self.0.expected
    }

    /// From how much on it would not have stood out.
    async fn lower(&self) -> Dec {
        self.0.lower
    }

    /// Up to how much it would not have stood out.
    async fn upper(&self) -> Dec {
        self.0.upper
    }

    /// How many robust standard deviations it is away from what was expected; from 4 on it stands
    /// out.
    async fn score(&self) -> Dec {
        self.0.score
    }

    /// It in a sentence, in the viewer's language.
    async fn message(&self, graph: &Context<'_>) -> Result<String> {
        say(graph, &self.0.sentence())
    }

    /// Why it stands out, in sentences: what was expected of such a day, what that is made of, and
    /// whether a single record explains the difference.
    async fn reasons(&self, graph: &Context<'_>) -> Result<Vec<String>> {
        let reasons = self.0.sentences();
        reasons.iter().map(|reason| say(graph, reason)).collect()
    }

    /// What moved the measure most on that day or in that month, the largest first; three at most.
    async fn contributors(&self) -> Vec<AnomalyContributor> {
        let found = self.0.contributors();
        found.into_iter().map(AnomalyContributor).collect()
    }

    /// When it was found.
    async fn found_at(&self) -> DateTime<Utc> {
        self.0.found_at
    }

    /// When it stopped standing out, because its cause was corrected or time showed it usual.
    async fn gone_at(&self) -> Option<DateTime<Utc>> {
        self.0.gone_at
    }

    /// When somebody dismissed it.
    async fn dismissed_at(&self) -> Option<DateTime<Utc>> {
        self.0.dismissed_at
    }

    /// Who did.
    async fn dismissed_by(&self) -> Option<NamedUser> {
        self.0.dismissed_by.map(NamedUser)
    }

    /// Why.
    async fn dismissal(&self) -> Option<&str> {
        self.0.dismissal.as_deref()
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<AnomalyViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.0.company_id);
        let dismiss = match self.0.dismissed_at {
            Some(_) => Permission::refused(call, &Fault::not_allowed(fault::DISMISSED_ALREADY)),
            None => Permission::held(call, MEASURE_MANAGE, |it| it.covers(company, None)),
        };
        Ok(AnomalyViewerCan { dismiss })
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

payload! {
    /// What dismissing an anomaly gives.
    AnomalyDismissPayload {
        /// The anomaly.
        anomaly: Anomaly
    }
}

/// Looks at anomalies.
#[derive(Default)]
pub struct AnomalyQuery;

#[Object]
impl AnomalyQuery {
    /// An anomaly. Needs the rights that its measure takes.
    async fn anomaly(&self, graph: &Context<'_>, id: InsightId) -> Result<Option<Anomaly>> {
        find(graph, id).await
    }

    /// Anomalies, the latest first. Needs `analytics.measure.read`; those of what staff cost need
    /// `people.payroll.read`, too.
    async fn anomalies(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AnomalyFilter>,
        sort: Option<AnomalySort>,
        search: Option<String>,
    ) -> Result<Connection<Anomaly>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on anomalies.
#[derive(Default)]
pub struct AnomalyMutation;

#[Object]
impl AnomalyMutation {
    /// Dismisses an anomaly: somebody knows why, and it is well so. Needs
    /// `analytics.measure.manage`.
    async fn anomaly_dismiss(
        &self,
        graph: &Context<'_>,
        input: AnomalyDismissInput,
    ) -> Result<AnomalyDismissPayload> {
        act(graph, false, |tx| {
            async move { Ok(Anomaly(anomaly::dismiss(tx, input).await?)) }.boxed()
        })
        .await
    }
}
