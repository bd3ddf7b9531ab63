//! Preferences through the API: how one wants to be told of a kind of thing.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt};
use kernel::{Fault, Tx};
use processes::preference::{
    self, NotificationPreference as PreferenceRow, NotificationPreferenceChangeInput,
};

use crate::act::{Kept, act};
use crate::call::Call;
use crate::payload;

/// How the viewer wants to be told of a kind of thing. Without one: in the inbox, not by mail.
#[derive(Clone, Debug, SimpleObject)]
pub struct NotificationPreference {
    /// The kind of notification, `domain.what`.
    kind: String,
    /// In the inbox; urgent ones are there in any case.
    in_app: bool,
    /// By mail.
    mail: bool,
    /// When it was said.
    updated_at: DateTime<Utc>,
}

impl From<PreferenceRow> for NotificationPreference {
    fn from(row: PreferenceRow) -> Self {
        Self {
            kind: row.kind,
            in_app: row.in_app,
            mail: row.mail,
            updated_at: row.updated_at,
        }
    }
}

impl Kept for NotificationPreference {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.kind)
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let mine = preference::mine(tx).await?;
            let found = mine
                .into_iter()
                .find(|row| kept.as_str() == Some(row.kind.as_str()));
            let gone = || Fault::not_found("kernel.not_found");
            Ok(found.map(Self::from).ok_or_else(gone)?)
        }
        .boxed()
    }
}

payload! {
    /// What saying how one wants to be told gives.
    NotificationPreferenceChangePayload {
        /// The preference.
        notification_preference: NotificationPreference
    }
}

/// Looks at one's own preferences.
#[derive(Default)]
pub struct NotificationPreferenceQuery;

#[Object]
impl NotificationPreferenceQuery {
    /// One's own preferences by kind; kinds without one are told in the inbox and not by mail.
    /// Needs `processes.inbox.read`.
    async fn notification_preferences(
        &self,
        graph: &Context<'_>,
    ) -> Result<Vec<NotificationPreference>> {
        let mine = Call::of(graph)?
            .read(|tx| Box::pin(preference::mine(tx)))
            .await?;
        Ok(mine.into_iter().map(NotificationPreference::from).collect())
    }
}

/// Acts on one's own preferences.
#[derive(Default)]
pub struct NotificationPreferenceMutation;

#[Object]
impl NotificationPreferenceMutation {
    /// Says how one wants to be told of a kind of thing from now on. Needs `processes.inbox.read`.
    async fn notification_preference_change(
        &self,
        graph: &Context<'_>,
        input: NotificationPreferenceChangeInput,
    ) -> Result<NotificationPreferenceChangePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(preference::change(tx, input).await?.into()) })
        })
        .await
    }
}
