//! The people of the demo company, as those who act in it.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use kernel::{Actor, Context, Db, Principal};
use trastienda_core::demo::{Demo, USERS};
use trastienda_core::directory::{self, Keys};
use trastienda_core::kernel;

/// Every user who logs in, by the part before the @ of their address.
pub struct Cast(HashMap<&'static str, Arc<Context>>);

impl Cast {
    /// Finds them, with the rights that their roles give them, their identity just proved.
    pub async fn of(db: &Db, keys: &Keys, slug: &str) -> anyhow::Result<Self> {
        let organisation = Demo::named(slug).organisation;
        let mut cast = HashMap::new();
        for user in USERS {
            let email = Demo::email(slug, user.name);
            let found = directory::auth::users_of_email(db, keys, &email).await?;
            let (_, id) = found
                .into_iter()
                .find(|(known, _)| *known == organisation)
                .with_context(|| email.clone())?;
            let context = Context::new(Arc::new(Actor::system(organisation)), db.clock().now());
            let mut tx = db.begin(&Arc::new(context)).await?;
            let grants = directory::auth::grants_of(&mut tx, id).await?;
            tx.rollback().await?;
            let actor = Actor {
                principal: Principal::User(id),
                name: user.full_name.to_owned(),
                grants,
                proved_at: Some(db.clock().now()),
                ..Actor::system(organisation)
            };
            cast.insert(
                user.name,
                Arc::new(Context::new(Arc::new(actor), db.clock().now())),
            );
        }
        Ok(Self(cast))
    }

    /// One of them.
    pub fn context(&self, name: &str) -> anyhow::Result<Arc<Context>> {
        self.0
            .get(name)
            .cloned()
            .with_context(|| format!("nobody is called {name}"))
    }
}

/// Trastienda itself in the organisation of a context.
pub fn system(context: &Context) -> Arc<Context> {
    let actor = Arc::new(Actor::system(context.organisation()));
    Arc::new(Context::new(actor, context.now))
}
