//! The notes of an incident through the API: values of the incident, loaded for all at once.

use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};
use futures::future::FutureExt;
use kernel::Tx;
use kernel::ids::IncidentId;
use processes::sentence;
use technology::incident::{IncidentNote as NoteRow, IncidentNoteKind, notes_of};

use crate::call::Call;
use crate::loader::{Part, Parts};
use crate::processes::named::NamedUser;

/// What was done or said about an incident.
#[derive(Clone, Debug)]
pub struct IncidentNote(NoteRow);

impl Part for IncidentNote {
    type Of = IncidentId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [IncidentId]) -> Parts<'t, IncidentId, Self> {
        async move {
            let found = notes_of(tx, ids).await?;
            Ok(found
                .into_iter()
                .map(|row| (row.incident_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// What was done or said about an incident.
#[Object]
impl IncidentNote {
    /// Its place, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// When it was made.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Whose it is; null when a check's.
    async fn author(&self) -> Option<NamedUser> {
        self.0.author_id.map(NamedUser)
    }

    /// What it tells of.
    async fn kind(&self) -> IncidentNoteKind {
        self.0.kind
    }

    /// What somebody said, or what the check found, in the viewer's language.
    async fn text(&self, graph: &Context<'_>) -> Result<Option<String>> {
        let call = Call::of(graph)?;
        let (speaker, locale) = (&call.core().speaker, call.context().locale);
        let said = |reason: &String| sentence::say(speaker, locale, reason, &self.0.args);
        let found = self.0.reason.as_ref().map(said);
        Ok(self.0.text.clone().or(found))
    }
}
