//! The people of the demo company, as those who act in it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use directory::Keys;
use kernel::ids::UserId;
use kernel::{Actor, Context, Db, Error, Principal, Result};

use super::{Demo, USERS};

/// Every user who logs in, by the part before the @ of their address.
pub struct Cast {
    demo: Demo,
    actors: HashMap<&'static str, Actor>,
}

impl Cast {
    /// Finds them, with the rights that their roles give them.
    pub async fn of(db: &Db, keys: &Keys, slug: &str) -> Result<Self> {
        let demo = Demo::named(slug);
        let mut actors = HashMap::new();
        for user in USERS {
            let email = Demo::email(slug, user.name);
            let found = directory::auth::users_of_email(db, keys, &email).await?;
            let (_, id) = found
                .into_iter()
                .find(|(known, _)| *known == demo.organisation)
                .ok_or_else(|| unknown(user.name))?;
            actors.insert(user.name, actor(db, demo, id, user.full_name).await?);
        }
        Ok(Self { demo, actors })
    }

    /// One of them at an instant, their identity just proved.
    pub fn at(&self, name: &str, now: DateTime<Utc>) -> Result<Arc<Context>> {
        let found = self.actors.get(name).ok_or_else(|| unknown(name))?;
        let actor = Actor {
            proved_at: Some(now),
            ..found.clone()
        };
        Ok(Arc::new(Context::new(Arc::new(actor), now)))
    }

    /// Trastienda itself at an instant.
    pub fn system(&self, now: DateTime<Utc>) -> Arc<Context> {
        let actor = Actor::system(self.demo.organisation);
        Arc::new(Context::new(Arc::new(actor), now))
    }
}

async fn actor(db: &Db, demo: Demo, id: UserId, name: &str) -> Result<Actor> {
    let system = Context::new(Arc::new(Actor::system(demo.organisation)), db.clock().now());
    let mut tx = db.begin(&Arc::new(system)).await?;
    let grants = directory::auth::grants_of(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Actor {
        principal: Principal::User(id),
        name: name.to_owned(),
        grants,
        ..Actor::system(demo.organisation)
    })
}

fn unknown(name: &str) -> Error {
    Error::bug(format!("nobody at the demo company is called {name}"))
}
