//! Pay concepts through the API: what a company pays or takes beside the salary.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::Locale;
use kernel::ids::PayConceptId;
use people::concept::{
    self, PayConcept as ConceptRow, PayConceptCreateInput, PayConceptFilter, PayConceptKind,
    PayConceptSort, PayConceptSortField, PayConceptUpdateInput, VARIABLES,
};
use people::permission::PAY_MANAGE;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::people::link;
use crate::people::shown::{shown, shown_payload};
use crate::permission::Permission;

noun! {
    /// Something paid or taken, and how it is computed.
    PayConcept of crate::people::reach::concepts as ConceptRow, PayConceptId;
    listed by PayConceptFilter, PayConceptSortField
}

/// What the viewer may do with a pay concept.
#[derive(SimpleObject)]
pub struct PayConceptViewerCan {
    /// Change or archive it.
    update: Permission,
}

/// Something paid or taken beside the salary, and how it is computed.
#[Object]
impl PayConcept {
    /// The concept.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Its code on payslips, unique in the company.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name, in the viewer's language or another.
    async fn name(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The language; the viewer's when absent.")] locale: Option<Locale>,
    ) -> Result<&str> {
        Ok(self
            .0
            .name(locale.unwrap_or(Call::of(graph)?.context().locale)))
    }

    /// Whether it is paid or taken.
    async fn kind(&self) -> PayConceptKind {
        self.0.kind
    }

    /// How it is computed, over the values of `payConceptVariables`.
    async fn formula(&self) -> &str {
        &self.0.formula
    }

    /// Whether it counts for the common contribution base; overtime has contributions of its own.
    async fn in_contribution_base(&self) -> bool {
        self.0.in_contribution_base
    }

    /// Whether it is taxed.
    async fn taxable(&self) -> bool {
        self.0.taxable
    }

    /// When it was archived: it can't be given to employees any more.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<PayConceptViewerCan> {
        let company = Some(self.0.company_id);
        let call = Call::of(graph)?;
        let update = Permission::held(call, PAY_MANAGE, |scope| scope.covers(company, None));
        Ok(PayConceptViewerCan { update })
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

shown_payload! {
    /// What defining a pay concept gives.
    PayConceptCreatePayload {
        /// The concept.
        pay_concept: PayConcept
    }
    /// What changing a pay concept gives.
    PayConceptUpdatePayload {
        /// The concept.
        pay_concept: PayConcept
    }
}

/// Looks at pay concepts.
#[derive(Default)]
pub struct PayConceptQuery;

#[Object]
impl PayConceptQuery {
    /// A pay concept. Needs `people.pay.read`; without it one sees those of one's own items and
    /// payslips alone.
    async fn pay_concept(
        &self,
        graph: &Context<'_>,
        id: PayConceptId,
    ) -> Result<Option<PayConcept>> {
        find(graph, id).await
    }

    /// Pay concepts. Needs `people.pay.read`; without it one sees those of one's own items and
    /// payslips alone.
    async fn pay_concepts(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PayConceptFilter>,
        sort: Option<PayConceptSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<PayConcept>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }

    /// The values that the formula of a pay concept may speak of.
    async fn pay_concept_variables(&self) -> Vec<&'static str> {
        VARIABLES.to_vec()
    }
}

/// Acts on pay concepts.
#[derive(Default)]
pub struct PayConceptMutation;

#[Object]
impl PayConceptMutation {
    /// Defines a pay concept of a company. Needs `people.pay.manage`.
    async fn pay_concept_create(
        &self,
        graph: &Context<'_>,
        input: PayConceptCreateInput,
    ) -> Result<PayConceptCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = concept::create(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// Changes or archives a pay concept; payslips that were made keep its formula. Needs
    /// `people.pay.manage`.
    async fn pay_concept_update(
        &self,
        graph: &Context<'_>,
        input: PayConceptUpdateInput,
    ) -> Result<PayConceptUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = concept::update(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }
}
