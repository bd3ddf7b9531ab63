//! API keys through the API: the credentials of automations.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::api_key::{
    self, ApiKey as ApiKeyRow, ApiKeyCreateInput, ApiKeyFilter, ApiKeyRevokeInput, ApiKeySort,
    ApiKeySortField,
};
use directory::permission::API_KEY_MANAGE;
use directory::secret::Sensitive;
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::ApiKeyId;

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::user::User;
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A credential of an automation.
    ApiKey of directory::api_key as ApiKeyRow, ApiKeyId; listed by ApiKeyFilter, ApiKeySortField
}

/// What the viewer may do with an API key.
#[derive(SimpleObject)]
pub struct ApiKeyViewerCan {
    /// Revoke it.
    revoke: Permission,
}

/// A credential of an automation. It may do what its maker may do now, within its scopes.
#[Object]
impl ApiKey {
    /// The key.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Who made it; null when the viewer may not see them.
    async fn user(&self, graph: &Context<'_>) -> Result<Option<User>> {
        Call::of(graph)?.load(self.0.user_id).await
    }

    /// The permissions that it may use.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// Until when it is good.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When it was last used, to the minute.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ApiKeyViewerCan> {
        let call = Call::of(graph)?;
        let own = call.actor().principal.user() == Some(self.0.user_id);
        let revoke = match own {
            true => Permission::allowed(),
            false => Permission::held(call, API_KEY_MANAGE, |scope| scope.everywhere),
        };
        Ok(ApiKeyViewerCan { revoke })
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

/// A key that was just made, with its text; a repeated request gives the key without it.
pub struct MadeKey {
    key: ApiKey,
    text: Option<Sensitive>,
}

impl Kept for MadeKey {
    fn kept(&self) -> serde_json::Value {
        self.key.kept()
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            Ok(Self {
                key: ApiKey::again(tx, kept).await?,
                text: None,
            })
        }
        .boxed()
    }
}

/// What making an API key gives.
#[derive(SimpleObject)]
pub struct ApiKeyCreatePayload {
    /// The key.
    api_key: Option<ApiKey>,
    /// Its text, for `Authorization: Bearer …`. Shown this once; null when the request is repeated.
    secret: Option<String>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for ApiKeyCreatePayload {
    type Record = MadeKey;

    fn done(made: MadeKey) -> Self {
        let secret = made.text.map(|text| text.0);
        Self {
            api_key: Some(made.key),
            secret,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            api_key: None,
            secret: None,
            user_errors,
        }
    }
}

payload! {
    /// What revoking an API key gives.
    ApiKeyRevokePayload {
        /// The key, revoked.
        api_key: ApiKey
    }
}

/// Looks at API keys.
#[derive(Default)]
pub struct ApiKeyQuery;

#[Object]
impl ApiKeyQuery {
    /// An API key. One's own always; others with `directory.api_key.read`.
    async fn api_key(&self, graph: &Context<'_>, id: ApiKeyId) -> Result<Option<ApiKey>> {
        find(graph, id).await
    }

    /// API keys. One's own always; others with `directory.api_key.read`.
    async fn api_keys(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ApiKeyFilter>,
        sort: Option<ApiKeySort>,
        search: Option<String>,
    ) -> Result<Connection<ApiKey>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on API keys.
#[derive(Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes an API key of one's own. Needs `directory.api_key.manage` and a fresh proof of
    /// identity.
    async fn api_key_create(
        &self,
        graph: &Context<'_>,
        input: ApiKeyCreateInput,
    ) -> Result<ApiKeyCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (row, text) = api_key::create(tx, input).await?;
                Ok(MadeKey {
                    key: ApiKey(row),
                    text: Some(text),
                })
            })
        })
        .await
    }

    /// Revokes an API key of one's own, or with `directory.api_key.manage` anybody's.
    async fn api_key_revoke(
        &self,
        graph: &Context<'_>,
        input: ApiKeyRevokeInput,
    ) -> Result<ApiKeyRevokePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(ApiKey(api_key::revoke(tx, input).await?)) })
        })
        .await
    }
}
