//! The statements of users: the row, its credential, and the row that finds it at log-in.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::UserId;
use kernel::{Error, Fault, Result, Tx};

use super::User;
use crate::check::taken;
use crate::schema::{credential, login, user};
use crate::secret::Keys;

/// Whether the organisation has a user.
pub(crate) async fn exists(tx: &mut Tx, id: UserId) -> Result<bool> {
    let found: Option<UserId> = user::table
        .find((tx.organisation(), id))
        .select(user::id)
        .first(tx.conn())
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Loads a user to change it; what the actor may do with it the caller decides.
pub(super) async fn lock(tx: &mut Tx, id: UserId) -> Result<User> {
    user::table
        .find((tx.organisation(), id))
        .select(User::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.user_unknown").at(["id"]).into())
}

/// Inserts a user with their credential.
pub(super) async fn insert(
    tx: &mut Tx,
    row: &User,
    hash: Option<String>,
    must_change: bool,
) -> Result<()> {
    diesel::insert_into(user::table)
        .values(row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), ""))?;
    let set_at = hash.as_ref().map(|_| tx.now());
    let must_change = must_change && hash.is_some();
    diesel::insert_into(credential::table)
        .values((
            credential::organisation_id.eq(row.organisation_id),
            credential::user_id.eq(row.id),
            credential::password_hash.eq(hash),
            credential::password_set_at.eq(set_at),
            credential::must_change.eq(must_change),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Saves a changed user.
pub(super) async fn save(tx: &mut Tx, row: &User) -> Result<()> {
    diesel::update(user::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch."))?;
    Ok(())
}

/// Lets log-in find a user by the hash of their address, and by no older one.
pub(super) async fn list_at_login(tx: &mut Tx, keys: &Keys, row: &User) -> Result<()> {
    diesel::delete(
        login::table
            .filter(login::organisation_id.eq(row.organisation_id))
            .filter(login::user_id.eq(row.id)),
    )
    .execute(tx.conn())
    .await?;
    diesel::insert_into(login::table)
        .values((
            login::organisation_id.eq(row.organisation_id),
            login::email_hash.eq(keys.email_hash(&row.email).to_vec()),
            login::user_id.eq(row.id),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn told(error: Error, under: &str) -> Error {
    let at = |field: &str| format!("{under}{field}");
    let error = taken(error, "user_email", "directory.email_taken", &at("email"));
    let error = taken(
        error,
        "user_employee",
        "directory.employee_taken",
        &at("employee"),
    );
    taken(error, "user_pkey", "kernel.id_taken", "id")
}
