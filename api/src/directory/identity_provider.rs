//! OpenID Connect providers through the API: who may vouch for our users.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::oidc::{
    self, IdentityProvider as IdentityProviderRow, IdentityProviderCreateInput,
    IdentityProviderFilter, IdentityProviderId, IdentityProviderSort, IdentityProviderSortField,
    IdentityProviderUpdateInput, Landing,
};
use directory::permission::IDENTITY_PROVIDER_MANAGE;

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::sealed::sealed_act;
use crate::failure;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A provider through which users log in.
    IdentityProvider of directory::oidc as IdentityProviderRow, IdentityProviderId;
    listed by IdentityProviderFilter, IdentityProviderSortField
}

/// What the viewer may do with a provider.
#[derive(SimpleObject)]
pub struct IdentityProviderViewerCan {
    /// Change it.
    update: Permission,
}

/// A provider through which users log in. It says who somebody is; what they may do stays ours.
#[Object]
impl IdentityProvider {
    /// The provider.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The name on the log-in page.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its issuer, an https address.
    async fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// What it knows us by.
    async fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// Whether it may be used.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// When it was set up.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<IdentityProviderViewerCan> {
        let call = Call::of(graph)?;
        let update = Permission::held(call, IDENTITY_PROVIDER_MANAGE, |scope| scope.everywhere);
        Ok(IdentityProviderViewerCan { update })
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
    /// What setting up a provider gives.
    IdentityProviderCreatePayload {
        /// The provider.
        identity_provider: IdentityProvider
    }
    /// What changing a provider gives.
    IdentityProviderUpdatePayload {
        /// The provider, changed.
        identity_provider: IdentityProvider
    }
}

/// Looks at providers.
#[derive(Default)]
pub struct IdentityProviderQuery;

#[Object]
impl IdentityProviderQuery {
    /// A provider. Needs `directory.identity_provider.manage`.
    async fn identity_provider(
        &self,
        graph: &Context<'_>,
        id: IdentityProviderId,
    ) -> Result<Option<IdentityProvider>> {
        find(graph, id).await
    }

    /// The providers of the organisation. Needs `directory.identity_provider.manage`.
    async fn identity_providers(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<IdentityProviderFilter>,
        sort: Option<IdentityProviderSort>,
        search: Option<String>,
    ) -> Result<Connection<IdentityProvider>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Sets providers up.
#[derive(Default)]
pub struct IdentityProviderMutation;

#[Object]
impl IdentityProviderMutation {
    /// Sets up a provider. Needs `directory.identity_provider.manage` and a fresh proof of
    /// identity: it decides who gets in.
    async fn identity_provider_create(
        &self,
        graph: &Context<'_>,
        input: IdentityProviderCreateInput,
    ) -> Result<IdentityProviderCreatePayload> {
        let call = Call::of(graph)?;
        let landing = call.core().services.get::<Landing>();
        let reach = landing
            .map_err(|error| failure::of(call, error))?
            .outbound()
            .reach;
        sealed_act(graph, move |tx, keys| {
            Box::pin(async move {
                let row = oidc::create(tx, keys, reach, input).await?;
                Ok(IdentityProvider(row))
            })
        })
        .await
    }

    /// Changes a provider. Needs `directory.identity_provider.manage` and a fresh proof of
    /// identity.
    async fn identity_provider_update(
        &self,
        graph: &Context<'_>,
        input: IdentityProviderUpdateInput,
    ) -> Result<IdentityProviderUpdatePayload> {
        sealed_act(graph, |tx, keys| {
            Box::pin(async move { Ok(IdentityProvider(oidc::update(tx, keys, input).await?)) })
        })
        .await
    }
}
