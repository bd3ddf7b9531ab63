//! One request on its way through the resolvers: who calls, one transaction for all its reads, and
//! a loader for each noun.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context as Graph;
use async_graphql::dataloader::DataLoader;
use futures::future::BoxFuture;
use kernel::error::Result;
use kernel::{Actor, Context, Tx};

use crate::core::SharedCore;
use crate::failure;
use crate::loader::{Noun, NounLoader, Part, PartLoader};
use crate::turn::InTurn;

/// A request as the resolvers see it. Request data of the schema.
#[derive(Clone)]
pub struct Call {
    reader: Arc<Reader>,
    loaders: Arc<std::sync::Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>,
}

/// The reading side of a request: one transaction, begun when the first read needs it; or for a
/// stream one a read.
pub struct Reader {
    pub(crate) core: SharedCore,
    pub(crate) context: Arc<Context>,
    is_stream: bool,
    tx: tokio::sync::Mutex<Option<Tx>>,
}

impl Call {
    /// The call of a known actor.
    pub fn new(core: SharedCore, context: Arc<Context>) -> Self {
        Self::reading(core, context, false)
    }

    /// The call of a known actor who follows a stream: each read is a transaction of its own, at the
    /// instant of the read, so that a silent stream holds no connection.
    pub fn of_stream(core: SharedCore, context: Arc<Context>) -> Self {
        Self::reading(core, context, true)
    }

    fn reading(core: SharedCore, context: Arc<Context>, is_stream: bool) -> Self {
        let reader = Reader {
            core,
            context,
            is_stream,
            tx: tokio::sync::Mutex::default(),
        };
        Self {
            reader: Arc::new(reader),
            loaders: Arc::default(),
        }
    }

    /// The call of a GraphQL request; an error when nobody is logged in.
    pub fn of<'a>(graph: &'a Graph<'_>) -> async_graphql::Result<&'a Self> {
        graph
            .data_opt::<Self>()
            .ok_or_else(failure::unauthenticated)
    }

    /// What all requests share.
    pub fn core(&self) -> &SharedCore {
        &self.reader.core
    }

    /// Who calls, when and in which language.
    pub fn context(&self) -> &Arc<Context> {
        &self.reader.context
    }

    /// Who calls.
    pub fn actor(&self) -> &Actor {
        &self.reader.context.actor
    }

    /// Reads in the request's one transaction.
    pub async fn read<T, F>(&self, act: F) -> async_graphql::Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
        T: Send,
    {
        self.reader
            .read(act)
            .await
            .map_err(|error| failure::of(self, error))
    }

    /// The record of an id, batched with the others that this request wants.
    pub async fn load<N: Noun>(&self, id: N::Id) -> async_graphql::Result<Option<N>> {
        let found = self.loader(NounLoader::<N>::new).load_one(id).await;
        found.map_err(|error| failure::of_shared(self, &error))
    }

    /// The record of an id that a visible record refers to.
    pub async fn load_some<N: Noun>(&self, id: Option<N::Id>) -> async_graphql::Result<Option<N>> {
        match id {
            Some(id) => self.load(id).await,
            None => Ok(None),
        }
    }

    /// What belongs to a record, batched with what belongs to the others of its kind.
    pub async fn parts<P: Part>(&self, of: P::Of) -> async_graphql::Result<Vec<P>> {
        let found = self.loader(PartLoader::<P>::new).load_one(of).await;
        let found = found.map_err(|error| failure::of_shared(self, &error))?;
        Ok(found.unwrap_or_default())
    }

    fn loader<L>(&self, make: impl FnOnce(Arc<Reader>) -> L) -> Arc<DataLoader<L>>
    where
        L: Send + Sync + 'static,
    {
        let mut loaders = self
            .loaders
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let loader = loaders.entry(TypeId::of::<L>()).or_insert_with(|| {
            let loader = make(self.reader.clone());
            Arc::new(
                DataLoader::new(loader, InTurn, InTurn)
                    .delay(std::time::Duration::from_micros(200)),
            )
        });
        match loader.clone().downcast() {
            Ok(loader) => loader,
            Err(_) => unreachable!("a loader is kept under its own type"),
        }
    }
}

impl Reader {
    /// Reads in the request's one transaction, one reader at a time. After an error the
    /// transaction is dropped: the next read begins another.
    pub async fn read<T, F>(&self, act: F) -> Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
        T: Send,
    {
        if self.is_stream {
            return self.read_apart(act).await;
        }
        let mut guard = self.tx.lock().await;
        let mut tx = match guard.take() {
            Some(tx) => tx,
            None => self.core.db.begin(&self.context).await?,
        };
        let value = act(&mut tx).await?;
        *guard = Some(tx);
        Ok(value)
    }

    async fn read_apart<T, F>(&self, act: F) -> Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
        T: Send,
    {
        let context = Context {
            now: self.core.clock().now(),
            ..(*self.context).clone()
        };
        self.core.db.rehearse(&Arc::new(context), act).await
    }
}

impl Drop for Reader {
    /// Gives the connection back in good order.
    fn drop(&mut self) {
        if let Some(tx) = self.tx.get_mut().take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if let Err(error) = tx.rollback().await {
                    tracing::debug!(%error, "A reading transaction did not end well.");
                }
            });
        }
    }
}
