//! Preferences: how somebody wants to be told of a kind of thing. Without one: in the inbox, not
//! by mail.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{OrganisationId, UserId};
use kernel::{Fault, Result, Tx};
use serde::Serialize;

use crate::fault;
use crate::notification::own;
use crate::schema::notification_preference;

/// How somebody wants to be told of a kind of thing.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = notification_preference, check_for_backend(diesel::pg::Pg))]
pub struct NotificationPreference {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// Whose preference.
    pub user_id: UserId,
    /// The kind of notification, `people.payslip_ready`.
    pub kind: String,
    /// In the inbox; urgent ones are there in any case.
    pub in_app: bool,
    /// By mail.
    pub mail: bool,
    /// When it was said.
    pub updated_at: DateTime<Utc>,
}

/// Says how one wants to be told of a kind of thing.
#[derive(Clone, Debug, InputObject)]
pub struct NotificationPreferenceChangeInput {
    /// The kind of notification, `people.payslip_ready`.
    pub kind: String,
    /// In the inbox; urgent ones are there in any case.
    #[graphql(default = true)]
    pub in_app: bool,
    /// By mail.
    #[graphql(default)]
    pub mail: bool,
}

/// Says how the actor wants to be told of a kind of thing from now on.
///
/// # Errors
/// `processes.notification_kind_invalid` for a malformed kind.
#[tracing::instrument(skip_all, err)]
pub async fn change(
    tx: &mut Tx,
    command: NotificationPreferenceChangeInput,
) -> Result<NotificationPreference> {
    let user_id = own(tx)?;
    if !is_kind(&command.kind) {
        let fault = Fault::invalid(fault::NOTIFICATION_KIND_INVALID).with("kind", &command.kind);
        return Err(fault.at(["kind"]).into());
    }
    let row = NotificationPreference {
        organisation_id: tx.organisation(),
        user_id,
        kind: command.kind,
        in_app: command.in_app,
        mail: command.mail,
        updated_at: tx.now(),
    };
    use notification_preference as p;
    diesel::insert_into(p::table)
        .values(&row)
        .on_conflict((p::organisation_id, p::user_id, p::kind))
        .do_update()
        .set((
            p::in_app.eq(row.in_app),
            p::mail.eq(row.mail),
            p::updated_at.eq(row.updated_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(row)
}

/// The actor's own preferences, by kind.
pub async fn mine(tx: &mut Tx) -> Result<Vec<NotificationPreference>> {
    let me = own(tx)?;
    Ok(notification_preference::table
        .filter(notification_preference::organisation_id.eq(tx.organisation()))
        .filter(notification_preference::user_id.eq(me))
        .order(notification_preference::kind)
        .select(NotificationPreference::as_select())
        .load(tx.conn())
        .await?)
}

/// Whether a text has the form of a kind: `domain.what`.
fn is_kind(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c == '_';
    let Some((domain, what)) = text.split_once('.') else {
        return false;
    };
    text.len() <= 100
        && !domain.is_empty()
        && !what.is_empty()
        && domain.chars().all(letter)
        && what.chars().all(|c| letter(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_a_domain_and_what_happened() {
        for (text, holds) in [
            ("people.payslip_ready", true),
            ("processes.approval_approved", true),
            ("people", false),
            ("People.Payslip", false),
            ("people.", false),
            ("p2.x", false),
            ("people.payslip.ready", false),
        ] {
            assert_eq!(is_kind(text), holds, "{text}");
        }
    }
}
