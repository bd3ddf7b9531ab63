//! The pool of database connections and the settings each gets.

use std::sync::Arc;
use std::time::Duration;

use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::clock::Clock;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::tx::Tx;

/// A pooled connection.
pub type Connection = Object<AsyncPgConnection>;

/// How the database is used; durations in milliseconds.
#[derive(Clone, Debug)]
pub struct DbSettings {
    /// The URL, with the role to log in as.
    pub url: String,
    /// Connections at most.
    pub pool_size: usize,
    /// How long a request waits for a connection before it is told to come again.
    pub pool_wait_ms: u64,
    /// How long a statement may run.
    pub statement_timeout_ms: u64,
    /// How long a statement may wait for a lock.
    pub lock_timeout_ms: u64,
    /// How long a transaction may idle.
    pub idle_in_transaction_timeout_ms: u64,
}

impl DbSettings {
    /// The defaults for a role's URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 8,
            pool_wait_ms: 2_000,
            statement_timeout_ms: 10_000,
            lock_timeout_ms: 2_000,
            idle_in_transaction_timeout_ms: 10_000,
        }
    }
}

/// The database as one role sees it.
#[derive(Clone)]
pub struct Db {
    pool: Pool<AsyncPgConnection>,
    clock: Clock,
}

impl Db {
    /// Opens a pool; connects lazily.
    pub fn new(settings: &DbSettings, clock: Clock) -> Result<Self> {
        let setup = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}; SET timezone = 'UTC'",
            settings.statement_timeout_ms,
            settings.lock_timeout_ms,
            settings.idle_in_transaction_timeout_ms,
        );
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let setup: Arc<str> = setup.into();
        config.custom_setup = Box::new(move |url| connect(url.to_owned(), setup.clone()).boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(settings.url.clone(), config);
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size)
            .wait_timeout(Some(Duration::from_millis(settings.pool_wait_ms)))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| Error::bug(format!("pool: {error}")))?;
        Ok(Self { pool, clock })
    }

    /// The clock that operations run by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A bare connection, outside any tenant. Row-level security shows it nothing.
    pub async fn connection(&self) -> Result<Connection> {
        self.pool
            .get()
            .await
            .map_err(|error| Error::Unavailable(format!("database pool: {error}")))
    }

    /// Begins a transaction in the context's tenant.
    pub async fn begin(&self, context: &Arc<Context>) -> Result<Tx> {
        Tx::begin(self.connection().await?, context.clone()).await
    }

    /// Begins a transaction in the context's tenant and asks a first question, in one round trip.
    pub async fn begin_asking<T, F>(&self, context: &Arc<Context>, ask: F) -> Result<(Tx, T)>
    where
        F: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T>> + Send,
        T: Send,
    {
        Tx::begin_asking(self.connection().await?, context.clone(), ask).await
    }

    /// Runs one act in a transaction: commits when it succeeds, rolls back when it fails.
    pub async fn write<T, F>(&self, context: &Arc<Context>, act: F) -> Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
        T: Send,
    {
        let mut tx = self.begin(context).await?;
        match act(&mut tx).await {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                tx.rollback().await?;
                Err(error)
            }
        }
    }

    /// Runs one act and rolls it back: what would happen, without happening.
    pub async fn rehearse<T, F>(&self, context: &Arc<Context>, act: F) -> Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
        T: Send,
    {
        let mut tx = self.begin(context).await?;
        let result = act(&mut tx).await;
        tx.rollback().await?;
        result
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db")
            .field("pool", &self.pool.status())
            .finish()
    }
}

async fn connect(
    url: String,
    setup: Arc<str>,
) -> std::result::Result<AsyncPgConnection, diesel::ConnectionError> {
    let mut connection = AsyncPgConnection::establish(&url).await?;
    connection
        .batch_execute(&setup)
        .await
        .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}
