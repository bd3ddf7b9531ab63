//! What every request of this process shares: the database, the messages, the jobs, the feed.

use std::sync::Arc;

use kernel::job::Registry;
use kernel::{Clock, Db, Speaker};

use crate::feed::Feed;

/// The core as the API holds it.
pub struct Core {
    /// The database in the application's role.
    pub db: Db,
    /// Every sentence, in Spanish and English.
    pub speaker: Speaker,
    /// Every kind of job, so that wishes for one can be checked.
    pub registry: Registry,
    /// What happens, as it happens.
    pub feed: Feed,
    /// Services that resolvers need, by type: the file store, the authenticator.
    pub services: kernel::job::Services,
}

impl Core {
    /// The clock that requests run by.
    pub fn clock(&self) -> &Clock {
        self.db.clock()
    }
}

/// The core, shared.
pub type SharedCore = Arc<Core>;
