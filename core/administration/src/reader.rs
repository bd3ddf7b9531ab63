//! Users as readers: their address and language, and what they may do, so that what is made for
//! them holds what they may see.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::schema::user;
use kernel::ids::{EmployeeId, OrganisationId, UserId};
use kernel::{Actor, Context, Locale, Principal, Result, Tx};

/// A user that something is made for.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: Locale,
    employee: Option<EmployeeId>,
}

type Row = (UserId, String, String, Locale, Option<EmployeeId>);

/// Those among some users who can log in.
pub(crate) async fn active(tx: &mut Tx, ids: &[UserId]) -> Result<HashMap<UserId, Reader>> {
    let rows: Vec<Row> = user::table
        .filter(user::organisation_id.eq(tx.organisation()))
        .filter(user::id.eq_any(ids))
        .filter(user::active)
        .select((
            user::id,
            user::email,
            user::display_name,
            user::locale,
            user::employee_id,
        ))
        .load(tx.conn())
        .await?;
    let readers = rows.into_iter().map(|(id, email, name, locale, employee)| {
        let reader = Reader {
            id,
            email,
            name,
            locale,
            employee,
        };
        (id, reader)
    });
    Ok(readers.collect())
}

impl Reader {
    /// The reader as an actor, with everything that they may do now.
    pub(crate) async fn actor(&self, tx: &mut Tx) -> Result<Actor> {
        Ok(Actor {
            organisation: tx.organisation(),
            principal: Principal::User(self.id),
            name: self.name.clone(),
            employee: self.employee,
            grants: directory::auth::grants_of(tx, self.id).await?,
            proved_at: None,
        })
    }

    /// The surroundings of something that is made as the reader sees it.
    pub(crate) fn context(&self, like: &Context, actor: Actor, locale: Locale) -> Arc<Context> {
        Arc::new(Context {
            actor: Arc::new(actor),
            locale,
            idempotency_key: None,
            ..like.clone()
        })
    }
}

/// A tenant's name for keys that leave it.
pub(crate) fn key_of(organisation: OrganisationId, key: &str) -> String {
    format!("{organisation}:{key}")
}
