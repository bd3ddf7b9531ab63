//! The context of an operation: who, where, when and on whose behalf. Always the first parameter.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::actor::Actor;
use crate::ids::{OrganisationId, RequestId};
use crate::message::Locale;

/// What an operation knows about its surroundings.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who acts.
    pub actor: Arc<Actor>,
    /// The instant at which the operation takes place.
    pub now: DateTime<Utc>,
    /// The language of its messages.
    pub locale: Locale,
    /// The request or job run that it is part of.
    pub request: RequestId,
    /// The W3C trace that it is part of.
    pub trace: Option<String>,
    /// The idempotency key that the caller gave.
    pub idempotency_key: Option<String>,
}

impl Context {
    /// A context of an actor at an instant, in Spanish.
    pub fn new(actor: Arc<Actor>, now: DateTime<Utc>) -> Self {
        Self {
            actor,
            now,
            locale: Locale::Es,
            request: RequestId::generate(),
            trace: None,
            idempotency_key: None,
        }
    }

    /// The tenant.
    pub fn organisation(&self) -> OrganisationId {
        self.actor.organisation
    }
}
