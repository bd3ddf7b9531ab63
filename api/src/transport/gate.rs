//! What all requests share: the schema, the settings, the caches and the counts.

use super::{
    credentials::Credentials,
    documents::{DocumentStore, Library},
    engine::Engines,
    limits::Settings,
    parsed::ParsedDocuments,
    rate::Rates,
    seats::Seats,
    shutdown::Shutdown,
};
use async_graphql::{ObjectType, Schema, SubscriptionType, ValidationMode};
use futures::future::BoxFuture;
use std::sync::Arc;

/// Whether work can be done, and what is amiss meanwhile.
pub(super) type Ready = dyn Fn() -> BoxFuture<'static, Result<Vec<String>, String>> + Send + Sync;
type Metrics = dyn Fn() -> String + Send + Sync;

/// The door: a schema with everything that stands between it and the network.
pub struct Door {
    engines: Engines,
    credentials: Arc<dyn Credentials>,
    settings: Settings,
    trusted: Option<Arc<dyn DocumentStore>>,
    ready: Arc<Ready>,
    metrics: Option<Arc<Metrics>>,
    shutdown: Shutdown,
}

impl Door {
    /// A door to a schema. `build` is called twice, once for each validation mode, and must hand it
    /// to the schema's builder: documents that passed validation are not validated again.
    ///
    /// The schema's own limits and extensions for depth, complexity or persisted queries are not
    /// needed: the door's guard comes before them.
    pub fn new<Q, M, S>(
        build: impl Fn(ValidationMode) -> Schema<Q, M, S>,
        credentials: Arc<dyn Credentials>,
    ) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self {
            engines: Engines::new(build),
            credentials,
            settings: Settings::default(),
            trusted: None,
            ready: Arc::new(|| Box::pin(std::future::ready(Ok(Vec::new())))),
            metrics: None,
            shutdown: Shutdown::default(),
        }
    }

    /// Takes these settings instead of the defaults.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Knows these trusted documents.
    #[must_use]
    pub fn documents(self, trusted: Arc<dyn DocumentStore>) -> Self {
        Self {
            trusted: Some(trusted),
            ..self
        }
    }

    /// Asks this for `/readyz`: what is amiss though work can be done, or why it can't. Both are
    /// shown there.
    #[must_use]
    pub fn ready(
        self,
        ready: impl Fn() -> BoxFuture<'static, Result<Vec<String>, String>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            ready: Arc::new(ready),
            ..self
        }
    }

    /// Serves this text at `/metrics`, in the format of Prometheus.
    #[must_use]
    pub fn metrics(self, metrics: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self {
            metrics: Some(Arc::new(metrics)),
            ..self
        }
    }

    /// Closes sockets and event streams when this shutdown begins; give it to `serve` as well.
    #[must_use]
    pub fn shutdown(self, shutdown: Shutdown) -> Self {
        Self { shutdown, ..self }
    }

    pub(super) fn into_gate(self) -> Gate {
        let Self {
            engines,
            credentials,
            settings,
            trusted,
            ready,
            metrics,
            shutdown,
        } = self;
        let limits = &settings.limits;
        Gate {
            library: Library::new(trusted, settings.trusted_only, limits.cached_documents),
            parsed: ParsedDocuments::new(limits.cached_documents),
            rates: Rates::new(limits),
            seats: Seats::new(limits.sockets_a_user),
            engines,
            credentials,
            settings,
            ready,
            metrics,
            shutdown,
        }
    }
}

/// The door in service.
pub(super) struct Gate {
    pub engines: Engines,
    pub credentials: Arc<dyn Credentials>,
    pub settings: Settings,
    pub library: Library,
    pub parsed: ParsedDocuments,
    pub rates: Rates,
    pub seats: Arc<Seats>,
    pub ready: Arc<Ready>,
    pub metrics: Option<Arc<Metrics>>,
    pub shutdown: Shutdown,
}
