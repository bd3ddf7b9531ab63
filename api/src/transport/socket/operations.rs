//! The operations that run on one socket.

use super::{
    protocol::{Bare, Close, ToClient},
    writer::{Frame, Outbox},
};
use crate::transport::{
    admission::Entrant,
    credentials::Caller,
    engine,
    gate::Gate,
    parameters::Parameters,
    refusal::{Refusal, code},
    settle::Settled,
    visit::Visit,
};
use async_graphql::ServerError;
use axum::http::StatusCode;
use futures::StreamExt as _;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::task::{AbortHandle, JoinSet};
use tracing::Instrument as _;

/// Running operations by the client's id. Dropping it ends all of them.
pub(super) struct Operations {
    gate: Arc<Gate>,
    outbox: Outbox,
    running: Arc<Mutex<HashMap<String, AbortHandle>>>,
    tasks: JoinSet<()>,
}

impl Operations {
    pub fn new(gate: Arc<Gate>, outbox: Outbox) -> Self {
        Self {
            gate,
            outbox,
            running: Arc::default(),
            tasks: JoinSet::new(),
        }
    }

    /// Begins an operation.
    pub async fn subscribe(
        &mut self,
        caller: &Caller,
        visit: Visit,
        id: String,
        payload: serde_json::Value,
    ) -> Result<(), Close> {
        let parameters = Parameters::from_payload(payload).map_err(|_| Close::INVALID)?;
        while self.tasks.try_join_next().is_some() {}
        let (known, open) = {
            let running = self.locked();
            (running.contains_key(&id), running.len())
        };
        if known {
            return Err(Close::DUPLICATE);
        }
        let operation = Operation {
            gate: Arc::clone(&self.gate),
            outbox: self.outbox.clone(),
            running: Arc::clone(&self.running),
            visit,
            id: id.clone(),
        };
        let most = self.gate.settings.limits.socket_subscriptions;
        if open >= most {
            operation.refuse(&too_many(most)).await;
            return Ok(());
        }
        // The lock is held over the spawn, so that the task can't free its id before it is noted.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let task = operation.run(caller.clone(), parameters).in_current_span();
        running.insert(id, self.tasks.spawn(task));
        Ok(())
    }

    /// Ends an operation that the client no longer wants.
    pub fn complete(&mut self, id: &str) {
        if let Some(task) = self.locked().remove(id) {
            task.abort();
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One operation in its own task.
struct Operation {
    gate: Arc<Gate>,
    outbox: Outbox,
    running: Arc<Mutex<HashMap<String, AbortHandle>>>,
    visit: Visit,
    id: String,
}

impl Operation {
    async fn run(self, caller: Caller, parameters: Parameters) {
        let mut entrant = Entrant {
            visit: &self.visit,
            caller: &caller,
            resume_after: None,
            standing: None,
        };
        let admitted = match entrant.knock(&self.gate) {
            Ok(()) => entrant.admit(&self.gate, parameters).await,
            Err(refusal) => Err(refusal),
        };
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return self.refuse(&refusal).await,
        };
        let mut items = engine::open(Arc::clone(&self.gate), self.visit.clone(), admitted);
        while let Some(item) = items.next().await {
            let settled = match item {
                Ok(settled) => settled,
                Err(refusal) => return self.refuse(&refusal).await,
            };
            if settled.request_error {
                return self.fail(settled.errors()).await;
            }
            if !self.next(&settled).await {
                return;
            }
        }
        self.free();
        self.send(Bare::Complete { id: &self.id }.text()).await;
    }

    async fn next(&self, settled: &Settled) -> bool {
        self.send(
            ToClient::Next {
                id: &self.id,
                payload: settled.body(),
            }
            .text(),
        )
        .await
    }

    async fn refuse(&self, refusal: &Refusal) {
        let error = refusal.error(self.visit.lang, &self.visit.id.0);
        self.fail(std::slice::from_ref(&error)).await;
    }

    async fn fail(&self, errors: &[ServerError]) {
        self.free();
        self.send(
            ToClient::Error {
                id: &self.id,
                payload: errors,
            }
            .text(),
        )
        .await;
    }

    /// Frees the id before the client hears that the operation ended, so that it can be used again.
    fn free(&self) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }

    async fn send(&self, text: String) -> bool {
        self.outbox.send(Frame::Text(text)).await.is_ok()
    }
}

fn too_many(most: usize) -> Refusal {
    Refusal::request(
        StatusCode::TOO_MANY_REQUESTS,
        code::SUBSCRIPTIONS,
        &format!("Hay demasiadas suscripciones en esta conexión: se admiten {most}."),
        &format!("Too many subscriptions on this connection: {most} are allowed."),
    )
}
