//! Which kinds of job there are, and how each is run.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Job, JobRow, JobRun, Reaction};
use crate::actor::Permission;
use crate::error::{Error, Result};
use crate::event::EventRow;
use crate::ids::CompanyId;

type Handler = dyn Fn(serde_json::Value, JobRun) -> BoxFuture<'static, Result<serde_json::Value>>
    + Send
    + Sync;

/// A kind of job as registered.
#[derive(Clone)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Its queue.
    pub queue: &'static str,
    /// What one must be allowed to do to want it.
    pub permission: Permission,
    /// How often it is tried.
    pub max_attempts: i32,
    /// Higher goes first.
    pub priority: i16,
    /// Whether people may have it done by the clock.
    pub schedulable: bool,
    /// Whether items that failed may be tried again after it ended well.
    pub redoes_items: bool,
    company: fn(&serde_json::Value) -> Result<Option<CompanyId>>,
    handler: Arc<Handler>,
}

/// What a reaction makes of an event: its kind and its payload.
type Answer = fn(&EventRow) -> Result<Option<(&'static str, serde_json::Value)>>;

impl Kind {
    /// That a payload can be read as this kind's.
    pub fn check(&self, payload: &serde_json::Value) -> Result<()> {
        self.company(payload).map(|_| ())
    }

    /// The company that a payload is for; `None` for all of them.
    pub fn company(&self, payload: &serde_json::Value) -> Result<Option<CompanyId>> {
        (self.company)(payload)
    }

    pub(super) fn run(
        &self,
        payload: serde_json::Value,
        run: JobRun,
    ) -> BoxFuture<'static, Result<serde_json::Value>> {
        (self.handler)(payload, run)
    }
}

/// All kinds of job of the suite.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: HashMap<&'static str, Kind>,
    reactions: HashMap<&'static str, Vec<Answer>>,
}

impl Registry {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind.
    pub fn register<J: Job>(&mut self) -> &mut Self {
        let handler: Arc<Handler> = Arc::new(|payload, run| {
            async move { J::run(serde_json::from_value(payload)?, run).await }.boxed()
        });
        let kind = Kind {
            name: J::KIND,
            queue: J::QUEUE,
            permission: J::PERMISSION,
            max_attempts: J::MAX_ATTEMPTS,
            priority: J::PRIORITY,
            schedulable: J::SCHEDULABLE,
            redoes_items: J::REDOES_ITEMS,
            company: |payload| Ok(serde_json::from_value::<J>(payload.clone())?.company()),
            handler,
        };
        self.kinds.insert(J::KIND, kind);
        self
    }

    /// Adds a kind that is wanted by events.
    pub fn react<R: Reaction>(&mut self) -> &mut Self {
        for action in R::ON {
            self.reactions
                .entry(action)
                .or_default()
                .push(|event| match R::of(event) {
                    Some(job) => Ok(Some((R::KIND, serde_json::to_value(job)?))),
                    None => Ok(None),
                });
        }
        self.register::<R>()
    }

    /// The jobs that an event makes.
    pub(crate) fn reactions(&self, event: &EventRow) -> Result<Vec<JobRow>> {
        let mut made = Vec::new();
        for answer in self
            .reactions
            .get(event.action.as_str())
            .into_iter()
            .flatten()
        {
            let Some((name, payload)) = answer(event)? else {
                continue;
            };
            let mut row =
                JobRow::of_system(event.organisation_id, self.kind(name)?, event.at, payload);
            row.key = Some(format!("event:{}:{name}", event.id));
            row.company_id = event.company_id;
            row.trace.clone_from(&event.trace);
            made.push(row);
        }
        Ok(made)
    }

    /// A kind by its name.
    pub fn kind(&self, name: &str) -> Result<&Kind> {
        self.kinds
            .get(name)
            .ok_or_else(|| Error::bug(format!("no job kind `{name}`")))
    }

    /// Whether there is such a kind.
    pub fn knows(&self, name: &str) -> bool {
        self.kinds.contains_key(name)
    }

    /// The names of all kinds, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.kinds.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// The kinds that people may have done by the clock, by name.
    pub fn schedulable(&self) -> Vec<&Kind> {
        let mut kinds: Vec<&Kind> = self
            .kinds
            .values()
            .filter(|kind| kind.schedulable)
            .collect();
        kinds.sort_unstable_by_key(|kind| kind.name);
        kinds
    }

    /// The queues in use, sorted.
    pub fn queues(&self) -> Vec<&'static str> {
        let mut queues: Vec<_> = self.kinds.values().map(|kind| kind.queue).collect();
        queues.sort_unstable();
        queues.dedup();
        queues
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// What handlers need beside the database: the file store, the mailer and the like, by type.
#[derive(Clone, Default)]
pub struct Services(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Services {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; a second of the same type replaces the first.
    pub fn with<T: Send + Sync + 'static>(self, service: T) -> Self {
        self.with_shared(Arc::new(service))
    }

    /// Adds one that others hold too.
    pub fn with_shared<T: Send + Sync + 'static>(mut self, service: Arc<T>) -> Self {
        self.0.insert(TypeId::of::<T>(), service);
        self
    }

    /// The service of a type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.0
            .get(&TypeId::of::<T>())
            .and_then(|service| service.clone().downcast().ok())
            .ok_or_else(|| Error::bug(format!("no service {}", std::any::type_name::<T>())))
    }
}
