//! Who is behind an act: what the rule of the second person is told.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::schema::api_key;
use kernel::ids::UserId;
use kernel::{Principal, Result, Tx};

/// The person behind an act: the user, or who made the API key. Nobody for the system.
pub(crate) async fn person_behind(tx: &mut Tx) -> Result<Option<UserId>> {
    match tx.actor().principal {
        Principal::User(user) => Ok(Some(user)),
        Principal::System => Ok(None),
        Principal::ApiKey(key) => Ok(api_key::table
            .find((tx.organisation(), key))
            .select(api_key::user_id)
            .first(tx.conn())
            .await
            .optional()?),
    }
}
