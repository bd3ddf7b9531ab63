//! A transaction in one tenant, by one actor, at one instant: what every command works in.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures::future::BoxFuture;

use crate::actor::{Actor, Permission, Scope};
use crate::context::Context;
use crate::db::Connection;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, DepartmentId, OrganisationId};

/// How long a proof of identity counts for sensitive acts.
const STEP_UP_MINUTES: i64 = 5;

/// Whom to wake when a transaction has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// Those who follow the feed: events have happened.
    Feed,
    /// The relay: a job is due.
    Jobs,
}

impl Wake {
    /// The channel of Postgres that it is told on.
    pub const fn channel(self) -> &'static str {
        match self {
            Self::Feed => "trastienda_feed",
            Self::Jobs => "trastienda_jobs",
        }
    }
}

/// A transaction. Dropped without `commit`, it rolls back with its connection.
pub struct Tx {
    connection: Option<Connection>,
    context: Arc<Context>,
    wakes: BTreeSet<Wake>,
    afterwards: String,
}

impl Tx {
    /// Begins, and binds the tenant, in one round trip.
    pub(crate) async fn begin(mut connection: Connection, context: Arc<Context>) -> Result<Self> {
        connection.batch_execute(&beginning(&context)).await?;
        Ok(Self::over(connection, context))
    }

    /// The same, with a first question in the same flight: it is sent after the beginning and does
    /// not wait for its answer.
    pub(crate) async fn begin_asking<T, F>(
        connection: Connection,
        context: Arc<Context>,
        ask: F,
    ) -> Result<(Self, T)>
    where
        F: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T>> + Send,
        T: Send,
    {
        let text = beginning(&context);
        let (begun, answer) = {
            let shared: &AsyncPgConnection = &connection;
            let begin = async {
                let mut shared = shared;
                shared.batch_execute(&text).await
            };
            futures::join!(begin, ask(shared))
        };
        let tx = Self::over(connection, context);
        begun?;
        Ok((tx, answer?))
    }

    fn over(connection: Connection, context: Arc<Context>) -> Self {
        Self {
            connection: Some(connection),
            context,
            wakes: BTreeSet::new(),
            afterwards: String::new(),
        }
    }

    /// The connection, for the stores of the domain crates.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        match self.connection.as_mut() {
            Some(connection) => connection,
            None => unreachable!("a transaction keeps its connection until it ends"),
        }
    }

    /// The context of the operation.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.context.actor
    }

    /// The tenant.
    pub fn organisation(&self) -> OrganisationId {
        self.context.organisation()
    }

    /// The instant at which the operation takes place.
    pub fn now(&self) -> DateTime<Utc> {
        self.context.now
    }

    /// Where the permission holds; an error when nowhere.
    pub fn require(&self, permission: Permission) -> Result<Scope> {
        self.actor().require(permission)
    }

    /// That the permission holds for a record of a company and perhaps a department.
    pub fn require_in(
        &self,
        permission: Permission,
        company: CompanyId,
        department: Option<DepartmentId>,
    ) -> Result<()> {
        self.actor().require_in(permission, company, department)
    }

    /// That the person proved their identity in the last five minutes.
    pub fn require_step_up(&self) -> Result<()> {
        let proved = self.actor().proved_at;
        let fresh = proved.is_some_and(|at| self.now() - at < TimeDelta::minutes(STEP_UP_MINUTES));
        if fresh {
            Ok(())
        } else {
            Err(Error::StepUpNeeded)
        }
    }

    /// Marks a place that [`Tx::undo_to_savepoint`] goes back to.
    pub async fn savepoint(&mut self) -> Result<()> {
        Ok(self.conn().batch_execute("SAVEPOINT act").await?)
    }

    /// Undoes everything since the savepoint; the transaction goes on.
    pub async fn undo_to_savepoint(&mut self) -> Result<()> {
        Ok(self
            .conn()
            .batch_execute("ROLLBACK TO SAVEPOINT act")
            .await?)
    }

    /// Wakes those who wait, once this transaction has committed.
    pub fn wake(&mut self, whom: Wake) {
        self.wakes.insert(whom);
    }

    /// Adds a statement of ours that is sent right after COMMIT, outside the transaction.
    pub(crate) fn also(&mut self, statement: String) {
        self.afterwards.push_str("; ");
        self.afterwards.push_str(&statement);
    }

    /// Makes everything lasting, then wakes whom it concerns, in one round trip. The wake-up is a
    /// transaction of its own: a NOTIFY inside ours would make every commit of the cluster wait
    /// for the one before it.
    pub async fn commit(mut self) -> Result<()> {
        let mut text = "COMMIT".to_owned();
        for wake in &self.wakes {
            text.push_str("; NOTIFY ");
            text.push_str(wake.channel());
        }
        text.push_str(&self.afterwards);
        self.end(&text).await
    }

    /// Undoes everything.
    pub async fn rollback(mut self) -> Result<()> {
        self.end("ROLLBACK").await
    }

    /// Ends the transaction; a connection that fails here never goes back to the pool.
    async fn end(&mut self, how: &str) -> Result<()> {
        let Some(mut connection) = self.connection.take() else {
            return Ok(());
        };
        let ended = connection.batch_execute(how).await;
        if ended.is_err() {
            drop(Object::take(connection));
        }
        Ok(ended?)
    }
}

/// Begins and binds the tenant. The id is a UUID, so the text is safe.
fn beginning(context: &Context) -> String {
    let organisation = context.organisation().0;
    format!("BEGIN; SELECT set_config('app.organisation', '{organisation}', true)")
}

impl Drop for Tx {
    /// An unfinished transaction takes its connection with it: the server rolls back.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx")
            .field("organisation", &self.organisation())
            .finish()
    }
}
