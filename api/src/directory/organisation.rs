//! The organisation through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::organisation::{self, Organisation as OrganisationRow, OrganisationUpdateInput};
use directory::permission::ORGANISATION_MANAGE;
use futures::future::BoxFuture;
use kernel::Locale;
use kernel::ids::OrganisationId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice};
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::Noun;
use crate::payload;
use crate::permission::Permission;

/// The organisation: the tenant in which everything lies.
#[derive(Clone, Debug)]
pub struct Organisation(pub OrganisationRow);

impl Noun for Organisation {
    type Id = OrganisationId;
    const NAME: &'static str = "Organisation";

    fn key(&self) -> OrganisationId {
        self.0.id
    }

    fn by_ids<'t>(
        tx: &'t mut kernel::Tx,
        ids: &'t [OrganisationId],
    ) -> BoxFuture<'t, kernel::Result<Vec<Self>>> {
        Box::pin(async move {
            let own = organisation::find(tx).await?;
            Ok(own
                .into_iter()
                .filter(|row| ids.contains(&row.id))
                .map(Self)
                .collect())
        })
    }
}

/// What the viewer may do with the organisation.
#[derive(SimpleObject)]
pub struct OrganisationViewerCan {
    /// Change it.
    update: Permission,
}

/// The organisation: the tenant in which everything lies.
#[Object]
impl Organisation {
    /// The organisation.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its short name, for log-in.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The language of what it gets when nobody chose one.
    async fn locale(&self) -> Locale {
        self.0.locale
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
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<OrganisationViewerCan> {
        let call = Call::of(graph)?;
        let update = Permission::held(call, ORGANISATION_MANAGE, |scope| scope.everywhere);
        Ok(OrganisationViewerCan { update })
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
    /// What changing the organisation gives.
    OrganisationUpdatePayload {
        /// The organisation.
        organisation: Organisation
    }
}

/// Looks at the organisation.
#[derive(Default)]
pub struct OrganisationQuery;

#[Object]
impl OrganisationQuery {
    /// The organisation of the viewer.
    async fn organisation(&self, graph: &Context<'_>) -> Result<Option<Organisation>> {
        let call = Call::of(graph)?;
        call.load(call.actor().organisation).await
    }
}

/// Acts on the organisation.
#[derive(Default)]
pub struct OrganisationMutation;

#[Object]
impl OrganisationMutation {
    /// Changes the organisation's name or language. Needs `directory.organisation.manage`.
    async fn organisation_update(
        &self,
        graph: &Context<'_>,
        input: OrganisationUpdateInput,
    ) -> Result<OrganisationUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Organisation(organisation::update(tx, input).await?)) })
        })
        .await
    }
}
